"""A virtual connection as its client has it: what is sent on IN, what is read on OUT, and what that showed.

Everything that comes is a server's, and may be hostile: what cannot be read ends the tunnel, and nothing
is raised.  What it knows so far is noted as the OUT channel's evidence.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from exsim.protocols.agent import Account, Agent
from exsim.protocols.flow import Channel, Close, End, Flow, Head, Mark, Pause, Receive, Send
from exsim.protocols.outlook_anywhere.settings import Settings
from exsim.session.answers import OTHERS
from exsim.session.hop import Evidence
from exsim.wire import dce, names, rts
from exsim.wire.errors import WireError

WINDOW = 0x40000  # bytes of RPC packets that this client takes before it acknowledges
LIFETIME = 2**30
KEEP_ALIVE = 300_000  # milliseconds; zero fails on real servers (impacket)
GUID = 16
OK = 200
SHORTEST = 0.01  # seconds that a piece which came early counts


class Tunnel:
    """Two channels that were opened; `ended` says why they carry no more, "" while they do.

    `open_another` opens a further OUT channel, for when this one is to be replaced; None: it cannot.
    """

    def __init__(
        self,
        agent: Agent,
        account: Account,
        settings: Settings,
        out: Channel,
        into: Channel,
        open_another: Callable[[], Flow[Channel | None]],
    ) -> None:
        self.out, self.into = out, into
        self.head: Head | None = None  # of the OUT channel
        self.successor: Channel | None = None  # while the OUT channel is being replaced
        self.replaced = 0  # times that it was
        self.ended = ""
        self.accepted = False
        self.owner: str | None = None  # whose mailbox the answers named; the worst counts
        self.code: str | None = None
        self.trips: list[float] = []  # seconds that calls took
        self._account, self._settings = account, settings
        self._agent, self._open_another = agent, open_another
        self._number = agent.number
        self._connection, self._out_cookie, self._in_cookie, self._group = (
            self._cookie() for _ in range(4)
        )
        self._next_cookie = b""  # the successor's
        self._cutter = dce.Cutter()
        self._packets: deque[bytes] = deque()
        self._heard = self._told = 0  # bytes of RPC packets that came, and that were acknowledged
        self._sent = self._taken = 0  # the same in the other direction
        self._room = 0
        self._quiet = 0.0  # seconds since something was sent
        self._calls = 0
        self._parked = 0  # number of the call that is answered when it pleases the server

    def _cookie(self) -> bytes:
        return self._agent.dice.randrange(0, 1 << 128).to_bytes(GUID, "little")

    # Opening ------------------------------------------------------------------------------------
    def begin(self) -> Flow[Head | None]:
        """Say both first words, and wait for CONN/C2.  Back comes the OUT channel's head, if one came."""
        self.head = yield from self._begin()
        return self.head

    def _begin(self) -> Flow[Head | None]:
        window = rts.conn_a1(self._connection, self._out_cookie, WINDOW)
        yield Send(self.out, rts.encode(window))
        first = rts.conn_b1(self._connection, self._in_cookie, LIFETIME, KEEP_ALIVE, self._group)
        yield Send(self.into, rts.encode(first))
        head = yield from self._receive(self._settings.join_limit)
        if not isinstance(head, Head):
            self.ended = head.error or "closed" if isinstance(head, End) else "unreadable"
            return None
        if head.status != OK:
            self.ended = "refused"
            return head
        for kinds in (rts.CONN_A3, rts.CONN_C2):
            packet = yield from self._packet(self._settings.join_limit)
            if isinstance(packet, End):
                self.ended = self.ended or packet.error or "closed"
                return head
            if not self._is(packet, kinds):
                return head
        self.accepted = True
        self._note()
        yield Mark("accepted", {"number": self._number})
        return head

    def _is(self, data: bytes, kinds: tuple[int, ...]) -> bool:
        """Whether this is that packet of the handshake; what it says of rooms is remembered."""
        try:
            packet = rts.decode(data)
        except WireError:
            packet = rts.Packet(0)
        if packet.kinds != kinds:
            self.ended = "unreadable"
            return False
        self._room = packet.number(rts.RECEIVE_WINDOW) or self._room
        return True

    # Calling ------------------------------------------------------------------------------------
    def bind(self, *interfaces: dce.Syntax) -> Flow[bool]:
        """Bind to interfaces; whether all were accepted."""
        self._calls += 1
        packet = dce.bind(*interfaces, call=self._calls)
        answer = yield from self._exchange(packet)
        if answer is None:
            return False
        try:
            if all(dce.accepted(answer)):
                return True
        except WireError:
            self.ended = "unreadable"
            return False
        return self.fail("bind refused")

    def call(self, operation: int, stub: bytes, context: int = 0) -> Flow[bytes | None]:
        """One call; the stub of its answer, or None when the tunnel has ended over it."""
        self._calls += 1
        begun: float = yield Pause(0)
        answer = yield from self._exchange(dce.request(self._calls, operation, stub, context))
        if answer is None:
            return None
        done: float = yield Pause(0)
        self.trips.append(done - begun)
        try:
            if answer.kind == dce.FAULT:
                self.fail(f"fault {dce.fault_status(answer):08x}")
                return None
            return dce.answered(answer)
        except WireError:
            self.ended = "unreadable"
            return None

    def park(self, operation: int, stub: bytes, context: int) -> Flow[None]:
        """A call whose answer nobody waits for; see `unparked`."""
        self._calls += 1
        self._parked = self._calls
        yield from self._say(dce.encode(dce.request(self._calls, operation, stub, context)))

    @property
    def unparked(self) -> bool:
        """Whether the parked call has been answered (or none is)."""
        return self._parked == 0

    def rest(self, seconds: float) -> Flow[bool]:
        """Do nothing but read for `seconds`, with a PING where the channel would be quiet too long."""
        left = seconds
        while left > 0 and not self.ended:
            step = min(left, max(self._settings.ping_every - self._quiet, SHORTEST))
            got = yield from self._rpc(step)
            if isinstance(got, dce.Packet):
                left -= SHORTEST
                continue
            if got.error != "timeout":
                self.ended = self.ended or got.error or "closed"
                break
            left -= step
            self._quiet += step
            if self._quiet >= self._settings.ping_every:
                yield from self._say(rts.encode(rts.ping()))
        return not self.ended

    def fail(self, code: str) -> bool:
        """The server said no: nothing more is asked here."""
        self.code = code
        self.ended = "fault"
        self._note()
        return False

    def names(self, text: str) -> None:
        """An answer named a mailbox: the marker of ours tells whose."""
        _, found, rest = text.partition(names.MARKER)
        if found and self.owner not in OTHERS:
            mine = rest.strip("\0 ").lower() == self._account.address.lower()
            self.owner = "own" if mine else "other"
            self._note()

    def evidence(self) -> Evidence:
        """What the OUT channel showed so far."""
        kind = "unreadable" if self.ended == "unreadable" else ""
        if self.accepted:
            kind = "answer" if self.replaced else "accepted"
        trips = sorted(self.trips)
        middle = round(trips[len(trips) // 2], 3) if trips else 0.0
        return Evidence(is_=kind, code=self.code, owner=self.owner, round_trip=middle)

    def _note(self) -> None:
        self.out.evidence = self.evidence()

    # Packets ------------------------------------------------------------------------------------
    def _exchange(self, packet: dce.Packet) -> Flow[dce.Packet | None]:
        """Send a packet and wait for the answer to its call."""
        data = dce.encode(packet)
        limit = self._settings.answer_limit + (yield Pause(0))
        while self._sent - self._taken + len(data) > self._room and not self.ended:
            got = yield from self._rpc(limit - (yield Pause(0)))  # acknowledgements come by the way
            if isinstance(got, End):
                yield from self._over(got)
        yield from self._say(data)
        while not self.ended:
            got = yield from self._rpc(limit - (yield Pause(0)))
            if isinstance(got, End):
                yield from self._over(got)
            elif got.call == packet.call:
                return got
        return None

    def _over(self, end: End) -> Flow[None]:
        """Nothing came any more: the channel has ended, or hangs."""
        if end.error == "timeout":
            facts = {"number": self._number, "step": "call", "waited": self._settings.answer_limit}
            yield Mark("call_unanswered", facts)
        self.ended = self.ended or end.error or "closed"

    def _rpc(self, limit: float) -> Flow[dce.Packet | End]:
        """The next packet of RPC; the parked call's answer is taken on the way.

        `limit` is for all that comes before it: who talks on and never answers does not keep us.
        """
        begun: float = yield Pause(0)
        while True:
            now: float = yield Pause(0)
            left = begun + limit - now
            data = (yield from self._packet(left)) if left > 0 else End("timeout")
            if isinstance(data, End):
                return data
            try:
                if dce.kind_of(data) == rts.PACKET_TYPE:
                    told = rts.decode(data)
                    packet = None
                else:
                    packet = dce.decode(data)
            except WireError:
                self.ended = "unreadable"
                return End("unreadable")
            if packet is None:
                yield from self._rts(told)
                continue
            yield from self._acknowledge(len(data))
            if self._parked and packet.call == self._parked:
                self._parked = 0
            return packet

    def _rts(self, packet: rts.Packet) -> Flow[None]:
        for command in packet.commands:
            ack = command.value
            if isinstance(ack, rts.Ack) and ack.cookie == self._in_cookie:
                self._taken, self._room = min(ack.received, self._sent), ack.window
        if packet.flags & rts.RECYCLE and packet.kinds == rts.OUT_R2_A2:
            yield from self._succeed()
        elif packet.kinds == rts.OUT_R2_A6 and self.successor is not None:
            yield from self._say(rts.encode(rts.out_r2_a7(self._next_cookie)))
        elif (
            packet.flags & rts.EOF and packet.kinds == rts.OUT_R2_B3 and self.successor is not None
        ):
            yield from self._switch(self.successor)

    def _succeed(self) -> Flow[None]:
        """Open a successor of the OUT channel, which is nearly spent; without one it goes on to its end."""
        if self.successor is not None:
            return
        self.successor = yield from self._open_another()
        if self.successor is not None:
            self._next_cookie = self._cookie()
            first = rts.out_r2_a3(self._connection, self._out_cookie, self._next_cookie, WINDOW)
            yield Send(self.successor, rts.encode(first))

    def _switch(self, successor: Channel) -> Flow[None]:
        """Go on with the successor: the old channel has said its last word."""
        yield Close(self.out, self.evidence())
        self.out, self.successor, self.replaced = successor, None, self.replaced + 1
        self._out_cookie, self._heard, self._told = self._next_cookie, 0, 0
        self._cutter = dce.Cutter()
        self._packets.clear()
        yield Send(successor, rts.encode(rts.out_r2_c1()))
        head = yield from self._receive(self._settings.join_limit)
        if not isinstance(head, Head):
            self.ended = head.error or "closed" if isinstance(head, End) else "unreadable"
            return
        self.head = head
        if head.status != OK:
            self.ended = "refused"
        self._note()

    def _acknowledge(self, size: int) -> Flow[None]:
        """Say so when half of our room is used up (MS-RPCH)."""
        self._heard += size
        if self._heard - self._told > WINDOW // 2:
            self._told = self._heard
            ack = rts.Ack(self._heard, WINDOW, self._out_cookie)
            yield from self._say(rts.encode(rts.flow_ack(rts.OUT_PROXY, ack)))

    def _packet(self, limit: float) -> Flow[bytes | End]:
        """The next packet of any kind."""
        while not self._packets:
            got = yield from self._receive(limit)
            if isinstance(got, End):
                return got
            try:
                self._packets += self._cutter.feed(got if isinstance(got, bytes) else b"?")
            except WireError:
                self.ended = "unreadable"
                return End("unreadable")
        return self._packets.popleft()

    def _receive(self, limit: float) -> Flow[Head | bytes | End]:
        got: Head | bytes | End = yield Receive(self.out, limit)
        return got

    def _say(self, data: bytes) -> Flow[None]:
        """A packet on the IN channel."""
        self._quiet = 0.0
        if dce.kind_of(data) != rts.PACKET_TYPE:
            self._sent += len(data)
        yield Send(self.into, data)
