"""Bodies of MAPI over HTTP.  Falls if: a layout is not the documented one, or a hostile body raises anything but WireError."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as some

from exsim.wire import mapi
from exsim.wire.errors import WireError

# Each field of MS-OXCMAPIHTTP 2.2.4 and 2.2.5 by hand, in its order; little-endian.
LAYOUTS = [
    (
        mapi.Connect("/o=a/cn=b", 1, 1252, 0x409, 0x409),
        "2f6f3d612f636e3d6200 01000000 e4040000 09040000 09040000 00000000",
    ),
    (
        mapi.Connected("Ab", "/o", 0, 60000, 6, 10000),
        "00000000 00000000 60ea0000 06000000 10270000 2f6f00 410062000000 00000000",
    ),
    (mapi.Execute(b"\x01\x02", 3, 0x8007), "03000000 02000000 0102 07800000 00000000"),
    (mapi.Executed(b"\x09", 0, 0), "00000000 00000000 00000000 01000000 09 00000000"),
    (mapi.Flagged(0), "00000000 00000000"),
    (mapi.Waited(True), "00000000 00000000 01000000 00000000"),
    (mapi.Disconnect(), "00000000"),
    (mapi.Ended(5), "00000000 05000000 00000000"),
    (mapi.Bind(), "00000000 01" + "00" * 36 + "00000000"),
    (mapi.Bind(b""), "00000000 00 00000000"),
    (mapi.Bound(b"\x07" * 16), "00000000 00000000" + "07" * 16 + "00000000"),
]
KINDS = sorted({type(value) for value, _ in LAYOUTS}, key=lambda kind: kind.__name__)


@pytest.mark.parametrize(("value", "octets"), LAYOUTS, ids=lambda one: type(one).__name__)
def test_each_body_is_laid_out_as_documented(value, octets):
    assert value.encode() == bytes.fromhex(octets)
    assert type(value).decode(bytes.fromhex(octets)) == value


def test_a_bind_is_as_long_as_outlooks_own():
    assert len(mapi.Bind().encode()) == 45  # as traces in HAProxy's issues 561 and 1828 show it


@pytest.mark.parametrize(("value", "octets"), LAYOUTS, ids=lambda one: type(one).__name__)
def test_a_body_that_is_cut_off_or_goes_on_is_none(value, octets):
    data = bytes.fromhex(octets)
    for broken in (*(data[:end] for end in range(len(data))), data + b"\0"):
        with pytest.raises(WireError):
            type(value).decode(broken)


@given(some.sampled_from(KINDS), some.binary(max_size=80))
def test_a_random_body_is_read_or_refused(kind, data):
    try:
        value = kind.decode(data)
    except WireError:
        return
    assert kind.decode(value.encode()) == value


@pytest.mark.parametrize(
    ("data", "framed"),
    [
        (
            b"PROCESSING\r\nPENDING\r\nPENDING\r\nDONE\r\nX-ElapsedTime: 12\r\nX-StartTime: x\r\n\r\nab",
            mapi.Framed(b"ab", 2, {"x-elapsedtime": "12", "x-starttime": "x"}),
        ),
        (b"DONE\r\nX-ElapsedTime: 0\r\n\r\n", mapi.Framed(b"", 0, {"x-elapsedtime": "0"})),
        (b"PROCESSING\r\n" + mapi.done(b"\r\n\r\n", 7, "now"),
         mapi.Framed(b"\r\n\r\n", 0, {"x-elapsedtime": "7", "x-starttime": "now"})),
        (mapi.done(b"", 0, "0", 10),
         mapi.Framed(b"", 0, {"x-responsecode": "10", "x-elapsedtime": "0", "x-starttime": "0"})),
    ],
)  # fmt: skip
def test_the_frame_of_an_answer(data, framed):
    assert mapi.unframe(data) == framed


@pytest.mark.parametrize(
    "data", [b"", b"PROCESSING\r\n", b"PROCESSING\r\nPENDING\r\n", b"DONE\r\n", b"<html>\r\n\r\n"]
)
def test_a_frame_without_its_done_is_none(data):
    with pytest.raises(WireError):
        mapi.unframe(data)


@given(some.binary(max_size=60))
def test_a_random_frame_is_read_or_refused(data):
    try:
        mapi.unframe(data)
    except WireError:
        return
    assert b"DONE\r\n" in data
