"""Sessions of clients that sign in by HTTP itself, told by the client's own count and not by cookies.

Such a session begins with the first accepted answer (MAPI over HTTP: Connect with code 0; Outlook Anywhere:
C2) and is lost by a refusal, another identity or a lost context that the client did not ask for.  A client
that never gets that far was *shut out*: it had no session to lose.  A *stranger* has no credentials; any
answer that names a mailbox is one that he must not see.
"""

from __future__ import annotations

from collections.abc import Callable

from exsim.session.answers import IN_CHANNEL, SIGNED_IN, besides, is_channel, read_answer, says_all
from exsim.session.attribution import Attribution
from exsim.session.browser import Browser, Facts, Followed, Reading
from exsim.session.hop import Hop, Mark
from exsim.session.ledger import Ledger, excused
from exsim.session.loss import append, blame, note_meeting
from exsim.session.machine import IDENTIFIED, State, after
from exsim.session.meaning import DEFINITE, MEETS, SIGNS, Sign
from exsim.session.records import Incident, Session, ShutOut

COOKIE_PROTOCOLS = frozenset({"owa"})  # whose sessions are told by cookies: not followed here
# Protocols whose session begins with its first accepted answer, wherever that was: no login front end.
WITHOUT_LOGIN = frozenset({"ews", "activesync", "autodiscover", "oab"})
MOST_ATTEMPTS = 20_000  # on their way in, where nobody asks who was never let in
MOST_CONNECTIONS = 16  # of one client, whose challenger is remembered: of the last ones
BY_CONNECT = frozenset({"mapi_http", "outlook_anywhere"})  # begun by one answer that says so
# NTLM is bound to one connection to one node, so what is accepted there was answered by its challenger: a
# witness where no header is (an IN channel has no answer).  NTHT
ON_A_SIGNED_IN_CONNECTION = frozenset({"ntlm_3", "bound"})
TWO_CHANNELS = frozenset({"outlook_anywhere"})  # where it matters on which of them an answer came
STRANGER = "none"  # as a client's way to sign in
# What bars a client's way in; a challenge does not, and an answer under its identity is no bar.
BARS = DEFINITE | {
    sign
    for sign, meaning in SIGNS.items()
    if meaning.finding and (not meaning.meets or sign in (Sign.FAULT, Sign.COOKIES_MISSING))
}


class Attempt:
    """A client on its way in: what it met, until it is let in (or never is)."""

    __slots__ = (
        "account", "bar", "challenges", "moved", "nodes", "refusals", "stayed", "waiting",
    )  # fmt: skip

    def __init__(self, account: str) -> None:
        self.account = account
        self.waiting: list[Reading] = []  # channels that ended before the session began
        self.bar: Reading | None = None  # the last thing that barred the way
        self.nodes: list[str] = []  # front ends that did
        self.challenges = 0  # 401 that asked for credentials
        self.refusals = 0  # 401 to complete credentials
        self.stayed = 0  # last legs of NTLM, refused by the node that had challenged
        self.moved = 0  # the same by another one


