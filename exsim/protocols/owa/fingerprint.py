"""What a node says of itself to somebody who is not logged on, and what its logon cookies look like.

GETs without cookies only: the logon page, one page of each virtual directory that asks for
authentication, and HealthCheck.htm of each.  No password is sent here, and nothing is judged.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from exsim.protocols.flow import NO_COOKIES, Flow, Pause, Request, Response
from exsim.protocols.jar import read_date
from exsim.protocols.owa import headers as lines
from exsim.protocols.owa.way import Way
from exsim.wire import names

# Virtual directory -> a page below it that answers 401 to whoever is not authenticated.  The paths are
# those that clients of the protocols use; what a front end offers there stands in WWW-Authenticate.
ASKING = {
    "EWS": "/EWS/Exchange.asmx",
    "mapi": "/mapi/emsmdb/",
    "Microsoft-Server-ActiveSync": "/Microsoft-Server-ActiveSync",
    "Autodiscover": "/Autodiscover/",
    "rpc": "/rpc/rpcproxy.dll",
}
# Each is a component that can be switched off by itself (E13, LB16).
HEALTH = ("owa", "ecp", "EWS", "mapi", "OAB", "rpc", "Microsoft-Server-ActiveSync", "Autodiscover",
          "PowerShell")  # fmt: skip
NOT_OURS = ("PowerShell",)  # for administrators: that it is closed is no client's trouble
ANONYMOUS_REQUESTS = len(ASKING) + len(HEALTH)
TIMEOUT = 15.0  # seconds for one answer; a node that takes longer is noted as not answering
STEP = "fingerprint"

# The build in the addresses of the logon page's own pictures and styles (LOGON); 2010's lie one higher.
_BUILD = re.compile(rb"/owa/(?:auth/)?(\d{1,2}(?:\.\d{1,5}){2,3})/", re.IGNORECASE)


@dataclass(slots=True)
class Fingerprint:
    """One node, as it answered.  `skew`: seconds that its clock is ahead of ours; None: it did not say."""

    build: str = ""
    owa_version: str = ""
    server: str = ""
    says: str = ""  # the name in its own header, in capitals
    reached: bool = True
    error: str = ""  # why it was not
    skew: float | None = None
    authentication: dict[str, list[str]] = field(default_factory=dict)
    health: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Issued:
    """The logon cookies of one logon as they were set, without their values."""

    signature_length: int = 0  # characters of cadataSig
    key_length: int = 0  # characters of cadataKey
    secure: bool | None = None
    same_site: str = ""


def build_of_page(body: bytes) -> str:
    """The build that a logon page's own addresses name, or ""."""
    found = _BUILD.search(body)
    return found[1].decode() if found else ""


def take_headers(print_: Fingerprint, response: Response) -> None:
    """What any answer of the node itself says of it; a back end's answer is another's word."""
    if response.header(b"x-beserver"):
        return
    print_.server = print_.server or (response.header(b"server") or "")
    print_.owa_version = print_.owa_version or (response.header(b"x-owa-version") or "")
    said = response.header(b"x-feserver") or response.header(b"x-diaginfo") or ""
    print_.says = print_.says or said.strip().upper()


def skew_of(response: Response, before: float, after: float) -> float | None:
    """How far the answer's Date is ahead of us, who waited for it from `before` to `after` (since 1970).

    A Date has whole seconds, so half a second either way says nothing.
    """
    told = response.header(b"date")
    moment = read_date(told) if told else None
    return None if moment is None else round(moment + 0.5 - (before + after) / 2, 1)


def directories(print_: Fingerprint, way: Way, lb_cookie: str = "") -> Flow[None]:
    """Ask each virtual directory how it authenticates, and for its health."""
    for name, path in ASKING.items():
        response = yield from _anonymous(way, path, lb_cookie)
        if response.status == 401:
            print_.authentication[name] = list(schemes(response))
    for name in HEALTH:
        response = yield from _anonymous(way, f"/{name}/{names.HEALTH_CHECK}", lb_cookie)
        print_.health[name] = health_of(response)


def clock(print_: Fingerprint, way: Way, lb_cookie: str = "") -> Flow[Response]:
    """One GET of the logon page: its build, who answers, and what his clock says."""
    before = yield from Pause(0)
    response = yield from _anonymous(way, names.LOGON_PAGE, lb_cookie)
    after = yield from Pause(0)
    print_.reached, print_.error = response.status is not None, response.error or ""
    take_headers(print_, response)
    print_.build = print_.build or build_of_page(response.body)
    print_.skew = skew_of(response, before, after)
    return response


def schemes(response: Response) -> Iterator[str]:
    """The schemes that an answer offers, each once, in its order."""
    offered = (
        line.partition(" ")[0].rstrip(",") for line in response.headers_named(b"www-authenticate")
    )
    return (scheme for scheme in dict.fromkeys(offered) if scheme)


def health_of(response: Response) -> str:
    """ "200", another status, or "closed": a component that is switched off gives no answer (E13)."""
    if response.status is not None:
        return str(response.status)
    return "closed" if response.error in ("closed", "reset") else response.error or "nothing"


def issued(response: Response) -> Issued:
    """What the accepted logon `response` set."""
    lengths: dict[str, int] = {}
    attributes: str | None = None
    for line in response.headers_named(b"set-cookie"):
        pair, _, rest = line.partition(";")
        name, _, value = pair.strip().partition("=")
        lengths[name] = len(value)
        if name in (names.CADATA, names.E14_SESSION) and value:
            attributes = rest.lower()
    if attributes is None:
        return Issued()
    words = [word.strip() for word in attributes.split(";")]
    site = next((word for word in words if word.startswith("samesite=")), "")
    return Issued(
        signature_length=lengths.get(names.CADATA_SIG, 0),
        key_length=lengths.get(names.CADATA_KEY, 0),
        secure="secure" in words,
        same_site=site.partition("=")[2].capitalize(),
    )


def _anonymous(way: Way, path: str, lb_cookie: str) -> Flow[Response]:
    """One GET without cookies but the balancer's own, never sent twice."""
    request = Request(
        "GET",
        path,
        lines.NAVIGATION,
        step=STEP,
        cookies=way.cookies(NO_COOKIES, lb_cookie),
        origin=way.origin,
        on=way.connection,
        timeout=TIMEOUT,
        control=True,
    )
    return (yield from request)
