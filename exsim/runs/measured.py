"""A measured organisation in a file: what `exsim doctor --save-org` writes, and `[lab] org` simulates.

TOML, with nodes as a scenario has them: who opens whose logon cookies is a list of names, so that the
simulated nodes do what was seen, whatever the cause.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import Meta, inspect

from exsim.runs import complaint, document, given
from exsim.runs.errors import ScenarioError
from exsim.runs.resolved import lines_of
from exsim.runs.sections import Node
from exsim.runs.shape import Section

HEAD = """# An organisation as `exsim doctor` measured it, to be simulated: [lab] org = "this file".
# `opens`: the nodes whose logon cookies a node was seen to open.  Nothing here is a secret.
"""

AFTER = "Simulated after a measurement of"  # how the sentence begins


class Measured(Section, frozen=True):
    """`of`: the host that was visited; `measured`: when (UTC, ISO 8601).

    `not_measured`: what the visit could not find out, and how it is simulated instead, one sentence each.
    """

    of: str
    measured: str
    nodes: Annotated[tuple[Node, ...], Meta(min_length=1)]
    not_measured: tuple[str, ...] = ()

    @property
    def sentence(self) -> str:
        """What every result over it must say."""
        said = f"{AFTER} {self.of} at {self.measured}."
        return " ".join([said, *self.not_measured])


def as_toml(measured: Measured) -> str:
    """`measured` as a file; read again it is equal."""
    plain = msgspec.to_builtins(measured)
    nodes = plain.pop("nodes")
    lines = lines_of(plain)
    for node in nodes:
        lines += ["", "[[nodes]]", *lines_of({key: value for key, value in node.items() if value})]
    return HEAD + "\n".join(lines) + "\n"


def read_measured(path: Path) -> Measured:
    """The organisation in the file `path`.  Raises ScenarioError."""
    written = document.parsed(document.text_of(path), str(path))
    try:
        ready = complaint.checked(written, inspect.type_info(Measured))
        return msgspec.convert(ready, Measured)
    except complaint.Complaint as found:
        raise ScenarioError(str(path), found.key, found.problem) from None
    except msgspec.ValidationError as problem:  # what `complaint` does not know of
        raise ScenarioError(str(path), "", str(problem)) from None


def with_measured(scenario: dict[str, Any], folder: Path) -> dict[str, Any]:
    """A scenario's document with the nodes of its `[lab] org` in place.  Raises Complaint, ScenarioError."""
    lab = scenario.get("lab")
    if not isinstance(lab, Mapping) or not isinstance(lab.get("org"), str) or not lab["org"]:
        return scenario
    if "nodes" in lab:
        raise complaint.Complaint("lab.org", "there is lab.nodes as well; a lab has one of them")
    path = folder / lab["org"]
    if not given.is_there(path):
        raise complaint.Complaint("lab.org", f"there is no file {path}")
    measured = read_measured(path)
    nodes = [msgspec.to_builtins(node) for node in measured.nodes]
    filled = {key: value for key, value in lab.items() if key != "org"} | {"nodes": nodes}
    full = {**scenario, "lab": filled}
    said = scenario.get("assumed", "")
    if isinstance(said, str):  # or it is a mistake, which is said where all are
        full["assumed"] = f"{said} {measured.sentence}".lstrip()
    return full
