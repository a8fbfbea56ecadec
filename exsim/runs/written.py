"""A file that is made again, written in one step: whoever reads it sees the former one or this one, whole.

What stands in its place is replaced and never opened, so that a pipe or a device there takes nothing and
holds nobody.  Not for places that an operator names: there a pipe is meant.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import get_ident
from typing import BinaryIO


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """A file that stands at `path` when the block is over, and not at all where it failed.

    Raises OSError, of `path` where the system names a file; of a full disk it names none.
    """
    part = path.with_name(f".{path.name}-{os.getpid()}-{get_ident()}")  # no other thread's
    try:
        part.unlink(missing_ok=True)  # of one that was killed
        with part.open("xb") as file:
            yield file
        part.replace(path)
    except OSError as problem:
        if problem.filename is not None:
            problem.filename, problem.filename2 = str(path), None
        raise
    finally:
        part.unlink(missing_ok=True)


def replace(path: Path, content: bytes | str) -> None:
    """The same with all its content; text as UTF-8, each line ended as this system does.  Raises OSError."""
    if isinstance(content, str):
        content = content.replace("\n", os.linesep).encode()
    with replacing(path) as file:
        file.write(content)
