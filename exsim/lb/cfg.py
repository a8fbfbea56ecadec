"""A HAProxy configuration as lines and sections, close enough to change single words of it.

Lines that nobody changes go out byte for byte, comments and blank lines included.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

_SECTION_WORDS = """
global defaults frontend backend listen peers userlist resolvers mailers program cache
http-errors ring log-forward fcgi-app crt-store log-profile traces acme
"""
SECTIONS = frozenset(_SECTION_WORDS.split())


@dataclass(slots=True)
class Line:
    """One line.  `words` as typed, with their quotes and backslashes; `number` counts from 1."""

    number: int
    text: str
    words: list[str]
    comment: str = ""

    @property
    def bare(self) -> list[str]:
        """The words without a leading `no`."""
        return self.words[1:] if self.words[:1] == ["no"] else self.words

    def with_words(self, words: Sequence[str]) -> str:
        """The line with other words, its indentation and comment kept."""
        indent = self.text[: len(self.text) - len(self.text.lstrip())]
        tail = f"  {self.comment}" if self.comment else ""
        return indent + " ".join(words) + tail


@dataclass(slots=True)
class Section:
    """One section: `kind` ("backend"), `name` ("" for global and most defaults), its lines with the title."""

    kind: str
    name: str
    lines: list[Line] = field(default_factory=list)

    def first(self, *words: str) -> Line | None:
        """The first line that begins with `words`."""
        count = len(words)
        return next((line for line in self.lines if tuple(line.words[:count]) == words), None)

    def named(self, word: str) -> Iterator[Line]:
        """Every line that begins with `word`."""
        return (line for line in self.lines if line.words[:1] == [word])


def read(text: str) -> list[Section]:
    """The sections of a configuration.  What stands before the first is a section of kind ""."""
    sections = [Section("", "")]
    for number, raw in enumerate(text.splitlines(), start=1):
        words, comment = split(raw)
        line = Line(number, raw, words, comment)
        if words and words[0] in SECTIONS:
            sections.append(Section(words[0], words[1] if len(words) > 1 else ""))
        sections[-1].lines.append(line)
    return sections


def split(text: str) -> tuple[list[str], str]:
    """The words of a line as typed, and its comment."""
    words: list[str] = []
    word = ""
    quote = ""
    index = 0
    while index < len(text):
        letter = text[index]
        if letter == "\\" and quote != "'":
            word += text[index : index + 2]
            index += 2
            continue
        if quote:
            quote = "" if letter == quote else quote
        elif letter in "\"'":
            quote = letter
        elif letter == "#":
            return words + [word] * bool(word), text[index:]
        elif letter.isspace():
            words += [word] * bool(word)
            word = ""
            index += 1
            continue
        word += letter
        index += 1
    return words + [word] * bool(word), ""


def mode_of(section: Section, defaults: Section | None) -> str:
    """ "http" or "tcp" (HAProxy's own default)."""
    for one in (section, defaults):
        line = one.first("mode") if one else None
        if line is not None and len(line.words) > 1:
            return line.words[1]
    return "tcp"
