"""The sessions of a run in the order in which they began; those that are over are kept as bytes.

A run of days has hundreds of thousands of sessions, and each is asked for again and again once the run is
over.  Whoever follows a session changes its record until it is *settled*; then it is packed, and a block of
settled ones goes to a file.  With one on disk, what is left in memory grows with the users, and not with the run.
A load judges nothing, and lets go of them.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterator, Sequence
from io import BytesIO
from typing import IO, Protocol, overload

import msgspec
from isal import isal_zlib

from exsim.session.records import Session

BLOCK = 512  # sessions that are read back together: some 40 KB
QUICKLY = 1  # isal's level: a sixth of the size, in less time than the packing itself
FEW = 65_536  # sessions that may stand in memory, some 100 MB: each is read twenty times

Change = Callable[[Session], bool]  # changes a session, and says whether it did
Place = tuple[int, int]  # of a block in the file: where it begins, and its length


class Kept(Protocol):
    """Where the sessions of a run are while they are followed, and afterwards."""

    def append(self, session: Session) -> None:
        """Take a session that has just begun."""

    def settle(self, session: Session) -> None:
        """Nobody changes `session` any more; who goes on doing so does it to a copy."""

    def amend(self, change: Change) -> None:
        """Show every session to `change`, and keep what it changed."""

    def let_go(self) -> list[str]:
        """The ids of those that were settled and are not kept, since this was last asked."""

    def told(self) -> Sequence[Session]:
        """All that there are."""

    def __iter__(self) -> Iterator[Session]: ...


class Packed(Sequence[Session]):
    """Append sessions, settle each when nobody changes it any more, and read them as often as needed.

    Each reading makes the settled ones anew: to change one takes `amend`.  `file`: where blocks go; it is
    read, written and closed here alone.  Without one they stay in memory, packed.
    """

    def __init__(self, file: IO[bytes] | None = None) -> None:
        self._file: IO[bytes] = BytesIO() if file is None else file
        weakref.finalize(self, self._file.close)
        self._blocks: list[Place | list[Session | bytes]] = []
        self._open: dict[int, int] = {}  # id() of a session that is not settled -> its number
        self._unsettled: list[int] = []  # of each block
        self._length = 0
        self._encode = msgspec.msgpack.Encoder().encode
        self._decode = msgspec.msgpack.Decoder(Session).decode
        self._decode_block = msgspec.msgpack.Decoder(list[Session]).decode

    def append(self, session: Session) -> None:
        if self._length % BLOCK == 0:
            self._blocks.append([])
            self._unsettled.append(0)
        self._open[id(session)] = self._length
        self._length += 1
        block = self._blocks[-1]
        assert isinstance(block, list)  # the last one is never full before this
        block.append(session)
        self._unsettled[-1] += 1

    def settle(self, session: Session) -> None:
        number, place = divmod(self._open.pop(id(session)), BLOCK)
        block = self._blocks[number]
        assert isinstance(block, list)  # it waited for this session
        block[place] = self._encode(session)
        self._unsettled[number] -= 1
        if self._unsettled[number] == 0 and len(block) == BLOCK:
            self._blocks[number] = self._write(self._read(block))

    def amend(self, change: Change) -> None:
        for number, block in enumerate(self._blocks):
            sessions = self._read(block)
            changed = [change(session) for session in sessions]
            if not any(changed):
                continue
            if isinstance(block, list):
                for place, session in enumerate(sessions):
                    if isinstance(block[place], bytes):
                        block[place] = self._encode(session)
            else:
                self._blocks[number] = self._write(sessions)

    def _write(self, sessions: Sequence[Session]) -> Place:
        data = isal_zlib.compress(self._encode(sessions), QUICKLY)
        begin = self._file.seek(0, 2)
        self._file.write(data)
        return begin, len(data)

    def _read(self, block: Place | list[Session | bytes]) -> list[Session]:
        if isinstance(block, list):
            return [one if isinstance(one, Session) else self._decode(one) for one in block]
        begin, length = block
        self._file.seek(begin)
        return self._decode_block(isal_zlib.decompress(self._file.read(length)))

    def let_go(self) -> list[str]:
        return []

    def told(self) -> Sequence[Session]:
        """A list where there are few: it is quicker to read."""
        return self if len(self) > FEW else list(self)

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Iterator[Session]:
        for block in self._blocks:
            yield from self._read(block)

    @overload
    def __getitem__(self, index: int) -> Session: ...
    @overload
    def __getitem__(self, index: slice) -> list[Session]: ...
    def __getitem__(self, index: int | slice) -> Session | list[Session]:
        if isinstance(index, slice):
            return [self[number] for number in range(*index.indices(self._length))]
        number, place = divmod(range(self._length)[index], BLOCK)
        return self._read(self._blocks[number])[place]


class Passing:
    """Those that are still followed; a settled one is let go of, so that a load may go on for days."""

    def __init__(self) -> None:
        self._followed: dict[int, Session] = {}  # by id()
        self._gone: list[str] = []

    def append(self, session: Session) -> None:
        self._followed[id(session)] = session

    def settle(self, session: Session) -> None:
        del self._followed[id(session)]
        self._gone.append(session.id)

    def amend(self, change: Change) -> None:
        for session in self._followed.values():
            change(session)

    def let_go(self) -> list[str]:
        gone, self._gone = self._gone, []
        return gone

    def told(self) -> Sequence[Session]:
        return list(self)

    def __iter__(self) -> Iterator[Session]:
        return iter(self._followed.values())
