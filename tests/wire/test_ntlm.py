"""Falls if: the name in MS-NLMP's own challenge is not read, also inside Negotiate, or bytes of a hostile server
raise, or are taken for a name.
"""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as some

from exsim.wire.ntlm import COMPUTER, DOMAIN, computer_in, names_in

# MS-NLMP 4.2.4.3, CHALLENGE_MESSAGE
CHALLENGE = bytes.fromhex(
    "4e544c4d53535000020000000c000c003800000033828ae20123456789abcdef0000000000000000"
    "24002400440000000600701700000 00f53006500720076006500720002000c0044006f006d006100"
    "69006e0001000c005300650072007600650072000 0000000".replace(" ", "")
)


def header(scheme, message):
    return f"{scheme} {base64.b64encode(message).decode()}"


def test_the_documented_challenge_says_server_and_domain():
    assert names_in(CHALLENGE) == {COMPUTER: "Server", DOMAIN: "Domain"}
    assert computer_in(header("NTLM", CHALLENGE)) == "Server"


def test_negotiate_wraps_the_same_message():
    assert computer_in(header("Negotiate", b"\xa1\x81\xce0\x81\xcb" + CHALLENGE)) == "Server"


@pytest.mark.parametrize(
    "said",
    ["NTLM", "NTLM !!", 'Basic realm="x"', "", "Negotiate", header("NTLM", CHALLENGE[:30]),
     header("NTLM", CHALLENGE[:60]), header("NTLM", CHALLENGE.replace(b"\x02\0\0\0", b"\x01\0\0\0", 1))],
)  # fmt: skip
def test_what_is_no_challenge_says_nothing(said):
    assert computer_in(said) == ""


@given(some.binary(max_size=200), some.integers(0, 103))
def test_no_bytes_of_a_server_raise(noise, at):
    assert isinstance(computer_in(header("NTLM", CHALLENGE[:at] + noise)), str)
