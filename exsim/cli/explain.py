"""Print a rule of the diagnosis in full: what it is, what speaks for and against it, what to do, and the source.

Without a rule, all of them by name.
"""

from __future__ import annotations

import argparse
import textwrap
from collections.abc import Iterator

from exsim.conduct.screen import fitted
from exsim.judgement.diagnosis import RULES, Rule, blame, documents
from exsim.judgement.evidence import Diagnosis
from exsim.runs.errors import OperatorError

WIDTH = 80


class UnknownRule(OperatorError):
    """A rule that there is not."""


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("rule", nargs="?", help="its name; without one, all of them are listed")


def act(options: argparse.Namespace) -> int:
    print("\n".join(explained(options.rule) if options.rule else listed()))
    return 0


def listed() -> list[str]:
    """A rule's name, and what it is."""
    width = max(map(len, RULES)) + 2
    return [fitted(f"{rule.id:<{width}}{rule.name}", width) for rule in RULES.values()]


def explained(name: str) -> list[str]:
    """A rule in full, in lines of a terminal.  Raises UnknownRule."""
    rule = RULES.get(name)
    if rule is None:
        raise UnknownRule(f"explain: {name!r} is not a rule; one of {', '.join(RULES)}")
    return list(_lines(rule))


def _lines(rule: Rule) -> Iterator[str]:
    yield f"{rule.id}: {rule.name}"
    yield ""
    yield from _wrapped(rule.sentence)
    as_diagnosis = Diagnosis(
        rule=rule.id, name=rule.name, score=0.0, source=rule.source, fault=rule.fault
    )
    steps = [
        f"{RULES[other].name}: {step}" for other, step in rule.decides.items() if other in RULES
    ]
    for title, parts in (
        ("What speaks for it", rule.speaks_for),
        ("What speaks against it", rule.against),
        ("Whose fault", [blame(as_diagnosis)]),
        ("Is such a pool supported?", [rule.support] if rule.support else []),
        ("What settles it", [rule.settle]),
        ("What tells it from", steps),
        ("What to do", [rule.advice]),
        ("Source", documents(as_diagnosis)),
    ):
        if parts:
            yield ""
            yield title
            for part in parts:
                yield from _wrapped(part, "  - ")


def _wrapped(text: str, bullet: str = "") -> list[str]:
    return textwrap.wrap(
        text, WIDTH, initial_indent=bullet, subsequent_indent=" " * len(bullet),
        break_long_words=False, break_on_hyphens=False,
    )  # fmt: skip
