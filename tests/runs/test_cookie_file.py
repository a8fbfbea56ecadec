"""Falls if: a file of cookies that others may read is taken, cookies of other hosts are, one that is no such file
is a traceback, or what an error says quotes a value."""

from __future__ import annotations

from pathlib import Path

import pytest

from exsim.runs.cookie_file import CookieFileProblem, read_cookies

HEAD = "# Netscape HTTP Cookie File\n"
SECRET = "s3cr3t-value"
ROWS = (
    f"#HttpOnly_mail.example.com\tFALSE\t/\tTRUE\t0\tcadata\t{SECRET}\n"
    "mail.example.com\tFALSE\t/owa\tTRUE\t1999999999\tUC\tone\n"
    ".example.com\tTRUE\t/\tFALSE\t0\twide\ttwo\n"
    "sts.example.com\tFALSE\t/\tTRUE\t0\tMSISAuth\tthree\n"
)


def written(path: Path, text: str, mode: int = 0o600) -> Path:
    path.write_text(text)
    path.chmod(mode)
    return path


def test_the_hosts_own_cookies_are_taken_and_no_others(tmp_path: Path) -> None:
    found = read_cookies(written(tmp_path / "c.txt", HEAD + ROWS), "MAIL.example.com")
    assert {(one.name, one.path, one.domain, one.expires) for one in found} == {
        ("cadata", "/", "", None),
        ("UC", "/owa", "", 1999999999.0),
        ("wide", "/", "example.com", None),
    }
    assert SECRET not in repr(found)


@pytest.mark.parametrize(
    ("text", "mode", "words"),
    [
        (HEAD + ROWS, 0o640, "chmod 600"),
        (ROWS, 0o600, "is no cookie file"),
        (HEAD + f"mail.example.com {SECRET}\n", 0o600, "is no cookie file"),
        (HEAD + "other.example\tFALSE\t/\tTRUE\t0\ta\tb\n", 0o600, "holds no cookie of mail.example.com"),
        ("\x00\xff", 0o600, "is no cookie file"),
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_one_line_without_a_value(
    tmp_path: Path, text: str, mode: int, words: str
) -> None:
    with pytest.raises(CookieFileProblem, match=words) as problem:
        read_cookies(written(tmp_path / "c.txt", text, mode), "mail.example.com")
    assert SECRET not in str(problem.value) and "\n" not in str(problem.value)


def test_a_file_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(CookieFileProblem, match="cannot be read: No such file"):
        read_cookies(tmp_path / "none.txt", "mail.example.com")
