"""The handle of a standing lab: a socket that tells everybody who may open it the same document."""

from __future__ import annotations

import contextlib
import socket
from pathlib import Path
from threading import Thread
from types import TracebackType

from exsim.lab.errors import LabError

LIMIT = 5.0  # seconds that one reader may take


class Handle:
    """`with Handle(path, document):` and `path` answers, until the block ends.

    The directory is the owner's alone.  Raises LabError when another lab answers there already.
    """

    def __init__(self, path: Path, document: bytes) -> None:
        self.path = path
        self.document = document
        self._listener: socket.socket | None = None

    def __enter__(self) -> Handle:
        self.path.parent.mkdir(mode=0o700, exist_ok=True)
        if self.path.parent.stat().st_mode & 0o077:
            raise LabError(f"{self.path.parent}: others may enter it; it must be mode 0700")
        if _answers(self.path):
            raise LabError("a lab of this scenario stands already")
        self.path.unlink(missing_ok=True)  # of one that was killed
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(self.path))
        self._listener.listen()
        Thread(target=self._serve, args=(self._listener,), daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        listener, self._listener = self._listener, None
        if listener is not None:
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            listener.close()
        self.path.unlink(missing_ok=True)

    def _serve(self, listener: socket.socket) -> None:
        while True:
            try:
                reader, _ = listener.accept()
            except OSError:
                return
            with reader, contextlib.suppress(OSError):
                reader.settimeout(LIMIT)
                reader.sendall(self.document)


def ask(path: Path) -> bytes:
    """What the lab behind the handle tells.  Raises LabError when none stands there."""
    with socket.socket(socket.AF_UNIX) as asking:
        asking.settimeout(LIMIT)
        try:
            asking.connect(str(path))
            return b"".join(iter(lambda: asking.recv(65536), b""))
        except OSError as problem:
            raise LabError(f"{path}: no lab answers: {problem.strerror or problem}") from None


def _answers(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as asking:
        try:
            asking.connect(str(path))
        except OSError:
            return False
        return True
