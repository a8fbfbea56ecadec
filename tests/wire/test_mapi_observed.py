"""Bodies of MAPI over HTTP that we did not write: an example of Microsoft's, and captures of an Exchange SE.

Of the captures (build 15.2.2562.45, the public corpus of the client mapi-client-rs, MIT or Apache-2.0, its
fixtures/MANIFEST.toml of 3 August 2026) each body's length and SHA-256 are published, with names, times and
one delay replaced by others of the same length.  What is written here with those names must have that hash:
the requests are what a real server accepted, the answers what it sent.

Falls if: one byte of a request or an answer differs from a real one, or a documented example is read otherwise.
"""

from __future__ import annotations

import hashlib

import pytest

from exsim.wire import mapi, rop

GROUP = "/o=Lab/ou=Exchange Administrative Group (FYDIBOHF23SPDLT)/cn=Recipients/cn="
OWNER = f"{GROUP}00000000000000000000000000000001-Developer User"
NOBODY = f"{GROUP}00000000000000000000000000000000-No Such User"
UNKNOWN_USER = 0x3EB  # ecUnknownUser (MS-OXCSTOR)
ROOM = 0x10000  # bytes that this client takes


def framed(body: bytes) -> bytes:
    return mapi.PROCESSING + mapi.done(body, 0, "0")


def released(handle: int) -> bytes:
    return mapi.Execute(rop.pack(bytes([rop.RELEASE, 0, 0]), (handle,)), most=ROOM).encode()


# What it is, its length, the SHA-256 of the real one, ours
CAPTURED = [
    ("01-ping.response", 54, "1a941d4c6c6d0f460f139672786a0438a1ace13d08f09dd948a68b68e856e9a5",
     framed(b"")),
    ("02-connect.request", 143, "26176cd5fc973ddf8f011088b7edb6ecb04cdeb31889279028cdfe9e2ae0f1a4",
     mapi.Connect(OWNER).encode()),
    ("02-connect.response", 109, "d4c452e0d9020bd18d38ecdb3c46b50dac64f900c996001ccf3f9a2d0ff9cd8f",
     framed(mapi.Connected("Developer User", retry_delay=0).encode())),
    ("nl/01-connect.response", 113, "514fbcf3869a32aba93e7cde6f35e026d370382607d8353d94cc79b46e7e3317",
     framed(mapi.Connected("Developer User 2", retry_delay=0).encode())),
    ("connect-refused.request", 141, "8b39e3f794020db2f64965d8c78355bc28b0f138ee7b9e9ad5702ab8cf0558d7",
     mapi.Connect(NOBODY).encode()),
    ("connect-refused.response", 81, "f49ae46e4b8c48cc70d5e77874d90887819176f2435b53ed83e279d064803bcb",
     framed(mapi.Connected(error=UNKNOWN_USER, most_polls=0, retries=0, retry_delay=0).encode())),
    ("03-execute-logon.request", 167, "d06dee38dbd1230a02955dfd6f2f5875f114f898f6990669acb5e6faf9f8d238",
     mapi.Execute(rop.pack(rop.logon(OWNER), (rop.NO_OBJECT,)), most=ROOM).encode()),
    ("07-execute-release.request", 33, "2294cbdeb6917bcf7596c724721d47bcdcbe3e441277294cc4ada38bdaa6701f",
     released(3)),
    ("12-execute-release.request", 33, "d04597dc6495828df9415b6e28c3cfad67765e3af25790003abf2725a21ce11c",
     released(6)),
    ("27-disconnect.request", 4, "df3f619804a92fdb4057192dc43dd748ea778adc52bc498ce80524c014b81119",
     mapi.Disconnect().encode()),
    ("27-disconnect.response", 66, "3bacb11ee5d82a48df45bced7d01897e31c286439c01d7d8206130f0479a7fda",
     framed(mapi.Ended().encode())),
]  # fmt: skip


@pytest.mark.parametrize(
    ("what", "length", "digest", "ours"), CAPTURED, ids=lambda one: str(one)[:24]
)
def test_each_body_is_byte_for_byte_the_real_one(what, length, digest, ours):  # fmt: skip
    assert len(ours) == length
    assert hashlib.sha256(ours).hexdigest() == digest


@pytest.mark.parametrize(
    ("index", "kind"),
    [(1, mapi.Connect), (4, mapi.Connect), (6, mapi.Execute), (7, mapi.Execute), (9, mapi.Disconnect)],
)  # fmt: skip
def test_each_real_request_is_read_and_written_again(index, kind):
    real = CAPTURED[index][3]
    assert kind.decode(real).encode() == real


def test_a_refused_connect_says_so_in_its_body_alone():
    read = mapi.Connected.decode(mapi.unframe(CAPTURED[5][3]).body)
    assert (read.error, read.display_name) == (UNKNOWN_USER, "")
    assert mapi.unframe(CAPTURED[5][3]).headers.get("x-responsecode") is None


def test_a_logons_operations_are_those_that_were_asked():
    request = mapi.Execute.decode(CAPTURED[6][3])
    operations, handles = rop.unpack(request.data)
    (asked,) = rop.asked(operations)
    assert (asked.operation, asked.name, handles) == (rop.LOGON, OWNER, (rop.NO_OBJECT,))
    assert request.flags == mapi.PLAIN


def test_a_logons_answer_is_as_long_as_a_real_one():
    buffer = rop.pack(rop.logged_on(bytes(16), bytes(16)), (1,))
    answer = framed(mapi.Executed(buffer).encode())
    assert len(answer) == 254  # 03-execute-logon.response: its folders' ids are not published


def test_the_documents_example_of_asking_for_properties():
    """MS-OXCPRPT 4.3.1, a client's request buffer."""
    example = bytes.fromhex("07 00 00 00 00 01 00 03 00 0B 00 3E 86 03 00 3F 86 02 01 E2 65")
    tags = (0x863E000B, 0x863F0003, 0x65E20102)
    assert rop.get_properties(*tags) == example
    assert rop.asked(example) == [rop.Asked(rop.GET_PROPERTIES, 0, tags)]
