"""A gate's findings as GitHub's workflow commands, which a review shows at the lines of the file.

The form is that of "Workflow commands for GitHub Actions": `::error file=…,line=N::message`.
"""

from __future__ import annotations

from collections.abc import Sequence

from exsim.judgement.gate.document import Annotation

TITLE = "exsim gate"


def render(annotations: Sequence[Annotation]) -> str:
    """One command a line; "" when there is nothing to say."""
    return "".join(f"{_command(one)}\n" for one in annotations)


def _command(one: Annotation) -> str:
    properties = {"file": one.file, "line": str(one.line) if one.file and one.line else ""}
    properties["title"] = TITLE
    said = ",".join(f"{name}={property_text(value)}" for name, value in properties.items() if value)
    return f"::{one.level} {said}::{data_text(one.message)}"


def data_text(text: str) -> str:
    """A message: what would end the line or begin an escape is escaped."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def property_text(text: str) -> str:
    """A property's value: besides, what separates properties."""
    return data_text(text).replace(":", "%3A").replace(",", "%2C")
