"""Falls if: the sentence names other nodes than those that lose sessions, or a stray loss bends the rule."""

from __future__ import annotations

import pytest

from exsim.judgement.shape import shape
from tests.judgement.build import (
    OLD,
    A,
    B,
    Rule,
    facts,
    farm_sessions,
    matrix,
    nothing,
    one_way,
    session,
)

SHAPES: list[tuple[Rule, str, str]] = [
    (one_way, "product", "Sessions begun at a 2016 node are thrown out when EXCH13 serves them."),
    (
        lambda a, b, h: a == OLD and b != OLD,
        "product",
        "Sessions begun at EXCH13 are thrown out when a 2016 node serves them.",
    ),
    (
        lambda a, b, h: a == A and b == OLD,
        "product",
        "Sessions begun at EXCH16-01 are thrown out when EXCH13 serves them.",
    ),
    (lambda a, b, h: b == B, "product", "Sessions are thrown out when EXCH16-02 serves them."),
    (
        lambda a, b, h: a != b,
        "away",
        "Sessions are thrown out as soon as another node than the one they began at serves them.",
    ),
    (
        lambda a, b, h: (a == OLD) != (b == OLD),
        "split",
        "Sessions are thrown out when they cross between EXCH13 and a 2016 node, either way.",
    ),
    (lambda a, b, h: True, "everywhere", "Sessions are thrown out whichever node serves them."),
    (
        lambda a, b, h: (a, b) in {(A, B), (B, OLD)},
        "scattered",
        "Sessions are thrown out at 2 of 9 pairs of nodes.",
    ),
    (
        lambda a, b, h: one_way(a, b, h) and h == OLD,
        "product",
        "Sessions of mailboxes on EXCH13 begun at a 2016 node are thrown out when EXCH13 serves them.",
    ),
]


@pytest.mark.parametrize(("rule", "kind", "sentence"), SHAPES)
def test_losses_of_any_shape_have_their_sentence(rule: Rule, kind: str, sentence: str) -> None:
    found = shape(matrix(farm_sessions(rule, 20), facts()), facts())
    assert found is not None
    assert (found.kind, found.sentence) == (kind, sentence)
    assert found.lost == found.sessions
    assert found.other_lost == 0


def test_no_loss_has_no_shape() -> None:
    assert shape(matrix(farm_sessions(nothing), facts()), facts()) is None


def test_a_stray_loss_is_counted_beside_the_rule() -> None:
    sessions = [*farm_sessions(one_way), session(500, OLD, [OLD, A], A, lambda a, b, h: b == A)]
    found = shape(matrix(sessions, facts()), facts())
    assert found is not None
    assert found.sentence.startswith("Sessions begun at a 2016 node")
    assert (found.lost, found.sessions, found.other_lost) == (40, 40, 1)


def test_rare_losses_are_not_told_as_certain_ones() -> None:
    sessions = farm_sessions(nothing, 20)
    sessions += [session(500, A, [A, OLD], A, one_way)]
    found = shape(matrix(sessions, facts()), facts())
    assert found is not None
    assert "sometimes thrown out" in found.sentence
    assert (found.lost, found.sessions) == (1, 41)


def test_nodes_of_unknown_version_are_named() -> None:
    found = shape(matrix(farm_sessions(one_way), facts(nodes=())), facts(nodes=()))
    assert found is not None
    assert "begun at EXCH16-01 or EXCH16-02" in found.sentence


def test_losses_of_a_protocol_without_logon_name_the_serving_node() -> None:
    sessions = farm_sessions(lambda a, b, h: b == OLD, 20)
    for one in sessions:
        one.protocol, one.login_front_end = "ews", None
    found = shape(matrix(sessions, facts()), facts())
    assert found is not None
    assert found.sentence == "Sessions are thrown out when EXCH13 serves them."