class Identified:
    """The part of the detector that follows these clients; browsers, marks and ledger are shared."""

    def __init__(
        self,
        attribution: Attribution,
        ledger: Ledger,
        users: dict[int, Facts],
        begun: Callable[[Session], None],
        note: Callable[[Session], None],
    ) -> None:
        self._attribution = attribution
        self._ledger = ledger
        self._users = users
        self._begun = begun
        self._note = note
        self._attempts: dict[tuple[bool, str], tuple[Browser, Attempt]] = {}

    def hop(self, browser: Browser, hop: Hop) -> list[Incident]:
        """Take one hop that counts, and count by whom it was answered."""
        self._ledger.mail(hop)
        if self._as_usual(browser, hop):
            return []
        witness, sign = self._attribution.front_end(hop), read_answer(hop)
        if hop.status is not None:  # a channel may have none, and be well
            self._ledger.attribute(sign, *witness)
        return self.take(browser, hop, sign, *witness)

    def take(
        self, browser: Browser, hop: Hop, sign: Sign, front_end: str | None, evidence: str
    ) -> list[Incident]:
        """Take one hop; the incidents that it is the first sign of."""
        if self._users.get(hop.user, {}).get("authentication") == STRANGER:
            self._stranger(Reading(browser, None, hop, sign, front_end, evidence))
            return []
        if hop.auth == "ntlm_1" and front_end is not None:
            browser.challengers[hop.conn] = front_end
            if len(browser.challengers) > MOST_CONNECTIONS:
                del browser.challengers[min(browser.challengers)]  # numbers count up
        session = browser.sessions.get(hop.session)
        reading = Reading(browser, session, hop, sign, front_end, evidence)
        if session is None:
            if browser.is_forgotten(hop.session):
                if sign is Sign.WRONG_MAILBOX:  # the worst there is, however late
                    self._ledger.report(reading)
                return []
            if not _begins(hop, sign):
                self._outside(reading)
                return []
            session = reading.sender = self._begin(reading)
        if (sign in MEETS or sign is Sign.ACCEPTED) and hop.status is not None:
            self._ledger.identify(hop.body.owner, hop.protocol)
        if session.state is State.LIVE:
            self._visit(session, reading)
        elif is_channel(hop) and hop.t <= (session.record.over or 0.0):
            self._meet(session, reading)  # it was open while the session lived
        self._overdue(session)
        session.headers = None
        if sign is Sign.SERVED and session.state is State.LIVE:
            if evidence == "header" and hop.protocol not in TWO_CHANNELS:
                session.headers = None if self._attribution.learns else hop.headers
            return []
        return self._weigh(session, reading)

    def accepted(self, browser: Browser, mark: Mark, name: str) -> None:
        """The flow says that its session has begun, before the answer that says so is over."""
        if name not in browser.sessions:
            self._open(browser, name, mark.user, mark.t, str(self._fact(browser, name, "protocol")))

    def shut_out(self) -> list[ShutOut]:
        """The clients that were never let in, one for each time that they tried."""
        return [
            _shut_out(attempt)
            for (control, name), (browser, attempt) in self._attempts.items()
            if attempt.bar is not None and not control and name not in browser.sessions
        ]

    # Before a session --------------------------------------------------------------------------

    def _stranger(self, reading: Reading) -> None:
        hop, strangers = reading.hop, self._ledger.found.strangers
        strangers["answers"] = strangers.get("answers", 0) + (hop.status is not None)
        if hop.body.owner is not None:
            strangers["told"] = strangers.get("told", 0) + 1
            self._ledger.wrong(reading, f"to a client without credentials ({hop.body.owner})")
        elif hop.status is not None and hop.status < 400 and hop.body.is_ in ("answer", "accepted"):
            self._ledger.find(reading, Sign.UNASKED.value, str(hop.status))

    def _outside(self, reading: Reading) -> None:
        """An answer to a client that is not let in (yet)."""
        hop, sign = reading.hop, reading.sign
        key = reading.browser.control, hop.session
        if key not in self._attempts:
            if len(self._attempts) >= MOST_ATTEMPTS and not self._ledger.keeps:
                del self._attempts[next(iter(self._attempts))]
            account = str(self._fact(reading.browser, hop.session, "account") or "")
            self._attempts[key] = reading.browser, Attempt(account)
        _, attempt = self._attempts[key]
        attempt.challenges += sign is Sign.CHALLENGE
        if sign is Sign.UNAUTHORIZED:
            attempt.refusals += 1
            challenger = reading.browser.challengers.get(hop.conn)
            if hop.auth == "ntlm_3" and challenger and reading.front_end:
                attempt.stayed += challenger == reading.front_end
                attempt.moved += challenger != reading.front_end
        if is_channel(hop):
            attempt.waiting.append(reading)
        self._ledger.report(reading)
        if sign in BARS and not excused(hop):
            attempt.bar = reading
            if reading.front_end and reading.front_end not in attempt.nodes:
                attempt.nodes.append(reading.front_end)

    def _fact(self, browser: Browser, name: str, fact: str) -> str | int | float | bool | None:
        facts = {**self._users.get(browser.user, {}), **browser.logons.get(name, {})}
        return facts.get(fact, "")

    # A session -----------------------------------------------------------------------------------

    def _as_usual(self, browser: Browser, hop: Hop) -> bool:
        """Count an answer that differs in nothing from its session's last one (`Followed.headers`); False: there is more to it."""
        session = browser.sessions.get(hop.session)
        if (
            session is None
            or session.headers is not hop.headers
            or session.state is not State.LIVE
            or hop.conn not in session.connections
            or hop.status is None
            or hop.auth == "ntlm_1"
        ):
            return False
        if session.body is not hop.body or hop.status != 200 or hop.error is not None:
            if read_answer(hop) is not Sign.SERVED:
                return False
            session.body = hop.body if says_all(hop) else None
        self._ledger.usual[hop.body.owner, hop.protocol] += 1
        session.record.requests += 1
        return True

    def _begin(self, reading: Reading) -> Followed:
        hop = reading.hop
        session = self._open(reading.browser, hop.session, hop.user, hop.arrived, hop.protocol)
        record = session.record
        record.control = reading.browser.control
        record.origin = hop.origin
        record.forced = record.forced or hop.forced
        return session

    def _open(self, browser: Browser, name: str, user: int, t: float, protocol: str) -> Followed:
        """A session begins.  One that is still live in this client was left by it."""
        holder = browser.jar
        if holder is not None and holder.state is State.LIVE:
            holder.move(after(holder.state, Sign.REPLACED, IDENTIFIED), t)
        account = str(self._fact(browser, name, "account") or "")
        population = self._fact(browser, name, "population")
        record = Session(
            id=name,
            user=user,
            protocol=protocol,
            began=t,
            account=account,
            home=str(self._fact(browser, name, "home") or ""),
            population=population if isinstance(population, int) else 0,
            control=browser.control,
            forced=bool(self._fact(browser, name, "forced")),
            back_end=self._attribution.homes.get(account),
        )
        session = browser.sessions[name] = browser.jar = Followed(record, t)
        if (old := browser.forget()) is not None:
            self._attempts.pop((browser.control, old), None)  # it was let in
        self._begun(record)
        self._note(record)
        return session

    def _visit(self, session: Followed, reading: Reading) -> None:
        """Count a request of a live session, and its meeting with a front end, if it is the first."""
        record, hop, sign = session.record, reading.hop, reading.sign
        record.requests += 1
        if hop.conn not in session.connections:
            session.connections.add(hop.conn)
            record.connections = len(session.connections)
        if hop.body.is_ == "accepted" and hop.protocol in BY_CONNECT:
            record.login_front_end = reading.front_end
            self._note(record)
        if sign in MEETS:
            self._meet(session, reading)

    def _meet(self, session: Followed, reading: Reading) -> None:
        record, hop, front_end = session.record, reading.hop, reading.front_end
        back_end = self._attribution.back_end(hop)
        if back_end is not None and back_end != record.back_end:
            record.back_end = back_end
            if record.account:
                self._attribution.homes[record.account] = back_end
            self._note(record)
        if hop.protocol == "outlook_anywhere" and hop.method != IN_CHANNEL:
            return  # served by the IN channel's front end; the OUT channel's is where it began
        evidence = reading.evidence
        if front_end is None and hop.auth in ON_A_SIGNED_IN_CONNECTION:
            front_end, evidence = reading.browser.challengers.get(hop.conn), "ntlm"
        if front_end is not None and front_end not in session.met:  # the first: a trial
            note_meeting(session, hop, front_end, evidence)
            self._note(record)

    def _overdue(self, session: Followed) -> None:
        """Channels that ended before the answer that began this session did."""
        key = (session.record.control, session.record.id)
        kept = self._attempts.pop(key, None) if self._attempts else None
        for reading in kept[1].waiting if kept else ():
            self._meet(session, reading)

    def _weigh(self, session: Followed, reading: Reading) -> list[Incident]:
        """Everything that is not an ordinary answer."""
        sign = reading.sign
        self._ledger.report(reading)
        more = besides(reading.hop)
        if more is not None and sign is Sign.ACCEPTED:
            self._ledger.find(reading, more.value, str(reading.hop.error or ""))
        if session.state is State.LOST:
            self._after(session, reading)
            return []
        if after(session.state, sign, IDENTIFIED) is State.LOST:
            return self._lose(session, reading)
        return []

    def _lose(self, session: Followed, reading: Reading) -> list[Incident]:
        incident = blame(session, reading)
        self._note(session.record)
        return [] if session.record.control else [incident]

    def _after(self, session: Followed, reading: Reading) -> None:
        """After its loss: a refusal more, or a node that goes on with it as if nothing had been."""
        incident = session.record.incident
        if incident is None:
            return
        if reading.sign in DEFINITE:
            append(incident, reading.hop, reading.front_end)
        elif reading.sign in MEETS and not session.rescued and not is_channel(reading.hop):
            session.rescued = True
            self._ledger.find(reading, "rescued", "went on with what another had refused")


def _begins(hop: Hop, sign: Sign) -> bool:
    """Whether this answer is one under the client's own identity, by which its session begins."""
    if hop.body.is_ == "accepted":
        return True
    if hop.protocol in BY_CONNECT or sign is Sign.WRONG_MAILBOX:
        return False
    return sign in MEETS and hop.auth in SIGNED_IN


def _shut_out(attempt: Attempt) -> ShutOut:
    assert attempt.bar is not None
    hop = attempt.bar.hop
    return ShutOut(
        session=hop.session,
        user=hop.user,
        protocol=hop.protocol,
        account=attempt.account,
        sign=attempt.bar.sign.value,
        t=hop.arrived,
        utc=hop.utc,
        seq=hop.seq,
        step=hop.step,
        status=hop.status,
        auth=hop.auth,
        challenges=attempt.challenges,
        refusals=attempt.refusals,
        front_ends=attempt.nodes,
        stayed=attempt.stayed,
        moved=attempt.moved,
    )
