"""How a front end tells a back end who asks.

Exchange sends the computer's own Kerberos ticket and X-CommonAccessToken.  Ours is one header, named
by us (assumed; never seen by a client, and taken out of what a client sends).
"""

from __future__ import annotations

from exsim.org.incoming import Incoming
from exsim.wire import names

TOKEN = "X-Exsim-Access-Token"
_TOKEN = TOKEN.lower()


def token(sid: str, flags: int) -> tuple[str, str]:
    return TOKEN, f"{sid};{flags}"


def read_token(incoming: Incoming) -> tuple[str, int] | None:
    """SID and logon flags, or None for a request that no front end vouches for."""
    sid, semicolon, flags = incoming.header(_TOKEN).partition(";")
    return (sid, int(flags)) if semicolon and flags.isascii() and flags.isdigit() else None


def is_public(flags: int) -> bool:
    return not flags & names.FLAG_PRIVATE
