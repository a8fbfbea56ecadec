"""Falls if: a bad line of an accounts file is not one clear line, a password shows in one, or a file that
others can read is taken with passwords in it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from exsim.runs.accounts import Account, read_accounts
from exsim.runs.errors import AccountsError

HEADING = "email,logon,home,secret\n"
SECRET = "corr3ct,horse"


def file_of(tmp_path: Path, *lines: str, mode: int = 0o600) -> Path:
    path = tmp_path / "accounts.csv"
    path.write_text(HEADING + "".join(f"{line}\n" for line in lines))
    path.chmod(mode)
    return path


def no_prompt(_: str) -> str:
    raise AssertionError("nobody is to be asked")


def test_each_form_of_a_secret_gives_the_password(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EXSIM_TEST_PASSWORD", SECRET)
    path = file_of(
        tmp_path,
        "# three of ours",
        "a@x.au, LAB\\a, 2013, env:EXSIM_TEST_PASSWORD",
        "",
        f"b@x.au,b@x.au,SE,\"cmd:{sys.executable} -c 'print(12345)'\"",
        "c@x.au,c,2016,prompt",
        f'd@x.au,LAB\\d,2010,"{SECRET}"',
    )
    found = read_accounts(path, ask=lambda text: f"asked: {text}")
    assert [account.password for account in found] == [
        SECRET,
        "12345",
        "asked: password of c@x.au: ",
        SECRET,
    ]
    assert [(account.logon, account.home) for account in found] == [
        ("LAB\\a", "2013"),
        ("b@x.au", "se"),
        ("c", "2016"),
        ("LAB\\d", "2010"),
    ]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("a,LAB\\a,2013,x", '2: email: "a" is not an address'),
        ("a@x.au,,2013,x", "2: logon: is empty; write it exactly as it is typed on the page"),
        ("a@x.au,a,exch13,x", '2: home: "exch13" is not a version; one of 2010, 2013, 2016, 2019, se'),
        ("a@x.au,a,2013", "2: 3 columns, expected 4: email,logon,home,secret"),
        ("a@x.au,a,2013,x,y", "2: 5 columns, expected 4: email,logon,home,secret"),
        ("a@x.au,a,2013,", "2: secret: is empty"),
        ("a@x.au,a,2013,env:EXSIM_NOT_SET", "2: secret: the environment has no EXSIM_NOT_SET"),
        ("a@x.au,a,2013,cmd:echo hidden >&2; exit 3", "2: secret: the command ended with 3"),
        ("a@x.au,a,2013,cmd:true", "2: secret: is empty"),
        ("a@x.au,a,2013,x\nA@X.au,b,2013,y", '3: email: "A@X.au" is there twice; one user, one mailbox'),
    ],
)  # fmt: skip
def test_a_bad_line_is_one_clear_line(tmp_path: Path, line: str, expected: str) -> None:
    with pytest.raises(AccountsError) as caught:
        read_accounts(file_of(tmp_path, line), ask=no_prompt)
    assert str(caught.value) == f"accounts.csv:{expected}"


def test_a_password_needs_a_file_that_only_its_owner_reads(tmp_path: Path) -> None:
    path = file_of(tmp_path, "a@x.au,a,2013,pass1234", mode=0o644)
    with pytest.raises(AccountsError, match=r"accounts\.csv:2: secret: .*chmod 600") as caught:
        read_accounts(path)
    assert "pass1234" not in str(caught.value)
    assert read_accounts(path, trust=True)[0].password == "pass1234"


def test_a_file_for_everybody_may_name_where_the_passwords_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EXSIM_TEST_PASSWORD", SECRET)
    path = file_of(tmp_path, "a@x.au,a,2013,env:EXSIM_TEST_PASSWORD", mode=0o644)
    assert len(read_accounts(path)) == 1


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "holds no account"),
        (HEADING, "holds no account"),
        (HEADING + "x" * 200_000, "is no CSV: "),
        ("a@x.au,a,2013,x\n", "the first line must be email,logon,home,secret"),
    ],
)
def test_a_file_without_accounts_says_so(tmp_path: Path, text: str, expected: str) -> None:
    path = tmp_path / "accounts.csv"
    path.write_text(text)
    with pytest.raises(AccountsError, match=expected):
        read_accounts(path)


def test_a_file_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(AccountsError, match=r"^accounts\.csv: cannot be read: No such file"):
        read_accounts(tmp_path / "accounts.csv")


def test_a_spreadsheets_mark_and_line_ends_are_no_trouble(tmp_path: Path) -> None:
    path = tmp_path / "accounts.csv"
    path.write_bytes(("\ufeff" + HEADING + "a@x.au,a,2013,x\n").replace("\n", "\r\n").encode())
    assert read_accounts(path, trust=True)[0].password == "x"


def test_a_password_is_in_neither_repr_nor_claim() -> None:
    account = Account("a@x.au", "LAB\\a", "2013", SECRET, node="EXCH13", sid="S-1-5-21-1-2-3-1101")
    assert SECRET not in repr(account) + str(account) + repr([account])
    assert SECRET not in str(account.claim())
    assert account.claim()["address"] == "a@x.au"
