"""The parts of one worker's history: `w0.jsonl`, then `w0.1.jsonl`, `w0.2.jsonl` and so on, each compressed when full.

A part never changes its name but for `.gz` behind it, holds whole lines, and is followed by the next.
"""

from __future__ import annotations

import contextlib
import gzip
import re
import shutil
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import IO

from isal import igzip, igzip_threaded, isal_zlib

FULL = 64 << 20  # bytes of a part, from which on the next is begun
LEVEL = 1  # the time counts, and lines that are so alike become small at any level
COPIED = 1 << 20  # bytes compressed or read at once; other threads run meanwhile
# What reading a part raises that is not whole
DAMAGED: tuple[type[Exception], ...] = (EOFError, gzip.BadGzipFile, isal_zlib.error)
_NAME = re.compile(r"(?P<worker>.+?)(?:\.(?P<number>\d+))?\.jsonl(?:\.gz)?")


def part(first: Path, number: int) -> Path:
    """The part of this number, of the history that begins with `first`; 0 is `first` itself."""
    return first.with_name(f"{first.stem}.{number}.jsonl") if number else first


def before(plain: Path) -> Path | None:
    """The part that this one follows; None for the first."""
    name = _NAME.fullmatch(plain.name)
    if name is None or name["number"] is None:
        return None
    return part(plain.with_name(name["worker"] + ".jsonl"), int(name["number"]) - 1)


def packed(plain: Path) -> Path:
    """The same part, compressed."""
    return plain.with_name(plain.name + ".gz")


def exists(plain: Path) -> bool:
    """Whether the part is there, compressed or not."""
    return plain.is_file() or packed(plain).is_file()


def opened(plain: Path) -> IO[bytes]:
    """The part's lines, compressed or not, to be read from begin to end; a thread decompresses ahead.

    Raises FileNotFoundError when it is not there; reading it raises one of DAMAGED.
    """
    try:
        return plain.open("rb")
    except FileNotFoundError:
        ahead: IO[bytes] = igzip_threaded.open(packed(plain), "rb", threads=1, block_size=COPIED)
        return ahead


def read_from(plain: Path, place: int, most: int = -1) -> bytes:
    """The part's bytes from `place` on, compressed or not; `most`: no more of them.  Raises as `opened` does."""
    try:
        file: IO[bytes] = plain.open("rb")
    except FileNotFoundError:
        file = igzip.open(packed(plain), "rb")
    with file:
        file.seek(place)
        return file.read(most)


def compress(plain: Path) -> None:
    """Compress a part that is full.  Ended halfway, or without room, it leaves the part as it was."""
    unfinished = plain.with_name(plain.name + ".unfinished")
    try:
        with plain.open("rb") as source, igzip.open(unfinished, "wb", LEVEL) as target:
            shutil.copyfileobj(source, target, COPIED)
        unfinished.replace(packed(plain))
        plain.unlink()
    except OSError:
        with contextlib.suppress(OSError):
            unfinished.unlink()


def by_worker(files: Iterable[Path]) -> list[list[Path]]:
    """Each worker's parts in their order, by the names that they have uncompressed."""
    found: dict[str, dict[int, Path]] = defaultdict(dict)
    for file in sorted(files):
        name = _NAME.fullmatch(file.name)
        if name is None:
            found[str(file)][0] = file
            continue
        plain = file.with_suffix("") if file.suffix == ".gz" else file
        found[str(file.with_name(name["worker"]))][int(name["number"] or 0)] = plain
    return [[parts[number] for number in sorted(parts)] for _, parts in sorted(found.items())]


def missing(parts: list[Path]) -> int:
    """How many of one worker's parts are not there: each but the last was followed by the next."""
    name = _NAME.fullmatch(parts[-1].name)
    return int(name["number"] or 0) + 1 - len(parts) if name is not None else 0


def name_of(worker: int, phase: str) -> str:
    """What the history of one worker in one phase is called: "w0", "w0-unmask"."""
    return f"w{worker}" + ("" if phase in ("", "main") else f"-{phase}")


def of_folder(folder: Path) -> list[Path]:
    """Every part of every worker that stands in `folder`; a pipe or a device is none, and has perhaps no end."""
    found = (*folder.glob("w*.jsonl"), *folder.glob("w*.jsonl.gz"))
    return [path for path in found if path.is_file() or path.is_dir()]


def workers_of(folder: Path) -> list[str]:
    """The names of those who wrote there: "w0", "w1", "w0-unmask"."""
    return [parts[0].name.partition(".")[0] for parts in by_worker(of_folder(folder))]
