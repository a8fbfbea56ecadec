"""A TOML file that an operator wrote, as a dictionary, or the one line that says why it is none."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from exsim.runs.errors import ScenarioError


def text_of(path: Path, encoding: str = "utf-8-sig") -> str:
    """What stands in `path`.  Raises ScenarioError.

    A byte order mark, as Windows writes it, is no part of a document; in a balancer's file ("utf-8") it is
    one, since the balancer itself stumbles over it.
    """
    try:
        return path.read_text(encoding=encoding)
    except OSError as problem:
        raise ScenarioError(str(path), "", f"cannot be read: {problem.strerror}") from None
    except UnicodeDecodeError:
        raise ScenarioError(str(path), "", "is not UTF-8 text") from None


def parsed(text: str, file: str) -> dict[str, Any]:
    """`text` as TOML; `file` is what the complaint calls it.  Raises ScenarioError."""
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as problem:
        raise ScenarioError(file, "", f"is not TOML: {problem}") from None
    except RecursionError:
        raise ScenarioError(
            file, "", "is not TOML: lists or tables too deep in one another"
        ) from None
    except ValueError:  # Python's own bound, against numbers that take minutes to read
        raise ScenarioError(file, "", "is not TOML: a number has too many digits") from None


def is_there(path: Path) -> bool:
    """Whether there is such a file; no file has a name that the system refuses."""
    try:
        return path.is_file()
    except OSError:
        return False
