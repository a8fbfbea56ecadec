"""Answers over TLS, of every length that records can be cut into.

Falls if: an answer larger than one record is not read to its end, one that is read takes bytes of the next, or a
request larger than one record is not sent whole, or a small answer takes a large block of memory.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import tracemalloc
from pathlib import Path
from typing import Any

import gevent
import pytest

from exsim.drive.hub import HubWorld
from exsim.drive.target import Target
from exsim.drive.tls import context
from exsim.drive.transport import CHUNK
from exsim.lab.certificates import Authority
from exsim.protocols.flow import Flow, Request
from tests.drive.toys import RawServer, Recorded, answering, get, measured, read_request

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
RECORD = 16_384  # bytes of an answer that a record holds, at most (RFC 8446 5.1)
LENGTHS = (0, 40, RECORD - 1, RECORD, RECORD + 1, 4 * RECORD, 65_536 + 10, 300_000)


@pytest.fixture(scope="module")
def certified(tmp_path_factory: pytest.TempPathFactory) -> ssl.SSLContext:
    pem: Path = tmp_path_factory.mktemp("tls") / "host.pem"
    pem.write_text(Authority("an authority").host_certificate(["mail.example"]))
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(str(pem))
    return made


def read_whole(connection: ssl.SSLSocket) -> int:
    """A request with its body, to the end: bytes of the body that came."""
    head, end, body = b"", b"", b""
    while not end:
        head, end, body = (head + connection.recv(65_536)).partition(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length: ")[2].split()[0])
    while len(body) < length:
        body += connection.recv(65_536)
    return len(body)


def over_tls(flow: Flow[Any], port: int) -> Any:
    target = Target("127.0.0.1", port, "mail.example", context(insecure=True))
    recorded = Recorded(HubWorld({None: target}))
    task = recorded.client.run(flow)
    with gevent.Timeout(10, False):
        while not task.done:
            gevent.sleep(0.005)
    recorded.client.stop()
    return task.result


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_answers_of_any_length_come_whole_over_one_connection(
    certified: ssl.SSLContext, version: ssl.TLSVersion
) -> None:
    certified.minimum_version = certified.maximum_version = version
    asked: list[int] = []

    def script(connection: socket.socket) -> None:
        with (
            contextlib.suppress(ssl.SSLError),
            certified.wrap_socket(connection, server_side=True) as tls,
        ):
            for length in LENGTHS:
                asked.append(read_whole(tls))
                tls.sendall(
                    b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % length + b"x" * length
                )

    def flow() -> Flow[list[int]]:
        heard = []
        for length in LENGTHS:
            body = b"y" * length
            answer = yield from Request("POST", "/x", body=body, step="x")
            heard.append(-1 if answer.error else len(answer.body))
        return heard

    with RawServer(script) as server:
        assert over_tls(flow(), server.port) == list(LENGTHS) and server.connections == 1
    assert asked == list(LENGTHS)


def test_a_part_of_a_body_that_looks_like_an_answer_is_none(certified: ssl.SSLContext) -> None:
    def script(connection: socket.socket) -> None:
        with certified.wrap_socket(connection, server_side=True) as tls:
            read_request(tls)
            tls.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\none" % (len(OK) + 3))
            tls.settimeout(0.05)  # a part by itself
            with contextlib.suppress(TimeoutError):
                tls.recv(1)
            tls.sendall(OK)

    def flow() -> Flow[bytes]:
        return (yield from get("/x")).body

    with RawServer(script) as server:
        assert over_tls(flow(), server.port) == b"one" + OK


def test_an_answer_takes_no_more_memory_than_it_needs(certified: ssl.SSLContext) -> None:
    def script(connection: socket.socket) -> None:
        with certified.wrap_socket(connection, server_side=True) as tls:
            answering(*[OK] * 5)(tls)

    taken: list[int] = []
    tracemalloc.start()
    try:
        with RawServer(script) as server:
            over_tls(measured(get("/x"), 5, taken), server.port)
    finally:
        tracemalloc.stop()
    assert min(taken) < CHUNK / 4  # bytes
