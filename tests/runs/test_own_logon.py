"""Falls if: a logon flow that cannot be imported, is not there or is no function is not said in one line, or an
error of its own is laid to exsim, or told with what it says."""

from __future__ import annotations

from pathlib import Path

import pytest

from exsim.runs.own_logon import OwnLogonProblem, load_own_logon

SOURCE = (
    'number = 7\n\n\ndef log_on(client, account):\n    raise KeyError("the password is s3cr3t")\n'
)


@pytest.mark.parametrize(
    ("named", "words"),
    [
        ("no_such_portal_1:log_on", "cannot be imported: No module named"),
        ("broken_portal_1:log_on", "cannot be imported: "),
        ("leaving_portal_1:log_on", "cannot be imported: leaving_portal_1 raises SystemExit$"),
        ("raising_portal_1:log_on", "cannot be imported: raising_portal_1 raises NameError$"),
        ("portal_1:nothing", "portal_1 has no nothing"),
        ("portal_1:number", "is no function"),
    ],
)
def test_what_cannot_be_had_is_one_line(tmp_path: Path, named: str, words: str) -> None:
    (tmp_path / "portal_1.py").write_text(SOURCE)
    (tmp_path / "leaving_portal_1.py").write_text("import sys\nsys.exit(0)\n")
    (tmp_path / "raising_portal_1.py").write_text("s3cr3t\n")
    (tmp_path / "broken_portal_1.py").write_text("def log_on(:\n")
    with pytest.raises(OwnLogonProblem, match=words) as problem:
        load_own_logon(named, tmp_path)
    assert "\n" not in str(problem.value)


def test_an_error_of_the_flow_is_told_by_its_line_and_kind_alone(tmp_path: Path) -> None:
    (tmp_path / "portal_2.py").write_text(SOURCE)
    own = load_own_logon("portal_2:log_on", tmp_path)
    try:
        own.flow(None, None)
    except KeyError as error:
        assert own.blame(error) == "target.logon: portal_2:log_on failed in line 5: KeyError"
    assert own.blame(ValueError("ours")) == ""
