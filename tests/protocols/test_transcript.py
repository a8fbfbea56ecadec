"""The transcript's format: what is read, what is compared.

Falls if: a line is read as another, a difference goes unseen, or a bad file is taken without its line number.
"""

from __future__ import annotations

import pytest

from exsim.protocols.conversation import Conversation
from exsim.protocols.transcript import Ask, Jar, Pause, TranscriptError, asks, read
from exsim.wire.message import Answer

TEXT = """# A title.
# Fact: E13.
# node: A 2016
# node: B 2013
# with: B front_end.ssl=ssl-2
# mailbox: B
# scale: 0.5

@ to B
> POST /owa/auth.owa
> Content-Type: text/plain
>
> user={user%}&x={cookie:one}
< 302 Found
< Set-Cookie: a={3}; path=/
< without X-BEServer
<
< (5 bytes)
< hel

@ wait 2 minutes
@ set cookie one two
@ keep cookies
@ to A
> GET /
< (closed)
"""


def test_a_file_is_read_to_its_parts() -> None:
    dialogue = read(TEXT, "x.txt")
    assert (dialogue.title, dialogue.facts) == ("A title.", ["Fact: E13."])
    assert dialogue.nodes == {"A": "2016", "B": "2013"} and dialogue.home == "B"
    assert dialogue.settings == [("B", "front_end.ssl", "ssl-2")] and dialogue.scale == 0.5
    first, wait, cookie, keep, last = dialogue.steps
    assert (
        isinstance(first, Ask) and first.node == "B" and first.body == "user={user%}&x={cookie:one}"
    )
    assert first.expected.length == 5 and first.expected.body == ("hel",)
    assert first.expected.without == (("X-BEServer", ""),)
    assert (wait, cookie, keep) == (Pause(120.0), Jar("set", "one", "two"), Jar("keep"))
    assert isinstance(last, Ask) and last.node == "A" and last.expected.status is None


@pytest.mark.parametrize(
    "text, message",
    [
        ("GET /", "x.txt:1: 'GET /' begins with none"),
        ("# t\n> GET", "x.txt:2: 'GET' is no request line"),
        ("> GET /\n", "x.txt:1: a request without an answer"),
        ("> GET /\n< found", "x.txt:1: 'found' is no status line"),
        ("> GET /\n> nonsense\n< 200", "x.txt:1: 'nonsense' is no header"),
        ("@ dance", "x.txt:1: @ dance is no command"),
        ("# with: something", "x.txt:1: 'something' is not"),
    ],
)
def test_a_bad_line_is_named(text: str, message: str) -> None:
    with pytest.raises(TranscriptError) as error:
        read(text, "x.txt")
    assert str(error.value).startswith(message)


def one(answer: str) -> Ask:
    return next(asks(read(f"> GET /\n{answer}", "x.txt")))


GOT = Answer(
    302,
    "Found",
    [("Set-Cookie", "a=123; path=/"), ("Set-Cookie", "b=4"), ("X-FEServer", "EX")],
    b"hello world",
)


@pytest.mark.parametrize(
    "expected, differences",
    [
        ("< 302 Found", []),
        ("< 302", []),
        ("< 200", ["status: expected 200, got 302"]),
        ("< 302 Moved", ["reason: expected 'Moved', got 'Found'"]),
        ("< 302\n< set-cookie: a={3}; path=/\n< Set-Cookie: b=*", []),
        ("< 302\n< Set-Cookie: b=*\n< Set-Cookie: a=*", ["Set-Cookie: expected a=*, got a=123; path=/ | b=4"]),
        ("< 302\n< Set-Cookie: a={4}; path=/", ["Set-Cookie: expected a={4}; path=/, got a=123; path=/ | b=4"]),
        ("< 302\n< X-BEServer: *", ["X-BEServer: missing (expected *)"]),
        ("< 302\n< without X-FEServer", ["X-FEServer: not expected, got EX"]),
        ("< 302\n< without Set-Cookie: c*", []),
        ("< 302\n<\n< hello\n< world", []),
        ("< 302\n<\n< world\n< hello", ["body: 'hello' is not in it (or not in this order)"]),
        ("< 302\n<\n< (5 bytes)", ["body: expected 5 bytes, got 11"]),
        ("< (closed)", ["expected no answer, and 302 came"]),
    ],
)  # fmt: skip
def test_differences_are_told_in_words(expected: str, differences: list[str]) -> None:
    assert Conversation({}).compare(one(expected), GOT) == differences


def test_no_answer_is_told_apart() -> None:
    assert Conversation({}).compare(one("< (closed)"), None) == []
    assert Conversation({}).compare(one("< 200"), None) == ["expected 200, and no answer came"]


def test_cookies_and_captures_go_into_later_requests() -> None:
    talk = Conversation({"host": "mail", "user": "LAB\\a"})
    talk.compare(one("< 302\n< Set-Cookie: a={first=*}; path=/"), GOT)
    text = "> POST /x?y={first}\n> X: {cookie:b}\n>\n> {user%} {unknown}\n< 200"
    request = talk.request(next(asks(read(text, "x.txt"))))
    assert request.target == "/x?y=123" and request.body == b"LAB%5Ca {unknown}"
    assert request.headers == [("Host", "mail"), ("X", "4"), ("Cookie", "a=123; b=4")]


@pytest.mark.parametrize(
    "line, path, sent",
    [
        ("a=1; path=/owa", "/owa/", True),
        ("a=1; path=/owa", "/ecp/", False),
        ("a=; expires=Fri, 20-Mar-1987 08:53:20 GMT; path=/", "/owa/", False),
        ("a=1; expires=Fri, 20-Mar-1987 08:53:20 GMT; path=/", "/owa/", False),
        ("a=1; expires=Fri, 20-Mar-2037 08:53:20 GMT; path=/", "/owa/", True),
    ],
)
def test_the_jar_keeps_and_drops(line: str, path: str, sent: bool) -> None:
    talk = Conversation({})
    talk.compare(one("< 200"), Answer(200, "OK", [("Set-Cookie", line)]))
    request = talk.request(next(asks(read(f"> GET {path}\n< 200", "x.txt"))))
    assert ("a" in request.cookies) is sent


def test_a_copy_of_the_jar_can_be_restored() -> None:
    talk = Conversation({})
    for jar in (
        Jar("set", "a", "1"),
        Jar("keep"),
        Jar("forget"),
        Jar("set", "b", "2"),
        Jar("restore"),
    ):
        talk.change(jar)
    request = talk.request(next(asks(read("> GET /\n< 200", "x.txt"))))
    assert request.cookies == {"a": "1"}
    talk.change(Jar("drop", "a"))
    assert not talk.request(next(asks(read("> GET /\n< 200", "x.txt")))).cookies
