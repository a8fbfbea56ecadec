"""What is called over one virtual connection: a session with the mailbox, its operations, the long wait.

The session lives as long as the virtual connection (MS-OXCRPC 3.1).  Who calls is who the IN channel's
front end says it is; each answer names the mailbox that it came from.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from exsim.org import operations
from exsim.org.contents import Box
from exsim.org.entropy import Entropy
from exsim.org.settings import Node
from exsim.wire import dce, emsmdb
from exsim.wire.errors import WireError

INTERFACES = (emsmdb.EMSMDB, emsmdb.ASYNC_EMSMDB)
WAIT = 300.0  # seconds for which the asynchronous wait is parked (MS-OXCRPC)
SHORTEST_AUXILIARY = 8  # bytes; between 1 and 7 is an error (MS-OXCRPC)


@dataclass(slots=True)
class Parked:
    """One call that is answered later."""

    call: int
    context: int
    due: float  # by the clock that the works ask
    version: int  # of the mailbox when it was parked


class Fault(Exception):
    """The call cannot be made; `status` is the fault's."""

    def __init__(self, status: int) -> None:
        super().__init__(hex(status))
        self.status = status


class Calls:
    """The calls of one virtual connection, in the name of the owner of `box`."""

    def __init__(self, node: Node, box: Box, entropy: Entropy, wait: float) -> None:
        self._box = box
        self._entropy = entropy
        self._wait = wait
        self._version = tuple(int(part) for part in node.build.split("."))[:3]
        self._contexts: dict[int, dce.Syntax] = {}
        self._sessions: set[bytes] = set()
        self._waits: set[bytes] = set()
        self.parked: list[Parked] = []
        self._operations: dict[tuple[str, int], Callable[[bytes], bytes]] = {
            (emsmdb.EMSMDB[0], emsmdb.CONNECT): self._connect,
            (emsmdb.EMSMDB[0], emsmdb.RPC): self._rpc,
            (emsmdb.EMSMDB[0], emsmdb.DISCONNECT): self._disconnect,
            (emsmdb.EMSMDB[0], emsmdb.DUMMY): lambda stub: bytes(4),
            (emsmdb.EMSMDB[0], emsmdb.ASYNC_CONNECT): self._async_connect,
        }

    def take(self, data: bytes, now: float) -> list[bytes]:
        """The answers to one RPC packet.  Raises WireError at what is no packet."""
        packet = dce.decode(data)
        if packet.kind == dce.BIND:
            return [dce.encode(self._bound(packet))]
        if packet.kind == dce.REQUEST:
            return [dce.encode(answer) for answer in self._called(packet, now)]
        return []  # cancels, and answers to nothing that was asked

    def due(self, now: float) -> list[bytes]:
        """The answers to parked calls whose time has come, or whose mailbox has changed."""
        ripe = [one for one in self.parked if one.due <= now or one.version != self._box.version]
        self.parked = [one for one in self.parked if one not in ripe]
        return [dce.encode(self._waited(one)) for one in ripe]

    def _waited(self, one: Parked, result: int = 0) -> dce.Packet:
        flags = emsmdb.EVENTS_PENDING if one.version != self._box.version else 0
        return dce.response(one.call, emsmdb.Waited(flags, result).encode(), one.context)

    def _bound(self, packet: dce.Packet) -> dce.Packet:
        results = []
        for number, interface in dce.bound(packet):
            results.append(interface in INTERFACES)
            if results[-1]:
                self._contexts[number] = interface
        group = int.from_bytes(self._entropy.take(4), "little") or 1
        return dce.bind_ack(packet.call, results, group, "6001")

    def _called(self, packet: dce.Packet, now: float) -> list[dce.Packet]:
        context, operation, stub = dce.asked(packet)
        interface = self._contexts.get(context, ("", 0, 0))[0]
        try:
            if (interface, operation) == (emsmdb.ASYNC_EMSMDB[0], emsmdb.ASYNC_WAIT):
                self._park(packet.call, context, stub, now)
                return []
            call = self._operations.get((interface, operation))
            if call is None:
                raise Fault(emsmdb.OPERATION_RANGE)
            answers = [dce.response(packet.call, call(stub), context)]
        except Fault as fault:
            return [dce.fault(packet.call, fault.status, context)]
        except WireError:
            return [dce.fault(packet.call, emsmdb.BAD_STUB, context)]
        if not self._sessions and self.parked:  # nothing to wait for any more (result assumed)
            answers += [self._waited(one, emsmdb.RPC_FAILED) for one in self.parked]
            self.parked = []
        return answers

    # One function a call ----------------------------------------------------------------------------
    def _connect(self, stub: bytes) -> bytes:
        asked = emsmdb.Connect.decode(stub)
        if len(asked.auxiliary) > emsmdb.LARGEST_AUXILIARY:
            raise Fault(emsmdb.BAD_STUB)
        if 0 < len(asked.auxiliary) < SHORTEST_AUXILIARY:
            return emsmdb.Connected(emsmdb.NO_HANDLE, result=emsmdb.RPC_FAILED).encode()
        handle = self._handle(self._sessions)
        return emsmdb.Connected(
            handle,
            self._box.marker,
            asked.user.rpartition("/cn=")[0],
            session=len(self._sessions),
            server_version=self._version,
            best_version=asked.version,
        ).encode()

    def _rpc(self, stub: bytes) -> bytes:
        asked = emsmdb.Rpc.decode(stub)
        if asked.handle not in self._sessions:
            raise Fault(emsmdb.CONTEXT_MISMATCH)
        try:
            done = operations.operate(self._box, asked.data)
        except WireError:
            return emsmdb.RpcDone(asked.handle, b"", result=operations.FORMAT_ERROR).encode()
        return emsmdb.RpcDone(asked.handle, done).encode()

    def _disconnect(self, stub: bytes) -> bytes:
        handle = emsmdb.Handled.decode(stub, numbered=False).handle
        if handle not in self._sessions:
            raise Fault(emsmdb.CONTEXT_MISMATCH)
        self._sessions.remove(handle)
        return emsmdb.Handled(emsmdb.NO_HANDLE, 0).encode()

    def _async_connect(self, stub: bytes) -> bytes:
        handle = emsmdb.Handled.decode(stub, numbered=False).handle
        if handle not in self._sessions:
            raise Fault(emsmdb.CONTEXT_MISMATCH)
        return emsmdb.Handled(self._handle(self._waits), 0).encode()

    def _park(self, call: int, context: int, stub: bytes, now: float) -> None:
        handle = emsmdb.Handled.decode(stub).handle
        if handle not in self._waits or not self._sessions:
            raise Fault(emsmdb.CONTEXT_MISMATCH)
        self.parked.append(Parked(call, context, now + self._wait, self._box.version))

    def _handle(self, among: set[bytes]) -> bytes:
        handle = bytes(4) + self._entropy.take(16)
        among.add(handle)
        return handle
