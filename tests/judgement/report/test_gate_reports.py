"""Falls if: a pipeline's readers refuse what a gate writes, a case that is not green looks green there, text of
a server or a file becomes markup or a command, or the document is not what its schema says."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import junitparser
import msgspec
import pytest

from exsim.judgement.expectations import Expectations
from exsim.judgement.gate import text
from exsim.judgement.gate.criterion import Criterion
from exsim.judgement.gate.document import (
    Annotation,
    Assumption,
    Change,
    Gate,
    TableCell,
    decode,
    encode,
    gravest,
    schema,
)
from exsim.judgement.gate.over_run import Circumstances, over_run
from exsim.judgement.judge import judge
from exsim.judgement.report import junit, summary
from exsim.judgement.report.annotations import render as commands
from exsim.runs.sections import LostLimit
from tests.judgement.build import facts, farm_sessions, found, one_way, sticky_sessions

HOSTILE = "</failure>]]>&<script>|\x1b[31m\x00\n::error::x%0A`*_[a](b)"
CHANGES = [
    Change("h.cfg", 40, "nbthread 4", "nbthread 1", "may matter", "one thread"),
    Change("h.cfg", 12, "bind :443", "bind 127.0.0.1:1", "harmless", "an address"),
    Change("h.cfg", 0, "", "log global", "harmless", "added"),
]


def of_a_run(**known: Any) -> Gate:
    expect = Expectations(lost=(LostLimit(max=0.01), LostLimit(max=0.01, serving="2019")))
    judgement = judge(found(farm_sessions(one_way, 10)), facts(expect=expect))
    return over_run(judgement, Circumstances(changes=CHANGES, **known))


def of_a_sticky_run() -> Gate:
    expect = Expectations(persistence="held")
    return over_run(judge(found(sticky_sessions()), facts(expect=expect)), Circumstances())


def of_a_table(sentence: str = "Said.") -> Gate:
    cells = [
        TableCell(assumption=a, configuration=c, outcome=outcome, sentence=sentence, masked=masked, sessions=30, lost=lost)
        for a, c, outcome, masked, lost in [
            ("healthy", "rr.cfg", "pass", False, 0),
            ("healthy", "cookie.cfg", "pass", False, 0),
            ("killed", "rr.cfg", "fail", False, 12),
            ("killed", "cookie.cfg", "inconclusive", False, 0),
            ("half patched", "cookie.cfg", "pass", True, 0),
        ]
    ]  # fmt: skip
    return Gate(
        kind="table",
        outcome="fail",
        sentence="1 of 6 cells failed.",
        scenario="gate",
        run="reports/x",
        assumptions=[
            Assumption(n, ["healthy"], "S.") for n in ("healthy", "killed", "half patched")
        ],
        configurations=["rr.cfg", "cookie.cfg"],
        changes=CHANGES,
        table=cells,
    )


DOCUMENTS = {"run": of_a_run, "sticky": of_a_sticky_run, "table": of_a_table}
each_document = pytest.mark.parametrize("make", DOCUMENTS.values(), ids=DOCUMENTS)


def cases(written: str) -> dict[str, junitparser.TestCase]:
    read = junitparser.JUnitXml.fromstring(written.encode())
    return {f"{case.classname}/{case.name}": case for suite in read for case in suite}


def kinds(case: junitparser.TestCase) -> list[str]:
    return [type(one).__name__ for one in case.result]


@each_document
def test_the_junit_of_a_gate_is_read_by_others(make: Any) -> None:
    document = make()
    read = junitparser.JUnitXml.fromstring(junit.render_gate(document).encode())
    wanted = len(document.criteria) + len(document.matrix) + len(document.table)
    assert [(suite.tests, len(list(suite))) for suite in read] == [(wanted, wanted)]


def test_the_junit_of_a_run_is_read_by_others_and_has_its_criteria() -> None:
    expect = Expectations(lost=(LostLimit(max=0.01), LostLimit(max=0.01, serving="2019")))
    found_cases = cases(junit.render(judge(found(farm_sessions(one_way, 10)), facts(expect=expect))))  # fmt: skip
    criteria = [case for name, case in found_cases.items() if name.startswith("exsim.criterion/")]
    assert [kinds(case) for case in criteria] == [["Failure"], ["Error"]]


def test_each_criterion_and_each_combination_is_a_case_and_none_is_green_that_is_not() -> None:
    document = of_a_run()
    found_cases = cases(junit.render_gate(document))
    for one in document.criteria:
        got = kinds(found_cases[f"exsim.criterion/{one.key}: {one.name}"])
        assert got == {"pass": [], "fail": ["Failure"], "inconclusive": ["Error"]}[one.outcome]
    combinations = [case for name, case in found_cases.items() if name.startswith("exsim.owa/")]
    assert len(combinations) == len(document.matrix) == 18
    assert sum(kinds(case) == ["Failure"] for case in combinations) == 4
    sticky = cases(junit.render_gate(of_a_sticky_run()))
    skipped = [
        c for n, c in sticky.items() if n.startswith("exsim.owa/") and kinds(c) == ["Skipped"]
    ]
    assert len(skipped) == 12  # prevented


def test_each_cell_of_a_table_is_a_case() -> None:
    found_cases = cases(junit.render_gate(of_a_table()))
    assert {name: kinds(case) for name, case in found_cases.items()} == {
        "exsim.table.rr.cfg/healthy": [],
        "exsim.table.cookie.cfg/healthy": [],
        "exsim.table.rr.cfg/killed": ["Failure"],
        "exsim.table.cookie.cfg/killed": ["Error"],
        "exsim.table.cookie.cfg/half patched": [],
    }


@each_document
def test_the_document_is_what_its_schema_says(make: Any) -> None:
    document = json.loads(encode(make()))
    made = schema()
    jsonschema.Draft202012Validator.check_schema(made)
    jsonschema.validate(document, made)
    assert decode(encode(make())) == make()
    for wrong in (
        {"outcome": "green"},
        {"surplus": 1},
        {"format": "exsim-gate/2"},
        {"criteria": [{}]},
    ):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate({**document, **wrong}, made)


def test_another_format_is_refused() -> None:
    other = msgspec.structs.replace(of_a_table(), format="exsim-gate/2")
    with pytest.raises(msgspec.ValidationError, match="exsim-gate/2"):
        decode(encode(other))


def test_of_nothing_the_gravest_outcome_is_not_a_pass() -> None:
    assert gravest([]) == "inconclusive"
    assert gravest(["pass", "inconclusive", "fail", "pass"]) == "fail"


@pytest.mark.parametrize(
    ("annotation", "line"),
    [
        (
            Annotation("error", "40 of 60 lost", "gate/h.cfg", 12),
            "::error file=gate/h.cfg,line=12,title=exsim gate::40 of 60 lost\n",
        ),
        (
            Annotation("warning", "100 %\n::error::x", "a,b:c.cfg", 1),
            "::warning file=a%2Cb%3Ac.cfg,line=1,title=exsim gate::100 %25%0A::error::x\n",
        ),
        (Annotation("notice", "said", "", 7), "::notice title=exsim gate::said\n"),
        (Annotation("notice", "said", "x.cfg", 0), "::notice file=x.cfg,title=exsim gate::said\n"),
    ],
)
def test_a_finding_is_one_workflow_command(annotation: Annotation, line: str) -> None:
    assert commands([annotation]) == line


def test_nothing_found_is_no_command() -> None:
    assert commands([]) == ""


@each_document
def test_the_summary_is_a_section_with_well_formed_tables(make: Any) -> None:
    document = make()
    page = summary.render(document)
    assert page.startswith("## exsim gate: ")
    assert page.count("<details>") == page.count("</details>")
    rows = [line for line in page.splitlines() if line.startswith("|")]
    assert rows and all(line.endswith("|") for line in rows)
    for one in document.criteria:
        assert summary.escaped(one.name) in page
    for name in document.configurations:
        assert summary.escaped(name) in page


def test_every_change_of_the_balancers_file_is_listed_with_its_kind() -> None:
    page, screen = summary.render(of_a_run()), text.render(of_a_run())
    assert "| h.cfg:40 | may matter | `nbthread 4` | `nbthread 1` | one thread |" in page
    assert "| h.cfg:12 | harmless |" in page and "| h.cfg (added) | harmless |" in page
    assert "h.cfg:40 may matter, not accepted: nbthread 4 → nbthread 1: one thread" in " ".join(screen.split())  # fmt: skip
    assert "2 changes of the balancer's file to run it here, harmless." in screen


def test_the_table_shows_each_configuration_under_each_assumption() -> None:
    screen = text.render(of_a_table(), 1)
    assert " killed            FAIL 12/30   INCONCLUSIVE 0/30" in screen
    assert " half patched      not run      pass, masked 0/30" in screen
    assert "exit 1" in screen
    page = summary.render(of_a_table())
    assert "❌ FAIL<br>12 of 30 lost | ❔ inconclusive<br>0 of 30 lost |" in page
    assert "not run | ✅ pass, masked<br>0 of 30 lost |" in page


def test_a_steered_gate_says_so_first() -> None:
    screen = text.render(of_a_run(steered=True))
    assert "STEERED" in screen.splitlines()[0]
    assert "hazards for each meeting" in " ".join(screen.split())
    assert "(steered)" in summary.render(of_a_run(steered=True)).splitlines()[0]


def test_hostile_text_stays_text() -> None:
    document = msgspec.structs.replace(
        of_a_table(HOSTILE),
        criteria=[Criterion(key=HOSTILE, name=HOSTILE, outcome="fail", sentence=HOSTILE)],
        annotations=[Annotation("error", HOSTILE, HOSTILE, 1)],
        changes=[Change(HOSTILE, 1, HOSTILE, HOSTILE, "may matter", HOSTILE)],
        sentence=HOSTILE,
    )
    cases(junit.render_gate(document))
    page = summary.render(document)
    assert "<script" not in page.replace(summary.code(HOSTILE), "")
    said = commands(document.annotations)
    assert said.count("\n") == 1 and said.startswith("::error ")
    screen = text.render(document)
    assert "\x1b" not in screen + page
    assert not any(line.lstrip().startswith("::") for line in screen.splitlines())
