"""NTLM inside Negotiate: taking a client's SPNEGO token apart, and writing the server's (RFC 4178).

Clients also send the bare NTLM message under the name Negotiate; then nothing is wrapped either way.
"""

from __future__ import annotations

import hmac
import struct
from dataclasses import dataclass

from spnego._ntlm_raw.crypto import rc4init, sealkey, signkey
from spnego._ntlm_raw.security import sign
from spnego._spnego import NegState, NegTokenInit, NegTokenResp, pack_mech_type_list, unpack_token
from spnego.exceptions import SpnegoError

from exsim.org.ntlm import Proved, Unproved, message_type

NTLM = "1.3.6.1.4.1.311.2.2.10"  # MS-SPNG 3.1.5.1


@dataclass(frozen=True, slots=True)
class Token:
    """A client's token.  `inner`: the NTLM message; `mechanisms`: what a first token offered.

    `wrapped`: it came in SPNEGO.  `code`: the integrity code of the list of mechanisms, if one came.
    """

    inner: bytes
    wrapped: bool = False
    mechanisms: tuple[str, ...] = ()
    code: bytes = b""


def read(data: bytes) -> Token:
    """The token of an Authorization header.  Raises Unproved for what is none, or offers no NTLM."""
    if message_type(data):
        return Token(data)
    try:
        told = unpack_token(data)
    except (ValueError, struct.error, IndexError, NotImplementedError, SpnegoError) as error:
        raise Unproved("garbled") from error
    if isinstance(told, NegTokenInit) and NTLM in told.mech_types:
        # What is sent along with the list belongs to the first of it.
        inner = told.mech_token if told.mech_types[0] == NTLM else b""
        return Token(inner or b"", True, tuple(told.mech_types), told.mech_list_mic or b"")
    if isinstance(told, NegTokenResp):
        return Token(told.response_token or b"", True, (), told.mech_list_mic or b"")
    raise Unproved("not_offered" if isinstance(told, NegTokenInit) else "garbled")


def second(challenge: bytes) -> bytes:
    """The server's token between the client's two; without a challenge: "let it be NTLM"."""
    state = NegState.accept_incomplete if challenge else NegState.request_mic
    return bytes(NegTokenResp(state, NTLM, challenge or None).pack())


def final(proved: Proved, mechanisms: tuple[str, ...], code: bytes) -> bytes:
    """The server's last token.  Raises Unproved when somebody changed the client's list."""
    if not code:
        return bytes(NegTokenResp(NegState.accept_complete).pack())
    offered = pack_mech_type_list(list(mechanisms))
    if not hmac.compare_digest(_code(proved, "initiate", offered), code):
        raise Unproved("credentials")
    mine = _code(proved, "accept", offered)
    return bytes(NegTokenResp(NegState.accept_complete, mech_list_mic=mine).pack())


def _code(proved: Proved, side: str, data: bytes) -> bytes:
    flags, key = proved.flags, proved.session_key
    handle = rc4init(sealkey(flags, key, side))
    return bytes(sign(flags, handle, signkey(flags, key, side) or b"", 0, data))
