"""Falls if: something is ruled out that nobody looked at."""

from __future__ import annotations

import msgspec
import pytest

from exsim.judgement.judge import judge, sessions_to_tell
from exsim.judgement.possibility import how_many, not_it
from exsim.session.records import Session
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
    session,
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


def test_a_node_that_lost_sessions_when_asked_directly_is_not_ruled_out() -> None:
    controls = control_sessions()
    controls[0].state = "lost"
    for asked in (controls, []):
        said = not_it(judge(found([*farm_sessions(nothing), *asked]), facts()))
        assert not any(sentence.startswith(BY_ITSELF) for sentence in said)


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


NOT_THE_HOME = "Not the mailbox server: where the mailbox lives made no difference."


def test_the_mailbox_server_is_ruled_out_only_where_every_protocol_that_lost_shows_it() -> None:
    def only_old(login: str, serving: str, home: str) -> bool:
        return one_way(login, serving, home) and home == OLD

    def of_ews(sessions: list[Session]) -> list[Session]:
        for one in sessions:
            one.protocol, one.id = "ews", f"{one.user + 500}.1"
        return sessions

    anywhere, well = farm_sessions(one_way), farm_sessions(nothing)
    for sessions, ruled_out in (
        (anywhere, True),
        ([*anywhere, *of_ews(farm_sessions(nothing))], True),
        (well, False),
        (farm_sessions(only_old), False),
        ([*anywhere, *of_ews(farm_sessions(only_old))], False),
        ([*of_ews(farm_sessions(nothing)), *farm_sessions(only_old)], False),
        (farm_sessions(one_way, 2), False),  # too few to tell
    ):
        said = not_it(judge(found(sessions), facts()))
        assert (NOT_THE_HOME in said) is ruled_out, len(sessions)


def test_how_many_it_hit_is_told_in_sessions_and_accounts() -> None:
    judged = judge(found(farm_sessions(one_way)), facts())
    assert how_many(judged) == [
        "40 of 60 sessions of this load were lost (67 %); 40 of 60 accounts had one."
    ]
    steered = session(900, A, [OLD], A, one_way, forced=True, natural=False)
    judged = judge(found([*farm_sessions(nothing), steered]), facts())
    assert how_many(judged) == [
        "None in this run: 0 of 60 sessions of this load were lost.",
        "Steered sessions say what happens at a meeting, not how many users come to it.",
    ]
    assert how_many(judge(found([]), facts())) == []
