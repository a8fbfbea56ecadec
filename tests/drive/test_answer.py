"""The ordinary answer is read as llhttp reads it, or left to llhttp.

Falls if: an answer that is taken apart by hand differs in anything from what llhttp makes of the same
bytes, or if one is taken that is not whole, or whose end is not its length.
"""

from __future__ import annotations

import httptools
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from exsim.drive import answer
from exsim.drive.answer import BUFFER, Ordinary

PLAIN = b"HTTP/1.1 200 OK\r\nX-FEServer: EX1\r\nContent-Length: 2\r\n\r\nok"


def ordinary(data: bytes) -> Ordinary | None:
    """What is made of `data`, behind which stands what came before."""
    BUFFER[: len(data)] = data
    return answer.ordinary(len(data))


def read(data: bytes) -> tuple[int, str, list[tuple[bytes, bytes]], bytes] | None:
    """An ordinary answer as whoever asked sees it: status, phrase, headers with its own id among them, body."""
    taken = ordinary(data)
    return None if taken is None else seen(taken)


def seen(taken: Ordinary) -> tuple[int, str, list[tuple[bytes, bytes]], bytes]:
    head, own, body = taken
    headers = list(head.headers)
    if own:
        assert headers[head.facts.request_id_at] == (b"request-id", b"")
        headers[head.facts.request_id_at] = b"request-id", own
    return head.status, head.reason, headers, body


class Judge:
    """What llhttp says of some bytes."""

    def __init__(self) -> None:
        self.phrase = ""
        self.headers: list[tuple[bytes, bytes]] = []
        self.body = b""
        self.over = 0
        self.stays = False
        self.parser = httptools.HttpResponseParser(self)

    def on_status(self, phrase: bytes) -> None:
        self.phrase += phrase.decode("latin-1")

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers.append((name.lower(), value))

    def on_body(self, data: bytes) -> None:
        self.body += data

    def on_message_complete(self) -> None:
        self.over += 1
        self.stays = self.parser.should_keep_alive()


def judged(data: bytes) -> Judge:
    judge = Judge()
    judge.parser.feed_data(data)
    return judge


STATUS_LINES = (
    b"HTTP/1.1 200 OK|HTTP/1.1 440 Login Timeout|HTTP/1.1 302 Found|HTTP/1.1 999 x|HTTP/1.0 200 OK|"
    b"HTTP/1.1 204 No Content|HTTP/1.1 100 Continue|HTTP/1.1 200|HTTP/1.1  200 OK|HTTP/1.1 200 \x80|"
    b"HTTP/1.1 20 OK|http/1.1 200 OK"
).split(b"|")
LENGTHS = (
    b"Content-Length: 2|content-length:2|Content-Length: +2|Content-Length: 2, 2|Content-Length : 2|"
    b"Content-Length: 2 |Content-Length: 02|CONTENT-LENGTH:\t2|Content-Length: 3|Content-Length:|X: 1"
).split(b"|")
OTHERS = (
    b"Set-Cookie: a=b; path=/|X: \xe9\xff|X:|X: a\tb| folded|\tfolded|nothing|Transfer-Encoding: chunked|"
    b"Connection: close|Connection: keep-alive|: x|X: a\x00b|X: a\x7fb|X: a\nY: b|X: a\rb|Upgrade: h2c|"
    b"Content-Length: 2|X: trailing |X\xe9: y|Date: Sat, 22 Nov 2026 05:12:03 GMT|request-id: 1-2|"
    b"request-id: |request-id: zz|Request-Id: 3"
).split(b"|")


@example(b"HTTP/1.1 200 OK", b"Content-Length: 2", [b"request-id: 1-2"] * 2, b"ok")
@given(
    st.sampled_from(STATUS_LINES),
    st.sampled_from(LENGTHS),
    st.lists(st.sampled_from(OTHERS) | st.binary(max_size=12), max_size=4),
    st.sampled_from([b"ok", b"o", b"okk"]),
)
def test_what_is_taken_apart_is_what_llhttp_reads(
    first: bytes, length: bytes, others: list[bytes], body: bytes
) -> None:
    data = b"\r\n".join([first, *others, length]) + b"\r\n\r\n" + body
    answer._headers.clear()
    answer._heads.clear()
    for _ in range(2):  # read, and then remembered
        taken = read(data)
        if taken is not None:
            judge = judged(data)  # and it does not refuse them
            assert taken[0] == judge.parser.get_status_code()
            assert taken[1:4] == (judge.phrase, judge.headers, judge.body)
            assert judge.over == 1 and judge.stays


