"""Falls if: a reason says something else than what was counted, or a run is held against what it did not ask for
or nobody could meet."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from exsim.judgement.census import census
from exsim.judgement.expectations import Expectations
from exsim.judgement.facts import RunFacts
from exsim.judgement.gate.criterion import Criterion
from exsim.judgement.matrix import Cell
from exsim.judgement.verdict import is_required, place, verdict
from exsim.session.records import Findings
from tests.judgement.build import (
    OLD,
    A,
    B,
    facts,
    farm_sessions,
    finding,
    found,
    nothing,
    one_way,
    session,
    sticky_sessions,
)

HELD = Expectations(persistence="held")
WELL = farm_sessions(nothing, 20)
WRONG = [finding("wrong_mailbox", front_end=A)]


def reasons(findings: Findings, *decided: Criterion, **changes: Any) -> list[str]:
    return sentences(findings, [], facts(**changes), decided)


def sentences(
    findings: Findings, cells: list[Cell], here: RunFacts, decided: Sequence[Criterion] = ()
) -> list[str]:
    load = census(findings.sessions, here)
    judged = verdict(findings, cells, [], here, load, decided)
    return [reason.sentence for reason in judged.reasons]


@pytest.mark.parametrize(
    ("findings", "changes", "sentence"),
    [
        (
            found(WELL, wrong_mailbox=WRONG, identity={"own": 9, "other": 1}),
            {},
            "1 of 10 answers came from another user's mailbox; 0 are allowed.",
        ),
        (
            found(WELL, wrong_mailbox=WRONG, identity={"other": 1}),
            {},
            "1 of 1 answer came from another user's mailbox; 0 are allowed.",
        ),
        (  # none of them is counted as an answer under a session's own identity
            found(WELL, wrong_mailbox=WRONG * 2, identity={}, strangers={"told": 2}),
            {},
            "2 answers came from another user's mailbox (2 to clients without credentials); 0 are allowed.",
        ),
        (
            found(WELL),
            {"lost_workers": ("Load process 2 of 2",)},
            "Load process 2 of 2 died before the end; what was measured until then counts, and the rest of "
            "its users' time is missing.",
        ),
        (
            found(WELL),
            {"lost_workers": ("Load process 1 of 3", "load process 3 of 3")},
            "Load process 1 of 3 and load process 3 of 3 died before the end; what was measured until then "
            "counts, and the rest of their users' time is missing.",
        ),
        (
            found(sticky_sessions(nodes=(A, B))),
            {},
            f"0 of 40 sessions began at or met {OLD}; nothing can be said about it.",
        ),
        (
            found(sticky_sessions(nodes=(A,))),
            {},
            f"0 of 20 sessions began at or met {B} or {OLD}; nothing can be said about them.",
        ),
        (
            found([]),
            {},
            "Nothing was measured: no session began (0 logons were accepted).",
        ),
        (
            found([]),
            {"expect": HELD},
            "Nothing was measured: no session began (0 logons were accepted).",
        ),
        (
            found([*WELL, session(99, A, [OLD], OLD, one_way)]),
            {},
            "1 of 121 sessions was lost; 0 are allowed.",
        ),
        (
            found([session(n, A, [OLD], OLD, one_way) for n in (1, 2)]),
            {"expect": Expectations(max_lost_sessions=1), "nodes": ()},
            "2 of 2 sessions were lost; 1 is allowed.",
        ),
        (
            found(WELL, attributed=900, unattributed=100),
            {},
            "Who answered is not known for 100 of 1000 answers (10 %); 2 % are allowed.",
        ),
        (
            found([session(1, A, [], A)], identity={"own": 1}),
            {"nodes": ()},
            "Nothing was measured: 1 session began, and of none is known which node answered it (1 answer).",
        ),
        (
            found([session(1, A, [], A)], identity={}),
            {"nodes": ()},
            "Nothing was measured: 1 session began, and none was answered under its own identity.",
        ),
        (
            found(sticky_sessions(each=3)),
            {"expect": HELD},
            "9 of 9 sessions sent enough over enough connections to show whether persistence is held; "
            f"{HELD.enough} are needed.",
        ),
        (
            found(WELL),
            {"broken_parts": 1},
            "1 part of the history cannot be read to the end, or is not there: nobody knows who was lost in it.",
        ),
        (
            found(WELL),
            {"broken_parts": 2},
            "2 parts of the history cannot be read to the end, or are not there: nobody knows who was lost in "
            "them.",
        ),
        (
            found(WELL),
            {"absent": ("w1",)},
            "w1.jsonl is missing from the history: nobody knows who was lost in it.",
        ),
        (
            found(WELL),
            {"absent": ("w1", "w2")},
            "w1.jsonl and w2.jsonl are missing from the history: nobody knows who was lost in them.",
        ),
    ],
)
def test_a_reason_says_what_was_counted(
    findings: Findings, changes: dict[str, Any], sentence: str
) -> None:
    assert reasons(findings, **changes) == [sentence]


def test_only_held_persistence_asks_whether_sessions_could_have_changed() -> None:
    findings = found(sticky_sessions(each=3))
    assert len(reasons(findings, expect=HELD)) == 1
    assert reasons(findings) == []


def test_exactly_enough_sessions_that_could_have_changed_are_enough() -> None:
    sessions = sticky_sessions(each=20)[: HELD.enough]
    assert reasons(found(sessions), expect=HELD) == []
    assert len(reasons(found(sessions[1:]), expect=HELD)) == 1


def test_a_criterion_is_a_reason_by_what_became_of_it() -> None:
    decided = [
        Criterion(key=f"expect.lost[{i}]", name=f"rule {i}", outcome=outcome, sentence="Seen.")
        for i, outcome in enumerate(("pass", "fail", "inconclusive"))
    ]
    assert reasons(found(WELL), *decided) == ["rule 1: fail. Seen.", "rule 2: inconclusive. Seen."]


def test_a_combination_that_nobody_can_name_is_not_asked_for() -> None:
    cells = [cell(sessions=20), cell(login_front_end=None), cell(state="prevented")]
    assert sentences(found(WELL), cells, facts()) == []
    assert len(sentences(found(WELL), [*cells, cell()], facts())) == 1


def cell(**changes: Any) -> Cell:
    known = {"login_front_end": A, "serving_front_end": B, "mailbox_back_end": OLD}
    return Cell(
        **(
            {
                "protocol": "owa",
                **known,
                "sessions": 0,
                "lost": 0,
                "low": 0,
                "high": 1,
                "state": "kept",
            }
            | changes
        )
    )


@pytest.mark.parametrize(
    ("changes", "brought", "required"),
    [
        ({}, False, True),
        ({"login_front_end": None}, False, False),  # nobody knows where it began
        ({"login_front_end": None}, True, True),  # nobody could: logged on elsewhere
        ({"login_front_end": None, "protocol": "ews"}, False, True),  # it has none
        ({"serving_front_end": ""}, False, False),
        ({"serving_front_end": "", "protocol": "ews", "login_front_end": None}, False, False),
    ],
)
def test_a_combination_can_be_asked_for_where_its_nodes_can_be_known(
    changes: dict[str, Any], brought: bool, required: bool
) -> None:
    assert is_required(cell(**changes), brought) is required


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, f"begun at {A}, served by {B}, mailbox on {OLD}"),
        ({"login_front_end": None}, f"served by {B}, mailbox on {OLD}"),
        ({"mailbox_back_end": None}, f"begun at {A}, served by {B}"),
    ],
)
def test_a_combination_is_named_by_what_is_known_of_it(changes: dict[str, Any], words: str) -> None:
    assert place(cell(**changes)) == words
