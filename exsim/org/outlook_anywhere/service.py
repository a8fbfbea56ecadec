"""The two HTTP requests of a virtual connection: RPC_IN_DATA and RPC_OUT_DATA (MS-RPCH 2.1.2, 3.2).

An OUT channel is answered at once with a length of 1 GiB and CONN/A3; CONN/C2 follows when its IN channel
is there.  An IN channel is answered only when something went wrong.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from exsim.org.answers import answer
from exsim.org.back_request import Asked, Reply
from exsim.org.confession import confide
from exsim.org.entropy import Entropy
from exsim.org.outcome import Stream
from exsim.org.outlook_anywhere.calls import WAIT, Calls
from exsim.org.outlook_anywhere.joining import Joining
from exsim.org.outlook_anywhere.pair import WINDOW, Inbound, Outbound, Pair
from exsim.org.outlook_anywhere.recycling import Recycling
from exsim.org.settings import Node, Organisation
from exsim.org.work import Ask, Now, Piece, Signal, Take, Until
from exsim.wire import dce, names, rts
from exsim.wire.errors import WireError
from exsim.wire.message import Answer

PORTS = ("6001", "6002", "6004")  # behind the proxy, with one and the same service (impacket)
ECHO_MOST = 0x10  # bytes of an echo request's body
CONNECTION_TIMEOUT = 120_000  # milliseconds: an idle channel ends (MS-RPCH)
KEEP_ALIVE = 300_000  # milliseconds, when the client says zero (MS-RPCH)
JOIN_LIMIT = 30.0  # seconds that a channel waits for the other; assumed
LINGER = 5.0  # seconds that a replaced channel waits for its client to close it; assumed
LOOK = 5.0  # seconds between two looks at the mailbox for a parked wait; assumed
SERVER_UNAVAILABLE, CALL_FAILED, PROTOCOL_ERROR = 0x6BA, 0x6BE, 0x6C0  # Win32 errors


class OutlookAnywhere:
    """The virtual directory /rpc of one back end."""

    def __init__(self, organisation: Organisation, node: Node, entropy: Entropy) -> None:
        self._node = node
        self._scale = organisation.time_scale
        self._entropy = entropy
        self._length = node.back_end.channel_length
        self._recycles = node.back_end.channels_recycled
        self._joining = Joining(node.back_end.channels_across)

    def answer(self, asked: Asked) -> Generator[Ask, Any, Reply]:
        """One of the two channels, or the probe that comes before them."""
        incoming = asked.incoming
        if incoming.path != names.RPC_PROXY or incoming.method not in names.RPC_METHODS:
            return answer(404, b"<html><body><h1>Not Found</h1></body></html>"), None
        length = int(incoming.header("content-length") or 0)
        if length <= ECHO_MOST:
            while (yield Take()) is not None:
                pass
            return _success(rts.encode(rts.echo())), None
        if incoming.query_text.rpartition(":")[2] not in PORTS:
            return failed(SERVER_UNAVAILABLE), None
        try:
            if incoming.method == names.RPC_OUT:
                return (yield from self._out(asked))
            return (yield from self._in(asked)), None
        except WireError:
            return failed(PROTOCOL_ERROR), None

    # OUT ------------------------------------------------------------------------------------------
    def _out(self, asked: Asked) -> Generator[Ask, Any, Reply]:
        packet, _ = yield from _first(dce.Cutter())
        if packet.kinds == rts.OUT_R1_A3 and packet.flags & rts.RECYCLE:
            return (yield from self._successor(asked, packet))
        if packet.kinds != rts.CONN_A1:
            raise WireError("an OUT channel begins with CONN/A1")
        cookies = packet.cookies
        pair = self._joining.pair(cookies[0], _front_end(asked))
        room = packet.number(rts.RECEIVE_WINDOW) or 0
        channel = Outbound(cookies[1], room, self._length)
        return self._head(), self._stream(pair, channel)

    def _head(self) -> Answer:
        kind, length = ("Content-Type", names.RPC_KIND), ("Content-Length", f"{self._length}")
        return Answer(200, "Success", [kind, length])

    def _successor(self, asked: Asked, packet: rts.Packet) -> Generator[Ask, Any, Reply]:
        """The channel that replaces another: answered when the client goes on there (MS-RPCH, OUT_R2)."""
        connection, old, own = packet.cookies
        pair = self._joining.known(connection, _front_end(asked))
        if pair is None or pair.outbound is None or pair.outbound.cookie != old:
            return confide(failed(SERVER_UNAVAILABLE), "lost_context", "no_channel"), None
        channel = Outbound(own, packet.number(rts.RECEIVE_WINDOW) or 0, self._length)
        pair.succeed(channel)
        now: float = yield Now()
        end = now + JOIN_LIMIT * self._scale
        while pair.successor is channel and not pair.over and now < end:
            yield Until(pair.outward, end - now)
            now = yield Now()
        if pair.outbound is not channel or pair.over:
            pair.succeed(None)
            return confide(failed(SERVER_UNAVAILABLE), "lost_context", "no_channel"), None
        return self._head(), self._further(pair, channel)

    def _further(self, pair: Pair, channel: Outbound) -> Stream:
        try:
            yield from self._say(pair, channel)
        finally:
            self._ended(pair, channel)

    def _ended(self, pair: Pair, channel: Outbound) -> None:
        """The end of an OUT channel is that of its pair, unless it was replaced."""
        if pair.outbound is None or pair.outbound is channel:
            pair.end("the OUT channel ended")

    def _stream(self, pair: Pair, channel: Outbound) -> Stream:
        try:
            yield Piece(_spent(channel, rts.encode(rts.conn_a3(CONNECTION_TIMEOUT))))
            pair.join(channel)
            if not pair.joined:
                yield Until(pair.outward, JOIN_LIMIT * self._scale)
            if not pair.joined:
                pair.end("no IN channel")
                return
            yield Piece(_spent(channel, rts.encode(rts.conn_c2(WINDOW, CONNECTION_TIMEOUT))))
            yield from self._say(pair, channel)
        finally:
            self._ended(pair, channel)

    def _say(self, pair: Pair, channel: Outbound) -> Stream:
        """Everything that goes to the client, and a PING when there was nothing for long."""
        interval = (pair.keep_alive or KEEP_ALIVE) / 2000 * self._scale
        idle = CONNECTION_TIMEOUT / 1000 * self._scale
        now: float = yield Now()
        said, heard, count = now, now, pair.heard
        recycling = Recycling(pair, channel, self._recycles)
        while not pair.over and pair.outbound is channel:
            now = yield Now()
            pair.tick(now)
            packet = recycling.next() or pair.next()
            if packet is None and now - said >= interval:
                packet = rts.encode(rts.ping())
            if packet is not None:
                if len(packet) > channel.left:  # its length is spent, and nobody replaced it
                    return
                said = now
                yield Piece(_spent(channel, packet))
                continue
            if pair.heard != count:
                heard, count = now, pair.heard
            if now - heard >= idle:
                return
            wait = min(said + interval, heard + idle, now + LOOK * self._scale) - now
            yield Until(pair.outward, max(wait, 0.001))
        if not pair.over:  # replaced: its last word is out, and the client closes it
            yield Until(Signal(), LINGER * self._scale)

    # IN -------------------------------------------------------------------------------------------
    def _in(self, asked: Asked) -> Generator[Ask, Any, Answer]:
        cutter = dce.Cutter()
        packet, more = yield from _first(cutter)
        if packet.kinds == rts.IN_R1_A1 and packet.flags & rts.RECYCLE:
            pair = self._joining.known(packet.cookies[0], _front_end(asked))
            if pair is None or pair.inbound is None or pair.inbound.cookie != packet.cookies[1]:
                return confide(failed(SERVER_UNAVAILABLE), "lost_context", "no_channel")
            channel = Inbound(packet.cookies[2], pair.inbound.lifetime)
        elif packet.kinds == rts.CONN_B1:
            pair = self._joining.pair(packet.cookies[0], _front_end(asked))
            pair.keep_alive = packet.number(rts.KEEP_ALIVE) or 0
            channel = Inbound(packet.cookies[1], packet.number(rts.LIFETIME) or self._length)
            pair.open(Calls(self._node, asked.box, self._entropy, WAIT * self._scale))
        else:
            raise WireError("an IN channel begins with CONN/B1")
        pair.join(channel)
        try:
            if not pair.joined:
                yield Until(pair.inward, JOIN_LIMIT * self._scale)
            if not pair.joined:
                pair.end("no OUT channel")
                return confide(failed(SERVER_UNAVAILABLE), "lost_context", "no_channel")
            yield from self._hear(pair, channel, cutter, more)
        finally:
            if pair.inbound is channel:
                pair.end("the IN channel ended")
        return failed(CALL_FAILED)

    def _hear(
        self, pair: Pair, channel: Inbound, cutter: dce.Cutter, packets: list[bytes]
    ) -> Generator[Ask, Any, None]:
        """Everything that comes from the client, to the end of the channel."""
        while not pair.over and pair.inbound is channel:
            now: float = yield Now()
            for packet in packets:
                pair.hear(packet, now)
            if channel.received > channel.lifetime:
                return
            piece = yield Take(pair.inward)
            if piece is None:
                return
            channel.received += len(piece)
            packets = cutter.feed(piece)


def _first(cutter: dce.Cutter) -> Generator[Ask, Any, tuple[rts.Packet, list[bytes]]]:
    """The RTS packet with which a channel begins, and what came after it."""
    packets: list[bytes] = []
    while not packets:
        piece = yield Take()
        if piece is None:
            raise WireError("the channel ended before its first packet")
        packets = cutter.feed(piece)
    return rts.decode(packets[0]), packets[1:]


def _spent(channel: Outbound, data: bytes) -> bytes:
    channel.left -= len(data)
    return data


def _front_end(asked: Asked) -> str:
    return asked.incoming.header(names.SOURCE_FRONT_END.lower())


def _success(body: bytes) -> Answer:
    return Answer(200, "Success", [("Content-Type", names.RPC_KIND)], body)


def failed(error: int) -> Answer:
    """The proxy's own error, in the reason phrase (MS-RPCH 2.1.2.1.4)."""
    return Answer(503, f"{names.RPC_ERROR}{error:x}", [("Content-Type", "text/plain")])
