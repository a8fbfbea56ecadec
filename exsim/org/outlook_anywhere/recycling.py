"""How an OUT channel that is nearly spent is replaced by another while the virtual connection goes on.

The way of MS-RPCH's OUT_R2 (3.2.4.5): the client is told to open a successor (A2), which comes (A3); the client
is told that it is there (A6), confirms it on the IN channel (A7), and the old channel's last word is B3.
"""

from __future__ import annotations

from exsim.org.outlook_anywhere.pair import Outbound, Pair
from exsim.wire import rts

SHARE = 8  # an OUT channel is replaced when one part in so many of its length is left (assumed)


class Recycling:
    """What the old channel has to say of it, and when."""

    def __init__(self, pair: Pair, channel: Outbound, wanted: bool) -> None:
        self._pair = pair
        self._channel = channel
        self._reserve = channel.left // SHARE if wanted else 0
        self._asked = self._told = False

    def next(self) -> bytes | None:
        """The next word of it; None while it is not time for one."""
        if not self._asked and self._channel.left < self._reserve:
            self._asked = True
            return rts.encode(rts.out_r2_a2())
        if self._asked and not self._told and self._pair.successor is not None:
            self._told = True
            return rts.encode(rts.out_r2_a6())
        if self._told and self._pair.confirmed:
            waiting = self._pair.next()
            if waiting is not None:
                return waiting
            self._pair.switch()
            return rts.encode(rts.out_r2_b3())
        return None
