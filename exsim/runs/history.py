"""The history of a run: JSON lines, written by the load as answers arrive, and read back whole.

The truth of a run; everything else in its directory can be made again from it.  A worker appends to a
file of its own, and to the next part of it when one is full.  Reading never fails on a line: what cannot be read is counted, and the last line of a
worker that was killed may be torn.
"""

from __future__ import annotations

import heapq
import os
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import msgspec

from exsim.runs import parts
from exsim.session.brief import Longhand, Written
from exsim.session.hop import ConnectionLine, Hop, Line, Mark

CHUNK = 1 << 18  # bytes read at once: some hundreds of lines
BINARY = getattr(os, "O_BINARY", 0)  # on Windows a line's end would become two bytes
# Lines held at most before they are encoded and written: few, so that they are still in the processor's own cache
BATCH = 64
TEMPLATE = b'{"kind":"template"'  # how such a line begins; no brief stands before the first
BRIEF = b'{"kind":"brief"'  # unless the part with the first is gone
Read = Callable[[bytes], Iterable[Written]]


class HistoryWriter:
    """Appends lines to one worker's file.

    Lines are held and written in batches; whoever has a clock calls `flush` at least each second.
    Raises OSError when the file cannot be written, or, with `failed`, tells it that once, and everything after
    it is lost: a run without its history is worth nothing.
    A part of `limit` bytes is full; `full` is told of it and must not block.
    """

    def __init__(
        self,
        path: Path,
        limit: int = parts.FULL,
        full: Callable[[Path], object] = lambda part: None,
        failed: Callable[[OSError], object] | None = None,
    ) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self.written = 0  # lines handed to the operating system
        self._lines: list[Written] = []
        self._encode = msgspec.json.Encoder().encode_lines
        self._limit, self._full = limit, full
        self._failed, self._over = failed, False
        self._part = self._size = 0
        self._file = self._open()

    def append(self, line: Written) -> None:
        """Hold `line`, which nobody changes afterwards; every `BATCH` lines are written."""
        lines = self._lines
        lines.append(line)
        if len(lines) >= BATCH:
            self.flush()

    def flush(self) -> None:
        """Write what is held.  Safe when a signal's handler calls it in the middle of itself."""
        lines, self._lines = self._lines, []
        if not lines or self._over:
            return
        try:
            if self._size >= self._limit:
                self._next()
            self._write(memoryview(self._encode(lines)))
            self.written += len(lines)
        except OSError as problem:
            if self._failed is None:
                raise
            self._over = True
            problem.filename = problem.filename or self.path.name
            self._failed(problem)

    def lost(self, session: str) -> None:
        """A session was lost: everything that is known of it stands there already."""

    def _open(self) -> int:
        path = parts.part(self.path, self._part)
        return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | BINARY, 0o644)

    def _next(self) -> None:
        done = self._file, parts.part(self.path, self._part)
        self._size = 0
        self._part += 1
        self._file = self._open()
        os.close(done[0])
        self._full(done[1])

    def _write(self, data: memoryview) -> None:
        while data:  # a full disk may take a part, and says why it does not take the rest
            taken = os.write(self._file, data)
            self._size += taken
            data = data[taken:]

    def close(self) -> None:
        """Write what is held and let go of the file.  A second call does nothing."""
        if self._file < 0:
            return
        try:
            self.flush()
        finally:
            file, self._file = self._file, -1
            os.close(file)

    def __enter__(self) -> HistoryWriter:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class History:
    """The lines of one run, as often as they are asked for.

    `unreadable` and `torn` count what the last reading left out: lines that are no lines of a history,
    and files that stop in the middle of a line or of what was compressed.  `broken`: parts of which more
    than a line is gone, because they are damaged or not there.
    """

    def __init__(self, files: Iterable[Path]) -> None:
        self.workers = parts.by_worker(files)
        self.unreadable = 0
        self.torn = 0
        self.broken = 0
        decoder = msgspec.json.Decoder(Written)
        self._decode, self._decode_lines = decoder.decode, decoder.decode_lines

    def __iter__(self) -> Iterator[Line]:
        """All workers' lines in the order of arrival; one file's lines keep the order they stand in.

        Each request once: hops that stand in brief are as far as they were kept (`session.brief`).
        """
        return self._merged(self._all)

    def matching(self, wanted: re.Pattern[bytes]) -> Iterator[Line]:
        """The lines in which `wanted` is found, in the same order; the others are not decoded.

        A hop that stands in brief and, because its session was lost, in full comes twice, the second time
        `again`.
        """
        return self._merged(
            lambda chunk: filter(None, map(self._read, _found(wanted, chunk))), again=True
        )

    def _merged(self, read: Read, again: bool = False) -> Iterator[Line]:
        self.unreadable = self.torn = 0
        self.broken = sum(map(parts.missing, self.workers))
        ways = [self._lines_of(files, read, again) for files in self.workers]
        return ways[0] if len(ways) == 1 else heapq.merge(*ways, key=arrival)

    def _lines_of(self, files: Iterable[Path], read: Read, again: bool) -> Iterator[Line]:
        """Part by part, chunk by chunk, each of whole lines but for the last of a file."""
        longhand = Longhand()
        for path in files:
            for chunk in self._chunks(path):
                if longhand.begun or TEMPLATE in chunk or BRIEF in chunk:
                    for line in longhand.expanded(read(chunk)):
                        if line is None:
                            self.unreadable += 1
                        elif again or type(line) is not Hop or not line.again:
                            yield line
                else:
                    yield from read(chunk)  # type: ignore[misc]  # no brief, no template in it

    def _chunks(self, path: Path) -> Iterator[bytes]:
        try:
            with parts.opened(path) as file:
                while chunk := file.read(CHUNK):
                    yield chunk + file.readline()
        except parts.DAMAGED:
            self.torn += 1
            self.broken += 1

    def _all(self, chunk: bytes) -> Iterable[Written]:
        """Every line of a chunk; one by one only where one of them is none."""
        try:
            return self._decode_lines(chunk)
        except (msgspec.DecodeError, ValueError, RecursionError):
            return filter(None, map(self._read, chunk.splitlines(True)))

    def _read(self, raw: bytes) -> Written | None:
        try:
            line: Written = self._decode(raw)
        except (msgspec.DecodeError, ValueError, RecursionError):
            if not raw.endswith(b"\n"):
                self.torn += 1
            elif raw.strip():
                self.unreadable += 1
            return None
        return line


def _found(wanted: re.Pattern[bytes], chunk: bytes) -> Iterator[bytes]:
    """The lines of `chunk` in which `wanted` is found, and every template.

    The whole chunk is looked through at once, because to look at each of millions of lines takes longer.
    """
    if TEMPLATE in chunk:
        lines = chunk.splitlines(True)
        yield from (one for one in lines if one.startswith(TEMPLATE) or wanted.search(one))
        return
    end = 0
    while match := wanted.search(chunk, end):
        begin = chunk.rfind(b"\n", end, match.start()) + 1 or end
        end = chunk.find(b"\n", match.start()) + 1 or len(chunk)
        yield chunk[begin:end]


def arrival(line: Hop | Mark | ConnectionLine) -> float:
    """When a line was written, in seconds since the run began."""
    return line.t + line.took if type(line) is Hop else line.t


def read_history(folder: Path) -> History:
    """The history that stands in `folder`, the files of all workers."""
    return History(parts.of_folder(folder))
