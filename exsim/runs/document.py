"""A text that an operator wrote, and TOML as a dictionary; or the one line that says why it is none."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

from exsim.runs import given
from exsim.runs.errors import ScenarioError

MOST = 4 << 20  # characters; Python's parser takes some seconds for them
DEEPEST = 50  # names with dots between them: of 30,000 that parser makes four gigabytes
_NO_KEY = re.compile(r"""\"(?:[^"\\\n]|\\.)*"|'[^'\n]*'|\#[^\n]*""")  # strings and comments
_BETWEEN = re.compile(r"[,=\[\]{}\n]")


def text_of(path: Path, encoding: str = "utf-8-sig") -> str:
    """What stands in `path`.  Raises ScenarioError.

    A byte order mark, as Windows writes it, is no part of a document; in a balancer's file ("utf-8") it is
    one, since the balancer itself stumbles over it.
    """
    try:
        return given.text(path, encoding)
    except OSError as problem:
        raise ScenarioError(str(path), "", f"cannot be read: {problem.strerror}") from None
    except UnicodeDecodeError:
        raise ScenarioError(str(path), "", "is not UTF-8 text") from None


def parsed(text: str, file: str) -> dict[str, Any]:
    """`text` as TOML; `file` is what the complaint calls it.  Raises ScenarioError."""
    if len(text) > MOST:
        raise ScenarioError(file, "", f"has more than {MOST >> 20} MiB")
    if _is_deep(text):
        raise ScenarioError(file, "", f"is not TOML: a key of more than {DEEPEST} names")
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


def _is_deep(text: str) -> bool:
    bare = _NO_KEY.sub("", text)
    return any(part.count(".") >= DEEPEST for part in _BETWEEN.split(bare))
