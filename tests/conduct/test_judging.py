"""Falls if: a run of many sessions, which are packed and go to a file, is judged or told otherwise than one of few."""

from __future__ import annotations

from pathlib import Path

import pytest

from exsim.conduct import judging
from exsim.runs.directory import RunDirectory
from exsim.session import browser, packed
from exsim.session.packed import Packed
from tests.bench.judge import made


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