@pytest.mark.parametrize("cut", range(len(PLAIN)))
def test_a_part_of_an_answer_is_none(cut: int) -> None:
    assert ordinary(PLAIN[:cut]) is None


def test_an_ordinary_answer_is_taken() -> None:
    headers = [(b"x-feserver", b"EX1"), (b"content-length", b"2")]
    assert read(PLAIN) == (200, "OK", headers, b"ok")


def test_a_head_that_came_before_keeps_its_own_request_id() -> None:
    lines = b"HTTP/1.1 200 OK\r\nX: 1\r\nrequest-id: %b\r\nContent-Length: 0\r\n\r\n"
    owns = (b"a-1", b"b-2", b"a-1", b"c-34")
    for own, taken in [(own, ordinary(lines % own)) for own in owns]:
        assert taken is not None and taken[1] == own
        assert seen(taken)[2] == [(b"x", b"1"), (b"request-id", own), (b"content-length", b"0")]


LIKE = (
    b"HTTP/1.1 200 OK\r\nX: 1\r\nrequest-id: %b\r\nDate: x\r\nContent-Length: 4\r\n\r\nbody",
    b"HTTP/1.1 302 Found\r\nContent-Length: 4\r\nrequest-id: %b\r\n\r\nbody",
)


@example(LIKE[0], LIKE[0].index(b"%b") + 2, 0, False)
@given(st.sampled_from(LIKE), st.integers(0, 100), st.integers(0, 255), st.booleans())
def test_an_answer_as_long_as_the_one_before_it_is_read_as_if_it_came_first(
    like: bytes, place: int, byte: int, shifted: bool
) -> None:
    changed = bytearray(like % b"77-ab")
    if shifted:  # everything stands elsewhere
        changed.insert(place % len(changed), byte)
        del changed[-1]
    else:
        changed[place % len(changed)] = byte
    for known in (answer._headers, answer._heads, answer._likes):
        known.clear()
    first = ordinary(bytes(changed))
    for known in (answer._headers, answer._heads, answer._likes):
        known.clear()
    assert ordinary(like % b"12-cd") is not None and len(answer._likes) == 1
    second = ordinary(bytes(changed))
    assert (first and seen(first)) == (second and seen(second))
    assert first is None or second is None or first[0].facts.kept == second[0].facts.kept


@pytest.mark.parametrize("size", [0, 1, answer.LONGEST_BODY, answer.LONGEST_BODY + 1])
def test_a_body_is_the_one_that_came_and_is_held_only_where_it_is_short(size: int) -> None:
    start = b"HTTP/1.1 200 OK\r\nrequest-id: 1\r\nContent-Length: %d\r\n\r\n" % size
    for letter in b"aababba":
        taken = ordinary(start + bytes([letter]) * size)
        assert taken is not None and taken[2] == bytes([letter]) * size
        like = answer._likes[len(start) + size]
        assert like.body is None or len(like.body) <= answer.LONGEST_BODY


def test_what_comes_after_an_answer_is_not_swallowed() -> None:
    assert ordinary(PLAIN + PLAIN) is None


def test_a_server_that_never_repeats_itself_is_not_held_on_to() -> None:
    for number in range(answer.MOST_KNOWN + 10):
        assert ordinary(b"HTTP/1.1 200 OK\r\nX: %d\r\nContent-Length: 0\r\n\r\n" % number)
        assert ordinary(b"HTTP/1.1 200 %d\r\nContent-Length: 0\r\n\r\n" % number)
        body = b"x" * number
        assert ordinary(
            b"HTTP/1.1 200 OK\r\nrequest-id: 1\r\nContent-Length: %d\r\n\r\n%b" % (number, body)
        )
    assert len(answer._headers) <= answer.MOST_KNOWN
    assert len(answer._heads) <= answer.MOST_HEADS
    assert len(answer._likes) <= answer.MOST_HEADS
    assert len(answer._statuses) <= answer.MOST_KNOWN
