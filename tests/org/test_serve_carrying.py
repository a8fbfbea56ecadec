"""Stepping a node's work over one client's connection, in memory.

Falls if: a client that does not read is written to all the same, a torn answer of a back end is passed
off as whole, or a work is stepped after it was given up.
"""

from exsim.org.http.carrying import Carrying
from exsim.org.http.incoming import Message
from exsim.org.http.onward import Call
from exsim.org.work import Begin, Forward, Piece, Read, Wait
from exsim.wire.message import Answer, Request

ASKED = Request("GET", "/x")


class Client:
    """A connection that only remembers."""

    spent = False

    def __init__(self):
        self.blocked = False
        self.written = b""
        self.kept = None
        self.calls = []
        self.timers = []

    def write(self, data):
        self.written += data

    def finished(self, keep):
        self.kept = keep

    def body(self):
        return None

    def headed(self): ...

    def forward(self, node, request, length):
        self.calls.append(Call(request, [], length))
        return self.calls[-1]

    def later(self, seconds, call):
        self.timers.append((seconds, call))
        return self

    def cancel(self):
        self.timers.clear()

    def now(self):
        return 7.0

    def date(self):
        return "today"


class Back:
    """A back end's connection, as a call sees it."""

    blocked = False

    def __init__(self, call):
        self.call, call.connection = call, self

    def alive(self):
        return True

    def read_on(self): ...
    def close(self): ...
    def abort(self): ...

    def rest(self, idle):
        idle.append(self)

    def answers(self, call, data):
        call.reply.feed(data)
        call.advance()


def carry(work, message=None):
    client = Client()
    carrying = Carrying(client, message or Message(ASKED, True, True), work)
    carrying.step(None)
    return client, carrying


def relayed():
    upstream = yield Forward("B", ASKED)
    yield Begin(upstream.answer)
    while (piece := (yield Read())) is not None:
        yield Piece(piece)
    return None


HEAD = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


def test_a_blocked_client_is_not_written_to_until_it_reads_again():
    def work():
        yield Begin(Answer(200, "OK"))
        yield Piece(b"one")
        client.blocked = True
        yield Piece(b"two")
        yield Piece(b"three")

    client = Client()
    carrying = Carrying(client, Message(ASKED, True, True), work())
    carrying.step(None)
    assert client.written.endswith(b"3\r\none\r\n3\r\ntwo\r\n")
    client.blocked = False
    carrying.unblocked()
    assert client.written.endswith(b"5\r\nthree\r\n0\r\n\r\n")
    assert client.kept is True


def test_a_back_ends_stream_is_passed_on_piece_by_piece():
    client, _ = carry(relayed())
    call = client.calls[0]
    back = Back(call)
    back.answers(call, HEAD)
    assert client.written.endswith(b"\r\nTransfer-Encoding: chunked\r\n\r\n")
    back.answers(call, b"3\r\none\r\n")
    assert client.written.endswith(b"3\r\none\r\n")
    back.answers(call, b"3\r\ntwo\r\n0\r\n\r\n")
    assert client.written.endswith(b"3\r\ntwo\r\n0\r\n\r\n")
    assert client.kept is True and call._idle == [back]


def test_pieces_that_came_before_the_tear_go_out_and_the_end_does_not():
    client, carrying = carry(relayed())
    call = client.calls[0]
    back = Back(call)
    client.blocked = True
    back.answers(call, HEAD + b"3\r\none\r\n")
    call.lost()
    client.blocked = False
    carrying.unblocked()
    assert client.written.endswith(b"3\r\none\r\n")
    assert client.kept is False


def test_a_tear_while_the_front_end_waits_ends_the_connection():
    client, _ = carry(relayed())
    call = client.calls[0]
    Back(call).answers(call, HEAD)
    call.lost()
    assert client.kept is False and not client.written.endswith(b"0\r\n\r\n")


def test_giving_up_closes_the_work_and_its_timer():
    closed = []

    def work():
        try:
            yield Wait(30)
        finally:
            closed.append(True)

    client, carrying = carry(work())
    assert client.timers[0][0] == 30
    carrying.abandon()
    assert closed == [True] and client.timers == []


def test_an_answer_that_closes_says_so_and_a_node_that_says_nothing_is_a_500(capsys):
    def closes():
        return Answer(
            440, "Login Timeout", [("Connection", "close"), ("Content-Length", "7")], b"440"
        )
        yield

    client, _ = carry(closes())
    assert client.written.startswith(b"HTTP/1.1 440 Login Timeout\r\n")
    assert (
        client.written.count(b"Connection: close") == 1 and b"Content-Length: 3" in client.written
    )
    assert client.kept is False

    def silent():
        return None
        yield

    client, _ = carry(silent())
    assert client.written.startswith(b"HTTP/1.1 500 ")
    assert "GET /x" in capsys.readouterr().err
