"""Falls if: a run of many sessions, which are packed and go to a file, is judged or told otherwise than one of few;
a way to the service's own host is taken for one to another, or live judgement and the later one differ in that;
a history of a load process that is gone, or its end, leaves a run as whole as it was, or a run that was killed passes.
"""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from exsim.conduct import judging
from exsim.judgement.report import text
from exsim.load.worker import detector_for
from exsim.runs.directory import RunDirectory
from exsim.runs.history import HistoryWriter
from exsim.session import browser, packed
from exsim.session.hop import Mark
from exsim.session.packed import Packed
from tests.bench.judge import made
from tests.conduct.made_run import TARGET, cookies, hop, kept, logged_on, lost, run_directory
from tests.load.orders import orders


def told(folder: Path, kind: type) -> dict[str, bytes]:
    """What judging writes."""
    directory = RunDirectory(folder)
    judgement = judging.judged(directory)
    sessions = judgement.findings.sessions
    assert type(sessions) is kind and len(sessions) > 50
    if isinstance(sessions, Packed):
        blocks = [block for block in sessions._blocks if isinstance(block, tuple)]
        assert sum(length for _, length in blocks) > judging.IN_MEMORY
        assert sessions._file._rolled  # type: ignore[attr-defined]  # it is a file of the disk's by now
    judging.write(directory, judgement)
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def test_many_sessions_are_judged_and_told_as_few_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(browser, "REMEMBERED", 1)
    made(tmp_path / "run", 2000)
    few = told(tmp_path / "run", list)
    monkeypatch.setattr(packed, "FEW", 0)
    monkeypatch.setattr(packed, "BLOCK", 4)
    monkeypatch.setattr(judging, "IN_MEMORY", 600)  # bytes; the rest goes to a file
    assert told(tmp_path / "run", Packed) == few
    assert few["incidents.jsonl"].count(b"\n") > 30


@pytest.mark.parametrize(
    ("url", "hosts", "location", "state"),
    [
        ("https://mail.example.com", [], "https://MAIL.example.com/owa/x", "live"),
        ("https://mail.example.com:8443", [], "https://mail.example.com:8443/owa/x", "live"),
        ("https://mail.example.com:8443", [], "https://mail.example.com/owa/x", "live"),
        (
            "https://mail.example.com",
            ["owa.example.com:444"],
            "https://owa.example.com:444/x",
            "live",
        ),
        (
            "https://mail.example.com",
            ["owa.example.com"],
            "https://sts.example.com/adfs/ls",
            "lost",
        ),
        ("https://mail.example.com:8443", [], "https://sts.example.com:8443/adfs/ls", "lost"),
    ],
)
def test_only_a_way_to_another_host_loses_a_session(
    tmp_path: Path, url: str, hosts: list[str], location: str, state: str
) -> None:
    lines = logged_on(1, 1.0)
    lines.append(hop(1, 2, 1.1, "GET /owa/", 302, location=location, cookies=cookies(1)))
    scenario = TARGET.replace("https://mail.example.com", url).format(more=f"hosts = {hosts}")
    directory = run_directory(tmp_path, lines, scenario, rig="target", url=url)
    assert [one.state for one in judging.judged(directory).findings.sessions] == [state]
    live = detector_for(msgspec.structs.replace(orders(url=url)[0], hosts=tuple(hosts)))
    for line in lines:
        live.feed(line)
    assert [one.state for one in live.finish().sessions] == [state]


GONE = "{} missing from the history: nobody knows who was lost in {}."
STOPS = "w1.jsonl of the history stops before the load process did that wrote it: nobody knows who was lost in what is missing."


def end(worker: int, phase: str = "main") -> Mark:
    return Mark("", 9.0, "phase_ended", facts={"phase": phase, "worker": worker})


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        (("w0", "w1", "w1.1", "w0-unmask"), []),
        (("w0", "w0-unmask"), [GONE.format("w1.jsonl is", "it")]),
        (("w0", "w1", "w1.1"), [GONE.format("w0-unmask.jsonl is", "it")]),
        (("w0",), [GONE.format("w1.jsonl and w0-unmask.jsonl are", "them")]),
        (("w0", "w1", "w0-unmask"), [STOPS]),
    ],
)
@pytest.mark.parametrize("lines", [kept(1, 1.0), lost(1, 1.0)])
def test_a_run_knows_whose_history_is_gone(
    tmp_path: Path, files: tuple[str, ...], expected: list[str], lines: list[object]
) -> None:
    """Also a load process that met nobody leaves its end; the last part of its history may be gone, too."""
    written = {"w1": [], "w1.1": [end(1)], "w0-unmask": [end(0, "unmask")]}
    directory = run_directory(tmp_path, [*lines, end(0)], histories=["w0", "w1", "w0-unmask"])
    for name, held in written.items():
        if name in files:
            with HistoryWriter(directory.history_folder / f"{name}.jsonl") as history:
                for line in held:
                    history.append(line)
    judgement = judging.judged(directory)
    told = [one for one in judgement.results.reasons if ".jsonl" in one]
    assert told == expected
    shown = " ".join(text.render(judgement, colour=False).split())
    assert all(one in shown for one in expected)
    assert not expected or judgement.results.outcome != "pass"


@pytest.mark.parametrize(
    ("lines", "outcome"), [(kept(1, 1.0), "inconclusive"), (lost(1, 1.0), "fail")]
)
def test_a_run_that_nobody_ended_never_passes(
    tmp_path: Path, lines: list[object], outcome: str
) -> None:
    healthy = {"presets": []}
    going = judging.judged(run_directory(tmp_path, lines, ended="", **healthy))
    assert going.results.outcome == outcome
    assert "The run has no end:" in text.render(going, colour=False)
    whole = judging.judged(run_directory(tmp_path, lines, **healthy))
    assert not [one for one in whole.results.reasons if "no end" in one]
