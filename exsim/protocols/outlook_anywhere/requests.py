"""The four requests of a virtual connection: a probe and a channel in each direction (MS-RPCH 2.1.2.1)."""

from __future__ import annotations

from exsim.protocols.agent import Account, Agent
from exsim.protocols.flow import Request
from exsim.protocols.outlook_anywhere.settings import Settings
from exsim.wire import names

HEADERS = (
    ("Accept", names.RPC_KIND),
    ("User-Agent", "MSRPC"),
    ("Connection", "Keep-Alive"),
    ("Cache-Control", "no-cache"),
    ("Pragma", "no-cache"),
)
PROBE = bytes.fromhex("f8e81808")  # the four bytes that a real client sends (seen)
IN_LENGTH = 2**30  # bytes that an IN channel promises, as Outlook does
OUT_LENGTH = 76  # bytes of an OUT channel: CONN/A1 and no more
SUCCESSOR_LENGTH = 120  # of one that replaces another: OUT_R2/A3 and C1
SUCCESSOR = "out_successor"
STEPS = {names.RPC_IN: "in_channel", names.RPC_OUT: "out_channel"}
PROBES = {names.RPC_IN: "echo_in", names.RPC_OUT: "echo_out"}


def echo(agent: Agent, account: Account, settings: Settings, method: str) -> Request:
    """The probe: who answers is an RPC proxy, and says how one signs in."""
    request = _request(agent, account, settings, method, PROBES[method])
    request.body = PROBE
    request.timeout = settings.join_limit
    return request


def channel(agent: Agent, account: Account, settings: Settings, method: str) -> Request:
    """A channel; its body is sent piece by piece."""
    return _request(agent, account, settings, method, STEPS[method])


def successor(agent: Agent, account: Account, settings: Settings) -> Request:
    """An OUT channel that replaces another."""
    return _request(agent, account, settings, names.RPC_OUT, SUCCESSOR)


def _request(agent: Agent, account: Account, settings: Settings, method: str, step: str) -> Request:
    server = settings.server or agent.host.partition(":")[0]
    return Request(
        method,
        f"{names.RPC_PROXY}?{server}:{settings.port}",
        HEADERS,
        step=step,
        session=agent.number,
        account=account.address,
        origin=settings.origin,
        control=settings.control,
        forced=settings.forced,
    )
