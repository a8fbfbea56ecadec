"""Falls if: a way of keeping clients is taken for another, or one is named that nothing shows.

The same over a real HAProxy: tests/lab/test_survey.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count

import pytest

from exsim.session import keeping as kinds
from exsim.session.hop import Hop
from exsim.session.keeping import Seen, keeping, rotates, seen, unreachable

ABC = ("A", "B", "C")


def one(nodes: Sequence[str]) -> list[Seen]:
    return [Seen(kinds.ON_ONE, 1, "s", {}, {}, node) for node in nodes]


def new(nodes: Sequence[str], cookie: str = "") -> list[Seen]:
    return [
        Seen(kinds.ON_NEW, number, "s", {}, {cookie: node.lower()} if cookie else {}, node)
        for number, node in zip(count(100), nodes, strict=False)
    ]


def shown(cookie: str, nodes: dict[str, Sequence[str]]) -> list[Seen]:
    return [
        Seen(kinds.WITH_COOKIE, number, "s", {cookie: value}, {}, node)
        for value, led in nodes.items()
        for number, node in zip(count(200), led, strict=False)
    ]


def sources(led: dict[str, Sequence[str]]) -> list[Seen]:
    rounds = max(map(len, led.values()))
    return [
        Seen(kinds.FROM_SOURCE, 300, source, {}, {}, nodes[turn])
        for turn in range(rounds)
        for source, nodes in led.items()
        if turn < len(nodes)
    ]


def resumed(nodes: Sequence[str]) -> list[Seen]:
    return [Seen(kinds.RESUMED, n, "s", {}, {}, node) for n, node in enumerate(nodes)]


def address(number: int) -> str:
    return f"10.0.0.{number}"


ORDER = [7, 2, 11, 4, 9, 1, 12, 3, 8, 6, 10, 5]
IN_TURN = {address(number): ABC[index % 3] * 2 for index, number in enumerate(ORDER)}
BY_NUMBER = {address(number): ABC[number % 3] * 2 for number in ORDER}
FEW = {address(number): ABC[number % 3] * 2 for number in ORDER[:5]}
TOO_FEW = {source: IN_TURN[source] for source in list(IN_TURN)[:9]}
MOVING = {address(number): "AB" for number in ORDER}
STAYS = one("AAAA") + new("AAAA")


@pytest.mark.parametrize(
    ("answers", "by", "how"),
    [
        (one("ABCA") + new("BCAB"), "request", ""),
        (one("AAAA") + new("BCAB"), "connection", ""),
        (STAYS, "one", ""),
        (STAYS + sources(IN_TURN), "source", "remembered"),
        (STAYS + sources(BY_NUMBER), "source", "computed"),
        (STAYS + sources(FEW), "source", ""),
        (STAYS + sources(TOO_FEW), "source", ""),
        (STAYS + sources(MOVING), "connection", ""),
        (STAYS + sources(dict.fromkeys(IN_TURN, "AA")), "one", ""),
        (STAYS + sources({address(number): ABC[number % 3] for number in ORDER}), "unknown", ""),
        # One answer is an error that no node gave:
        (one("AAAA") + new(["A", "", "A", "A"]), "one", ""),
        (one("ABCA") + new("ABCA", "LB") + shown("LB", {"a": ["A", "", "A"], "b": "BBB"}), "cookie", ""),
        (STAYS + sources({**IN_TURN, address(9): ["", "B"]}), "source", "remembered"),
        (one("AAAA") + new("ABCA") + shown("LB", {"a": ["", ""]}), "connection", ""),
        (one("ABAB") + new("ABAB"), "request", ""),
        (one("AAAA") + new("ABAB"), "connection", ""),
        (one("AAAA") + new("ABAB") + resumed("BBBBBB"), "tls", ""),
        (one("AAAA") + new("ABAB") + resumed("BB"), "connection", ""),
        (one("AAAA") + new("ABAB") + resumed("BABB"), "connection", ""),
        (STAYS + resumed("AAAA"), "one", ""),
        (one("AAAA") + new("AAAA", "LB") + shown("LB", {"a": "AAAA"}), "one", ""),
        (one("ABCA") + new("ABCA", "LB") + shown("LB", {"a": "AAAA", "b": "BBBB"}), "cookie", ""),
        (one("ABCA") + new("ABCA", "X") + shown("X", {"a": "ABCA", "b": "BCAB"}), "request", ""),
        (one("AAAA") + new("ABCA") + resumed("BBBBBB"), "tls", ""),
        ([], "unknown", ""),
        (one("") + new(["", ""]), "unknown", ""),
    ],
)  # fmt: skip
def test_what_is_kept_is_told_by_who_answered(answers, by, how) -> None:
    kept = keeping(answers)
    assert (kept.by, kept.how) == (by, how)


@pytest.mark.parametrize(
    ("values", "readable"),
    [
        (("ex1601", "ex1602"), True),
        (("owa.ex16-01", "owa.ex16-02"), True),
        (("1601", "1602"), True),
        (("01", "02"), False),  # as good as any two digits
        (("9f86d081", "60303ae2"), False),
        (("ex1601", "60303ae2"), False),
        (("1677787402.36895.0000", "1677787402.20480.0000"), True),  # BIG-IP's own
    ],
)
def test_a_cookie_whose_values_name_their_nodes_is_readable(
    values: tuple[str, str], readable: bool
) -> None:
    nodes = ("EX16-01", "EX16-02")
    answers = [
        Seen(kinds.ON_NEW, number, "s", {}, {"LB": value}, node)
        for number, (value, node) in enumerate(zip(values, nodes, strict=True))
    ]
    answers += [
        Seen(kinds.WITH_COOKIE, number, "s", {"LB": values[0]}, {}, nodes[0])
        for number in (7, 8, 9)
    ]
    answers.append(Seen(kinds.ON_NEW, 10, "s", {}, {"LB": "unnamed"}, ""))
    kept = keeping(answers)
    assert (kept.by, kept.cookie, kept.readable, kept.named) == ("cookie", "LB", readable, True)
    assert kept.values == dict(zip(nodes, values, strict=True))
    assert (kept.nodes, kept.connections, kept.sources) == (nodes, 6, 1)


def test_a_value_that_was_only_shown_leads_to_its_node_too() -> None:
    kept = keeping(new("AB") + shown("LB", {"a": "AA", "b": "BB"}))
    assert kept.values == {"A": "a", "B": "b"}


def test_what_an_answer_shows_of_the_balancer_is_what_is_none_of_exchanges() -> None:
    cookies = {"SRV": "s1", "cadata": "h", "ASP.NET_SessionId": "x"}
    hop = Hop(
        utc="", t=0.0, took=0.0, user=0, session="", seq=0, protocol="owa", step=kinds.ON_NEW,
        request="GET /owa/", status=302, conn=3, source="[2001:db8::1]:5124", cookies=cookies,
        set_cookies={"srv2": "s2", "gone": None, "X-BackEndCookie": "y", "ClientId": "z"},
    )  # fmt: skip
    assert seen(hop, "A") == Seen(
        kinds.ON_NEW, 3, "[2001:db8::1]", {"SRV": "s1"}, {"srv2": "s2"}, "A"
    )


def test_without_a_name_a_cookies_value_tells_nodes_apart_and_names_none() -> None:
    answers = [
        Seen(kinds.ON_NEW, number, "s", {}, {"P": value}, "") for number, value in enumerate("xyzx")
    ]
    answers += [
        Seen(kinds.WITH_COOKIE, number, "s", {"P": value}, {}, "")
        for value in "xyz"
        for number in (1, 2)
    ]
    kept = keeping(answers)
    assert (kept.by, kept.cookie, kept.named, len(kept.nodes)) == ("cookie", "P", False, 3)
    assert unreachable(kept, []) == []


@pytest.mark.parametrize(
    ("nodes", "expected"), [("ABCABC", True), ("ABCACB", False), ("AAAA", False), ("ABAB", True), ("ABC", False)]
)  # fmt: skip
def test_a_rotation_comes_round(nodes, expected) -> None:
    assert rotates(list(nodes)) is expected


def test_nodes_that_only_the_survey_met_are_known_where_they_have_names() -> None:
    kept = keeping(STAYS + sources(IN_TURN))
    assert unreachable(kept, ["A", "D"]) == [
        (login, serving) for login in "ABCD" for serving in "ABCD" if login != serving
    ]
    assert unreachable(keeping(STAYS), ["A", "B"]) == [("A", "B"), ("B", "A"), ("B", "B")]
    assert unreachable(keeping(one("ABCA") + new("BCAB")), ["A", "B"]) == []
