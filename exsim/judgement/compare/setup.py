"""What differs between the set-ups of two runs: the scenario's keys, what ran, the balancer's file."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from exsim.judgement.compare.side import Side

ABSENT, PRESENT = "(none)", "there"
ENTRY = re.compile(r"[^\[\]]+\[[^\]]*\]")  # of a list: population[2016]
CONTEXT = 1  # lines around each difference of the balancer's files
LISTED_BY = ("name", "mailbox")  # what an entry of a list is called by
# What a lab draws anew each time, and what says nothing about the set-up.
DRAWN = re.compile(r"(?:127\.\d+\.\d+\.\d+:\d+|/tmp/[^\s]+|unix@[^\s]+)")
UNSAID = frozenset({"title", "assumed", "lab.port"})


class Differing(msgspec.Struct, frozen=True):
    """One key that has another value in B than in A."""

    key: str
    a: str
    b: str


def differences(a: Side, b: Side) -> list[Differing]:
    """Scenario and versions, key by key."""
    mine, theirs = dict(_settings(a)), dict(_settings(b))
    _whole(mine, theirs)
    return [
        Differing(key, mine.get(key, ABSENT), theirs.get(key, ABSENT))
        for key in dict.fromkeys([*mine, *theirs])
        if mine.get(key) != theirs.get(key) and key not in UNSAID
    ]


def _whole(mine: dict[str, str], theirs: dict[str, str]) -> None:
    """An entry of a list that one of them lacks altogether differs as a whole, and not key by key."""
    entries = [{found[0] for key in one if (found := ENTRY.match(key))} for one in (mine, theirs)]
    for one, only in zip(
        (mine, theirs), (entries[0] - entries[1], entries[1] - entries[0]), strict=True
    ):
        for key in [key for key in one if (found := ENTRY.match(key)) and found[0] in only]:
            del one[key]
        one.update(dict.fromkeys(sorted(only), PRESENT))


def _settings(side: Side) -> Iterator[tuple[str, str]]:
    yield from _flat("", side.scenario)
    for program, version in side.versions.items():
        yield f"version of {program}", version or ABSENT


def _flat(key: str, value: Any) -> Iterator[tuple[str, str]]:
    """Every leaf with its dotted key; an entry of a list goes by its name, where it has one."""
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _flat(f"{key}.{name}" if key else str(name), inner)
    elif isinstance(value, list | tuple) and any(isinstance(one, Mapping) for one in value):
        for index, inner in enumerate(value):
            name = next((str(inner[by]) for by in LISTED_BY if by in inner), str(index))
            yield from _flat(f"{key}[{name}]", inner)
    elif isinstance(value, list | tuple):
        yield key, ", ".join(map(str, value)) or ABSENT
    else:
        yield key, ABSENT if value in (None, "") else str(value)


def balancer_difference(a: str, b: str) -> list[str]:
    """The lines in which the balancer's files differ, as `diff -u` writes them.

    Comments do not count, nor do addresses that are drawn anew each time.
    """
    lines = difflib.unified_diff(_stable(a), _stable(b), "A", "B", lineterm="", n=CONTEXT)
    return list(lines)[2:]


def _stable(text: str) -> list[str]:
    """The lines that do something: comments and empty lines left out."""
    lines = (line.partition(" #")[0].rstrip() for line in text.splitlines())
    return [DRAWN.sub("…", line) for line in lines if line and not line.lstrip().startswith("#")]
