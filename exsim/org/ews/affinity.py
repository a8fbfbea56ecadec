"""The cookies by which a group of subscriptions keeps to one back end (EWS13)."""

from __future__ import annotations

import base64

from exsim.org.answers import set_cookie
from exsim.org.attribution import build_of
from exsim.org.back_request import Asked
from exsim.org.entropy import Entropy
from exsim.org.moment import cookie_date
from exsim.org.settings import Node
from exsim.wire import names

YEAR = 365 * 86400


def server_number(node: Node) -> int:
    """A server's version packed in one number, as it stands behind the name in the cookie.

    Worked out from the documented example, 1941996295, which unpacks to 15.0.775.
    """
    major, minor, build = (*build_of(node), 0, 0, 0)[:3]
    return 0x7000_8000 | (major & 0x3F) << 22 | (minor & 0x3F) << 16 | build & 0x7FFF


def add(asked: Asked, node: Node, entropy: Entropy, operation: str) -> None:
    """The cookies that this answer sets: one for each client, one for the first of a group."""
    incoming, cookies = asked.incoming, asked.incoming.cookies
    if names.EXCHANGE_COOKIE not in cookies:
        until = cookie_date(int(asked.when) + YEAR)
        value = entropy.take(16).hex()
        attributes = f"expires={until}; path=/; HttpOnly"
        asked.cookies.append(set_cookie(names.EXCHANGE_COOKIE, value, attributes))
    prefers = incoming.header(names.PREFER_AFFINITY.lower()).lower() == "true"
    if operation == "Subscribe" and prefers and names.OVERRIDE_COOKIE not in cookies:
        value = f"{node.fqdn.lower()}~{server_number(node)}"
        attributes = "path=/; secure; HttpOnly" if incoming.secure else "path=/; HttpOnly"
        asked.cookies.append(set_cookie(names.OVERRIDE_COOKIE, value, attributes))


def subscription_id(node: Node, entropy: Entropy) -> str:
    """A subscription's id: like the real ones it names the server that holds it (assumed layout)."""
    name = node.fqdn.lower().encode()
    data = len(name).to_bytes(2, "little") + name + b"\x10\x00\x00\x00" + entropy.take(16)
    return base64.b64encode(data).decode()
