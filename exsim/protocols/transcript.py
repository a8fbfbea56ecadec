"""A dialogue of requests and expected answers in plain text, playable against any node.

The text is read into a `Dialogue`; a `Conversation` makes its requests and compares the answers.  Who
sends them is the caller's matter.  The format is described in tests/transcripts/README.md.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

DURATIONS = {"second": 1.0, "minute": 60.0, "hour": 3600.0}
REQUEST = re.compile(r"([A-Z]+) (\S+)( HTTP/1\.1)?$")
WAIT = re.compile(r"wait (\d+(?:\.\d+)?) (second|minute|hour)s?$")
JAR = re.compile(r"(forget|keep|restore) cookies$|set cookie (\S+) (\S*)$|drop cookie (\S+)$")
WITH = re.compile(r"(?:(\w+) )?((?:front_end|back_end)\.\w+)=(.*)$")


class TranscriptError(ValueError):
    """A transcript that cannot be read; the message begins with `name:line:`."""


@dataclass(frozen=True, slots=True)
class Expected:
    """What an answer must be.  `status` None: the connection ends without one."""

    status: int | None = None
    reason: str | None = None
    headers: tuple[tuple[str, str], ...] = ()
    without: tuple[tuple[str, str], ...] = ()
    body: tuple[str, ...] = ()
    length: int | None = None


@dataclass(frozen=True, slots=True)
class Ask:
    """One request to `node` and the answer expected; texts may hold `{variables}`."""

    line: int
    node: str
    method: str
    target: str
    headers: tuple[tuple[str, str], ...]
    body: str
    expected: Expected


@dataclass(frozen=True, slots=True)
class Pause:
    """Let `seconds` of the node's own time pass (before any time scale)."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Jar:
    """Do something to the cookies: forget, keep (a copy), restore (the copy), set, drop."""

    what: str
    name: str = ""
    value: str = ""


Step = Ask | Pause | Jar


@dataclass(slots=True)
class Dialogue:
    """One file.  `nodes`: name -> version wanted; `settings`: (node, setting, value) it needs.

    `home`: the node that holds the mailbox.  `scale`: the time scale to play it at.
    """

    name: str
    title: str = ""
    facts: list[str] = field(default_factory=list)
    nodes: dict[str, str] = field(default_factory=dict)
    settings: list[tuple[str, str, str]] = field(default_factory=list)
    home: str = ""
    scale: float = 1.0
    scheme: str = "http"
    steps: list[Step] = field(default_factory=list)


def read(text: str, name: str) -> Dialogue:
    """The dialogue in `text`; `name` is the file's, for messages.  TranscriptError."""
    return _Reading(text, name).dialogue


