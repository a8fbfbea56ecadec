"""A Negotiate token of one leg: our stand-in for Kerberos, which no test bed without a domain can speak.

It shares with Kerberos what a balancer is touched by: one opaque token, sent unasked, accepted without a
401 in between.  It is no Kerberos, can be sent again, and only the simulated organisation understands it.
"""

from __future__ import annotations

import hashlib
import hmac

MARK = b"exsim one-leg token\0"
_PROOF = hashlib.sha256().digest_size


def token(user: str, password: str) -> bytes:
    """The token of `user`, as he types his name."""
    name = user.encode()
    return MARK + _proof(name, password) + name


def user_of(data: bytes) -> str | None:
    """Who a token says it is; None for what is no such token."""
    name = data[len(MARK) + _PROOF :]
    if not data.startswith(MARK) or not name:
        return None
    return name.decode("utf-8", "replace")


def fits(data: bytes, password: str) -> bool:
    """Whether the token was made with `password`."""
    proof = data[len(MARK) : len(MARK) + _PROOF]
    return hmac.compare_digest(proof, _proof(data[len(MARK) + _PROOF :], password))


def _proof(name: bytes, password: str) -> bytes:
    return hmac.digest(password.encode(), MARK + name, "sha256")
