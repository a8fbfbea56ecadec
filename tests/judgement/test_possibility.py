"""Falls if: something is ruled out that nobody looked at."""

from __future__ import annotations

import pytest

from exsim.judgement.judge import judge
from exsim.judgement.possibility import not_it
from tests.judgement.build import (
    OLD,
    A,
    B,
    control_sessions,
    facts,
    farm_sessions,
    found,
    nothing,
    one_way,
)

BY_ITSELF = "Not a node by itself"


@pytest.mark.parametrize(
    ("asked", "ruled_out"), [((A, B, OLD), True), ((OLD,), True), ((A, B), False), ((), False)]
)
def test_a_node_is_ruled_out_only_where_the_culprit_was_asked_by_itself(
    asked: tuple[str, ...], ruled_out: bool
) -> None:
    controls = [one for one in control_sessions() if one.origin in asked]
    said = not_it(judge(found([*farm_sessions(one_way), *controls]), facts()))
    assert any(sentence.startswith(BY_ITSELF) for sentence in said) == ruled_out


def test_a_culprit_that_is_not_known_was_not_asked() -> None:
    sessions = farm_sessions(one_way)
    lost = next(one for one in sessions if one.incident)
    assert lost.incident is not None
    lost.incident.front_end, lost.meetings = None, []
    said = not_it(judge(found([*sessions, *control_sessions()]), facts()))
    assert not any(sentence.startswith(BY_ITSELF) for sentence in said)


def test_without_a_loss_every_node_that_was_asked_is_well() -> None:
    said = not_it(judge(found([*farm_sessions(nothing), *control_sessions()]), facts()))
    assert said[0] == "Not a node by itself: asked directly, 0 of 36 sessions were lost."
