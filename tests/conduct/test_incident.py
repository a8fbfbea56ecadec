"""The incident's runs told: which run answers for what, the table that is printed, and the one in the README.

Falls if: a red health check is not seen in a balancer's log, a wrong answer is told as a right one or the
exit code hides it, an observation that there is not is taken, what is assumed is not said in the report,
or the README's table is not the generated one.
"""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from exsim.cli import main
from exsim.conduct import incident, incident_runs, judging
from exsim.conduct.incident import OBSERVATIONS, Observation, errands
from exsim.conduct.incident_runs import Answer, addresses, lines, red, words_of
from exsim.conduct.observations import Seen, Watched
from exsim.conduct.running import Options
from exsim.judgement.report import html, text
from exsim.runs.directory import RunDirectory
from exsim.runs.exits import Exit
from exsim.runs.runbook import Runbook
from exsim.session.records import Findings

README = Path(__file__).parents[2] / "README.md"
HEADING = "\n## 13. The incident, symptom by symptom\n"
CHECKED = b"""\
<133>Nov 22 09:00:00 haproxy[7]: Server bk_owa/ISP_exch13 is DOWN, reason: Socket error, check duration: 0ms.
<134>Nov 22 09:00:00 haproxy[7]: Server bk_owa/ISP_exch13 is DOWN, reason: Layer7 timeout.
<134>Nov 22 09:00:01 haproxy[7]: Server bk_ecp/ISP_exch13 is UP, reason: Layer7 check passed.
<134>Nov 22 09:00:02 haproxy[7]: backend bk_owa has no server available!
"""


def answer(observation: Observation, present: bool, yes: bool) -> Answer:
    return Answer(observation, present, Seen(yes, "3 of 4"), Path("reports/x"))


@pytest.fixture
def directory(tmp_path: Path) -> RunDirectory:
    return RunDirectory.create(tmp_path, "o10", datetime(2026, 11, 22, tzinfo=UTC))


def test_a_server_that_a_check_called_down_is_red_once(directory: RunDirectory) -> None:
    assert red(directory) == []
    directory.lb_log.write_bytes(CHECKED)
    assert red(directory) == ["bk_owa/ISP_exch13"]


def told(answers: list[Answer], chosen: tuple[Observation, ...]) -> str:
    return "\n".join(lines(answers, chosen))


def test_a_wrong_answer_is_told_as_wrong() -> None:
    first, second = OBSERVATIONS[:2]
    right = [answer(first, True, True), answer(first, False, False)]
    assert "O1   seen             not seen" in told(right, (first,))
    assert "1 observation: each seen with its cause, and none without it." in told(right, (first,))
    wrong = [*right, answer(second, True, False), answer(second, False, False)]
    said = told(wrong, (first, second))
    assert "O2   not seen (WRONG) not seen" in said and "NOT as it must be: O2" in said


def test_what_did_not_run_is_not_called_right() -> None:
    first = OBSERVATIONS[0]
    said = told([answer(first, True, True)], (first,))
    assert "not run" in said and "each seen with its cause" not in said


def test_only_whole_answers_are_kept() -> None:
    first, second = OBSERVATIONS[:2]
    kept = words_of(
        [answer(first, True, True), answer(first, False, False), answer(second, True, True)]
    )
    assert kept == {"O1": ("3 of 4", "3 of 4")}


@pytest.mark.parametrize(("lost", "code"), [(True, Exit.PASS), (False, Exit.FAIL)])
def test_the_exit_code_says_whether_all_is_as_it_must_be(
    monkeypatch: pytest.MonkeyPatch, lost: bool, code: Exit
) -> None:
    """One observation whose question is answered from a list, over runs that are none."""

    class Done:
        exit_code = Exit.FAIL
        directory = RunDirectory(Path("reports/none"))

    replies = iter([lost, False])
    question = lambda run: Seen(next(replies), "")  # noqa: E731
    watched = Watched(Findings([], [], 0, 0, 0), [], {})
    one = Observation(1, question, "must", OBSERVATIONS[0].without, "healthy")
    monkeypatch.setattr(incident_runs, "carried_out", lambda errand, options: Done())
    monkeypatch.setattr(incident_runs, "watched", lambda done, scenario: watched)
    assert incident_runs.incident(Options(), io.StringIO(), [one])[0] == code


@pytest.mark.parametrize("code", [Exit.BROKEN, Exit.INTERRUPTED, Exit.STOPPED])
def test_a_run_that_was_none_ends_it_at_once(monkeypatch: pytest.MonkeyPatch, code: Exit) -> None:
    class Done:
        exit_code = code

        def text(self, colour: bool) -> str:
            return "why\n"

    monkeypatch.setattr(incident_runs, "carried_out", lambda errand, options: Done())
    out = io.StringIO()
    assert incident_runs.incident(Options(), out) == (code, [])
    assert out.getvalue().endswith("why\n")


def test_an_observation_that_there_is_not_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["incident", "O99"])
    assert caught.value.code == 2
    assert '"O99" is not one of O1, O2' in capsys.readouterr().err.splitlines()[-1]


def test_some_observations_need_their_own_runs_alone() -> None:
    assert [errand.path.stem for errand in errands(OBSERVATIONS[4:5])] == ["o05", "o05-without"]
    assert [errand.path.stem for errand in errands(OBSERVATIONS[7:8])] == ["o08", "o08-without"]


def test_the_addresses_that_a_scenario_sets_are_told() -> None:
    found: dict[str, Any] = addresses(OBSERVATIONS[10].scenario())
    assert all(len(of_one) == 4 for of_one in found.values()) and len(found) == 3
    assert not any(addresses(OBSERVATIONS[0].scenario()).values())


def test_the_readme_holds_the_generated_table() -> None:
    text = README.read_text(encoding="utf-8")
    assert HEADING in text
    assert incident.table() in text[text.index(HEADING) :]


def test_what_was_seen_is_kept_for_every_observation() -> None:
    assert list(incident.recorded()) == [one.name for one in OBSERVATIONS]


def test_what_is_assumed_reaches_the_run_and_both_reports(tmp_path: Path) -> None:
    scenario = OBSERVATIONS[13].scenario()
    book = Runbook.begin(tmp_path, "o14", scenario)
    book.ended()
    assert book.directory.read_run().assumed == scenario.assumed
    assert book.directory.read_scenario().assumed == scenario.assumed
    judgement = judging.judged(book.directory)
    said = " ".join(text.render(judgement).split())
    assert f"ASSUMED {scenario.assumed}" in said
    assert f"<b>Assumed:</b> {scenario.assumed}" in html.render(judgement)
    plain = replace(judgement, facts=replace(judgement.facts, assumed=""))
    assert "ASSUMED" not in text.render(plain) and "Assumed:" not in html.render(plain)
