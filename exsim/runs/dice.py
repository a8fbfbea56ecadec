"""The one source of randomness: seeded dice that are handed down, and what must never repeat.

Dice come from the scenario's seed and the purpose they are for, so they fall alike in every run of one
scenario, in whatever order and in whichever worker they are asked for.  Salts, passwords and the ids of
requests come from the operating system: two runs of one seed must not share them, because nodes keep
the logs of both.
"""

from __future__ import annotations

import hashlib
import random
import secrets
from collections.abc import Callable, Iterator
from itertools import chain, count

ALPHABET = (
    "abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"  # nothing that looks like another
)
PASSWORD_LENGTH = 20
_LAST_DIGITS = tuple(f"{few:03x}" for few in range(4096))  # of a counter in sixteens
MASK, GAMMA = 2**64 - 1, 0x9E3779B97F4A7C15


class SmallDice:
    """Dice of a few bytes, for many thousands of users: `random.Random` holds 2.5 KB of state for each.

    SplitMix64 (Steele, Lea and Flood 2014), which passes BigCrush; what a client draws is pauses and choices.
    """

    __slots__ = ("_state",)

    def __init__(self, seed: int) -> None:
        self._state = seed & MASK

    def random(self) -> float:
        """At least 0, below 1, in steps of 2**-53."""
        return (self._draw() >> 11) * 2.0**-53

    def _draw(self) -> int:
        """Sixty-four bits."""
        self._state = mixed = (self._state + GAMMA) & MASK
        mixed = ((mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        mixed = ((mixed ^ (mixed >> 27)) * 0x94D049BB133111EB) & MASK
        return mixed ^ (mixed >> 31)

    def uniform(self, a: float, b: float) -> float:
        return a + (b - a) * self.random()

    def randrange(self, start: int, stop: int) -> int:
        """Raises ValueError for an empty range.  Of one of more than 2**64 not everything can come up."""
        if stop <= start:
            raise ValueError(f"nothing is between {start} and {stop}")
        return start + ((self._draw() * (stop - start)) >> 64)


class Source:
    """The dice of one run.  `entropy` gives that many unpredictable bytes; a test may set it."""

    __slots__ = ("entropy", "seed")

    def __init__(self, seed: int, entropy: Callable[[int], bytes] = secrets.token_bytes) -> None:
        self.seed = seed
        self.entropy = entropy

    def dice(self, *purpose: str | int) -> random.Random:
        """Dice for one purpose, such as `dice("user", 17)`; always the same for the same seed."""
        return random.Random(self._number(purpose))

    def small_dice(self, *purpose: str | int) -> SmallDice:
        """The same, for one of many."""
        return SmallDice(self._number(purpose))

    def _number(self, purpose: tuple[str | int, ...]) -> int:
        name = "\0".join(f"{type(part).__name__}:{part}" for part in (self.seed, *purpose))
        return int.from_bytes(hashlib.sha256(name.encode()).digest(), "big")

    def request_ids(self, worker: int = 0) -> Iterator[str]:
        """GUIDs for `client-request-id`, unlike any of another worker or another run.

        The form of a random GUID (RFC 9562, version 4): a prefix drawn once, the worker, and a counter.
        """
        drawn = self.entropy(8).hex()
        prefix = f"{drawn[:8]}-{drawn[8:12]}-4{worker & 0xFFF:03x}-8{drawn[12:15]}-"
        # Without a step of Python for each: one is drawn for every request
        return chain.from_iterable(
            map(f"{prefix}{many:09x}".__add__, _LAST_DIGITS) for many in count()
        )

    def salt(self) -> str:
        """For the hashes of one run's cookie values; 128 bits as hexadecimal digits."""
        return self.entropy(16).hex()

    def password(self) -> str:
        """A password for one simulated mailbox: letters and digits of three kinds, to please any policy."""
        drawn = "".join(ALPHABET[byte % len(ALPHABET)] for byte in self.entropy(PASSWORD_LENGTH))
        return f"Aa2-{drawn}"
