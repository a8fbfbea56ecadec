"""Falls if: a query is read or written otherwise than MS-ASHTTP's example shows, or a broken one gets through."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exsim.wire.activesync import COMMANDS, Query, number_of, packed, plain, read_query
from exsim.wire.errors import WireError

EXAMPLE = "jAAJBAp2MTQwRGV2aWNlAApTbWFydFBob25l"  # MS-ASHTTP's own
READ = Query("Sync", "v140Device", "SmartPhone", "", 140, 0, 0x0409)


def test_the_specifications_example_is_read_and_written() -> None:
    assert read_query(EXAMPLE) == READ
    assert packed(READ) == EXAMPLE


def test_the_specifications_plain_example_is_read() -> None:
    text = "Cmd=Sync&User=alice&DeviceId=v140Device&DeviceType=SmartPhone"
    assert read_query(text) == Query("Sync", "v140Device", "SmartPhone", "alice")
    assert plain(read_query(text)) == text


def test_both_forms_say_the_same() -> None:
    query = Query(
        "SendMail", "D1", "T", "a@b.example", 141, 0xDEADBEEF, 0x0409, {"SaveInSent": "T"}
    )
    assert read_query(packed(query)) == query
    again = read_query(plain(query))
    assert (again.command, again.user, again.parameters) == (
        "SendMail",
        query.user,
        query.parameters,
    )


BROKEN = [
    "",
    "Cmd=Nothing&DeviceId=a&DeviceType=b",
    "Cmd=Sync&DeviceId=a",
    "Cmd=Sync&DeviceType=a",
    "%%%",
    EXAMPLE[:-4],
    "jGMJBAp2MTQwRGV2aWNlAApTbWFydFBob25l",  # command 99
    "jAAJBAAACg==",  # no device id
    "jAAJBAFhAgEBAWI=",  # a policy key of two bytes
    "jAAJBAFhAAFiCQA=",  # parameter 9
]


@pytest.mark.parametrize("text", BROKEN)
def test_a_broken_query_is_refused(text: str) -> None:
    with pytest.raises(WireError):
        read_query(text)


NAMES = st.text(min_size=1, max_size=30).filter(
    lambda text: len(text.encode("utf-8", "ignore")) < 200 and text.isprintable()
)


@given(
    st.sampled_from(sorted(COMMANDS)),
    NAMES,
    NAMES,
    st.sampled_from([121, 140, 141, 160, 161]),
    st.integers(0, 2**32 - 1),
)
def test_what_was_written_is_read_again(
    command: str, device: str, kind: str, version: int, key: int
) -> None:
    query = Query(command, device, kind, "u@b.example", version, key)
    assert read_query(packed(query)) == query


@given(
    st.text(max_size=60) | st.binary(max_size=40).map(lambda data: base64.b64encode(data).decode())
)
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        read_query(text)
    except WireError:
        return


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("14.1", 141),
        (" 2.5", 25),
        ("16.1", 161),
        ("", None),
        ("14", None),
        ("a.b", None),
        ("1.23", None),
        ("²²2.2", None),
    ],
)
def test_a_version_is_a_number(text: str, number: int | None) -> None:
    assert number_of(text) == number
