"""NTLM's legs as others wrote them: curl, requests-ntlm, impacket, and the example of MS-NLMP 4.2.4.

Falls if: the acceptor refuses what these clients answered to its own challenge, or takes it for another
password, another challenge or another user.
"""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from exsim.org.ntlm import Binding, Handshake, Hashes, Names, Unproved
from exsim.org.settings import Mailbox

VECTORS = Path(__file__).parents[1] / "vectors" / "ntlm"
NAMES = Names("LAB", "EXCH13", "lab.example", "exch13.lab.example")
NONCE = bytes.fromhex("0123456789abcdef")
RECORDED = sorted(path.stem for path in VECTORS.glob("*.txt"))

# MS-NLMP 4.2.4: user, domain and password; NTProofStr and the client's blob of 4.2.4.1.3 and 4.2.4.2.2
PROOF = bytes.fromhex("68cd0ab851e51c96aabc927bebef6a1c")
BLOB = bytes.fromhex(
    "01010000000000000000000000000000aaaaaaaaaaaaaaaa00000000"
    "02000c0044006f006d00610069006e0001000c00530065007200760065007200"
    "0000000000000000"
)


def read(name: str) -> dict[str, str]:
    lines = (VECTORS / f"{name}.txt").read_text().splitlines()
    return dict(line.split(" ", 1) for line in lines if not line.startswith("#"))


def box(password: str) -> Mailbox:
    return Mailbox("user01@lab.example", "LAB\\user01", password, "EXCH13", "S-1")


def proved(vector: dict[str, str], password: str, nonce: bytes = NONCE) -> str:
    """Whom the last leg proves; the name and domain that the client wrote, put together again."""
    handshake = Handshake(NAMES, nonce)
    first, second = bytes.fromhex(vector["first"]), bytes.fromhex(vector["second"])
    handshake.challenge(first, 1_490_000_000.0)
    handshake._second = second  # as it went out then: the integrity code covers it
    asked = []

    def find(user: str, domain: str) -> Mailbox:
        asked.append(f"{domain}\\{user}" if domain else user)
        return box(password)

    handshake.prove(bytes.fromhex(vector["last"]), find, Hashes(), Binding())
    return asked[0]


@pytest.mark.parametrize("name", RECORDED)
def test_what_a_client_answered_proves_it(name: str) -> None:
    vector = read(name)
    assert proved(vector, vector["password"]) == vector["user"]


@pytest.mark.parametrize("name", RECORDED)
def test_the_second_leg_is_still_the_one_it_answered(name: str) -> None:
    vector = read(name)
    handshake = Handshake(NAMES, NONCE)
    made = handshake.challenge(bytes.fromhex(vector["first"]), 1_490_000_000.0)
    assert made.hex() == vector["second"]


@pytest.mark.parametrize("name", RECORDED)
def test_it_proves_nothing_else(name: str) -> None:
    vector = read(name)
    for password, nonce in (("Correct-2", NONCE), (vector["password"], bytes(8))):
        with pytest.raises(Unproved, match="credentials"):
            proved(vector, password, nonce)


def test_there_are_vectors_of_three_clients() -> None:
    assert {name.partition("-")[0] for name in RECORDED} == {"curl", "requests", "impacket"}


def example(proof: bytes, blob: bytes) -> bytes:
    """An AUTHENTICATE message around a response; its flags are those of the example (4.2.1)."""
    texts = [text.encode("utf-16-le") for text in ("Domain", "User", "COMPUTER")]
    fields, payload, at = [], b"", 64
    for part in (b"", proof + blob, *texts, b""):
        fields.append(struct.pack("<HHI", len(part), len(part), at + len(payload)))
        payload += part
    flags = struct.pack("<I", 0xE28A8233 & ~0x40000000)  # its key exchange is another story
    return b"NTLMSSP\0" + struct.pack("<I", 3) + b"".join(fields) + flags + payload


def test_the_example_of_the_document() -> None:
    user = Mailbox("u", "Domain\\User", "Password", "EXCH13", "S-1")
    handshake = Handshake(NAMES, NONCE)
    found = handshake.prove(example(PROOF, BLOB), lambda name, domain: user, Hashes(), Binding())
    assert found.mailbox is user
    # SessionBaseKey of 4.2.4.1.2
    assert found.session_key.hex() == "8de40ccadbc14a82f15cb0ad0de95ca3"
    for wrong in (example(PROOF[::-1], BLOB), example(PROOF, BLOB[:-1] + b"\1")):
        with pytest.raises(Unproved, match="credentials"):
            handshake.prove(wrong, lambda name, domain: user, Hashes(), Binding())
