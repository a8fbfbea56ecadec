"""The persistence cookie of a BIG-IP: the address of the server it leads to, written in four ways (K6917).

An encrypted one says nothing, and is opaque like any other balancer's.
"""

from __future__ import annotations

import re
from ipaddress import IPv4Address, IPv6Address

COOKIE = "BIGipServer"  # the default name begins so, and the pool's name follows
_PLAIN = re.compile(r"(\d{1,10})\.(\d{1,5})\.0000")
_SIX = re.compile(r"vi([0-9a-f]{32})\.(\d{1,5})", re.IGNORECASE)
_DOMAIN = re.compile(r"rd\d{1,5}o([0-9a-f]{32})o(\d{1,5})", re.IGNORECASE)

Address = IPv4Address | IPv6Address


def server_in(value: str) -> tuple[Address, int] | None:
    """Address and port of the server that the cookie's value leads to, or None when it does not say.

    Plain: the address backwards as one number, the port with its two bytes exchanged.  `vi…`: the address as
    it is, the port as before.  `rd…o…o…`, in a route domain: both as they are.
    """
    if match := _PLAIN.fullmatch(value):
        number, port = int(match[1]), int(match[2])
        if number >= 1 << 32 or port >= 1 << 16:
            return None
        return IPv4Address(number.to_bytes(4, "little")), _exchanged(port)
    if match := _SIX.fullmatch(value):
        port = int(match[2])
        return (IPv6Address(int(match[1], 16)), _exchanged(port)) if port < 1 << 16 else None
    if match := _DOMAIN.fullmatch(value):
        address, port = IPv6Address(int(match[1], 16)), int(match[2])
        return (address.ipv4_mapped or address, port) if port < 1 << 16 else None
    return None


def _exchanged(port: int) -> int:
    return int.from_bytes(port.to_bytes(2, "little"))
