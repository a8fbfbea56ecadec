"""Falls if: a way of keeping clients is taken for another, or one is named that nothing shows.

The same over a real HAProxy: tests/lab/test_survey.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count

import pytest

from exsim.session import keeping as kinds
from exsim.session.keeping import Seen, keeping, rotates, unreachable

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


def address(number: int) -> str:
    return f"10.0.0.{number}"


ORDER = [7, 2, 11, 4, 9, 1, 12, 3, 8, 6, 10, 5]
IN_TURN = {address(number): ABC[index % 3] * 2 for index, number in enumerate(ORDER)}
BY_NUMBER = {address(number): ABC[number % 3] * 2 for number in ORDER}
FEW = {address(number): ABC[number % 3] * 2 for number in ORDER[:5]}
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
        (STAYS + sources(MOVING), "one", ""),
        (one("ABCA") + new("ABCA", "LB") + shown("LB", {"a": "AAAA", "b": "BBBB"}), "cookie", ""),
        (one("ABCA") + new("ABCA", "X") + shown("X", {"a": "ABCA", "b": "BCAB"}), "request", ""),
        (one("AAAA") + new("ABCA") + [Seen(kinds.RESUMED, n, "s", {}, {}, "B") for n in range(6)], "tls", ""),
        ([], "unknown", ""),
        (one("") + new(["", ""]), "unknown", ""),
    ],
)  # fmt: skip
def test_what_is_kept_is_told_by_who_answered(answers, by, how) -> None:
    kept = keeping(answers)
    assert (kept.by, kept.how) == (by, how)


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
