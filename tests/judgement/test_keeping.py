"""Falls if: what a balancer keeps is told as something else, with other figures, or with nodes that nobody named; or
a combination out of reach goes unsaid.
"""

from __future__ import annotations

import pytest

from exsim.judgement.keeping import out_of_reach, sentence
from exsim.session import keeping as kinds
from exsim.session.keeping import Keeping, keeping

AB = ("EX16-01", "EX16-02")


def kept(by: str, **more: object) -> Keeping:
    return Keeping(by, **{"nodes": AB, "connections": 8, "sources": 1, **more})  # type: ignore[arg-type]


def test_a_balancer_that_gave_no_answer_is_told_as_such() -> None:
    assert sentence(keeping([])) == "What the balancer keeps cannot be told: it gave no answer."


@pytest.mark.parametrize(
    ("what", "said"),
    [
        (kept(kinds.UNKNOWN, nodes=()), "cannot be told: no answer says who gave it"),
        (
            kept(kinds.UNKNOWN),
            "cannot be told: 8 connections met EX16-01 and EX16-02, and no rule was seen in it.",
        ),
        (
            kept(kinds.REQUEST),
            "keeps nobody: each request is led anew, also on one connection (8 connections met EX16-01 and EX16-02).",
        ),
        (kept(kinds.CONNECTION), "keeps a connection on one node, and nothing beyond it (8 conn"),
        (kept(kinds.TLS), "keeps a TLS session on one node; clients here never resume one"),
        (
            kept(kinds.COOKIE, cookie="SRV", readable=True),
            "by its cookie SRV, whose value names the node (8 connections met EX16-01 and EX16-02).",
        ),
        (
            kept(kinds.COOKIE, cookie="SRV", named=False),
            "value says nothing by itself, and was learnt (8 connections met 2 nodes without a name).",
        ),
        (
            kept(kinds.SOURCE, how=kinds.COMPUTED, sources=12),
            "one node: it computes the node from the address (12 addresses met EX16-01 and EX16-02, each the same",
        ),
        (
            kept(kinds.SOURCE, how=kinds.REMEMBERED),
            "it remembers where an address went first (1 add",
        ),
        (kept(kinds.SOURCE), "how it chooses cannot be told"),
        (kept(kinds.ONE, nodes=AB[:1]), "led this machine to EX16-01 every time (8 connections)"),
        (kept(kinds.ONE, named=False), "led this machine to one node every time"),
    ],
)
def test_what_is_kept_is_told_with_what_shows_it(what: Keeping, said: str) -> None:
    assert said in sentence(what)


CROSSING = "(logged on at, served by): A to B, B to A."


@pytest.mark.parametrize(
    ("what", "steerable", "said"),
    [
        (kept(kinds.REQUEST), (), ""),
        (kept(kinds.CONNECTION), ("A",), ""),
        (kept(kinds.SOURCE), (), f"Not to be met behind this balancer {CROSSING}"),
        (kept(kinds.TLS), (), f"Not to be met behind this balancer {CROSSING}"),
        (
            kept(kinds.SOURCE),
            ("A",),
            f"Not to be met behind this balancer but where sessions are steered there {CROSSING}",
        ),
        (
            kept(kinds.COOKIE, values={"A": "a"}),
            (),
            f"Not to be met behind this balancer but where sessions are steered there {CROSSING}",
        ),
        (kept(kinds.COOKIE), ("A",), f"Not to be met behind this balancer {CROSSING}"),
        (
            kept(kinds.ONE, nodes=("A",)),
            (),
            "Not to be met behind this balancer (logged on at, served by): A to B, B to A, B to B.",
        ),
        (kept(kinds.ONE, nodes=("x",), named=False), (), ""),
    ],
)
def test_what_nobody_meets_by_himself_is_named(
    what: Keeping, steerable: tuple[str, ...], said: str
) -> None:
    nodes = what.nodes if what.by == kinds.ONE and what.named else ("A", "B")
    what = Keeping(what.by, nodes=tuple(nodes), values=what.values, named=what.named)
    assert out_of_reach(what, ["A", "B"], steerable) == said


@pytest.mark.parametrize(("count", "ends"), [(4, ": n0 to n1"), (5, "n2 to n4 and 8 more.")])
def test_of_many_combinations_the_first_twelve_are_named(count: int, ends: str) -> None:
    nodes = [f"n{number}" for number in range(count)]
    said = out_of_reach(Keeping(kinds.SOURCE), nodes)
    assert ends in said and said.count(" to n") == 12
    assert ("more" in said) == (count == 5)
