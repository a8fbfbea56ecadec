"""NDR, little endian, as far as the calls to a mailbox need it (C706 chapter 14): a writer and a reader.

Each value stands at a multiple of its own size, counted from the start of the stub.
"""

from __future__ import annotations

from exsim.wire.errors import WireError


class Writer:
    """Collects the values of one stub in their order."""

    def __init__(self) -> None:
        self._data = bytearray()
        self._pointers = 0x20000  # referents are any numbers but zero

    def number(self, value: int, size: int = 4) -> Writer:
        self._align(size)
        self._data += value.to_bytes(size, "little")
        return self

    def raw(self, value: bytes) -> Writer:
        """Bytes of a fixed structure that begins at a multiple of four."""
        self._align(4)
        self._data += value
        return self

    def shorts(self, values: tuple[int, ...]) -> Writer:
        """A fixed array of 16-bit numbers."""
        for value in values:
            self.number(value, 2)
        return self

    def array(self, value: bytes) -> Writer:
        """A conformant array of bytes."""
        self.number(len(value))
        self._data += value
        return self

    def varying(self, value: bytes) -> Writer:
        """A conformant varying array of bytes."""
        self.number(len(value)).number(0).number(len(value))
        self._data += value
        return self

    def text(self, value: str) -> Writer:
        """A string of 8-bit characters, ended by a zero."""
        return self.varying(value.encode("latin-1", "replace") + b"\0")

    def text_at(self, value: str) -> Writer:
        """A pointer to such a string, and the string."""
        self._pointers += 4
        return self.number(self._pointers).text(value)

    def done(self) -> bytes:
        return bytes(self._data)

    def _align(self, size: int) -> None:
        self._data += bytes(-len(self._data) % size)


class Reader:
    """Takes the values of one stub in their order.  Raises WireError where it ends too early."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def number(self, size: int = 4) -> int:
        return int.from_bytes(self._take(size, size), "little")

    def raw(self, size: int) -> bytes:
        return self._take(size, 4)

    def shorts(self, count: int) -> tuple[int, ...]:
        return tuple(self.number(2) for _ in range(count))

    def array(self) -> bytes:
        return self._take(self.number(), 1)

    def varying(self) -> bytes:
        most, offset, count = self.number(), self.number(), self.number()
        if offset or count > most:
            raise WireError("not a whole array")
        return self._take(count, 1)

    def text(self) -> str:
        return self.varying().partition(b"\0")[0].decode("latin-1")

    def text_at(self) -> str:
        return self.text() if self.number() else ""

    def _take(self, count: int, align: int) -> bytes:
        start = self._at + -self._at % align
        if start + count > len(self._data):
            raise WireError("the stub ends within a value")
        self._at = start + count
        return self._data[start : self._at]
