"""Where a probe goes: the URL's host, the address behind it, nodes by themselves; and whether it may.

Nothing is sent to a machine other than this one unless its name was said twice.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from exsim.conduct.environment import EnvironmentProblem
from exsim.conduct.pem import PemProblem, reading
from exsim.drive.target import Target
from exsim.drive.tls import context
from exsim.lab.errors import LabError
from exsim.lab.reach import addresses_of, first_that_answers
from exsim.runs.addresses import endpoint, is_address, is_loopback, joined
from exsim.runs.errors import OperatorError
from exsim.runs.plan import signature

if TYPE_CHECKING:
    from exsim.drive.tls import Tls

PROBE = "probe"  # as whom its requests are signed
PORTS = {"https": 443, "http": 80}


@dataclass(frozen=True, slots=True)
class Asked:
    """What the command line says of the target.

    `address`: "host:port" to connect to instead of the URL's own.  `nodes`: name -> its own address
    ("10.0.1.13:443" or "http://10.0.1.13:80").  `ca`: a file to trust instead of the system's own.
    `cleartext`: a node on another machine may be spoken to without TLS.  `balancer`: a HAProxy file to run
    here in front of the nodes, `servers`: which of its servers is which node.  `lb_ca`: vouches for a
    balancer that runs here.  The rest is as in a scenario's [target].
    """

    url: str
    address: str = ""
    nodes: dict[str, str] = field(default_factory=dict)
    ca: str | None = None
    insecure: bool = False
    confirm: str = ""
    cleartext: bool = False
    balancer: Path | None = None
    servers: dict[str, str] = field(default_factory=dict)
    haproxy: str | None = None
    lb_ca: str = ""
    tls_min: str = "1.2"
    tls_legacy: bool = False
    client_cert: str = ""
    client_key: str = ""
    proxy: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """A target that may be asked.  `host`: Host and server name; `targets`: as a driver's world takes them.

    `about`: the balancer in words, where it was started here; `lb_servers` and `lb_cookie` are what is known
    of it then.
    """

    host: str
    address: str
    targets: dict[str | None, Target]
    about: str = ""
    lb_servers: Mapping[str, str] = field(default_factory=dict)
    lb_cookie: str = ""


def place_of(asked: Asked) -> Place:
    """Where to go.  Raises OperatorError for a mistake, EnvironmentProblem when nobody is there."""
    scheme, name, port, host = _url(asked.url)
    at = asked.address or f"{name}:{port}"
    scheme_at, where, port_at = _endpoint("--address", f"{scheme}://{_without_scheme(at)}")
    nodes = {node: _endpoint(f"--node {node}", text) for node, text in asked.nodes.items()}
    _permitted(asked, name, [(scheme_at, where), *((kind, at) for kind, at, _ in nodes.values())])
    proxy = _endpoint("--proxy", asked.proxy)[1:] if asked.proxy else None
    tls = _tls(asked)
    if proxy is not None:  # it looks the name up
        _reached(*proxy)
    there, found = (where, ()) if proxy is not None else _reached(where, port_at)
    address = joined(there, port_at)
    before = context(asked.lb_ca) if asked.lb_ca else tls
    targets: dict[str | None, Target] = {
        None: Target(
            there,
            port_at,
            host,
            before if scheme == "https" else None,
            proxy=proxy,
            signature=signature(PROBE),
        )
    }
    for node, (kind, at, node_port) in nodes.items():
        itself = at if proxy is not None else _reached(at, node_port)[0]
        spoken = tls if kind == "https" else None
        targets[node] = Target(
            itself, node_port, host, spoken, proxy=proxy, signature=signature(PROBE)
        )
    several = f"{address} (of {', '.join(found)})" if len(found) > 1 else ""
    return Place(host, address, targets, several)


def _tls(asked: Asked) -> Tls:
    """The context of all connections.  Raises OperatorError for a file that is no certificate."""
    ca, own = asked.ca or "", (asked.client_cert, asked.client_key)
    made = partial(context, minimum=asked.tls_min, legacy=asked.tls_legacy)
    try:
        reading(lambda: made(asked.ca, asked.insecure), ca)
        return reading(lambda: made(asked.ca, asked.insecure, certificate=own[0], key=own[1]), *own)
    except PemProblem as problem:
        raise OperatorError(str(problem)) from None


def _url(text: str) -> tuple[str, str, int, str]:
    """Scheme, name, port and the Host header of a URL."""
    try:
        url = urlsplit(text if "://" in text else f"https://{text}")
        name, port = url.hostname, url.port
    except ValueError:
        name, port, url = None, None, urlsplit("")
    if url.scheme not in PORTS or not name or url.username:
        raise OperatorError(f"{text}: is not a URL such as https://mail.example.com")
    host = name if port in (None, PORTS[url.scheme]) else f"{name}:{port}"
    return url.scheme, name, port or PORTS[url.scheme], host


def _without_scheme(address: str) -> str:
    return address.partition("://")[2] or address


def _endpoint(what: str, text: str) -> tuple[str, str, int]:
    try:
        return endpoint(text)
    except ValueError as problem:
        raise OperatorError(f"{what}: {problem}") from None


def _permitted(asked: Asked, name: str, places: list[tuple[str, str]]) -> None:
    """Raises OperatorError: another machine wants its name said twice, and no password in clear."""
    if asked.confirm and asked.confirm.lower() != name.lower():
        raise OperatorError(f'--confirm "{asked.confirm}" is not the host of the URL, "{name}"')
    away = [where for _, where in places if not is_loopback(where)]
    if away and not asked.confirm:
        raise OperatorError(
            f"{away[0]} is not this machine: say --confirm {name} if you may test there"
        )
    if not asked.cleartext and any(
        kind == "http" and not is_loopback(where) for kind, where in places
    ):
        raise OperatorError("a password would cross that wire in clear: https is needed there")


def _reached(where: str, port: int) -> tuple[str, tuple[str, ...]]:
    """The first address of `where` at which somebody listens, and all that it has."""
    try:
        found = (where,) if is_address(where) else addresses_of(where)
        return first_that_answers(found, port), found
    except LabError as problem:
        raise EnvironmentProblem(str(problem)) from None
