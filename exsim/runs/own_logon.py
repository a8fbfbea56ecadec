"""A logon flow of the user's own: `[target] logon = "module:flow"`, found beside the scenario or installed."""

from __future__ import annotations

import importlib
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from exsim.protocols.owa.brought import OwnLogonError

OWN_LOGON_FAILED = "own_logon_failed"  # the mark of a flow that raised


class OwnLogonProblem(ValueError):
    """A flow that cannot be had.  The text fits behind a key."""


# What a module may raise while it is imported; a script that ends itself would otherwise end us, with its own code.
OF_ITS_BODY = (
    *(ArithmeticError, AssertionError, AttributeError, LookupError, NameError, OSError),
    *(RuntimeError, TypeError, ValueError, SystemExit),
)


@dataclass(frozen=True, slots=True)
class OwnLogon:
    """`flow(client, account)` yields commands, and returns the path to go on at, or None: not let in."""

    named: str
    file: str
    flow: Callable[[Any, Any], Any]

    def blame(self, error: BaseException) -> str:
        """One sentence, where `error` was raised by this flow or below it; "" where it was not.

        What the error itself says is left out: it may quote the password.
        """
        if isinstance(error, OwnLogonError):
            return f"target.logon: {self.named}: {error}"
        lines = [
            at.lineno
            for at in traceback.extract_tb(error.__traceback__)
            if at.filename == self.file
        ]
        if not lines:
            return ""
        return f"target.logon: {self.named} failed in line {lines[-1]}: {type(error).__name__}"


def load_own_logon(named: str, folder: Path) -> OwnLogon:
    """The flow called `named` ("module:flow").  Raises OwnLogonProblem."""
    module, _, name = named.partition(":")
    place = str(folder.resolve())
    sys.path.insert(0, place)
    try:
        found = importlib.import_module(module)
    except (ImportError, SyntaxError) as problem:
        why = problem.msg or type(problem).__name__
        raise OwnLogonProblem(f'"{named}": cannot be imported: {why}') from None
    except OF_ITS_BODY as problem:  # what the error says is left out, as below
        why = type(problem).__name__
        raise OwnLogonProblem(f'"{named}": cannot be imported: {module} raises {why}') from None
    finally:
        sys.path.remove(place)
    flow = getattr(found, name, None)
    if flow is None:
        raise OwnLogonProblem(f'"{named}": {module} has no {name}')
    if not callable(flow):
        raise OwnLogonProblem(f'"{named}": is no function of (client, account)')
    return OwnLogon(named, str(getattr(found, "__file__", "") or ""), flow)
