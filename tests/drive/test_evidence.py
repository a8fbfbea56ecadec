"""Falls if: a cookie's value can be told from what stands in a history, or a change of it cannot be seen there."""

from __future__ import annotations

from hashlib import blake2b

import pytest

from exsim.drive.evidence import CookieHasher, sid_of
from exsim.protocols.flow import CookieLine

VALUE = "S3cret-value"


def test_a_hash_tells_a_change_and_nothing_of_the_value() -> None:
    hasher = CookieHasher(b"salt", frozenset({"LB01"}))
    shown = hasher.hash("cadata", VALUE)
    assert VALUE not in shown and shown == hasher.hash("cadata", VALUE)
    assert shown != hasher.hash("cadata", VALUE + "2")
    assert hasher.hash("LB01", "EXCH13") == "EXCH13"


def test_whoever_guesses_a_value_cannot_find_it_without_the_runs_salt() -> None:
    first, second = (CookieHasher(salt).hash("cadata", VALUE) for salt in (b"one", b"two"))
    assert first != second
    for size in (4, 64):
        assert blake2b(VALUE.encode(), digest_size=size).hexdigest()[:8] not in (first, second)


@pytest.mark.parametrize("place", [0, 1, 2])
def test_the_routing_cookie_is_found_wherever_it_stands(place: int) -> None:
    lines = [b"UC=1; path=/", b"X-OWA-CANARY=2; path=/"]
    lines.insert(place, b"X-BackEndCookie=S-1-5-21-1=u56Lnp2e; path=/owa")
    hasher = CookieHasher(b"salt")
    assert sid_of(lines, CookieLine({}), hasher) == hasher.hash("sid", "S-1-5-21-1")
