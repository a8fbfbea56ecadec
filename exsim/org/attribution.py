"""The headers by which an answer says who made it (CAP16, FEERR, E13)."""

from __future__ import annotations

import base64

from exsim.org.answers import REASONS
from exsim.org.entropy import Entropy
from exsim.org.incoming import Incoming
from exsim.org.outcome import Outcome
from exsim.org.settings import Node
from exsim.wire import names
from exsim.wire.message import Headers

SERVERS = {"2010": "Microsoft-IIS/7.5", "2013": "Microsoft-IIS/8.5"}  # later: 10.0
OWS_VERSIONS = {"2013": "V2_48", "2016": "V2017_07_16"}  # 2016's of CAP16; the others assumed
MINIMUM_OWS_VERSION = "V2_6"
# Newer builds name theirs on their own answers too, as far back as that was seen: FEERR, and of 2016 HAP1828
VERSION_ON_ALL_SINCE = {1: (15, 1, 2507), 2: (15, 2, 986)}
MONITORS = ("msexchmon", "activemonitoring", "amprobe", "testactivesyncconnectivity")


def build_of(node: Node) -> tuple[int, ...]:
    return tuple(int(part) for part in node.build.split("."))


def short_build(node: Node) -> str:
    """The three parts that stand in addresses: 15.1.669."""
    return ".".join(node.build.split(".")[:3])


def ows_version(node: Node) -> str:
    return OWS_VERSIONS.get(node.version, "V2018_01_08")


class FrontEndHeaders:
    """What one front end adds to every answer that goes out through it."""

    def __init__(self, node: Node, entropy: Entropy) -> None:
        self._entropy = entropy
        self._server = ("Server", SERVERS.get(node.version, "Microsoft-IIS/10.0"))
        self._tail = [
            ("X-AspNet-Version", "4.0.30319"),
            ("X-Powered-By", "ASP.NET"),
            (names.FE_SERVER, node.name.upper()),
        ]
        self._version = (names.OWA_VERSION, node.build)
        build = build_of(node)
        since = VERSION_ON_ALL_SINCE.get(build[1])
        self._always_version = since is not None and build >= since
        self._least = (
            401 if node.version == "2013" else 400
        )  # FailureContext: E13 > 400, E16 >= 400

    def add(self, incoming: Incoming, outcome: Outcome) -> None:
        headers = outcome.answer.headers
        root = incoming.path == names.ROOT
        name = "X-RequestId" if root else names.REQUEST_ID  # the second as seen on a 302 of /
        headers.append(self._server)
        headers.append((name, self._entropy.guid()))
        headers.extend(self._tail)
        if self._always_version and not outcome.answered_by_back_end:
            headers.append(self._version)
        if incoming.header("return-client-request-id").lower() == "true":
            wanted = incoming.header(names.CLIENT_REQUEST_ID)
            headers.append((names.CLIENT_REQUEST_ID, wanted))
        status = outcome.answer.status
        if self._least <= status < 600 and is_probe(incoming):
            headers.append((names.FAILURE_CONTEXT, _failure(outcome)))


def is_probe(incoming: Incoming) -> bool:
    """Whether failures are explained to this request (E13)."""
    agent = incoming.header("user-agent").lower()
    return (
        any(monitor in agent for monitor in MONITORS)
        or "MapiHttpClient" in incoming.header("x-clientapplication")
        or is_local_probe(incoming)
    )


def is_local_probe(incoming: Incoming) -> bool:
    """Whether the front end is to stop before the back end."""
    return incoming.header(names.PROBE_TYPE.lower()) == names.LOCAL_PROBE


def _failure(outcome: Outcome) -> str:
    side = "BackEnd" if outcome.answered_by_back_end else "FrontEnd"
    status = outcome.answer.status
    error = base64.b64encode((outcome.answer.reason or REASONS.get(status, "")).encode()).decode()
    return f"{side};{status};{error};;;;"


def back_end_headers(node: Node) -> Headers:
    """What an Exchange Back End site adds to every answer."""
    return [
        (names.DIAG_INFO, node.name.upper()),
        (names.BE_SERVER, node.name.upper()),
        ("X-UA-Compatible", "IE=EmulateIE7"),
        ("X-Content-Type-Options", "nosniff"),
    ]


def owa_headers(node: Node) -> Headers:
    """What OWA's own handlers add on a back end."""
    return [
        (names.OWA_VERSION, node.build),
        ("X-OWA-OWSVersion", ows_version(node)),
        ("X-OWA-MinimumSupportedOWSVersion", MINIMUM_OWS_VERSION),
        ("X-OWA-HttpHandler", "true"),
        ("X-OWA-DiagnosticsInfo", "7;0;4"),
    ]
