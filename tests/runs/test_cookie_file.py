"""Falls if: a file of cookies that others may read is taken, cookies of other hosts are, one that is no such file
is a traceback, or what an error says quotes a value."""

from __future__ import annotations

from http.cookiejar import Cookie as HttpCookie
from http.cookiejar import MozillaCookieJar
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
    "row",
    [
        ".example.com\tTRUE\t/\tTRUE\t0\ta\tb=c",
        "example.com\tTRUE\t/\tTRUE\t\ta\tb=c",  # as some extensions write it, and curl takes it
        "#HttpOnly_example.com\tTRUE\t\tTRUE\t0\ta\tb=c\r",
        ".example.com\tTRUE\t/\tTRUE\t0\ta\tolder\n\n# so\n.example.com\tTRUE\t/\tTRUE\t0.0\ta\tb=c",
    ],
)
def test_each_way_of_writing_a_cookie_down_is_read(tmp_path: Path, row: str) -> None:
    file = tmp_path / "c.txt"
    file.write_bytes(f"{HEAD}{row}\n".encode())
    file.chmod(0o600)
    (one,) = read_cookies(file, "mail.example.com")
    assert (one.name, one.value, one.path, one.domain, one.expires) == (
        "a",
        "b=c",
        "/",
        "example.com",
        None,
    )


def test_what_the_standard_library_writes_is_read(tmp_path: Path) -> None:
    jar = MozillaCookieJar()
    for expires, flags in ((1999999999, {}), (None, {"HttpOnly": ""})):
        name = f"c{expires}"
        jar.set_cookie(HttpCookie(0, name, "v", None, False, "mail.example.com", False, False, "/owa", True, True, expires, expires is None, None, None, flags))  # fmt: skip
    file = written(tmp_path / "c.txt", "")
    jar.save(str(file), ignore_discard=True, ignore_expires=True)
    found = {(one.name, one.value, one.path, one.expires) for one in read_cookies(file, "mail.example.com")}  # fmt: skip
    assert found == {("c1999999999", "v", "/owa", 1999999999.0), ("cNone", "v", "/owa", None)}


@pytest.mark.parametrize(
    ("text", "mode", "words"),
    [
        (HEAD + ROWS, 0o640, "chmod 600"),
        (ROWS, 0o600, "is no cookie file"),
        (HEAD + f"mail.example.com {SECRET}\n", 0o600, "is no cookie file"),
        (HEAD + "other.example\tFALSE\t/\tTRUE\t0\ta\tb\n", 0o600, "holds no cookie of mail.example.com"),
        ("\x00\xff", 0o600, "is no cookie file"),
        ("", 0o600, "is no cookie file"),
        (HEAD + f"mail.example.com\tFALSE\t/\tTRUE\tsoon\ta\t{SECRET}\n", 0o600, "is no cookie file"),
        (HEAD + f"mail.example.com\tFALSE\t/\tTRUE\t1e999\ta\t{SECRET}\n", 0o600, "is no cookie file"),
        (HEAD + f"mail.example.com\tFALSE\t/\tTRUE\t0\ta\t{SECRET}\tmore\n", 0o600, "is no cookie file"),
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
