"""The rig of a node over real sockets, with a toy node in it.

Falls if: a message is framed wrongly in either direction, a client that went away leaves work behind, a
kept connection is not kept (or not ended when it should be), or a node outlives whoever started it.
"""

import http.client
import json
import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import time
from pathlib import Path

import pytest

from exsim.lab.certificates import Authority

pytestmark = pytest.mark.lab


class Toy:
    """One toy process, and how to speak to it."""

    def __init__(self, directory: Path, back_ends: dict | None = None):
        doors = {
            name: socket.create_server(("127.0.0.1", 0)) for name in ("front", "front_tls", "back")
        }
        self.ports = {name: door.getsockname()[1] for name, door in doors.items()}
        self.confession = directory / "TOY.jsonl"
        authority = Authority("exsim lab")
        self.ca = authority.pem
        listen = [f"--listen={name}={door.fileno()}" for name, door in doors.items()]
        self.process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "tests.lab.toy",
                "--name=TOY",
                f"--confession={self.confession}",
                *listen,
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            pass_fds=[door.fileno() for door in doors.values()],
        )
        orders = {
            "back_ends": {"TOY": f"127.0.0.1:{self.ports['back']}"} | (back_ends or {}),
            "tls": {"certificate": authority.host_certificate(["toy.lab"])},
        }
        self.process.stdin.write(json.dumps(orders).encode() + b"\n")
        self.process.stdin.flush()
        assert json.loads(self.process.stdout.readline()) == {"ready": True}
        for door in doors.values():
            door.close()

    def ask(self, target, method="GET", body=None, headers=None, port="front"):
        connection = http.client.HTTPConnection("127.0.0.1", self.ports[port], timeout=5)
        try:
            connection.request(method, target, body=body, headers=headers or {})
            answer = connection.getresponse()
            return answer, answer.read()
        finally:
            connection.close()

    def raw(self, data: bytes, port="front") -> bytes:
        """Everything that comes back until the toy closes."""
        with socket.create_connection(("127.0.0.1", self.ports[port]), timeout=5) as line:
            line.sendall(data)
            got = b""
            while piece := line.recv(65536):
                got += piece
            return got

    def end(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()


@pytest.fixture(scope="module")
def toy(tmp_path_factory):
    toy = Toy(tmp_path_factory.mktemp("toy"), {"GONE": "127.0.0.1:1"})
    yield toy
    toy.end()


def until(what, limit=3.0):
    """Poll `what` until it is true."""
    end = time.monotonic() + limit
    while not what():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.02)


def test_messages_of_both_parsers_follow_one_another_on_a_connection(toy):
    got = toy.raw(
        b"GET /1 HTTP/1.1\r\nHost: x\r\n\r\n"
        b"RPC_IN_DATA /2 HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc"
        b"POST /3 HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n4\r\na\r\nb\r\n0\r\n\r\n"
        b"RPC_OUT_DATA /4 HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n"
        b"GET /5 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    )
    said = [json.loads(part[: part.index(b"}") + 1]) for part in got.split(b"\r\n\r\n")[1:]]
    assert [(one["method"], one["target"], one["bytes"]) for one in said] == [
        ("GET", "/1", 0),
        ("RPC_IN_DATA", "/2", 3),
        ("POST", "/3", 4),
        ("RPC_OUT_DATA", "/4", 0),
        ("GET", "/5", 0),
    ]
    assert len({one["peer"] for one in said}) == 1


def test_every_split_of_the_bytes_gives_the_same_messages(toy):
    data = (
        b"POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
        b"RPC_IN_DATA /b HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nConnection: close\r\n\r\nxy"
    )
    with socket.create_connection(("127.0.0.1", toy.ports["front"]), timeout=5) as line:
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for index in range(len(data)):
            line.sendall(data[index : index + 1])
            if index % 8 == 0:
                time.sleep(0.0005)
        got = b""
        while piece := line.recv(65536):
            got += piece
    assert got.count(b"HTTP/1.1 200 OK") == 2
    assert b'"bytes": 3' in got and b'"bytes": 2' in got


def test_each_tcp_connection_has_a_number_of_its_own(toy):
    numbers = [json.loads(toy.ask("/who")[1])["peer"] for _ in range(3)]
    assert len(set(numbers)) == 3


def test_reason_phrase_and_the_case_of_names_go_out_as_written(toy):
    got = toy.raw(b"POST /timeout HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n")
    assert got.startswith(b"HTTP/1.1 440 Login Timeout\r\n")
    assert b"\r\nConnection: close\r\n" in got
    got = toy.raw(b"GET / HTTP/1.1\r\nHost: x\r\nX-Odd-CASE: 1\r\nConnection: close\r\n\r\n")
    assert b"\r\nX-CaSe-Kept: yes\r\n" in got
    assert b'"X-Odd-CASE"' in got
    assert b"\r\nDate: " in got


def test_a_body_of_a_mebibyte_arrives_whole(toy):
    for body in (b"y" * 2**20, (b"z" * 4096 for _ in range(256))):
        answer, said = toy.ask("/put", "POST", body)  # a generator goes out in chunks
        assert (answer.status, json.loads(said)["bytes"]) == (200, 2**20)


def test_a_head_answer_has_the_length_and_no_body(toy):
    got = toy.raw(
        b"HEAD /x HTTP/1.1\r\nHost: x\r\n\r\nGET /y HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    )
    head, _, rest = got.partition(b"\r\n\r\n")
    assert b"Content-Length: " in head and b"Content-Length: 0" not in head
    assert rest.startswith(b"HTTP/1.1 200 OK")


def test_a_client_that_expects_100_continue_gets_it_before_its_body(toy):
    for method in (b"POST", b"RPC_IN_DATA"):
        with socket.create_connection(("127.0.0.1", toy.ports["front"]), timeout=5) as line:
            line.sendall(
                method
                + b" /c HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n"
            )
            assert line.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
            line.sendall(b"ok")
            assert line.recv(65536).startswith(b"HTTP/1.1 200 OK")


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"GET / HTTP/1.1\r\nX: " + b"x" * 70000 + b"\r\n\r\n", b"431 "),
        (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n", b"413 "),
        (b"RPC_IN_DATA / HTTP/1.1\r\nHost: x\r\nContent-Length: 2147483649\r\n\r\n", b"413 "),
        (b"RPC_IN_DATA / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n", b"411 "),
        (b"NONSENSE\r\n\r\n", b"400 "),
        (b"RPC_NONSENSE\r\n\r\n", b"400 "),
    ],
)
def test_what_cannot_be_taken_is_refused_in_words(toy, head, status):
    got = toy.raw(head)
    assert got.startswith(b"HTTP/1.1 " + status) and b"Connection: close" in got


