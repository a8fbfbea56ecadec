"""The bytes of a request.

Falls if: somebody else's words break a head, or what is remembered of one request, or for one target, stands in
another.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from exsim.drive.asking import head_of
from exsim.drive.target import Target
from exsim.protocols.activesync import phone
from exsim.protocols.flow import CookieLine, Filled, Form, Request

TO = Target("127.0.0.1", 1, "mail.example")


def test_a_servers_own_words_never_break_a_request() -> None:
    request = Request(
        "GET",
        "/owa/ x\r\nX-Injected: 1?ü",
        headers=(("X-OWA-CANARY", "a\r\nX-Injected: 2"),),
        cookies=CookieLine({"UC": "b\r\nX-Injected: 3"}),
        own=Filled(Form("X-OWA-CANARY", "X-OWA-ActionId"), ("a\r\nX-Injected: 4", "-1")),
    )
    lines = head_of(request, TO, "id", None).split(b"\r\n")
    assert not any(line.startswith(b"X-Injected") for line in lines)
    assert lines[0] == b"GET /owa/%20x%0D%0AX-Injected:%201?%C3%BC HTTP/1.1"


@pytest.mark.parametrize("sign", ["\r", "\n", "\0"])
def test_no_sign_that_ends_a_line_stands_in_one(sign: str) -> None:
    own = Filled(Form("X-OWA-CANARY", "X-OWA-ActionId"), (f"a{sign}b", "-1"))
    head = head_of(Request("GET", "/x", own=own), TO, "id", None)
    assert b"\r\nX-OWA-CANARY: a b\r\nX-OWA-ActionId: -1\r\n" in head


def test_a_form_is_filled_in_anew_for_each_request() -> None:
    form = Form("A", "B")
    heads = [
        head_of(Request("GET", "/x", own=Filled(form, values)), TO, "id", None)
        for values in (("1", "2"), ("3", ""), ("", "4"))
    ]
    lines = [head.split(b"\r\n")[2:4] for head in heads]
    assert lines == [[b"A: 1", b"B: 2"], [b"A: 3", b"B: "], [b"A: ", b"B: 4"]]


def test_lines_that_somebody_changes_are_never_remembered() -> None:
    headers, heads = [("A", "1")], []
    for _ in range(2):
        heads.append(head_of(Request("GET", "/x", headers), TO, "id", None))
        headers.append(("B", "2"))
    assert b"B: 2" not in heads[0] and b"\r\nA: 1\r\nB: 2\r\n" in heads[1]


def test_what_is_remembered_for_one_target_is_not_said_to_another() -> None:
    request = Request("GET", "/x", (("Accept", "*/*"),))
    other = Target("127.0.0.1", 1, "other.example", signature="exsim/1 run=x")
    elsewhere = replace(TO, host="elsewhere.example")
    heads = [head_of(request, to, "id", None) for to in (TO, other, TO, elsewhere)]
    assert b"Host: elsewhere.example\r\n" in heads[3]
    assert (
        heads[0] == heads[2] and b"Host: mail.example\r\n" in heads[0] and b"run=x" not in heads[0]
    )
    assert b"Host: other.example\r\n" in heads[1] and b"run=x" in heads[1]


def test_a_signature_stands_behind_the_browsers_own_words() -> None:
    signing = Target("127.0.0.1", 1, "m", signature="exsim/1 run=x")

    def agent(*headers: tuple[str, str]) -> bytes:
        request = Request("GET", "/", headers)
        return head_of(request, signing, "id", None)

    assert b"\r\nUser-Agent: Mozilla/5.0 (x) exsim/1 run=x\r\n" in agent(
        ("User-Agent", "Mozilla/5.0 (x)")
    )
    assert b"\r\nUser-Agent: exsim/1 run=x\r\n" in agent(("Accept", "*/*"))
    telephone = agent(phone.USER_AGENT)  # whose name must not change from run to run
    assert b"\r\nUser-Agent: exsim-phone/1.0\r\n" in telephone and b"run=" not in telephone
    assert b"exsim" not in head_of(Request("GET", "/", (("User-Agent", "x"),)), TO, "id", None)
