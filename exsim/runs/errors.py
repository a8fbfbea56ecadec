"""What an operator got wrong, as one line: where, what was found, and what was expected."""

from __future__ import annotations


class OperatorError(Exception):
    """A mistake that its reader can put right.  The text is one whole line, ready to be printed."""


class ScenarioError(OperatorError):
    """A scenario that cannot be run: file, dotted key, value found, what was expected."""

    def __init__(self, file: str, key: str, problem: str) -> None:
        self.file = file
        self.key = key
        self.problem = problem
        super().__init__(": ".join(part for part in (file, key, problem) if part))


class AccountsError(OperatorError):
    """A line of an accounts file that cannot be used."""


class RunError(OperatorError):
    """A run directory that is not there, or that holds no run."""
