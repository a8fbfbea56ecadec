"""X-OWA-CANARY and X-BackEndCookie: values that were seen on the wire.

Falls if: the sizes or the alphabet change, a canary of another user or of yesterday counts, or the two
captured routing cookies are not read, or not written, as they were.
"""

from __future__ import annotations

import pytest

from exsim.org.canary import Canaries, pack, unpack
from exsim.org.entropy import Entropy
from exsim.org.moment import utc_of
from exsim.org.routing_hint import RoutingHint, entry, others, seal, unseal
from tests.org.farm import START

SID = "S-1-5-21-1-2-3-1101"


def canaries(secret: str = "organisation", scale: float = 1.0) -> Canaries:
    return Canaries(secret, scale, Entropy("canary"))


def test_a_canary_has_56_bytes_in_76_characters() -> None:
    text = canaries().make(SID, START)
    assert len(text) == 76 and text.endswith(".") and not set(text) & set("+/=")
    data = unpack(text)
    assert data is not None and len(data) == 56 and pack(data) == text
    assert utc_of(int.from_bytes(data[16:24], "little")) == START


@pytest.mark.parametrize(
    "reader, sid, later, valid",
    [
        ("organisation", SID, 0.0, True),
        ("organisation", SID, 86_399.0, True),
        ("organisation", SID, 86_401.0, False),
        ("organisation", "S-1-5-21-1-2-3-1102", 0.0, False),
        ("another", SID, 0.0, False),
    ],
)
def test_a_canary_is_its_users_and_its_days(
    reader: str, sid: str, later: float, valid: bool
) -> None:
    text = canaries().make(SID, START)
    assert (canaries(reader).age(text, sid, START + later) is not None) is valid


def test_a_secret_that_changes_refuses_what_was_made_before() -> None:
    changing = Canaries("organisation", 0.5, Entropy("canary"), changes=20.0)
    start = START // 10 * 10
    text = changing.make(SID, start + 1)
    assert changing.age(text, SID, start + 9.9) is not None
    assert changing.age(text, SID, start + 10) is None


@pytest.mark.parametrize("text", ["", "abc", "." * 76, "A" * 76, "é" * 76, "=" * 76])
def test_junk_is_no_canary(text: str) -> None:
    assert canaries().age(text, SID, START) is None


def test_a_canary_is_renewed_after_an_hour_of_scaled_time() -> None:
    scaled = canaries(scale=0.1)
    assert not scaled.is_due(359.0)
    assert scaled.is_due(361.0) and scaled.is_due(None)


# CAP16 and QA-440, decoded from real traffic
CAPTURED = [
    ("f3f55a11-31f0-418e-b0df-c973b4899351", "2018-08-23T14:04:08"),
    ("673fa51d-5343-4fd1-9622-3a9742f952f4", "2022-03-27T20:08:53"),
]


@pytest.mark.parametrize("database, until", CAPTURED)
def test_an_entry_reads_as_the_captured_ones(database: str, until: str) -> None:
    text = f"Database~{database}~~{until}"
    assert unseal(seal(text)) == text
    assert seal(text).startswith("u56Lnp2e")  # "Databa", every byte inverted
    assert all(character not in seal(text) for character in "&;")


def test_an_entry_is_written_as_the_captured_ones() -> None:
    assert entry(CAPTURED[0][0], 1_535_033_048) == f"Database~{CAPTURED[0][0]}~~2018-08-23T14:04:08"


def test_its_end_less_thirty_days_tells_when_it_was_set() -> None:
    name, line = RoutingHint().line(SID, CAPTURED[0][0], "", "owa", START, secure=True)
    assert name == "Set-Cookie"
    value, _, attributes = line.partition("; ")
    assert attributes == "expires=Wed, 19-Apr-2017 08:53:20 GMT; path=/owa; secure; HttpOnly"
    sid, _, sealed = value.removeprefix("X-BackEndCookie=").partition("=")
    assert sid == SID and unseal(sealed).endswith("~~2017-04-19T08:53:20")


@pytest.mark.parametrize(
    "carried, kept",
    [
        ("", []),
        (f"{SID}=abc", []),
        (f"S-2=x&{SID}=abc", ["S-2=x"]),
        ("S-1=a&S-2=b&S-3=c&S-4=d&S-5=e", ["S-2=b", "S-3=c", "S-4=d", "S-5=e"]),
    ],
)
def test_at_most_five_users_share_the_cookie(carried: str, kept: list[str]) -> None:
    assert others(carried, SID) == kept


@pytest.mark.parametrize(
    ("vdir", "path"), [("owa", "/owa"), ("ews", "/EWS"), ("ecp", "/ecp"), ("mapi", "/mapi")]
)
def test_the_hints_path_is_written_as_clients_ask_for_it(vdir: str, path: str) -> None:
    _, line = RoutingHint().line("S-1-5-21-1", "guid", "", vdir, 0.0, True)
    assert f"; path={path};" in line
