"""Falls if: one browser's cookies are given to several accounts, an account gets another's, a password is asked for where
none is used, or a scenario that cannot have such sessions is taken."""

from __future__ import annotations

from pathlib import Path

import pytest

from exsim.runs.errors import OperatorError, ScenarioError
from exsim.runs.scenario import load_scenario
from exsim.runs.target_accounts import by_the_form, target_accounts

TEXT = """
title = "t"
[target]
url = "https://mail.example.com"
confirm = "mail.example.com"
accounts = "accounts.csv"
{target}
[[population]]
mailbox = "2016"
users = 1
{population}
[load]
{load}
"""
PEOPLE = "email,logon,home,secret\n{}"


def written(
    folder: Path, target: str = "", population: str = "", load: str = "", people: int = 1
) -> Path:
    rows = [f"u{number}@example.com,EX\\u{number},2016,env:NOT_SET" for number in range(people)]
    (folder / "accounts.csv").write_text(PEOPLE.format("\n".join(rows)))
    path = folder / "t.toml"
    path.write_text(TEXT.format(target=target, population=population, load=load))
    return path


def cookies(path: Path, value: str) -> None:
    line = f"mail.example.com\tFALSE\t/\tTRUE\t0\tcadata\t{value}\n"
    path.write_text(f"# Netscape HTTP Cookie File\n{line}")
    path.chmod(0o600)


def test_one_file_is_one_accounts_and_no_password_is_looked_for(tmp_path: Path) -> None:
    path = written(tmp_path, 'session = "c.txt"')
    cookies(tmp_path / "c.txt", "one")
    scenario = load_scenario(path)
    assert scenario.target is not None
    (account,) = target_accounts(scenario.target, path)
    assert account.password == "" and [one.value for one in account.cookies] == ["one"]
    assert "cookies" not in account.claim() and not scenario.load.unmask
    written(tmp_path, 'session = "c.txt"', people=2)
    with pytest.raises(
        ScenarioError, match=r"is one browser's, and accounts\.csv holds 2 accounts"
    ):
        target_accounts(scenario.target, path)


def test_a_file_for_each_is_each_accounts_own(tmp_path: Path) -> None:
    path = written(tmp_path, 'session = "s/{email}.txt"', people=2)
    (tmp_path / "s").mkdir()
    for number in range(2):
        cookies(tmp_path / "s" / f"u{number}@example.com.txt", f"of u{number}")
    target = load_scenario(path).target
    assert target is not None
    found = {
        one.address: [each.value for each in one.cookies] for one in target_accounts(target, path)
    }
    assert found == {"u0@example.com": ["of u0"], "u1@example.com": ["of u1"]}


@pytest.mark.parametrize(
    ("target", "population", "load", "words"),
    [
        ('session = "c.txt"\nlogon = "a:b"', "", "", "target.session exclude each other"),
        ('logon = "portal.py"', "", "", '"portal.py" is not module:flow'),
        ('session = "c.txt"', 'protocol = "ews"', "", "is for browsers"),
        ('logon = "a:b"\nnodes = {A = "10.0.0.1:443", B = "10.0.0.2:443"}', "", "force = true", "load.force: needs logons"),
    ],
)  # fmt: skip
def test_what_does_not_go_together_is_one_line(
    tmp_path: Path, target: str, population: str, load: str, words: str
) -> None:
    with pytest.raises(ScenarioError) as problem:
        load_scenario(written(tmp_path, target, population, load))
    assert words in str(problem.value) and "\n" not in str(problem.value)


@pytest.mark.parametrize("target", ['session = "c.txt"', 'logon = "portal_9:log_on"'])
def test_who_logs_on_by_the_form_says_that_it_cannot(tmp_path: Path, target: str) -> None:
    path = written(tmp_path, target)
    section = load_scenario(path).target
    assert section is not None
    with pytest.raises(OperatorError, match="exsim run alone can use it"):
        by_the_form(section, path)
    if "logon" in target:
        with pytest.raises(ScenarioError, match=r"target\.logon: .*cannot be imported"):
            target_accounts(section, path)
