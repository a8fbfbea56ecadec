"""The verdict as JUnit XML: one test case for each combination, and one for the run.

A combination that was prevented or not met is *skipped*, never passed.
"""

from __future__ import annotations

from xml.etree.ElementTree import Element, SubElement, indent, tostring

from exsim.judgement.judge import Judgement
from exsim.judgement.matrix import STATES, Cell
from exsim.judgement.verdict import FAIL, PASS, place
from exsim.judgement.words import between

SKIPPED = {"prevented", "not_exercised", "too_few"}
# XML 1.0 cannot carry these at all, escaped or not.
UNPRINTABLE = {code: "?" for code in range(32) if code not in (9, 10, 13)} | {
    0xFFFE: "?",
    0xFFFF: "?",
}


def render(judgement: Judgement) -> str:
    """The document as text."""
    facts = judgement.facts
    suite = Element("testsuite", name=clean(f"exsim {facts.scenario or facts.title}".strip()))
    _run(suite, judgement)
    for cell in judgement.results.matrix:
        _combination(suite, cell, judgement.verdict.outcome == FAIL)
    counts = {
        kind: len(suite.findall(f"testcase/{kind}")) for kind in ("failure", "error", "skipped")
    }
    suite.set("tests", str(len(suite.findall("testcase"))))
    suite.set("failures", str(counts["failure"]))
    suite.set("errors", str(counts["error"]))
    suite.set("skipped", str(counts["skipped"]))
    suite.set("time", f"{facts.lasted:.3f}")
    root = Element("testsuites")
    root.append(suite)
    indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + tostring(root, encoding="unicode") + "\n"


def clean(text: str) -> str:
    """`text` without the characters that XML cannot carry; lone surrogates become "?" too."""
    return text.translate(UNPRINTABLE).encode("utf-8", "replace").decode("utf-8")


def _run(suite: Element, judgement: Judgement) -> None:
    case = SubElement(suite, "testcase", classname="exsim.run", name="verdict")
    said, outcome = judgement.statement, judgement.verdict.outcome
    reasons = "\n".join(reason.sentence for reason in judgement.verdict.reasons)
    if outcome != PASS:
        kind = "failure" if outcome == FAIL else "error"  # an inconclusive run must not be green
        problem = SubElement(case, kind, message=clean(said.text), type=outcome)
        problem.text = clean(reasons)
    else:
        SubElement(case, "system-out").text = clean(f"{said.word}  {said.text}")


def _combination(suite: Element, cell: Cell, failed: bool) -> None:
    """`failed`: the run as a whole; a loss that the scenario allows fails no combination either."""
    case = SubElement(
        suite, "testcase", classname=clean(f"exsim.{cell.protocol}"), name=clean(place(cell))
    )
    numbers = f"{cell.lost} of {cell.sessions} lost"
    if cell.state == "lost":
        message = f"{numbers} (95 %: {between(cell.low, cell.high)})"
        if failed:
            SubElement(case, "failure", message=message, type="lost")
        else:
            SubElement(case, "system-out").text = message
    elif cell.state in SKIPPED:
        SubElement(case, "skipped", message=f"{cell.state}: {STATES[cell.state]} ({numbers})")
