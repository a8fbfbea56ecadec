"""A file that an operator gave, read whole: within a bound of bytes, and a pipe within a bound of time.

A directory, a device without an end and a file of hundreds of megabytes are mistakes, to be said in a line
and not after minutes.  A pipe is none: `<(gpg -d accounts.csv.gpg)` leaves no passwords on a disk.
"""

from __future__ import annotations

import errno
import os
import stat
import threading
from pathlib import Path

MOST = 16 << 20  # bytes; a file of ten thousand accounts has less than one million
PATIENCE = 60.0  # seconds for whoever writes into a pipe; somebody may be typing a passphrase there
TOO_MUCH = "it has more than {} MiB"


def content(path: Path, most: int = MOST) -> bytes:
    """What stands in `path`.

    Raises OSError, also for what has more than `most` bytes (EFBIG), and for a pipe that is not written to
    its end within `PATIENCE` (ETIMEDOUT).
    """
    read = _piped if stat.S_ISFIFO(path.stat().st_mode) else _whole
    found = read(path, most)
    if len(found) > most:
        raise OSError(errno.EFBIG, TOO_MUCH.format(most >> 20), str(path))
    return found


def text(path: Path, encoding: str = "utf-8", most: int = MOST) -> str:
    """The same as text, each end of a line as "\\n".  Raises OSError and UnicodeDecodeError."""
    found = content(path, most).decode(encoding)
    return found.replace("\r\n", "\n").replace("\r", "\n")


def is_there(path: Path) -> bool:
    """Whether there is something to read; nothing has a name that the system refuses."""
    try:
        return path.exists() and not path.is_dir()
    except (OSError, ValueError):
        return False


def require_ordinary(*files: str) -> None:
    """Raises OSError for a name of `files` that OpenSSL, which reads it by itself and without a bound, must not have.

    A pipe is one: such a file is read more than once.  "" stands for none.
    """
    for file in filter(None, files):
        found = Path(file).stat()
        if stat.S_ISDIR(found.st_mode):
            raise OSError(errno.EISDIR, os.strerror(errno.EISDIR), file)
        if not stat.S_ISREG(found.st_mode):
            raise OSError(errno.EINVAL, "it is no ordinary file", file)
        if found.st_size > MOST:
            raise OSError(errno.EFBIG, TOO_MUCH.format(MOST >> 20), file)


def _whole(path: Path, most: int) -> bytes:
    with path.open("rb") as file:
        return file.read(most + 1)


def _piped(path: Path, most: int) -> bytes:
    """Until its last writer has closed it.  By a thread, since nobody may ever come to write."""
    found: list[bytes | OSError] = []

    def read() -> None:
        try:
            found.append(_whole(path, most))
        except OSError as problem:
            found.append(problem)

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    reader.join(PATIENCE)
    if not found:
        raise OSError(errno.ETIMEDOUT, "nobody wrote it to its end in time", str(path))
    if isinstance(found[0], OSError):
        raise found[0]
    return found[0]
