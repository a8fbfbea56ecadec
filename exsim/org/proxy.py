"""From front end to back end and back: what is left out, what is added (E13, E16, CAP16)."""

from __future__ import annotations

from exsim.org.answers import HTML, answer, set_cookie
from exsim.org.directory import Directory, database_of
from exsim.org.identity import TOKEN, is_public, token
from exsim.org.incoming import Incoming
from exsim.org.moment import iso_millisecond
from exsim.org.outcome import Answering, Outcome, Stream
from exsim.org.reading import Reading
from exsim.org.refusal import escape
from exsim.org.routing import can_pass_on
from exsim.org.routing_hint import RoutingHint
from exsim.org.settings import Mailbox, Node
from exsim.org.work import Forward, Piece, Read, Upstream
from exsim.wire import names
from exsim.wire.message import Answer, Headers, Request

# Between two hops, or rewritten on the way to a back end; logon cookies never get there
NOT_SENT_ON = frozenset(
    ("connection", "keep-alive", "transfer-encoding", "content-length", "cookie", "expect",
     "authorization", "upgrade", "te", TOKEN.lower())
)  # fmt: skip
# What a front end does not copy from a back end's answer (E13, E16)
NOT_COPIED = frozenset(
    ("connection", "keep-alive", "transfer-encoding", "content-length", "date", "server",
     "x-powered-by", "x-aspnet-version", "www-authenticate", "persistent-auth",
     "x-beserverexception", "x-beserverroutingerror", "x-msexchangeactivityctx", "request-id",
     "client-request-id", "x-beresourcepath", "x-frombackend-serveraffinity",
     "x-dbmountedonserver", "x-routingentryupdate")
)  # fmt: skip
HIDDEN_COOKIES = frozenset(names.LOGON_COOKIES)
TOLD_WHERE_FROM = ("mapi",)  # directories that name the front end in an answer of their own
DOWN_LEVEL_AGENT = ("User-Agent", "Mozilla/5.0 (Windows NT; owaauth)")


class Proxy:
    """The part of a front end that asks back ends."""

    def __init__(self, node: Node, directory: Directory) -> None:
        self._node = node
        self._directory = directory
        self._hint = RoutingHint()
        self._out_of_reach = node.front_end.out_of_reach
        self._broken = frozenset(node.front_end.broken_back_ends)

    def pass_on(self, incoming: Incoming, reading: Reading, mailbox: Mailbox) -> Answering:
        """What the mailbox's back end answers, or 503."""
        home = self._directory.home(mailbox)
        target = (names.CALCULATED_BE, home.fqdn.lower())
        if self._out_of_reach and not can_pass_on(self._node, home):
            failed = unreachable(self._out_of_reach, home)
            return Outcome(failed, user=mailbox.address)
        if home.name in self._broken:
            failed = unavailable(f"Failed authentication on backend server: {home.fqdn}", target)
            return Outcome(failed, user=mailbox.address, back_end=home.name)
        upstream: Upstream | None = None
        if not home.back_end.down:
            request = self._request(incoming, reading, mailbox)
            upstream = yield Forward(home.name, request, body=incoming.piecewise)
        if upstream is None:
            failed = unavailable(f"Unable to connect to backend server: {home.fqdn}", target)
            return Outcome(failed, user=mailbox.address, back_end=home.name)
        outcome = Outcome(upstream.answer, user=mailbox.address, back_end=home.name)
        outcome.answered_by_back_end = True
        outcome.answer = self._copy(incoming, upstream.answer, target, mailbox, home)
        if upstream.streaming:
            outcome.stream = _relay()
            length = upstream.answer.header("Content-Length")
            outcome.answer.headers += [("Content-Length", length)] if length else []
        return outcome

    def _request(self, incoming: Incoming, reading: Reading, mailbox: Mailbox) -> Request:
        sent = [pair for pair in incoming.request.headers if pair[0].lower() not in NOT_SENT_ON]
        kept = [
            f"{name}={value}"
            for name, value in incoming.cookies.items()
            if name not in HIDDEN_COOKIES
        ]
        if kept:
            sent.append(("Cookie", "; ".join(kept)))
        sent.append(token(mailbox.sid, reading.flags))
        if incoming.piecewise or incoming.vdir in TOLD_WHERE_FROM:
            sent.append((names.SOURCE_FRONT_END, self._node.fqdn))
        if is_public(reading.flags):
            sent.append(("X-LogonType", "Public"))
        if reading.flags & names.FLAG_DOWN_LEVEL:
            sent = [pair for pair in sent if pair[0].lower() != "user-agent"] + [DOWN_LEVEL_AGENT]
        original = incoming.request
        return Request(original.method, original.target, sent, original.body, original.scheme)

    def _copy(
        self,
        incoming: Incoming,
        made: Answer,
        target: tuple[str, str],
        mailbox: Mailbox,
        home: Node,
    ) -> Answer:
        headers = [pair for pair in made.headers if pair[0].lower() not in NOT_COPIED]
        headers.append(target)
        carried = incoming.cookies.get(names.BACK_END_COOKIE, "")
        headers.append(
            self._hint.line(
                mailbox.sid,
                database_of(home.name),
                carried,
                incoming.vdir,
                incoming.when,
                incoming.secure,
            )
        )
        if incoming.header("x-owa-correlationid"):
            begun = iso_millisecond(incoming.when)
            headers += [(f"X-FrontEnd-{part}", begun) for part in ("Begin", "Handler-Begin", "End")]
        return Answer(made.status, made.reason, headers, made.body)


def pinned(incoming: Incoming) -> Headers:
    """Query parameters of ECP that become cookies, and pin the choice of back end (E13)."""
    if not incoming.path.startswith("/ecp"):
        return []
    wanted = ("ExchClientVer", "TargetServer")
    values = [(name, incoming.query.get(name)) for name in wanted]
    return [set_cookie(name, escape(value), "path=/; secure") for name, value in values if value]


def unavailable(detail: str, target: tuple[str, str]) -> Answer:
    """503 of the front end: it picked a back end, and that did not answer (FEERR)."""
    body = f"<html><body><h1>Service unavailable</h1><p>{detail}</p></body></html>"
    return answer(503, body.encode(), HTML, [target, (names.CAS_ERROR_CODE, "2016")])


def unreachable(status: int, home: Node) -> Answer:
    """A mailbox of a version that this front end cannot pass on to; how it says so is assumed."""
    body = (
        f"<html><body><h1>A mailbox of Exchange {home.version} is out of reach.</h1></body></html>"
    )
    return answer(status, body.encode(), HTML)


def _relay() -> Stream:
    """The rest of a streaming upstream, piece by piece."""
    while (data := (yield Read())) is not None:
        yield Piece(data)
