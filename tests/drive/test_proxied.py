"""The connection through a proxy, over real sockets on loopback.

Falls if: a proxy is not asked for the target, hears more than that, or what it refuses is taken for the target's answer.
"""

from __future__ import annotations

import socket

import gevent
import pytest

from exsim.drive.hub import HubWorld
from exsim.drive.target import Target
from exsim.protocols.flow import Flow, Request, Response
from tests.drive.toys import RawServer, Recorded, answering, get, read_request

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def one(request: Request) -> Flow[Response]:
    return (yield from request)


def through(server: RawServer) -> tuple[Recorded, Response]:
    target = Target("10.9.8.7", 443, "mail.example", proxy=("127.0.0.1", server.port))
    recorded = Recorded(HubWorld({None: target}))
    task = recorded.client.run(one(get("/owa/")))
    with gevent.Timeout(5):
        while not task.done:
            gevent.sleep(0.005)
    recorded.client.stop()
    return recorded, task.result


def test_a_proxy_is_asked_to_connect_and_then_left_out_of_it() -> None:
    asked: list[bytes] = []

    def proxy(connection: socket.socket) -> None:
        asked.append(read_request(connection))
        connection.sendall(b"HTTP/1.1 200 Connection established\r\nVia: x\r\n\r\n")
        asked.append(read_request(connection))
        connection.sendall(OK)

    with RawServer(proxy) as server:
        recorded, response = through(server)
    assert (response.status, response.body) == (200, b"ok")
    assert asked[0] == b"CONNECT 10.9.8.7:443 HTTP/1.1\r\nHost: 10.9.8.7:443\r\n\r\n"
    assert asked[1].startswith(b"GET /owa/ HTTP/1.1\r\nHost: mail.example\r\n")
    assert recorded.hops[0].address == "10.9.8.7:443"


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n", "HTTP/1.1 407 Proxy Authentication Required"),
        (b"HTTP/1.1 403 No\r\nContent-Length: 2\r\n\r\nno", "HTTP/1.1 403 No"),
        (b"", "it closed the connection"),
        (b"x" * 20_000, "x" * 100),
    ],
)  # fmt: skip
def test_what_a_proxy_refuses_is_no_answer_of_the_targets(said: bytes, words: str) -> None:
    with RawServer(answering(said)) as server:
        recorded, response = through(server)
    assert (response.status, response.error) == (None, "proxy")
    marks = [line for line in recorded.lines if getattr(line, "what", "") == "proxy"]
    assert marks[0].facts["said"] == words  # type: ignore[union-attr]
