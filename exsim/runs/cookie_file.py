"""A file of cookies that a browser exported (Netscape's format): a session that somebody logged on to there.

Whoever holds the file is logged on, so only its owner may read it, and nothing of it is ever written down.
"""

from __future__ import annotations

import io
import os
import warnings
from http.cookiejar import LoadError, MozillaCookieJar
from pathlib import Path

from exsim.protocols.jar import Cookie, domain_matches
from exsim.runs import given

EACH = "{email}"  # in the name of a file: one for each account


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
        text = given.text(path)
        jar = MozillaCookieJar()
        with warnings.catch_warnings():  # of a line that is no cookie: with the line in it
            warnings.simplefilter("ignore")
            # load() opens the file by itself, without a bound
            jar._really_load(io.StringIO(text), str(path), True, True)  # type: ignore[attr-defined]
    except (LoadError, UnicodeDecodeError, ValueError) as problem:
        if isinstance(problem, CookieFileProblem):
            raise
        # a LoadError quotes the line that it stumbled over, value and all
        raise CookieFileProblem(
            f"{path}: is no cookie file; expected is Netscape's format, as browsers' extensions export it"
        ) from None
    except OSError as problem:
        raise CookieFileProblem(f"{path}: cannot be read: {problem.strerror}") from None
    name = host.lower().partition(":")[0]
    found = tuple(
        Cookie(one.name, one.value or "", one.path or "/", _domain(one.domain, name), True, _end(one.expires))
        for one in jar
        if domain_matches(name, one.domain.lower().removeprefix("."))
    )  # fmt: skip
    if not found:
        raise CookieFileProblem(f"{path}: holds no cookie of {name}")
    return found


def _domain(domain: str, host: str) -> str:
    """As the jar keeps it: "" is the host alone."""
    wide = domain.lower().removeprefix(".")
    return "" if wide == host else wide


def _end(expires: int | None) -> float | None:
    """0 stands for a cookie of the browser's session in such files."""
    return float(expires) if expires else None
