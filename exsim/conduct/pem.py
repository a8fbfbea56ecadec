"""Files of certificates and keys, that OpenSSL reads by itself: looked at before anything is begun."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from exsim.drive.tls import PemError
from exsim.runs import given

Made = TypeVar("Made")


class PemProblem(ValueError):
    """A file that cannot be used.  The text fits behind a key."""


def reading(make: Callable[[], Made], *files: str) -> Made:
    """What `make` makes of `files`, certificate first ("" for none).  Raises PemProblem."""
    try:
        given.require_ordinary(*files)
        return make()
    except PemError:
        what = "certificate and key are" if any(files[1:]) else "a certificate is"
        raise PemProblem(f"{files[0]}: {what} expected, in PEM") from None
    except OSError as problem:
        raise PemProblem(f"{problem.filename or files[0]}: {problem.strerror}") from None
