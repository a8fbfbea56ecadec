"""Falls if: a run's directory is laid out otherwise, `latest` means another run, two runs of one second
share a directory, a secret of the balancer's file is kept, or a run cannot be found again."""

from __future__ import annotations

import errno
import json
import os
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from exsim.runs.directory import RunDirectory, open_run
from exsim.runs.errors import OperatorError, RunError, ScenarioError
from exsim.runs.history import HistoryWriter
from exsim.runs.runfile import BalancerChange, NodeClaim, RunFile, Versions
from exsim.runs.scenario import parse_scenario
from exsim.session.hop import Mark
from tests.runs.scenarios import LAB

NOW = datetime(2026, 11, 22, 5, 12, 3, tzinfo=UTC)


def a_run(**more: object) -> RunFile:
    facts = {
        "scenario": "roundrobin",
        "title": "t",
        "rig": "lab",
        "versions": Versions(exsim="0.1.0"),
        "seed": 7,
        "url": "https://exchange.isp.com.au",
        "address": "127.0.0.1:8443",
        "zero": 1795324323.0,
        "started": "2026-11-22T05:12:03.000Z",
        **more,
    }
    return RunFile(**facts)  # type: ignore[arg-type]


def finished(root: Path, name: str, now: datetime) -> RunDirectory:
    made = RunDirectory.create(root, name, now)
    made.write_run(a_run(scenario=name))
    return made


def test_a_run_lies_below_its_scenario_by_its_time_in_utc(tmp_path: Path) -> None:
    local = NOW.astimezone(timezone(timedelta(hours=11)))
    made = RunDirectory.create(tmp_path, "roundrobin", local)
    assert made.path == tmp_path / "roundrobin" / "2026-11-22T05-12-03Z"
    assert made.history_file(0) == made.path / "history" / "w0.jsonl"
    assert made.history_file(1, "control").name == "w1-control.jsonl"
    assert (tmp_path / "roundrobin" / "latest").resolve() == made.path
    assert (tmp_path / "roundrobin" / "latest.txt").read_text() == "2026-11-22T05-12-03Z\n"


def test_two_runs_of_one_second_do_not_share_a_directory(tmp_path: Path) -> None:
    made = [RunDirectory.create(tmp_path, "x", NOW) for _ in range(3)]
    assert [each.path.name[20:] for each in made] == ["", "-2", "-3"]
    assert (tmp_path / "x" / "latest").resolve() == made[-1].path


def test_a_scenarios_name_cannot_lead_out_of_the_reports(tmp_path: Path) -> None:
    made = RunDirectory.create(tmp_path / "reports", "../../etc/x y", NOW)
    assert made.path.parent.parent == tmp_path / "reports"


def test_where_there_are_no_links_the_text_file_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object, **__: object) -> None:
        raise OSError(1314, "a required privilege is not held by the client")

    monkeypatch.setattr(Path, "symlink_to", refused)
    made = finished(tmp_path, "x", NOW)
    assert not (tmp_path / "x" / "latest").exists()
    for text in ("latest", "x", "x/latest", str(tmp_path / "x" / "latest")):
        assert open_run(text, tmp_path).path == made.path


def test_a_run_is_found_by_all_its_names(tmp_path: Path) -> None:
    finished(tmp_path, "a", NOW)
    last = finished(tmp_path, "a", NOW + timedelta(seconds=9))
    newest = finished(tmp_path, "b", NOW + timedelta(seconds=10))
    assert open_run("latest", tmp_path).path == newest.path
    for text in ("a", "a/latest", str(last.path), str(tmp_path / "a"), str(tmp_path / "a/latest")):
        assert open_run(text, tmp_path).path == last.path, text


@pytest.mark.parametrize("text", ["latest", "nothing", "x/latest", ""])
def test_a_run_that_is_not_there_is_one_line(tmp_path: Path, text: str) -> None:
    with pytest.raises(RunError, match="there is no run") as caught:
        open_run(text, tmp_path)
    assert "\n" not in str(caught.value)
    assert isinstance(caught.value, OperatorError)


def test_run_json_comes_back_as_it_was_written(tmp_path: Path) -> None:
    made = RunDirectory.create(tmp_path, "x", NOW)
    run = a_run(
        nodes=[NodeClaim("EXCH13", "2013")],
        changes=[BalancerChange(3, "bind :443", "bind 127.0.0.1:1", "harmless", "an address")],
        accounts=[{"address": "user01@isp.com.au", "home": "2013"}],
        h2_offered=False,
        interrupted="SIGINT",
        died=["EXCH13"],
    )
    made.write_run(run)
    assert made.read_run() == run
    assert json.loads(made.run_file.read_text())["format"] == "exsim-run/1"
    assert not list(made.path.glob("*.part"))


def test_a_full_disk_is_said_with_the_file_that_it_has_no_room_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Path, "write_bytes", full)
    made = RunDirectory.create(tmp_path, "x", NOW)
    with pytest.raises(OSError, match=r"run\.json"):
        made.write_run(a_run())


@pytest.mark.parametrize(
    ("data", "line"),
    [
        (None, "holds no run"),
        (b"{", "truncated"),
        (b'{"format":"exsim-run/9"}', 'format "exsim-run/9"; this exsim reads "exsim-run/1"'),
        (b'{"format":"exsim-run/1"}', "missing required field"),
        (b"\xff", "JSON|utf-8"),
    ],
)
def test_a_run_json_that_cannot_be_read_is_one_line(
    tmp_path: Path, data: bytes | None, line: str
) -> None:
    made = RunDirectory.create(tmp_path, "x", NOW)
    if data is not None:
        made.run_file.write_bytes(data)
    with pytest.raises(RunError, match=line):
        made.read_run()


def test_the_scenario_is_kept_as_resolved(tmp_path: Path) -> None:
    made = RunDirectory.create(tmp_path, "x", NOW)
    scenario = parse_scenario(LAB, "x")
    made.write_scenario(scenario)
    assert made.read_scenario() == scenario
    made.scenario_file.write_text("title = 3\n")
    with pytest.raises(ScenarioError, match="population: is missing"):
        made.read_scenario()
    made.scenario_file.unlink()
    with pytest.raises(RunError):
        made.read_scenario()


def test_the_balancers_file_is_kept_without_its_secrets(tmp_path: Path) -> None:
    made = RunDirectory.create(tmp_path, "x", NOW)
    assert made.read_balancer() == ""
    made.write_balancer("listen stats\n  stats auth haadmin:111111\n  stats uri /\n")
    assert made.read_balancer() == "listen stats\n  stats auth …\n  stats uri /\n"


def test_the_history_of_all_phases_is_one(tmp_path: Path) -> None:
    made = RunDirectory.create(tmp_path, "x", NOW)
    for t, phase in ((2.0, "unmask"), (1.0, "")):
        with HistoryWriter(made.history_file(0, phase)) as writer:
            writer.append(Mark(utc="", t=t, what=phase or "main"))
    assert [line.t for line in made.history()] == [1.0, 2.0]
