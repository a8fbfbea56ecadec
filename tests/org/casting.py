"""The organisation that a transcript asks for."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec

from exsim.org.settings import BackEnd, FrontEnd, Mailbox, Node, Organisation
from exsim.protocols.transcript import Dialogue, read
from tests.org.farm import BUILDS, HOST, mailbox

FOLDER = Path(__file__).parent.parent / "transcripts"
FILES = sorted(FOLDER.glob("*.txt"))


def load(path: Path) -> Dialogue:
    return read(path.read_text(encoding="utf-8"), path.name)


def value_of(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def cast(dialogue: Dialogue, certificates: dict[str, str]) -> Organisation:
    """Nodes, and one mailbox, as the transcript's first lines say."""
    nodes = []
    for letter, version in dialogue.nodes.items():
        newer = version not in ("2010", "2013")
        sides: dict[str, Any] = {
            "front_end": FrontEnd(decrypt_with=("ssl", "auth") if newer else ("ssl",)),
            "back_end": BackEnd(),
        }
        for node, setting, text in dialogue.settings:
            if node == letter:
                side, _, name = setting.partition(".")
                value = msgspec.convert(
                    {**msgspec.to_builtins(sides[side]), name: value_of(text)}, type(sides[side])
                )
                sides[side] = value
        build = BUILDS[version]
        nodes.append(Node(letter, version, build, f"{letter.lower()}.lab.example", **sides))
    return Organisation(
        nodes=tuple(nodes),
        mailboxes=(box(dialogue),),
        certificates=certificates,
        time_scale=dialogue.scale,
    )


def box(dialogue: Dialogue) -> Mailbox:
    return mailbox(1, dialogue.home)


def variables(organisation: Organisation) -> dict[str, str]:
    """What a transcript may name."""
    user = organisation.mailboxes[0]
    found = {"host": HOST, "user": user.logon, "password": user.password}
    for node in organisation.nodes:
        found |= {
            node.name: node.name,
            f"{node.name}.fqdn": node.fqdn,
            f"{node.name}.build": node.build,
            f"{node.name}.short": node.build.rpartition(".")[0],
        }
    return found
