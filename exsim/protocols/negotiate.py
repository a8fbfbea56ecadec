"""Signing in by HTTP itself: Basic, NTLM in its legs, and a one-leg stand-in for Negotiate.

    signer = Signer(account, "ntlm")                     # one a client, for all its connections
    response = yield from authenticated(agent, request, signer)

sends `request` and whatever it takes for it to be accepted, each leg a hop of its own; back comes the last
answer.  A flow looks at `signer.unmeasured` after a 401: when it says something, the directory takes
nothing that this client can show, nothing was measured there, and the client ends.

For an exchange that is read or written piece by piece (a channel, a stream):

    signed = yield from signed_in(agent, request, signer)
    if signed.response is not None: …                    # it ended before the last leg
    channel = yield Open(signed.request, length)         # carries the last leg, `on` its connection
    head = yield Receive(channel)
    signed.heard(head)                                   # accepted: the connection is his from now on
    …
    if signed.connection is not None: yield Release(signed.connection)

NTLM and a token that holds are bound to one TCP connection: it is leased for each request, and its note
says whose it is.  A request on a bound connection carries nothing ("bound"); a new connection is signed in
anew.  `preemptive`: credentials (of NTLM the first leg) go out before anybody asked.
"""

from __future__ import annotations

from dataclasses import dataclass

from msgspec.structs import replace

from exsim.protocols import credentials
from exsim.protocols.agent import Account, Agent
from exsim.protocols.flow import (
    UNAUTHORIZED,
    Connection,
    End,
    Filled,
    Flow,
    Form,
    Head,
    Lease,
    Mark,
    Release,
    Request,
    Response,
)
from exsim.wire import names
from exsim.wire.errors import WireError

_BASIC = Form(names.AUTHORIZATION)
METHODS = ("basic", "ntlm", "negotiate", "none")


@dataclass(frozen=True, slots=True)
class Seat:
    """Noted on a connection: this account was accepted there."""

    address: str


class Signer:
    """How one client signs in.

    `method`: one of METHODS; "negotiate" is the one-leg stand-in, "none" a stranger.  `channel_binding`:
    what NTLM names as the server's certificate, "auto" the one that was shown, "none", or "wrong".
    """

    def __init__(
        self,
        account: Account,
        method: str,
        *,
        preemptive: bool = False,
        channel_binding: str = "auto",
    ) -> None:
        assert method in METHODS and channel_binding in credentials.BINDINGS
        self.account = account
        self.method = method
        self.bound_to_connections = method in ("ntlm", "negotiate")
        self.channel_binding = channel_binding
        self.unasked = preemptive  # whether credentials go out before a 401 asks for them
        self.unmeasured = ""  # why nothing can be measured here
        self._basic: Filled | None = None

    @property
    def basic(self) -> Filled:
        """The header of Basic; a client may send it thousands of times."""
        if self._basic is None:
            self._basic = Filled(_BASIC, credentials.basic(self.account)[1:])
        return self._basic

    def sits_on(self, connection: Connection) -> bool:
        """Whether the server accepted this client on `connection` before."""
        return isinstance(connection.note, Seat) and connection.note.address == self.account.address

    def accepts(self, response: Response) -> bool:
        """Whether a 401 offers this client's method."""
        return self.method in credentials.offers(response)


@dataclass(slots=True)
class Signed:
    """A request that is ready to go, with its last leg; or (`response`) what came instead of one.

    `connection`: leased for it, and to be released by the flow; None where none is bound.
    """

    signer: Signer
    request: Request
    connection: Connection | None = None
    response: Response | None = None

    def heard(self, head: Response | Head | End | bytes) -> None:
        """What came back: an accepted connection is noted, one that is asked again is nobody's."""
        if self.connection is None or not isinstance(head, Response | Head):
            return
        if head.status is None or head.status == UNAUTHORIZED:
            self.connection.note = None
        elif self.request.auth == "ntlm_3" or (self.request.auth == "token" and _persists(head)):
            self.connection.note = Seat(self.signer.account.address)


def authenticated(agent: Agent, request: Request, signer: Signer) -> Flow[Response]:
    """Send `request`, and sign in as far as that takes; the last answer."""
    if signer.unasked and signer.method == "basic":
        return agent.send(_with_basic(request, signer))
    if signer.bound_to_connections:
        return _on_leased(agent, request, signer)
    return _on_any(agent, request, signer)


def _on_leased(agent: Agent, request: Request, signer: Signer) -> Flow[Response]:
    connection: Connection = yield Lease(request.origin or agent.origin)
    signed = Signed(signer, replace(request, on=connection), connection)
    response = yield from _on_one(agent, signed)
    if _found_closed(response) and signed.request.auth != "ntlm_3":
        signed.request = request
        yield from _another(agent, signed, fresh=True)
        response = yield from _on_one(agent, signed)
    if signed.connection is not None:
        yield Release(signed.connection)
    return response


def signed_in(
    agent: Agent, request: Request, signer: Signer, *, fresh: bool = False
) -> Flow[Signed]:
    """Everything but the last leg, which `Signed.request` carries; no leg before it has a body.

    `fresh`: on a connection that was never used.
    """
    if not signer.bound_to_connections:
        return (yield from _ready_on_any(agent, request, signer))
    connection: Connection = yield Lease(request.origin or agent.origin, fresh)
    signed = Signed(signer, replace(request, on=connection), connection)
    if signer.sits_on(connection):
        signed.request.auth = "bound"
        return signed
    if not signer.unasked:
        response = yield from agent.send(replace(signed.request, body=b"", auth=""))
        if not (yield from _asked(agent, signed, response)):
            signed.response = response
            return signed
    signed.response = yield from _first_leg(agent, signed)
    return signed


