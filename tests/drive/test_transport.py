"""The connection over real sockets on loopback, against a server that says exactly these bytes.

Falls if: an answer is cut, glued or followed, an error gets another name, hostile bytes raise, a small
answer takes a large block of memory, or a request is broken by what a server put into its target or headers.
"""

from __future__ import annotations

import contextlib
import gc
import socket
import tracemalloc
from typing import Any

import gevent
import pytest

from exsim.drive.hub import HubWorld
from exsim.drive.target import Target
from exsim.drive.transport import CHUNK, HubLine
from exsim.protocols.flow import (
    Close,
    End,
    Flow,
    Head,
    Lease,
    Open,
    Pause,
    Receive,
    Release,
    Request,
    Response,
)
from tests.drive.toys import RawServer, Recorded, answering, get, measured, read_request

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def drive(flow: Flow[Any], port: int, limit: float = 5.0, **identity: Any) -> tuple[Recorded, Any]:
    world = HubWorld({None: Target("127.0.0.1", port, "mail.example")})
    recorded = Recorded(world, **identity)
    task = recorded.client.run(flow)
    with gevent.Timeout(limit):
        while not task.done:
            gevent.sleep(0.005)
    recorded.client.stop()
    return recorded, task.result


def one(request: Request) -> Flow[Response]:
    return (yield from request)


def fetch(answer: bytes, method: str = "GET", timeout: float = 3.0) -> tuple[Recorded, Response]:
    with RawServer(answering(answer)) as server:
        return drive(one(Request(method, "/owa/", step="x", timeout=timeout)), server.port)