class _Reading:
    """Reads one file from top to bottom."""

    def __init__(self, text: str, name: str) -> None:
        self.dialogue = Dialogue(name)
        self._node = ""
        self._lines = list(enumerate(text.splitlines(), 1))
        self._at = 0
        while self._at < len(self._lines):
            self._next()
        if not self.dialogue.nodes:
            self.dialogue.nodes["A"] = "2016"
        first = next(iter(self.dialogue.nodes))
        self.dialogue.home = self.dialogue.home or first
        self.dialogue.steps = [_addressed(step, first) for step in self.dialogue.steps]

    def _next(self) -> None:
        number, line = self._lines[self._at]
        if line.startswith("#"):
            self._comment(number, line[1:].strip())
        elif line.startswith("@"):
            self._command(number, line[1:].strip())
        elif line.startswith(">"):
            self.dialogue.steps.append(self._ask(number))
            return
        elif line.strip():
            raise self._error(number, f"{line!r} begins with none of # @ > <")
        self._at += 1

    def _error(self, number: int, what: str) -> TranscriptError:
        return TranscriptError(f"{self.dialogue.name}:{number}: {what}")

    def _comment(self, number: int, text: str) -> None:
        key, colon, value = (part.strip() for part in text.partition(":"))
        if colon and key == "node":
            node, _, version = value.rpartition(" ")
            self.dialogue.nodes[node or "A"] = version
        elif colon and key == "with":
            match = WITH.match(value)
            if match is None:
                raise self._error(number, f"{value!r} is not `NODE front_end.setting=value`")
            node = match[1] or next(iter(self.dialogue.nodes), "A")
            self.dialogue.settings.append((node, match[2], match[3]))
        elif colon and key == "mailbox":
            self.dialogue.home = value
        elif colon and key == "scale":
            self.dialogue.scale = float(value)
        elif colon and key == "scheme":
            self.dialogue.scheme = value
        elif not self.dialogue.title:
            self.dialogue.title = text
        else:
            self.dialogue.facts.append(text)

    def _command(self, number: int, text: str) -> None:
        wait, jar = WAIT.match(text), JAR.match(text)
        if text.startswith("to "):
            self._node = text[3:].strip()
        elif wait:
            self.dialogue.steps.append(Pause(float(wait[1]) * DURATIONS[wait[2]]))
        elif jar and jar[1]:
            self.dialogue.steps.append(Jar(jar[1]))
        elif jar and jar[2]:
            self.dialogue.steps.append(Jar("set", jar[2], jar[3]))
        elif jar:
            self.dialogue.steps.append(Jar("drop", jar[4]))
        else:
            raise self._error(number, f"@ {text} is no command")

    def _block(self, sign: str) -> list[str]:
        lines = []
        while self._at < len(self._lines) and self._lines[self._at][1].startswith(sign):
            lines.append(self._lines[self._at][1][1:].removeprefix(" "))
            self._at += 1
        return lines

    def _ask(self, number: int) -> Ask:
        sent, answered = self._block(">"), self._block("<")
        match = REQUEST.match(sent[0])
        if match is None:
            raise self._error(number, f"{sent[0]!r} is no request line")
        if not answered:
            raise self._error(number, "a request without an answer (lines that begin with <)")
        head, body = _parted(sent[1:])
        headers = tuple(self._header(number, line) for line in head)
        expected = self._expected(number, answered)
        text = "\n".join(body)
        return Ask(number, self._node, match[1], match[2], headers, text, expected)

    def _header(self, number: int, line: str) -> tuple[str, str]:
        name, colon, value = line.partition(":")
        if not colon:
            raise self._error(number, f"{line!r} is no header")
        return name.strip(), value.strip()

    def _expected(self, number: int, lines: list[str]) -> Expected:
        if lines[0].strip() == "(closed)":
            return Expected()
        status, _, reason = lines[0].removeprefix("HTTP/1.1 ").partition(" ")
        if not status.isdigit():
            raise self._error(number, f"{lines[0]!r} is no status line")
        head, body = _parted(lines[1:])
        wanted = [self._header(number, line) for line in head if not line.startswith("without ")]
        absent = [line.removeprefix("without ") for line in head if line.startswith("without ")]
        length = [int(line[1:].split()[0]) for line in body if re.match(r"\(\d+ bytes\)$", line)]
        parts = [line for line in body if not re.match(r"\(\d+ bytes\)$", line)]
        return Expected(
            int(status),
            reason or None,
            tuple(wanted),
            tuple((name.strip(), value.strip()) for name, _, value in map(_colon, absent)),
            tuple(parts),
            length[0] if length else None,
        )


def _colon(text: str) -> tuple[str, str, str]:
    return text.partition(":")


def _parted(lines: list[str]) -> tuple[list[str], list[str]]:
    """Head and body, parted by the first empty line."""
    if "" not in lines:
        return lines, []
    at = lines.index("")
    return lines[:at], lines[at + 1 :]


def _addressed(step: Step, first: str) -> Step:
    if isinstance(step, Ask) and not step.node:
        return Ask(
            step.line, first, step.method, step.target, step.headers, step.body, step.expected
        )
    return step


def asks(dialogue: Dialogue) -> Iterator[Ask]:
    """The requests of a dialogue, in order."""
    return (step for step in dialogue.steps if isinstance(step, Ask))
