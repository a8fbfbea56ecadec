"""Bodies that come piece by piece: taken by a work, or sent on to a back end, in memory.

Falls if: a request of an RPC channel waits for its whole body, a piece is lost, doubled or stored for
nobody, a client is told to send what nobody takes, or an answer's length is not kept.
"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exsim.org.http.carrying import Carrying
from exsim.org.http.incoming import Incoming, Refused
from exsim.org.work import Begin, Forward, Now, Piece, Signal, Take, Until
from exsim.wire.message import Answer, Request
from tests.org.test_serve_carrying import Back, Client

GIBIBYTE = 2**30


def head(length, method="RPC_IN_DATA", more=""):
    return f"{method} /x HTTP/1.1\r\nHost: x\r\n{more}Content-Length: {length}\r\n\r\n".encode()


class Sender(Client):
    """A connection with a real reading side."""

    def __init__(self):
        super().__init__()
        self.incoming = Incoming("http")

    @property
    def spent(self):
        return self.incoming.spent

    def body(self):
        return self.incoming.piece()

    def headed(self):
        self.incoming.wants_continue = False

    def carry(self, work):
        self.carrying = Carrying(self, self.incoming.take(), work)
        self.carrying.step(None)

    def sends(self, data):
        self.incoming.feed(data)
        self.carrying.fed()


class Writable(Back):
    def __init__(self, call):
        super().__init__(call)
        self.sent = b""
        self.closed = False
        call.go_on()

    def write(self, data):
        self.sent += data

    def close(self):
        self.closed = True


def begun(data):
    sender = Sender()
    sender.incoming.feed(data)
    return sender


def gathers(found):
    while (piece := (yield Take())) is not None:
        found.append(piece)
    return Answer(200, "OK")


@given(st.lists(st.binary(min_size=1, max_size=40), min_size=1, max_size=6))
def test_the_pieces_are_the_body_and_what_follows_is_the_next_message(pieces):
    length, found = sum(map(len, pieces)), []
    sender = begun(head(length))
    sender.carry(gathers(found))
    for piece in pieces[:-1]:
        sender.sends(piece)
    assert b"".join(found) == b"".join(pieces[:-1])
    sender.sends(pieces[-1] + b"GET /next HTTP/1.1\r\nHost: x\r\n\r\n")
    assert b"".join(found) == b"".join(pieces) and sender.kept is True
    message = sender.incoming.take()
    assert (message.request.method, message.length) == ("GET", None)


def test_a_work_begins_at_the_head_and_only_for_rpc_channels():
    incoming = Incoming("http")
    incoming.feed(head(GIBIBYTE))
    message = incoming.take()
    assert (message.length, message.request.body) == (GIBIBYTE, b"")
    incoming = Incoming("http")
    incoming.feed(head(3, "POST") + b"ab")
    assert incoming.take() is None
    incoming.feed(b"c")
    assert incoming.take().request.body == b"abc"


def test_what_a_work_left_of_a_short_body_is_skipped():
    incoming = Incoming("http")
    incoming.feed(head(10) + b"12345")
    incoming.take()
    assert not incoming.spent and incoming.take() is None
    incoming.feed(b"67890" + head(0, "RPC_OUT_DATA"))
    assert incoming.take().request.method == "RPC_OUT_DATA"


@pytest.mark.parametrize(
    ("length", "more", "spent"),
    [(10, "", False), (GIBIBYTE, "", True), (10, "Expect: 100-continue\r\n", True), (0, "", False)],
)
def test_a_connection_is_spent_when_its_body_is_long_or_was_never_asked_for(length, more, spent):
    incoming = Incoming("http")
    incoming.feed(head(length, more=more))
    incoming.take()
    assert incoming.spent is spent


@pytest.mark.parametrize("length", ["-1", "x", "2147483649"])
def test_a_length_that_is_none_is_refused(length):
    incoming = Incoming("http")
    incoming.feed(head(length))
    with pytest.raises(Refused):
        incoming.take()


def test_a_signal_ends_the_wait_for_a_piece_and_a_piece_the_wait_for_a_signal():
    signal, found = Signal(), []

    def work():
        while (piece := (yield Take(signal))) is not None:
            found.append(piece)
        return Answer(200, "OK")

    sender = begun(head(5))
    sender.carry(work())
    signal.ring()
    (seconds, call) = sender.timers.pop()
    assert seconds == 0 and found == []
    call(None)
    sender.sends(b"ab")
    signal.ring()  # and before that is heard, a piece
    sender.sends(b"cde")
    assert found == [b"", b"ab", b"cde"] and sender.kept is True


def test_until_tells_whether_the_signal_rang():
    signal, found = Signal(), []

    def work():
        for _ in range(2):
            found.append((yield Until(signal, 40.0)))
        return Answer(200, "OK")

    sender = begun(head(0))
    sender.carry(work())
    assert sender.timers[-1][0] == 40.0
    signal.ring()
    sender.timers[-1][1](None)
    sender.timers[-1][1](None)
    signal.ring()  # nobody waits any more
    assert found == [True, False] and sender.kept is True


def test_the_clock_is_told_at_once():
    found = []

    def work():
        found.append((yield Now()))
        return Answer(200, "OK")

    sender = begun(head(0))
    sender.carry(work())
    assert found == [7.0] and sender.kept is True


def passed_on():
    upstream = yield Forward("B", Request("RPC_IN_DATA", "/x"), True)
    return upstream.answer


def test_pieces_go_on_to_the_back_end_as_they_come_and_wait_while_it_is_blocked():
    sender = begun(head(20) + b"early")
    sender.carry(passed_on())
    call = sender.calls[0]
    assert call.length == 20
    back = Writable(call)
    assert back.sent == b"early"
    sender.sends(b"-next")
    back.blocked = True
    sender.sends(b"-kept")
    assert back.sent == b"early-next" and sender.incoming.waiting == 5
    back.blocked = False
    call.go_on()
    assert back.sent == b"early-next-kept"


def test_a_back_end_that_answers_before_the_body_is_whole_is_not_used_again():
    sender = begun(head(GIBIBYTE) + b"early")
    sender.carry(passed_on())
    back = Writable(sender.calls[0])
    back.answers(sender.calls[0], b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n")
    assert sender.written.startswith(b"HTTP/1.1 401 ") and b"Connection: close" in sender.written
    assert back.closed and sender.calls[0]._idle == [] and sender.kept is False


def test_nobody_is_told_to_go_on_once_the_answer_has_begun():
    def work():
        yield Begin(Answer(200, "OK"))
        yield Take()

    sender = begun(head(10, more="Expect: 100-continue\r\n"))
    sender.carry(work())
    assert sender.incoming.wants_continue is False
    assert b"Connection: close" in sender.written


def promised(*pieces):
    yield Begin(Answer(200, "Success", [("Content-Length", "6")]))
    for piece in pieces:
        yield Piece(piece)


@pytest.mark.parametrize(
    ("pieces", "body", "kept"),
    [
        ((b"abc", b"def"), b"abcdef", True),
        ((b"abc",), b"abc", False),  # less than promised is a tear
        ((b"abcdef", b"ghi"), b"abcdef", True),
    ],
)
def test_an_answer_with_a_length_goes_out_without_chunks(pieces, body, kept):
    sender = begun(head(0, "RPC_OUT_DATA"))
    sender.carry(promised(*pieces))
    answer, _, came = sender.written.partition(b"\r\n\r\n")
    assert b"Content-Length: 6" in answer and b"Transfer-Encoding" not in answer
    assert came == body and sender.kept is kept