ANSWERS = [
    (OK, 200, b"ok", None),
    (
        b"HTTP/1.1 440 Login Timeout\r\nContent-Length: 3\r\nConnection: close\r\n\r\nbye",
        440,
        b"bye",
        None,
    ),
    (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n",
        200,
        b"abcde",
        None,
    ),
    (b"HTTP/1.1 200 OK\r\n\r\nuntil the end", 200, b"until the end", None),
    (b"HTTP/1.1 100 Continue\r\n\r\n" + OK, 200, b"ok", None),
    (b"HTTP/1.1 204 No Content\r\n\r\n", 204, b"", None),
    (b"", None, b"", "closed"),
    (b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nshort", 200, b"short", "truncated"),
    (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nab", 200, b"ab", "truncated"),
    (b"SSH-2.0-OpenSSH_9.2\r\n", None, b"", "unreadable"),
    (b"\x15\x03\x01\x00\x02\x02\x16", None, b"", "unreadable"),
    (
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok",
        None,
        b"",
        "unreadable",
    ),
    (b"HTTP/1.1 999999 Odd\r\n\r\n", None, b"", "unreadable"),
]


@pytest.mark.parametrize(("answer", "status", "body", "error"), ANSWERS)
def test_an_answer_is_what_its_bytes_say(
    answer: bytes, status: int | None, body: bytes, error: str | None
) -> None:
    recorded, response = fetch(answer)
    assert (response.status, response.body, response.error) == (status, body, error)
    assert len(recorded.hops) == 1 and recorded.hops[0].error == error


def test_a_part_of_a_body_that_looks_like_an_answer_is_none() -> None:
    start = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n"

    def in_parts(connection: socket.socket) -> None:
        for part in (start % (len(OK) + 3), b"one", OK, start % 2, b"ok"):
            if part.startswith(b"HTTP") and part is not OK:
                read_request(connection)
            connection.sendall(part)
            gevent_sleepless_wait(connection)

    def twice() -> Flow[list[bytes]]:
        first = yield from get("/x")
        return [first.body, (yield from get("/x")).body]

    with RawServer(in_parts) as server:
        _, heard = drive(twice(), server.port)
    assert heard == [b"one" + OK, b"ok"]


def test_the_reason_phrase_is_kept() -> None:
    recorded, response = fetch(b"HTTP/1.1 440 Login Timeout\r\nContent-Length: 0\r\n\r\n")
    assert response.reason == recorded.hops[0].reason == "Login Timeout"


def test_each_hop_has_the_request_id_of_its_own_answer() -> None:
    start = b"HTTP/1.1 200 OK\r\nX-FEServer: EX1\r\nrequest-id: %b\r\n"
    whole, chunked = b"Content-Length: 2\r\n\r\nok", b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
    names = [b"a-1", b"b-2", b"not so (odd)", b"c-3", b"d-4", b"e-5"]
    ends = [whole, whole, whole, chunked, whole, b"Request-Id: f-6\r\n" + whole]  # of two the last
    answers = [start % name + end for name, end in zip(names, ends, strict=True)]

    def flow() -> Flow[None]:
        for _ in answers:
            yield from get("/x")

    with RawServer(answering(*answers, OK)) as server:
        recorded, _ = drive(flow(), server.port)
    wanted = [*(name.decode() for name in names[:-1]), "f-6"]
    assert [hop.request_id for hop in recorded.hops] == wanted


def test_the_answer_to_a_head_ends_with_its_headers() -> None:
    _, response = fetch(b"HTTP/1.1 440 Login Timeout\r\nContent-Length: 43\r\n\r\n", "HEAD")
    assert (response.status, response.body, response.error) == (440, b"", None)


def test_a_redirect_is_not_followed() -> None:
    recorded, response = fetch(
        b"HTTP/1.1 302 Found\r\nLocation: /owa/\r\nContent-Length: 0\r\n\r\n"
    )
    assert response.status == 302 and recorded.hops[0].location == "/owa/"


def test_an_answer_that_never_comes_is_a_timeout() -> None:
    def silent(connection: socket.socket) -> None:
        read_request(connection)
        connection.recv(1)

    with RawServer(silent) as server:
        _, response = drive(one(get("/x", timeout=0.2)), server.port)
    assert response.error == "timeout"


def test_nobody_listening_is_refused() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    recorded, response = drive(one(get("/x")), port)
    assert response.error == "refused" and recorded.hops[0].ended == "unanswered"


def test_a_reset_is_a_reset() -> None:
    def reset(connection: socket.socket) -> None:
        read_request(connection)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")

    with RawServer(reset) as server:
        _, response = drive(one(get("/x")), server.port)
    assert response.error == "reset"


def test_a_kept_connection_that_was_closed_meanwhile_is_told_apart() -> None:
    def flow() -> Flow[list[Response]]:
        first = yield from get("/1")
        second = yield from get("/2")
        return [first, second]

    def closes_on_second(connection: socket.socket) -> None:
        read_request(connection)
        connection.sendall(OK)
        read_request(connection)

    with RawServer(closes_on_second) as server:
        recorded, (first, second) = drive(flow(), server.port)
    assert (first.reused, first.error) == (False, None)
    assert (second.reused, second.error, second.status) == (True, "closed", None)
    assert len(recorded.hops) == 2, "nothing was sent again"


def test_a_source_address_is_kept() -> None:
    with RawServer(answering(OK)) as server:
        recorded, _ = drive(one(get("/x")), server.port, source="127.0.9.7")
    assert recorded.hops[0].source.startswith("127.0.9.7:")


def test_a_stream_arrives_piece_by_piece() -> None:
    def stream(connection: socket.socket) -> None:
        read_request(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        for _ in range(3):
            connection.sendall(b"5\r\nalive\r\n")
            gevent_sleepless_wait(connection)
        connection.sendall(b"0\r\n\r\n")

    def flow() -> Flow[list[Any]]:
        channel = yield from Open(get("/stream"))
        seen: list[Any] = []
        while not seen or not isinstance(seen[-1], End):
            seen.append((yield from Receive(channel, 3.0)))
        yield from Close(channel)
        return seen

    with RawServer(stream) as server:
        _, seen = drive(flow(), server.port)
    assert (
        isinstance(seen[0], Head)
        and b"".join(seen[1:-1]) == b"alive" * 3
        and seen[-1].error is None
    )


def test_a_stream_that_comes_at_once_is_handed_over_in_pieces_too() -> None:
    def flow() -> Flow[list[Any]]:
        channel = yield from Open(get("/stream"))
        seen: list[Any] = []
        for _ in range(3):
            seen.append((yield from Receive(channel, 3.0)))
        yield from Close(channel)
        return seen

    with RawServer(answering(OK)) as server:
        recorded, (head, piece, end) = drive(flow(), server.port)
    assert isinstance(head, Head) and piece == b"ok" and end == End()
    assert recorded.hops[0].status == 200


def test_a_leased_connection_is_nobody_elses_between_its_requests() -> None:
    def flow() -> Flow[tuple[Any, Any]]:
        mine = yield from Lease()
        first = yield from get("/1", on=mine)
        second = yield from get("/2")  # opens another
        yield from Release(mine)
        return first.connection, second.connection

    with RawServer(answering(OK, OK)) as server:
        _, (first, second) = drive(flow(), server.port)
    assert first is not second and server.connections == 2


def gevent_sleepless_wait(connection: socket.socket) -> None:
    """Give the client's hub a moment: a thread of the server's own may block."""
    connection.settimeout(0.02)
    with contextlib.suppress(TimeoutError):
        connection.recv(1)


@pytest.mark.parametrize("piecewise", [False, True])
def test_a_leased_connection_that_never_stood_fails_whoever_uses_it(piecewise: bool) -> None:
    with socket.create_server(("127.0.0.1", 0)) as door:
        port = door.getsockname()[1]

    def flow() -> Flow[str | None]:
        line = yield Lease(fresh=True)
        yield Pause(0.05)  # it is refused meanwhile, and has nobody to tell
        if not piecewise:
            return (yield Request("GET", "/x", on=line)).error
        return (yield Receive((yield Open(Request("GET", "/x", on=line))))).error

    recorded, error = drive(flow(), port)
    assert (error, [hop.error for hop in recorded.hops]) == ("refused", ["refused"])
    assert recorded.client.pool(None).open == 0


def test_nothing_is_left_open() -> None:
    with RawServer(answering(OK)) as server:
        recorded, _ = drive(one(get("/x")), server.port)
    del recorded
    gc.collect()  # an unclosed socket would be a ResourceWarning, which is an error here


@pytest.mark.parametrize(
    "answer",
    [
        OK,
        OK.replace(b"Content", b"Connection: close\r\nContent"),
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n\r\nuntil the end",
        b"HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\ncut",
        b"nonsense",
    ],
)
def test_a_connection_that_is_over_takes_no_memory_until_garbage_is_collected(
    answer: bytes,
) -> None:
    def flow() -> Flow[None]:
        for _ in range(3):
            yield from get("/x")

    gc.collect()
    gc.disable()
    try:
        with RawServer(answering(answer)) as server:
            recorded, _ = drive(flow(), server.port)
        assert len(recorded.hops) == 3
        del recorded
        left = [one for one in gc.get_objects() if isinstance(one, HubLine)]
        assert not [one for one in left if one.address == f"127.0.0.1:{server.port}"]
    finally:
        gc.enable()


def test_an_answer_takes_no_more_memory_than_it_needs() -> None:
    taken: list[int] = []
    tracemalloc.start()
    try:
        with RawServer(answering(*[OK] * 5)) as server:
            drive(measured(get("/x"), 5, taken), server.port)
    finally:
        tracemalloc.stop()
    assert (
        min(taken) < CHUNK / 4
    )  # bytes: a block of that size, given back at once, leaves a hole in the heap
