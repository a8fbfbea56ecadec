"""One virtual connection: an IN channel, an OUT channel, and what waits to go out.

No sockets and no clock here: the works of the two channels (`service`) ask this for what is due, and ring
each other by its signals.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from exsim.org.outlook_anywhere.calls import Calls
from exsim.org.work import Signal
from exsim.wire import rts

WINDOW = 65536  # bytes of RPC packets that a client may have on the way (CONN/C2)


@dataclass(slots=True)
class Inbound:
    """An IN channel.  `lifetime`: bytes that it may carry."""

    cookie: bytes
    lifetime: int
    received: int = 0  # all bytes
    counted: int = 0  # bytes of RPC packets, which alone flow control counts
    told: int = 0  # of them, acknowledged


@dataclass(slots=True)
class Outbound:
    """An OUT channel.  `room`: bytes of RPC packets that its client can take before it acknowledges."""

    cookie: bytes
    room: int
    left: int  # bytes of its Content-Length
    counted: int = 0
    acknowledged: int = 0


class Pair:
    """One virtual connection.  `over` for good when one of its channels has ended."""

    def __init__(self, forget: Callable[[], object]) -> None:
        self.inbound: Inbound | None = None
        self.outbound: Outbound | None = None
        self.successor: Outbound | None = None  # of the OUT channel, while it is being replaced
        self.confirmed = False  # the client said on the IN channel that it goes on there
        self.keep_alive = 0  # milliseconds, as the client said
        self.heard = 0  # pieces that came in
        self.over = False
        self.why = ""
        self.outward = Signal()  # something for the OUT channel's work
        self.inward = Signal()  # something for the IN channel's work
        self._calls: Calls | None = None
        self._waiting: deque[bytes] = deque()
        self._forget = forget

    @property
    def joined(self) -> bool:
        return self.inbound is not None and self.outbound is not None

    def join(self, channel: Inbound | Outbound) -> None:
        """One of the two channels is there."""
        if isinstance(channel, Inbound):
            self.inbound = channel
        else:
            self.outbound = channel
        self.outward.ring()
        self.inward.ring()

    def succeed(self, channel: Outbound | None) -> None:
        """A successor of the OUT channel is there, or has given up."""
        self.successor, self.confirmed = channel, False
        self.outward.ring()

    def switch(self) -> None:
        """From now on everything goes out on the successor."""
        self.outbound = self.successor
        self.succeed(None)

    def end(self, why: str) -> None:
        """The virtual connection is broken, and all that hung on it with it."""
        if not self.over:
            self.over, self.why = True, why
            self._forget()
            self.outward.ring()
            self.inward.ring()

    # What goes out --------------------------------------------------------------------------------
    def say(self, packet: bytes) -> None:
        """A packet for the client."""
        self._waiting.append(packet)
        self.outward.ring()

    def next(self) -> bytes | None:
        """What may go out now; None while there is nothing, or the client has no room for it."""
        out = self.outbound
        if not self._waiting or out is None:
            return None
        packet = self._waiting[0]
        counts = packet[2] != rts.PACKET_TYPE
        waiting = out.counted - out.acknowledged
        if counts and waiting and waiting + len(packet) > out.room:
            return None
        if counts:
            out.counted += len(packet)
        return self._waiting.popleft()

    def _acknowledged(self, ack: rts.Ack) -> None:
        """The client has taken what was sent to it."""
        out = self.outbound
        if out is not None and out.cookie == ack.cookie and ack.received <= out.counted:
            out.acknowledged = max(out.acknowledged, ack.received)
            out.room = ack.window
            self.outward.ring()

    # What comes in --------------------------------------------------------------------------------
    def open(self, calls: Calls) -> None:
        """What is called here is answered by `calls`."""
        self._calls = calls

    def hear(self, packet: bytes, now: float) -> None:
        """A packet came in.  Raises WireError at what cannot be read."""
        self.heard += 1
        if packet[2] == rts.PACKET_TYPE:
            self._told(rts.decode(packet))
            return
        self._count(packet)
        for answer in self._calls.take(packet, now) if self._calls is not None else ():
            self.say(answer)

    def _told(self, packet: rts.Packet) -> None:
        """What a client says of its channels; a PING says no more than that it is there."""
        for command in packet.commands:
            if isinstance(command.value, rts.Ack):
                self._acknowledged(command.value)
        successor = self.successor
        if packet.kinds == rts.OUT_R2_A7 and successor and packet.cookies == (successor.cookie,):
            self.confirmed = True
            self.outward.ring()

    def tick(self, now: float) -> None:
        """Say what is due at `now`."""
        for answer in self._calls.due(now) if self._calls is not None else ():
            self.say(answer)

    def _count(self, packet: bytes) -> None:
        """Acknowledge RPC packets when half the window is used up (MS-RPCH)."""
        channel = self.inbound
        if channel is None:
            return
        channel.counted += len(packet)
        if channel.counted - channel.told > WINDOW // 2:
            channel.told = channel.counted
            ack = rts.Ack(channel.counted, WINDOW, channel.cookie)
            self.say(rts.encode(rts.flow_ack(rts.CLIENT, ack)))
