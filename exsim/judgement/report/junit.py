"""A verdict as JUnit XML: a case for each criterion and each combination, and one for the run itself.

A combination that was prevented or not met is *skipped*, never passed; what could not be decided is an
error, so that no pipeline takes it for green.
"""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from exsim.judgement.gate.criterion import Criterion
from exsim.judgement.gate.document import Gate, TableCell
from exsim.judgement.judge import Judgement
from exsim.judgement.matrix import STATES, Cell
from exsim.judgement.report.steering import STEERING_IN_FILES
from exsim.judgement.verdict import FAIL, PASS, place
from exsim.judgement.words import between

SKIPPED = {"prevented", "not_exercised", "too_few"}
# XML 1.0 cannot carry most of these at all, escaped or not.
UNPRINTABLE = STEERING_IN_FILES | {0xFFFE: "?", 0xFFFF: "?"}


def render(judgement: Judgement) -> str:
    """The report of a run, as text."""
    facts, results = judgement.facts, judgement.results
    suite = Element("testsuite", name=clean(f"exsim {facts.scenario or facts.title}".strip()))
    _run(suite, judgement)
    _criteria(suite, results.criteria)
    _combinations(suite, results.matrix, judgement.verdict.outcome == FAIL)
    return _document(suite, facts.lasted)


def render_gate(document: Gate) -> str:
    """The gate's document, as text."""
    suite = Element("testsuite", name=clean(f"exsim gate {document.scenario}".strip()))
    _criteria(suite, document.criteria)
    for cell in document.table:
        _table_cell(suite, cell)
    _combinations(suite, document.matrix, document.outcome == FAIL)
    return _document(suite, 0.0)


def clean(text: str) -> str:
    """`text` without the characters that XML cannot carry; lone surrogates become "?" too."""
    return text.translate(UNPRINTABLE).encode("utf-8", "replace").decode("utf-8")


def _document(suite: Element, took: float) -> str:
    counts = {
        kind: len(suite.findall(f"testcase/{kind}")) for kind in ("failure", "error", "skipped")
    }
    suite.set("tests", str(len(suite.findall("testcase"))))
    suite.set("failures", str(counts["failure"]))
    suite.set("errors", str(counts["error"]))
    suite.set("skipped", str(counts["skipped"]))
    suite.set("time", f"{took:.3f}")
    root = Element("testsuites")
    root.append(suite)
    indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + tostring(root, encoding="unicode") + "\n"


def _case(suite: Element, classname: str, name: str) -> Element:
    return SubElement(suite, "testcase", classname=clean(classname), name=clean(name))


def _outcome(case: Element, outcome: str, message: str, more: str = "") -> None:
    """A pass says what was seen; everything else is red."""
    if outcome == PASS:
        SubElement(case, "system-out").text = clean(message)
        return
    kind = "failure" if outcome == FAIL else "error"
    SubElement(case, kind, message=clean(message), type=outcome).text = clean(more)


def _run(suite: Element, judgement: Judgement) -> None:
    said, outcome = judgement.statement, judgement.verdict.outcome
    reasons = "\n".join(reason.sentence for reason in judgement.verdict.reasons)
    word = f"{said.word}  " if outcome == PASS else ""
    _outcome(_case(suite, "exsim.run", "verdict"), outcome, word + said.text, reasons)


def _criteria(suite: Element, criteria: Sequence[Criterion]) -> None:
    for one in criteria:
        case = _case(suite, "exsim.criterion", f"{one.key}: {one.name}")
        where = f"{one.file}:{one.line}" if one.file else ""
        _outcome(case, one.outcome, one.sentence, where)


def _table_cell(suite: Element, cell: TableCell) -> None:
    case = _case(suite, f"exsim.table.{cell.configuration}", cell.assumption)
    masked = "pass, masked: " if cell.masked else ""
    _outcome(case, cell.outcome, masked + cell.sentence, "\n".join(cell.reasons))


def _combinations(suite: Element, cells: Sequence[Cell], failed: bool) -> None:
    """`failed`: the run as a whole; a loss that the scenario allows fails no combination either."""
    for cell in cells:
        case = _case(suite, f"exsim.{cell.protocol}", place(cell))
        numbers = f"{cell.lost} of {cell.sessions} lost"
        if cell.state == "lost":
            message = f"{numbers} (95 %: {between(cell.low, cell.high)})"
            if failed:
                SubElement(case, "failure", message=message, type="lost")
            else:
                SubElement(case, "system-out").text = message
        elif cell.state in SKIPPED:
            SubElement(case, "skipped", message=f"{cell.state}: {STATES[cell.state]} ({numbers})")