def test_http_1_0_gets_a_stream_without_chunks_and_a_close(toy):
    got = toy.raw(b"GET /stream HTTP/1.0\r\nHost: x\r\n\r\n")
    assert b"Transfer-Encoding" not in got
    assert got.endswith(b"\r\n\r\npiece 0\npiece 1\npiece 2\n")


def test_a_stream_comes_in_chunks_and_the_connection_goes_on(toy):
    got = toy.raw(
        b"GET /stream HTTP/1.1\r\nHost: x\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    )
    assert got.count(b"\r\n8\r\npiece ") == 3 and b"\r\n0\r\n\r\nHTTP/1.1 200 OK" in got


def test_hanging_up_gives_no_answer_at_all(toy):
    assert toy.raw(b"GET /hangup HTTP/1.1\r\nHost: x\r\n\r\n") == b""


def test_a_broken_node_answers_500_and_lives_on(toy):
    assert toy.ask("/broken")[0].status == 500
    assert toy.ask("/")[0].status == 200


@pytest.mark.parametrize("path", ["/slow", "/endless", "/back/TOY/slow", "/back/TOY/endless"])
def test_a_client_that_goes_away_closes_the_work(toy, path):
    last = path.rpartition("/")[2]
    before = toy.ask("/closed")[1].decode().split().count(last)
    with socket.create_connection(("127.0.0.1", toy.ports["front"]), timeout=5) as line:
        line.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        time.sleep(0.1)
    until(lambda: toy.ask("/closed")[1].decode().split().count(last) == before + 1)


def test_a_slow_reader_holds_the_stream_back_and_still_gets_everything(toy):
    with socket.create_connection(("127.0.0.1", toy.ports["front"]), timeout=5) as line:
        line.sendall(
            b"GET /large HTTP/1.1\r\nHost: x\r\n\r\nGET /large HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
        )
        time.sleep(0.2)
        size = 0
        while piece := line.recv(65536):
            size += len(piece)
    assert size > 6_000_000


def resident(pid):
    """Bytes of memory that a process holds."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def test_a_client_that_asks_faster_than_it_is_answered_is_held_back(toy):
    before = resident(toy.process.pid)
    with socket.create_connection(("127.0.0.1", toy.ports["front"]), timeout=0.3) as line:
        line.sendall(b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n")
        with pytest.raises(TimeoutError):
            for _ in range(64):
                line.sendall(b"x" * 2**20)
        assert resident(toy.process.pid) - before < 4 * 2**20


def test_the_hop_to_a_back_end_is_real_and_its_connection_is_kept(toy):
    said = [json.loads(toy.ask("/back/TOY/x", "POST", b"abc")[1]) for _ in range(3)]
    assert {one["bytes"] for one in said} == {3}
    assert len({one["peer"] for one in said}) == 1
    assert toy.ask("/back/TOY/timeout", "POST", b"")[0].reason == "Login Timeout"
    assert toy.ask("/back/TOY/large")[1] == b"x" * 3_000_000
    answer, body = toy.ask("/back/TOY/x", "HEAD")
    assert answer.headers["Content-Length"] != "0" and body == b""
    assert toy.ask("/back/TOY/stream")[1] == b"piece 0\npiece 1\npiece 2\n"


@pytest.mark.parametrize("path", ["/back/GONE/x", "/back/NOBODY/x", "/back/TOY/hangup"])
def test_a_back_end_that_does_not_answer_is_none(toy, path):
    assert toy.ask(path)[0].status == 503


def test_a_back_end_that_dies_in_its_answer_tears_the_front_ends(toy):
    with pytest.raises(http.client.IncompleteRead):
        toy.ask("/back/TOY/torn")


def test_tls_speaks_http_1_1_and_the_node_sees_https(toy):
    context = ssl.create_default_context(cadata=toy.ca)
    context.set_alpn_protocols(["h2", "http/1.1"])
    with (
        socket.create_connection(("127.0.0.1", toy.ports["front_tls"]), timeout=5) as line,
        context.wrap_socket(line, server_hostname="toy.lab") as secure,
    ):
        assert secure.selected_alpn_protocol() == "http/1.1"
        secure.sendall(b"GET /s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        got = b""
        while piece := secure.recv(65536):
            got += piece
    assert b'"scheme": "https"' in got


def test_recycling_is_one_signal(toy):
    os.kill(toy.process.pid, signal.SIGUSR1)
    until(lambda: toy.ask("/recycled")[1] == b"1")


def test_confessions_are_in_the_file_within_a_moment(toy):
    toy.ask("/confess-me", headers={"client-request-id": "c-17"})
    until(
        lambda: any(
            json.loads(line)["client_request_id"] == "c-17"
            for line in toy.confession.read_text().splitlines()
        ),
        1.0,
    )


GIBIBYTE = 2**30


@pytest.mark.parametrize("path", ["/echo", "/back/TOY/echo"])
def test_a_gibibyte_is_promised_and_its_pieces_come_back_as_they_are_sent(toy, path):
    with socket.create_connection(("127.0.0.1", toy.ports["front"]), timeout=5) as line:
        line.sendall(
            f"RPC_IN_DATA {path} HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n"
            f"Content-Length: {GIBIBYTE}\r\n\r\n".encode()
        )
        got = b""
        while b"100 Continue\r\n\r\n" not in got:
            got += line.recv(65536)
        for number in range(4):
            piece = b"piece %d" % number
            line.sendall(piece)
            while not got.endswith(piece):
                got += line.recv(65536)
        head = got.partition(b"\r\n\r\n")[2].partition(b"\r\n\r\n")[0]
        assert head.startswith(b"HTTP/1.1 200 Success") and b"Transfer-Encoding" not in head
        assert f"Content-Length: {GIBIBYTE}".encode() in head
    last = path.rpartition("/")[2]
    until(lambda: last in toy.ask("/closed")[1].decode().split())


@pytest.mark.parametrize("path", ["/slow", "/back/TOY/slow"])
def test_a_body_that_nobody_takes_is_not_stored(toy, path):
    before = resident(toy.process.pid)
    with socket.create_connection(("127.0.0.1", toy.ports["front"]), timeout=0.3) as line:
        line.sendall(
            f"RPC_IN_DATA {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {GIBIBYTE}\r\n\r\n".encode()
        )
        with pytest.raises(TimeoutError):
            for _ in range(64):
                line.sendall(b"x" * 2**20)
    assert resident(toy.process.pid) - before < 8 * 2**20


@pytest.mark.parametrize("path", ["/denied", "/back/TOY/denied"])
def test_a_refusal_ends_the_connection_of_a_body_that_is_not_worth_reading(toy, path):
    got = toy.raw(
        f"RPC_IN_DATA {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {GIBIBYTE}\r\n\r\nabc".encode()
    )
    assert got.startswith(b"HTTP/1.1 401 ") and b"Connection: close" in got
    short = f"RPC_IN_DATA {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nabcd"
    got = toy.raw(f"{short}GET /x HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
    assert got.count(b"HTTP/1.1 401 ") == 1 and got.count(b"HTTP/1.1 200 ") == 1


@pytest.mark.skipif(not shutil.which("curl"), reason="no curl on this machine")
def test_curl_is_content(toy):
    url = f"http://127.0.0.1:{toy.ports['front']}"
    done = subprocess.run(
        ["curl", "-sS", "-i", f"{url}/stream", f"{url}/timeout"],
        capture_output=True,
        timeout=10,
        check=True,
    )
    assert b"piece 2" in done.stdout and b"440 Login Timeout" in done.stdout


@pytest.mark.parametrize("how", ["sigterm", "lifeline"])
def test_a_node_ends_within_a_second_and_leaves_its_confession_whole(tmp_path, how):
    toy = Toy(tmp_path)
    try:
        with socket.create_connection(("127.0.0.1", toy.ports["front"]), timeout=5) as line:
            line.sendall(b"GET /slow HTTP/1.1\r\nHost: x\r\nclient-request-id: last\r\n\r\n")
            time.sleep(0.1)
            if how == "sigterm":
                toy.process.terminate()
            else:
                toy.process.stdin.close()
            assert toy.process.wait(1.5) == 0
        assert '"last"' in toy.confession.read_text()
    finally:
        toy.end()
