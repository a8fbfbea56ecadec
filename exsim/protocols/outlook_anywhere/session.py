"""One session over RPC/HTTP: probes, the two channels, a logon to the mailbox, calls, and the way out."""

from __future__ import annotations

from dataclasses import dataclass

from exsim.protocols import session_mark
from exsim.protocols.agent import Account, Agent
from exsim.protocols.flow import Channel, Close, End, Flow, Head, Open, Receive, Release
from exsim.protocols.negotiate import Signed, Signer, authenticated, signed_in
from exsim.protocols.outlook_anywhere import requests
from exsim.protocols.outlook_anywhere.evidence import of_head
from exsim.protocols.outlook_anywhere.settings import Settings
from exsim.protocols.outlook_anywhere.tunnel import Tunnel
from exsim.session.answers import OTHERS
from exsim.session.hop import Evidence
from exsim.wire import emsmdb, names, rop
from exsim.wire.errors import WireError

CONNECTIONS = 3  # that a client needs while its OUT channel is replaced
LAST_WORD = 1.0  # seconds for the IN channel to say what went wrong, once the OUT channel has ended
MAILBOXES = "mailbox "  # of the agent's memory: the GUID of each account's mailbox, as first seen


@dataclass(slots=True)
class Visit:
    """Whose session this is, and what it is to do."""

    agent: Agent
    account: Account
    settings: Settings
    signer: Signer


def live(visit: Visit) -> Flow[bool]:
    """One session; whether it began at all."""
    agent, settings = visit.agent, visit.settings
    agent.number += 1
    yield session_mark.logon(agent.number, visit.account, settings)
    if settings.echo:
        for method in (names.RPC_OUT, names.RPC_IN):
            request = requests.echo(agent, visit.account, settings, method)
            response = yield from authenticated(agent, request, visit.signer)
            if response.status != 200 or visit.signer.unmeasured:
                return False
    ways: list[Signed] = []
    for method in (names.RPC_OUT, names.RPC_IN):
        request = requests.channel(agent, visit.account, settings, method)
        signed = yield from signed_in(agent, request, visit.signer)
        ways.append(signed)
        if signed.response is not None:
            yield from _release(ways)
            return False
    return (yield from _channels(visit, *ways))


def _channels(visit: Visit, outward: Signed, inward: Signed) -> Flow[bool]:
    out = yield from _open(visit.agent, outward, requests.OUT_LENGTH)
    into = yield from _open(visit.agent, inward, requests.IN_LENGTH)
    ways = [outward, inward]
    tunnel = Tunnel(
        visit.agent, visit.account, visit.settings, out, into, lambda: _another(visit, ways)
    )
    head = yield from tunnel.begin()
    if head is not None:
        outward.heard(head)
        visit.agent.keep(head.headers, names.RPC_PROXY)
    if tunnel.accepted:
        yield from _work(visit, tunnel)
    yield from _close(visit, tunnel)
    if tunnel.accepted and not tunnel.ended and visit.settings.logoff:
        # The channels' own lines stand before it.
        yield session_mark.logoff(visit.agent.number, visit.account)
    yield from _release(ways)
    return tunnel.accepted


def _another(visit: Visit, ways: list[Signed]) -> Flow[Channel | None]:
    """A further OUT channel, signed in on a connection of its own; None where it cannot be had."""
    if visit.settings.connections < CONNECTIONS:
        return None
    request = requests.successor(visit.agent, visit.account, visit.settings)
    signed = yield from signed_in(visit.agent, request, visit.signer)
    ways.append(signed)
    if signed.response is not None:
        return None
    return (yield from _open(visit.agent, signed, requests.SUCCESSOR_LENGTH))


def _open(agent: Agent, signed: Signed, length: int) -> Flow[Channel]:
    request = signed.request
    request.origin = request.origin or agent.origin
    request.cookies = agent.jar.line(names.RPC_PROXY, agent.clock)
    channel: Channel = yield Open(request, length)
    return channel


def _release(ways: list[Signed]) -> Flow[None]:
    for signed in ways:
        if signed.connection is not None:
            yield Release(signed.connection, keep=False)


# Over the channels ----------------------------------------------------------------------------------
def _work(visit: Visit, tunnel: Tunnel) -> Flow[None]:
    """From the binding to the disconnect; ends early with the tunnel."""
    handle = yield from _connect(visit, tunnel)
    if handle is None:
        return
    waiting = b""
    if visit.settings.notifications:
        answer = yield from tunnel.call(emsmdb.ASYNC_CONNECT, emsmdb.Handled(handle).encode())
        waiting = _handle(tunnel, answer)
    yield from _operate(visit, tunnel, handle, rop.logon(visit.account.distinguished_name))
    for _ in range(visit.settings.polls):
        pause = visit.settings.think * (0.5 + visit.agent.dice.random())
        yield from _rest(tunnel, waiting, pause)
        for _ in range(visit.settings.calls):
            yield from _operate(visit, tunnel, handle, b"")
    yield from _rest(tunnel, waiting, visit.settings.idle)
    if visit.settings.logoff and not tunnel.ended:
        yield from tunnel.call(emsmdb.DISCONNECT, emsmdb.Handled(handle).encode())


