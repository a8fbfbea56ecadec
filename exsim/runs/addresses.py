"""Addresses as a scenario writes them: source addresses one by one or as a range, and where to connect."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping
from urllib.parse import urlsplit

LIMIT = 4096  # addresses that a range may hold


def expanded(texts: str | Iterable[str]) -> tuple[str, ...]:
    """Each address once, in order; "127.0.9.1-127.0.9.20" is a range.  Raises ValueError."""
    found: dict[str, None] = {}
    for text in (texts,) if isinstance(texts, str) else texts:
        first, dash, last = (part.strip() for part in text.partition("-"))
        low = _address(first, text)
        high = _address(last, text) if dash else low
        if low.version != high.version or int(high) < int(low):
            raise ValueError(f'"{text}" is not a range: its end is before its beginning')
        if int(high) - int(low) >= LIMIT:
            raise ValueError(f'"{text}" holds more than {LIMIT} addresses')
        for number in range(int(low), int(high) + 1):
            found[str(type(low)(number))] = None
    return tuple(found)


def _address(text: str, whole: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        raise ValueError(f'"{whole}" is neither an address nor a range of addresses') from None


def is_address(host: str) -> bool:
    """Whether `host` is an address already, and no name."""
    try:
        ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return False
    return True


def is_loopback(host: str) -> bool:
    """Does `host` mean this machine?  A name is not looked up: only localhost counts."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def places(nodes: Mapping[str, str]) -> dict[str, str]:
    """Where each node is -> its name: by "host:port", and by the host alone where no other node has it."""
    found: dict[str, str] = {}
    shared: set[str] = set()
    for name, text in nodes.items():
        _, host, port = endpoint(text)
        if host in found:
            shared.add(host)
        found[host] = found[joined(host, port)] = name
    return {place: name for place, name in found.items() if place not in shared}


def joined(host: str, port: int) -> str:
    """ "10.0.1.13:443", and "[::1]:443" of an address that has colons itself."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def endpoint(text: str, default: int | None = None) -> tuple[str, str, int]:
    """Scheme, host and port of "10.0.1.13:443" (https is meant) or "http://10.0.1.13:80".

    `default`: the port where none is given, instead of the scheme's own.  Raises ValueError for a path, and
    for anything that is no address.
    """
    scheme, marker, rest = text.partition("://")
    if not marker:
        scheme, rest = "https", text
    try:
        parts = urlsplit(f"//{rest}")
        host, port = parts.hostname, parts.port
    except ValueError:
        host = port = None
    plain = host and not (parts.path or parts.query or parts.fragment or parts.username)
    if scheme not in ("https", "http") or not plain or not host:
        raise ValueError(f'"{text}" is not an address such as "10.0.1.13:443"')
    return scheme, host, port or default or {"https": 443, "http": 80}[scheme]
