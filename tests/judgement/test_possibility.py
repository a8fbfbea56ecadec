"""Falls if: something is ruled out that nobody looked at."""

from __future__ import annotations

import msgspec
import pytest

from exsim.judgement.judge import judge, sessions_to_tell
from exsim.judgement.possibility import not_it
from tests.judgement.build import (
    OLD,
    A,
    B,
    control_sessions,
    facts,
    farm_sessions,
    found,
    lost_dialogue,
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


def test_expiry_is_ruled_out_for_all_only_where_every_copy_was_served() -> None:
    sessions = farm_sessions(one_way)
    hops = {one.user: lost_dialogue(one) for one in sessions_to_tell(found(sessions))}
    count = len(hops)
    said = not_it(judge(found(sessions), facts(), hops))
    assert said[0] == (
        "Not expiry and not the password: a copy of the same cookies was served right after, "
        f"{count} of {count} times it was tried."
    )
    users = list(hops)
    one, other = hops[users[0]], hops[users[1]]
    one[6] = msgspec.structs.replace(one[6], status=302, location=other[7].location)  # refused
    other[6] = msgspec.structs.replace(other[6], status=503)  # says nothing
    said = not_it(judge(found(sessions), facts(), hops))
    assert said[0] == (
        f"Not always expiry or the password: {count - 2} of {count - 1} times it was tried a copy of the "
        "same cookies was served right after."
    )