# Credentials with each request -----------------------------------------------------------------
def _on_any(agent: Agent, request: Request, signer: Signer) -> Flow[Response]:
    response = yield from agent.send(replace(request, auth=""))
    if response.status != UNAUTHORIZED or signer.method == "none":
        return response
    if not signer.accepts(response):
        yield from _not_measured(signer, request, response)
        return response
    signer.unasked = True  # from now on he knows
    return (yield from agent.send(_with_basic(request, signer)))


def _ready_on_any(agent: Agent, request: Request, signer: Signer) -> Flow[Signed]:
    signed = Signed(signer, request)
    if signer.method == "none":
        return signed
    if not signer.unasked:
        response = yield from agent.send(replace(request, body=b"", auth=""))
        if response.status != UNAUTHORIZED or not signer.accepts(response):
            signed.response = response
            if response.status == UNAUTHORIZED:
                yield from _not_measured(signer, request, response)
            return signed
        signer.unasked = True
    signed.request = _with_basic(request, signer)
    return signed


def _with_basic(request: Request, signer: Signer) -> Request:
    """`request`, which carries the header from now on: whoever sends it again need not add it again."""
    if request.auth != "basic":
        # Not among `headers`, which are the same for all clients and put together once
        request.own = (*request.own, *signer.basic) if request.own else signer.basic
        request.auth = "basic"
    return request


# Credentials for a connection ------------------------------------------------------------------
def _on_one(agent: Agent, signed: Signed) -> Flow[Response]:
    signer, request = signed.signer, signed.request
    assert signed.connection is not None
    bound = signer.sits_on(signed.connection)
    if bound or not signer.unasked:
        response = yield from agent.send(replace(request, auth="bound" if bound else ""))
        if not (yield from _asked(agent, signed, response)):
            return response
    ended = yield from _first_leg(agent, signed)
    if ended is not None:
        return ended
    response = yield from agent.send(signed.request)
    signed.heard(response)
    return response


def _asked(agent: Agent, signed: Signed, response: Response) -> Flow[bool]:
    """Whether an answer asks for credentials that this client has; it then has a connection to show them."""
    assert signed.connection is not None
    if response.status != UNAUTHORIZED:
        return False
    signed.connection.note = None
    if not signed.signer.accepts(response):
        yield from _not_measured(signed.signer, signed.request, response)
        return False
    if signed.signer.method == "negotiate":
        signed.signer.unasked = True  # one leg goes with the next request at once
    if not signed.connection.alive:
        yield from _another(agent, signed)
    return True


def _first_leg(agent: Agent, signed: Signed) -> Flow[Response | None]:
    """Make `signed.request` the last leg; or the answer that ended it before."""
    signer, plain = signed.signer, signed.request
    if signer.method == "negotiate":
        line = credentials.token(signer.account)
        signed.request = replace(plain, headers=(*plain.headers, line), auth="token")
        return None
    handshake = credentials.Ntlm(signer.account)
    line = credentials.header("NTLM", handshake.first())
    first = replace(plain, headers=(*plain.headers, line), body=b"", auth="ntlm_1")
    response = yield from agent.send(first)
    challenge = credentials.challenge_in(response, "NTLM")
    if response.status != UNAUTHORIZED or not challenge:
        if response.status == UNAUTHORIZED and not signer.accepts(response):
            yield from _not_measured(signer, plain, response)
        return response
    assert signed.connection is not None
    shown = credentials.binding(signer.channel_binding, signed.connection.certificate)
    try:
        line = credentials.header("NTLM", handshake.last(challenge, shown))
    except WireError:
        return response
    signed.request = replace(plain, headers=(*plain.headers, line), auth="ntlm_3")
    if not signed.connection.alive:  # closed between the legs: what is left is to try on another
        yield from _another(agent, signed)
    return None


def _another(agent: Agent, signed: Signed, fresh: bool = False) -> Flow[None]:
    """Go on with another connection."""
    assert signed.connection is not None
    yield Release(signed.connection, keep=False)
    connection: Connection = yield Lease(signed.request.origin or agent.origin, fresh)
    signed.connection = connection
    signed.request = replace(signed.request, on=connection)


def _not_measured(signer: Signer, request: Request, response: Response) -> Flow[None]:
    """A directory that takes nothing this client can show: said once, and never called failed."""
    if signer.unmeasured:
        return
    offered = ", ".join(sorted(credentials.offers(response))) or "nothing"
    signer.unmeasured = f"offers {offered}, this client has {signer.method}"
    facts = {"number": request.session, "step": request.step, "account": signer.account.address}
    yield Mark("not_measured", {**facts, "why": signer.unmeasured})


def _found_closed(response: Response) -> bool:
    """An idle connection turned out closed before a byte came: a browser sends once more, on another."""
    return response.error == "closed" and response.reused and response.status is None


def _persists(head: Response | Head) -> bool:
    """Whether the server says that one leg holds for the whole connection (IISAUTH, E13)."""
    return any(
        key == b"persistent-auth" and value.lower() == b"true" for key, value in head.headers
    )
