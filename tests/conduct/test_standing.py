"""Falls if: a preset is missing from the list, or a line is wider than the terminal."""

import pytest

from exsim.cli import main
from exsim.runs.presets import PRESETS


def test_what_can_be_wrong_with_a_lab_is_listed(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    assert main(["lab", "--presets"]) == 0
    out = capsys.readouterr().out
    assert [line.split()[0] for line in out.splitlines() if line[0] != " "] == list(PRESETS)
    assert all(one.sentence in " ".join(out.split()) for one in PRESETS.values())
    assert max(map(len, out.splitlines())) < 80
