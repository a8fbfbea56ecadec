"""A file of cookies that a browser exported (Netscape's format): a session that somebody logged on to there.

Whoever holds the file is logged on, so only its owner may read it, and nothing of it is ever written down.
That is why it is read here: http.cookiejar takes only the name of a file, and reads that without a bound.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from exsim.protocols.jar import Cookie, domain_matches
from exsim.runs import given

EACH = "{email}"  # in the name of a file: one for each account
HEAD = re.compile(r"#( Netscape)? HTTP Cookie File")
HTTP_ONLY = "#HttpOnly_"  # before a line that is a cookie all the same


class CookieFileProblem(ValueError):
    """A file that cannot be used.  The text fits behind a key."""


def read_cookies(path: Path, host: str) -> tuple[Cookie, ...]:
    """The cookies of `path` that a browser would send to `host`; those of other hosts are left alone.

    Raises CookieFileProblem.
    """
    try:
        if os.name != "nt" and path.stat().st_mode & 0o077:
            raise CookieFileProblem(
                f"{path}: others may read it, and who holds it is logged on; chmod 600"
            )
        rows = {(one.domain, one.path, one.name): one for one in _rows(given.text(path))}
    except CookieFileProblem:
        raise
    except (ValueError, OverflowError):  # its words quote the line, value and all
        raise CookieFileProblem(
            f"{path}: is no cookie file; expected is Netscape's format, as browsers' extensions export it"
        ) from None
    except OSError as problem:
        raise CookieFileProblem(f"{path}: cannot be read: {problem.strerror}") from None
    name = host.lower().partition(":")[0]
    found = tuple(
        Cookie(one.name, one.value, one.path or "/", _domain(one.domain, name), True, one.expires)
        for one in rows.values()
        if domain_matches(name, one.domain.lower().removeprefix("."))
    )  # fmt: skip
    if not found:
        raise CookieFileProblem(f"{path}: holds no cookie of {name}")
    return found


class _Row(NamedTuple):
    """One cookie as the file has it.  `expires`: seconds since 1970, None with the browser's session."""

    domain: str
    path: str
    expires: int | None
    name: str
    value: str


def _rows(text: str) -> Iterator[_Row]:
    """Each line of seven fields.  Raises ValueError for anything else that is no comment, OverflowError for a time."""
    head, *lines = text.split("\n")
    if not HEAD.match(head):
        raise ValueError("the first line is another")
    for line in lines:
        row = line.removeprefix(HTTP_ONLY)
        if not row.strip() or row.lstrip().startswith(("#", "$")):
            continue
        # whether hosts below the domain are meant (the second) is told by its dot; all goes over TLS (the fourth)
        domain, _, path, _, expires, name, value = row.split("\t")
        if not name:  # a cookie that is a value alone, as http.cookiejar has it
            name, value = value, ""
        yield _Row(domain, path, int(float(expires or 0)) or None, name, value)


def _domain(domain: str, host: str) -> str:
    """As the jar keeps it: "" is the host alone."""
    wide = domain.lower().removeprefix(".")
    return "" if wide == host else wide