def _connect(visit: Visit, tunnel: Tunnel) -> Flow[bytes | None]:
    """Bind and connect; the session's handle."""
    bound = yield from tunnel.bind(emsmdb.EMSMDB, emsmdb.ASYNC_EMSMDB)
    if not bound:
        return None
    stub = emsmdb.Connect(visit.account.distinguished_name).encode()
    answer = yield from tunnel.call(emsmdb.CONNECT, stub)
    if answer is None:
        return None
    try:
        session = emsmdb.Connected.decode(answer)
    except WireError:
        tunnel.ended = "unreadable"
        return None
    tunnel.names(session.display_name)
    if session.result:
        tunnel.fail(f"connect {session.result:08x}")
        return None
    return session.handle


def _handle(tunnel: Tunnel, answer: bytes | None) -> bytes:
    """The handle of the asynchronous wait; empty when there is none."""
    try:
        return emsmdb.Handled.decode(answer).handle if answer else b""
    except WireError:
        tunnel.ended = "unreadable"
        return b""


def _rest(tunnel: Tunnel, waiting: bytes, seconds: float) -> Flow[None]:
    """A pause in which the asynchronous wait is always parked."""
    if waiting and tunnel.unparked and not tunnel.ended:
        yield from tunnel.park(emsmdb.ASYNC_WAIT, emsmdb.Handled(waiting, 0).encode(), 1)
    if seconds > 0:
        yield from tunnel.rest(seconds)


def _operate(visit: Visit, tunnel: Tunnel, handle: bytes, first: bytes) -> Flow[None]:
    """One call of operations; each asks for the mailbox owner's name, so that each answer tells whose it is."""
    if tunnel.ended:
        return
    data = rop.pack(first + rop.get_properties(rop.OWNER_NAME), (rop.NO_OBJECT,))
    answer = yield from tunnel.call(emsmdb.RPC, emsmdb.Rpc(handle, data).encode())
    if answer is None:
        return
    try:
        done = emsmdb.RpcDone.decode(answer)
        operations = rop.done(rop.unpack(done.data)[0]) if not done.result else []
    except WireError:
        tunnel.ended = "unreadable"
        return
    if done.result:
        tunnel.fail(f"operations {done.result:08x}")
    for operation in operations:
        for text in operation.texts:
            tunnel.names(text)
        if operation.mailbox:
            _same_mailbox(visit, tunnel, operation.mailbox.hex())
    if tunnel.owner in OTHERS:  # told at once, not at the end of the session
        tunnel.ended = tunnel.ended or "wrong mailbox"


def _same_mailbox(visit: Visit, tunnel: Tunnel, found: str) -> None:
    """An account's mailbox has one GUID, whoever asks and however often."""
    memory, key = visit.agent.memory, MAILBOXES + visit.account.address
    if memory.setdefault(key, found) != found:
        tunnel.owner = "stranger"


# The end --------------------------------------------------------------------------------------------
def _close(visit: Visit, tunnel: Tunnel) -> Flow[None]:
    """Close all channels.  What broke them the IN channel may tell: it is heard for a moment."""
    said, head = Evidence(), tunnel.head
    if tunnel.ended:
        said = yield from _last_word(visit, tunnel)
    yield Close(tunnel.into, said)
    refused = head is not None and head.status != 200
    yield Close(tunnel.out, of_head(head, False) if refused and head else tunnel.evidence())
    if tunnel.successor is not None:  # it was never gone on with: whoever refused it says why
        word: Head | bytes | End = yield Receive(tunnel.successor, LAST_WORD)
        found = of_head(word, False) if isinstance(word, Head) else Evidence()
        yield Close(tunnel.successor, found)


def _last_word(visit: Visit, tunnel: Tunnel) -> Flow[Evidence]:
    """What the IN channel says; that it says nothing tells most, when its pair never came about."""
    silent = not tunnel.accepted and tunnel.ended != "refused"
    limit = visit.settings.join_limit if silent else LAST_WORD
    word: Head | bytes | End = yield Receive(tunnel.into, limit)
    if isinstance(word, Head):
        more: Head | bytes | End = b""
        while isinstance(more, bytes):
            more = yield Receive(tunnel.into, LAST_WORD)
        return of_head(word, tunnel.accepted)
    if silent and isinstance(word, End) and word.error == "timeout":
        return Evidence(is_="unanswered")
    return Evidence()
