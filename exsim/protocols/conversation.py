"""Playing a transcript: its requests filled in, its cookies kept, the answers compared.

Knows variables and a small jar; sends nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote

from exsim.protocols.transcript import Ask, Expected, Jar
from exsim.wire.message import Answer, Request, header

VARIABLE = re.compile(r"\{([\w:.-]+)(%?)\}")
PATTERN = re.compile(r"\{(\w+)=\*\}|\{(\d+)\}|\*")
PATH = re.compile(r";\s*path=(/[^;\s]*)", re.IGNORECASE)
EXPIRES = re.compile(r";\s*expires=\w+, \d+-\w+-(\d{4})", re.IGNORECASE)
GONE_BEFORE = 2010  # a cookie that ended before this year is one that an answer deletes


@dataclass(slots=True)
class Kept:
    """One cookie: its value and the path that it is sent to."""

    value: str
    path: str


class Conversation:
    """The state of one play.  `variables`: host, user, password and whatever else the file names."""

    def __init__(self, variables: Mapping[str, str], scheme: str = "http") -> None:
        self._variables = dict(variables)
        self._scheme = scheme
        self._jar: dict[str, Kept] = {}
        self._copy: dict[str, Kept] = {}

    def change(self, jar: Jar) -> None:
        """A line that changes the jar."""
        if jar.what == "forget":
            self._jar = {}
        elif jar.what == "keep":
            self._copy = dict(self._jar)
        elif jar.what == "restore":
            self._jar = dict(self._copy)
        elif jar.what == "set":
            self._jar[jar.name] = Kept(self._filled(jar.value), "/")
        else:
            self._jar.pop(jar.name, None)

    def request(self, ask: Ask) -> Request:
        """What is to be sent.  A Cookie line of the file's own takes the place of the jar's."""
        target = self._filled(ask.target)
        headers = [(name, self._filled(value)) for name, value in ask.headers]
        if header(headers, "Host") is None:
            headers.insert(0, ("Host", self._variables.get("host", "")))
        if header(headers, "Cookie") is None:
            path = target.partition("?")[0]
            kept = [
                f"{name}={cookie.value}"
                for name, cookie in self._jar.items()
                if path.startswith(cookie.path)
            ]
            if kept:
                headers.append(("Cookie", "; ".join(kept)))
        sent = [pair for pair in headers if pair[1]]
        return Request(ask.method, target, sent, self._filled(ask.body).encode(), self._scheme)

    def compare(self, ask: Ask, answer: Answer | None) -> list[str]:
        """How the answer differs from what was expected, in words; its cookies are kept."""
        expected = ask.expected
        if answer is None or expected.status is None:
            if answer is None and expected.status is None:
                return []
            came = "no answer" if answer is None else f"{answer.status}"
            wanted = "no answer" if expected.status is None else f"{expected.status}"
            return [f"expected {wanted}, and {came} came"]
        self._store(answer)
        return [
            *self._status(expected, answer),
            *self._headers(expected, answer),
            *self._absent(expected, answer),
            *self._body(expected, answer),
        ]

    def _status(self, expected: Expected, answer: Answer) -> list[str]:
        if answer.status != expected.status:
            return [f"status: expected {expected.status}, got {answer.status}"]
        if expected.reason is not None and not self._fits(expected.reason, answer.reason):
            return [f"reason: expected {expected.reason!r}, got {answer.reason!r}"]
        return []

    def _headers(self, expected: Expected, answer: Answer) -> list[str]:
        """Lines of one name must come in the order given; others may stand between them."""
        found: list[str] = []
        passed: dict[str, int] = {}
        for name, pattern in expected.headers:
            values = _values(answer, name)
            start = passed.get(name.lower(), 0)
            hit = next(
                (i for i in range(start, len(values)) if self._fits(pattern, values[i])), None
            )
            if hit is not None:
                passed[name.lower()] = hit + 1
            elif not values:
                found.append(f"{name}: missing (expected {pattern})")
            else:
                found.append(f"{name}: expected {pattern}, got {' | '.join(values)}")
        return found

    def _absent(self, expected: Expected, answer: Answer) -> list[str]:
        return [
            f"{name}: not expected, got {value}"
            for name, pattern in expected.without
            for value in _values(answer, name)
            if not pattern or self._fits(pattern, value)
        ]

    def _body(self, expected: Expected, answer: Answer) -> list[str]:
        found: list[str] = []
        if expected.length is not None and len(answer.body) != expected.length:
            found.append(f"body: expected {expected.length} bytes, got {len(answer.body)}")
        text = answer.body.decode("utf-8", "replace")
        at = 0
        for part in expected.body:
            match = re.compile(self._pattern(part), re.DOTALL).search(text, at)
            if match is None:
                found.append(f"body: {part!r} is not in it (or not in this order)")
            else:
                self._variables.update(match.groupdict())
                at = match.end()
        return found

    def _filled(self, text: str) -> str:
        def put(match: re.Match[str]) -> str:
            kind, _, name = match[1].partition(":")
            if kind == "cookie":
                kept = self._jar.get(name)
                value = kept.value if kept else ""
            elif match[1] in self._variables:
                value = self._variables[match[1]]
            else:
                return match[0]
            return quote(value, safe="") if match[2] else value

        return VARIABLE.sub(put, text)

    def _fits(self, pattern: str, value: str) -> bool:
        match = re.fullmatch(self._pattern(pattern), value, re.DOTALL)
        if match is not None:
            self._variables.update(match.groupdict())
        return match is not None

    def _pattern(self, text: str) -> str:
        """A regular expression: `*` anything, `{344}` so many characters, `{name=*}` captures."""
        filled, parts, at = self._filled(text), [], 0
        for match in PATTERN.finditer(filled):
            parts.append(re.escape(filled[at : match.start()]))
            if match[1]:
                parts.append(f"(?P<{match[1]}>.*?)")
            else:
                parts.append(f"[^;]{{{match[2]}}}" if match[2] else ".*?")
            at = match.end()
        return "".join(parts) + re.escape(filled[at:])

    def _store(self, answer: Answer) -> None:
        for line in _values(answer, "Set-Cookie"):
            name, _, value = line.partition(";")[0].partition("=")
            path, ends = PATH.search(line), EXPIRES.search(line)
            if not value or (ends and int(ends[1]) < GONE_BEFORE):
                self._jar.pop(name, None)
            else:
                self._jar[name] = Kept(value, path[1] if path else "/")


def _values(answer: Answer, name: str) -> list[str]:
    wanted = name.lower()
    return [value for key, value in answer.headers if key.lower() == wanted]
