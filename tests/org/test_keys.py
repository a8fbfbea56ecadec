"""Who can open whose logon cookies.

Falls if: a cookie has another size than on the wire, a node reads what it has no key for, cookies of two
logons count as one logon, or the cache answers for what was never authorised.
"""

from __future__ import annotations

import base64
from typing import Any

import pytest

from exsim.org.entropy import Entropy
from exsim.org.keycache import ENTRIES, SLIDING, KeyCache
from exsim.org.keys import KeyRing, Malformed, NoAuth, NoSite, Secret
from exsim.org.settings import FrontEnd
from exsim.wire import names

RSA_TEXT = 344  # base64 of 256 bytes
OLD = FrontEnd()
AUTH = FrontEnd(encrypt_with="auth", decrypt_with=("ssl", "auth"))
BOTH = FrontEnd(decrypt_with=("ssl", "auth"))
OTHER = FrontEnd(ssl="ssl-2")
STALE = FrontEnd(stale_ssl="ssl-2")
CNG = FrontEnd(key="cng")
HMAC = FrontEnd(signature="hmac")
HMAC_AUTH = FrontEnd(signature="hmac", encrypt_with="auth", decrypt_with=("ssl", "auth"))


def ring(certificates: dict[str, str], settings: FrontEnd, seed: int = 1) -> KeyRing:
    return KeyRing(settings, certificates, Entropy(seed))


def sealed(certificates: dict[str, str], settings: FrontEnd, seed: int = 1) -> dict[str, str]:
    return ring(certificates, settings, seed).seal("LAB\\user01", "Correct-1", 2e9, 4)


@pytest.mark.parametrize(
    "settings, signature", [(OLD, RSA_TEXT), (AUTH, RSA_TEXT), (HMAC, 44), (HMAC_AUTH, 44)]
)
def test_the_cookies_have_their_real_sizes(
    certificates: dict[str, str], settings: FrontEnd, signature: int
) -> None:
    cookies = sealed(certificates, settings)
    assert tuple(cookies) == names.LOGON_COOKIES
    assert len(cookies[names.CADATA_TTL]) == 24
    assert len(cookies[names.CADATA_KEY]) == len(cookies[names.CADATA_IV]) == RSA_TEXT
    assert len(cookies[names.CADATA_SIG]) == signature
    assert 80 <= len(base64.b64decode(cookies[names.CADATA])) <= 112


@pytest.mark.parametrize(
    "issuer, reader, reads",
    [
        (OLD, OLD, True),
        (OLD, AUTH, True),
        (AUTH, OLD, False),  # the incident's asymmetry
        (AUTH, AUTH, True),
        (AUTH, BOTH, True),
        (OLD, OTHER, False),
        (OTHER, OLD, False),
        (OTHER, OTHER, True),
        (OLD, STALE, False),
        (STALE, OTHER, True),
        (OLD, CNG, False),
        (CNG, CNG, False),
        (CNG, OLD, True),  # sealing takes only the public half
        (OLD, HMAC, False),
        (HMAC, OLD, False),
        (HMAC, HMAC, True),
        (HMAC_AUTH, HMAC, False),
        (HMAC, HMAC_AUTH, True),
    ],
)
def test_a_node_reads_what_it_has_the_key_for(
    certificates: dict[str, str], issuer: FrontEnd, reader: FrontEnd, reads: bool
) -> None:
    secret = ring(certificates, reader, 2).open(sealed(certificates, issuer))
    assert (secret is not None) is reads


def test_what_was_sealed_is_read_back(certificates: dict[str, str]) -> None:
    cookies = sealed(certificates, OLD)
    secret = ring(certificates, OLD).open(cookies)
    assert secret is not None
    assert secret.open_life(cookies[names.CADATA_TTL]) == (2e9, 4)
    assert secret.open_basic(cookies[names.CADATA]) == ("LAB\\user01", "Correct-1")


# Every old signature says the same two words, so that one may be exchanged.
SPOILING = [(HMAC, name) for name in names.LOGON_COOKIES]
SPOILING += [(OLD, name) for name in names.LOGON_COOKIES if name != names.CADATA_SIG]


@pytest.mark.parametrize("settings, name", SPOILING)
def test_a_cookie_of_another_logon_spoils_all_five(
    certificates: dict[str, str], settings: FrontEnd, name: str
) -> None:
    mixed = sealed(certificates, settings) | {name: sealed(certificates, settings, 2)[name]}
    secret = ring(certificates, settings).open(mixed)
    whole = (
        secret is not None
        and secret.open_life(mixed[names.CADATA_TTL]) == (2e9, 4)
        and secret.open_basic(mixed[names.CADATA]) is not None
    )
    assert not whole


def test_recycling_forgets_a_stale_certificate(certificates: dict[str, str]) -> None:
    stale = ring(certificates, STALE)
    cookies = sealed(certificates, OLD)
    assert stale.open(cookies) is None
    stale.recycle()
    assert stale.open(cookies) is not None


def test_without_an_auth_certificate_the_sites_own_is_used(certificates: dict[str, str]) -> None:
    lacking = FrontEnd(encrypt_with="auth", decrypt_with=("auth", "ssl"), auth=None)
    assert ring(certificates, OLD).open(sealed(certificates, lacking)) is not None


@pytest.mark.parametrize(
    "settings, error",
    [(FrontEnd(ssl="none"), NoSite), (FrontEnd(signature="hmac", auth=None), NoAuth)],
)
def test_a_node_without_its_certificate_seals_nothing(
    certificates: dict[str, str], settings: FrontEnd, error: type[Exception]
) -> None:
    with pytest.raises(error):
        sealed(certificates, settings)


@pytest.mark.parametrize("junk", ["%%%", "abc", "é"])
def test_what_is_no_base64_is_told_apart(certificates: dict[str, str], junk: str) -> None:
    cookies = sealed(certificates, OLD) | {names.CADATA_KEY: junk}
    with pytest.raises(Malformed):
        ring(certificates, OLD).open(cookies)


def cookies_of(number: int) -> dict[str, str]:
    return {names.CADATA_KEY: f"key{number}", names.CADATA_IV: "iv"}


def test_the_cache_slides_and_scales() -> None:
    cache = KeyCache(0.5)
    secret = Secret(b"", b"")
    cache.keep(cookies_of(1), secret, 0.0)
    assert cache.find(cookies_of(1), SLIDING * 0.4) is secret
    assert cache.find(cookies_of(1), SLIDING * 0.8) is secret
    assert cache.find(cookies_of(1), SLIDING * 1.4) is None


def test_the_cache_drops_the_least_recently_used() -> None:
    cache = KeyCache(1.0)
    for number in range(ENTRIES):
        cache.keep(cookies_of(number), Secret(b"", b""), 0.0)
    cache.find(cookies_of(0), 1.0)
    cache.keep(cookies_of(ENTRIES), Secret(b"", b""), 1.0)
    assert len(cache) == ENTRIES
    found: list[Any] = [cache.find(cookies_of(number), 1.0) for number in (0, 1)]
    assert found[0] is not None and found[1] is None


def test_entropy_is_the_same_for_the_same_start_and_differs_by_name() -> None:
    assert Entropy(1, "A").take(70) == Entropy(1, "A").take(70)
    assert Entropy(1, "A").take(70) != Entropy(1, "B").take(70)
    shares = [Entropy(7, number).share() for number in range(200)]
    assert 0.4 < sum(shares) / len(shares) < 0.6
