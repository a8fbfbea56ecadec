"""The calls of a mail client to its mailbox over RPC (MS-OXCRPC): stubs to values and back.

A handle is 20 bytes that the server chose; all zero when there is none.
"""

from __future__ import annotations

from dataclasses import dataclass

from exsim.wire.ndr import Reader, Writer

EMSMDB = ("a4f1db00-ca47-1067-b31f-00dd010662da", 0, 81)
ASYNC_EMSMDB = ("5261574a-4572-206e-b268-6b199213b4e4", 0, 1)
RFR = ("1544f5e0-613c-11d1-93df-00c04fd7bd09", 1, 0)
NSPI = ("f5cc5a18-4264-101a-8c59-08002b2f8426", 56, 0)
DISCONNECT, DUMMY, CONNECT, RPC, ASYNC_CONNECT = 1, 6, 10, 11, 14  # operations of EMSMDB
ASYNC_WAIT = 0  # of AsyncEMSMDB

NO_HANDLE = bytes(20)
LARGEST_AUXILIARY = 0x1008
LARGEST_BUFFER = 0x40000
EVENTS_PENDING = 1  # flag of an answer to the asynchronous wait

# What goes wrong
BAD_STUB = 0x6F7  # RPC_X_BAD_STUB_DATA
CONTEXT_MISMATCH = 0x1C00001A  # nca_s_fault_context_mismatch (C706): no such handle
OPERATION_RANGE = 0x1C010002  # nca_op_rng_error (C706): no such operation
TOO_BUSY = 0x6BB  # RPC_S_SERVER_TOO_BUSY
RPC_FAILED = 0x80040115  # ecRpcFailed
LOGIN_FAILURE = 0x80040111  # ecLoginFailure


@dataclass(frozen=True, slots=True)
class Connect:
    """EcDoConnectEx: who asks, with which version."""

    user: str
    flags: int = 0
    code_page: int = 1252
    sort_locale: int = 1033
    string_locale: int = 1033
    version: tuple[int, ...] = (15, 4420, 1017)  # as Outlook 2013 has it; *assumed*
    time_stamp: int = 0
    auxiliary: bytes = b""

    def encode(self) -> bytes:
        writer = Writer().text(self.user).number(self.flags).number(0).number(0)
        writer.number(self.code_page).number(self.string_locale).number(self.sort_locale)
        writer.number(0xFFFFFFFF).number(1, 2).shorts(self.version).number(self.time_stamp)
        writer.array(self.auxiliary).number(len(self.auxiliary)).number(LARGEST_AUXILIARY)
        return writer.done()

    @classmethod
    def decode(cls, stub: bytes) -> Connect:
        reader = Reader(stub)
        user, flags = reader.text(), reader.number()
        reader.number(), reader.number()
        page, strings, sort = reader.number(), reader.number(), reader.number()
        reader.number(), reader.number(2)
        version, stamp, auxiliary = reader.shorts(3), reader.number(), reader.array()
        reader.number(), reader.number()
        return cls(user, flags, page, sort, strings, version, stamp, auxiliary)


@dataclass(frozen=True, slots=True)
class Connected:
    """EcDoConnectEx's answer.  `polls`, `delay` in milliseconds; `session` is iCxr."""

    handle: bytes
    display_name: str = ""
    prefix: str = ""
    polls: int = 60000
    retries: int = 6
    delay: int = 10000
    session: int = 0
    server_version: tuple[int, ...] = (0, 0, 0)
    best_version: tuple[int, ...] = (0, 0, 0)
    time_stamp: int = 0
    result: int = 0

    def encode(self) -> bytes:
        writer = Writer().raw(self.handle).number(self.polls).number(self.retries)
        writer.number(self.delay).number(self.session, 2).text_at(self.prefix)
        writer.text_at(self.display_name).shorts(self.server_version).shorts(self.best_version)
        writer.number(self.time_stamp).varying(b"").number(0).number(self.result)
        return writer.done()

    @classmethod
    def decode(cls, stub: bytes) -> Connected:
        reader = Reader(stub)
        handle, polls, retries = reader.raw(20), reader.number(), reader.number()
        delay, session, prefix = reader.number(), reader.number(2), reader.text_at()
        name, server, best = reader.text_at(), reader.shorts(3), reader.shorts(3)
        stamp = reader.number()
        reader.varying(), reader.number()
        result = reader.number()
        return cls(
            handle, name, prefix, polls, retries, delay, session, server, best, stamp, result
        )


@dataclass(frozen=True, slots=True)
class Rpc:
    """EcDoRpcExt2: `data` is the packed buffer of ROPs (`wire.rop`)."""

    handle: bytes
    data: bytes
    flags: int = 3  # neither compressed nor masked

    def encode(self) -> bytes:
        writer = Writer().raw(self.handle).number(self.flags).array(self.data)
        writer.number(len(self.data)).number(LARGEST_BUFFER).array(b"").number(0)
        return writer.number(LARGEST_AUXILIARY).done()

    @classmethod
    def decode(cls, stub: bytes) -> Rpc:
        reader = Reader(stub)
        handle, flags, data = reader.raw(20), reader.number(), reader.array()
        reader.number(), reader.number(), reader.array(), reader.number(), reader.number()
        return cls(handle, data, flags)


@dataclass(frozen=True, slots=True)
class RpcDone:
    """EcDoRpcExt2's answer."""

    handle: bytes
    data: bytes
    flags: int = 0
    elapsed: int = 0
    result: int = 0

    def encode(self) -> bytes:
        writer = Writer().raw(self.handle).number(self.flags).varying(self.data)
        writer.number(len(self.data)).varying(b"").number(0).number(self.elapsed)
        return writer.number(self.result).done()

    @classmethod
    def decode(cls, stub: bytes) -> RpcDone:
        reader = Reader(stub)
        handle, flags, data = reader.raw(20), reader.number(), reader.varying()
        reader.number(), reader.varying(), reader.number()
        return cls(handle, data, flags, reader.number(), reader.number())


@dataclass(frozen=True, slots=True)
class Handled:
    """A handle and a number: what the shorter calls and answers consist of.

    Disconnect: handle; its answer: no handle, result.  Asynchronous connect: handle; its answer: another
    handle, result.  Asynchronous wait: that handle, flags.
    """

    handle: bytes
    number: int | None = None

    def encode(self) -> bytes:
        writer = Writer().raw(self.handle)
        return writer.done() if self.number is None else writer.number(self.number).done()

    @classmethod
    def decode(cls, stub: bytes, numbered: bool = True) -> Handled:
        reader = Reader(stub)
        return cls(reader.raw(20), reader.number() if numbered else None)


@dataclass(frozen=True, slots=True)
class Waited:
    """The answer to the asynchronous wait."""

    flags: int
    result: int = 0

    def encode(self) -> bytes:
        return Writer().number(self.flags).number(self.result).done()

    @classmethod
    def decode(cls, stub: bytes) -> Waited:
        reader = Reader(stub)
        return cls(reader.number(), reader.number())
