"""Every transcript, played in memory against the nodes that it asks for.

Falls if: a node answers otherwise than a transcript says, or a transcript cites nothing.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from exsim.org.work import Hangup
from exsim.protocols.conversation import Conversation
from exsim.protocols.transcript import Ask, Pause
from exsim.wire.message import Answer
from exsim.wire.standing import SOURCES
from tests.org.casting import FILES, cast, load, variables
from tests.org.farm import Farm


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_node_answers_as_the_transcript_says(path: Path, certificates: dict[str, str]) -> None:
    dialogue = load(path)
    farm = Farm(cast(dialogue, certificates))
    conversation = Conversation(variables(farm.organisation), dialogue.scheme)
    for step in dialogue.steps:
        if isinstance(step, Pause):
            farm.now += step.seconds * dialogue.scale
        elif isinstance(step, Ask):
            assert not conversation.compare(step, answer(farm, conversation, step)), (
                f"{path.name}:{step.line}"
            )
        else:
            conversation.change(step)


def answer(farm: Farm, conversation: Conversation, ask: Ask) -> Answer | None:
    request = conversation.request(ask)
    farm.stream = None
    try:
        made = farm.ask(ask.node, request)
    except Hangup:
        return None
    if farm.stream is not None:
        made.body = b"".join(data for _, data in farm.stream.pieces)
    return made


def test_there_are_enough_of_them() -> None:
    assert len(FILES) >= 44


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_each_cites_what_it_rests_on(path: Path) -> None:
    dialogue = load(path)
    facts = " ".join(fact for fact in dialogue.facts if fact.startswith("Fact:"))
    assert dialogue.title.endswith(".")
    assert any(key in facts for key in SOURCES), f"{path.name} cites no source"
