"""The detector: a run's history in, line by line as answers arrived; sessions and incidents out.

An incident is the first answer to arrive that refuses a live session's logon cookies, or deletes them
from the jar they are in.  What a browser holds is followed by the cookies' hashes alone: not by status
codes, and not by which page sent the request.  Pure: the same lines give the same findings, live or later.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from exsim.session.answers import OTHERS
from exsim.session.attribution import Attribution, Witness, net_bios
from exsim.session.browser import Browser, Facts, Followed, Reading
from exsim.session.hop import Hop, Line, Mark
from exsim.session.identified import Identified
from exsim.session.ledger import MARKED, Ledger
from exsim.session.loss import follow, lose, note_meeting, tell_reason
from exsim.session.machine import LIVE, LOST, after
from exsim.session.meaning import ACCEPTED, DEFINITE, LOGON_REFUSED, MEETS, SERVED, Sign
from exsim.session.packed import Kept, Packed
from exsim.session.password import Refusals
from exsim.session.place import LOGOFF, place_of
from exsim.session.records import Finding, Findings, Incident, Session
from exsim.session.sids import Sids
from exsim.session.signs import LOGON_COOKIES, deletes_logon_cookies, host_of, read, serves
from exsim.session.usual import as_usual, count_usual, expect_usual
from exsim.session.waits import CUT, WaitBook
from exsim.wire.names import BACK_END_COOKIE

HARMLESS = frozenset({SERVED, Sign.ANONYMOUS})  # to a live session, and no finding either
LIFE = 1.5  # an expiry lies this many time-outs ahead when it is sealed: E13
CLOCK_SLACK = 0.25  # seconds that our clock and a node's may drift apart within a session: assumed


class Detector:
    """Follows every browser of one run.

    `public_timeout`, `private_timeout`: the organisation's, in Exchange's seconds (E13: 15 min, 8 h);
    `time_scale`: how much shorter they are in this lab.  `hosts`: names of the service, with
    or without a port; when none is given, they are learnt from where accepted logons are sent on to.
    `sessions`: what they are kept in.  `findings`: whether those are kept too; a load that goes on for days has no use for them.
    """

    def __init__(
        self,
        public_timeout: float = 900.0,
        private_timeout: float = 28800.0,
        time_scale: float = 1.0,
        attribution: Attribution | None = None,
        hosts: Iterable[str] = (),
        sessions: Kept | None = None,
        findings: bool = True,
    ) -> None:
        self.attribution = attribution or Attribution()
        self._public_life = public_timeout * LIFE * time_scale
        self._private_life = private_timeout * LIFE * time_scale
        self._hosts = frozenset(host_of(f"//{host}") for host in hosts)
        self._learns_hosts = not self._hosts
        self._browsers: dict[int, Browser] = {}
        self._controls: dict[int, Browser] = {}
        self._users: dict[int, Facts] = {}
        self.sessions: Kept = Packed() if sessions is None else sessions
        self._changed: dict[str, Session] | None = None  # nobody asked yet
        self._ledger = Ledger(findings)
        self._sids, self._waits, self._refusals = Sids(), WaitBook(), Refusals()
        self._identified = Identified(
            self.attribution, self._ledger, self._users, self.sessions.append, self._note
        )

    def feed(self, line: Line) -> list[Incident]:
        """Take one line; the incidents that it is the first sign of (control sessions' are not told)."""
        if type(line) is Hop:
            return self.hop(line)
        if isinstance(line, Mark):
            self._mark(line)
        return []

    def hop(self, hop: Hop) -> list[Incident]:
        """The same, of a line that is a hop."""
        if hop.control:
            self._ledger.mail(hop)
            self._control(hop)
            return []
        browser = self._browsers.get(hop.user) or self._browser(hop.user, control=False)
        if hop.protocol != "owa":
            self._waits.hop(hop)
            return self._identified.hop(browser, hop)
        if as_usual(browser, hop):
            return []
        count_usual(browser, self._ledger)
        witness = self.attribution.front_end(hop)
        sign = read(hop, self._hosts)
        self._ledger.attribute(sign, *witness)
        return self._take(browser, browser.sender(hop), hop, sign, witness)

    def on_wrong_mailbox(self, tell: Callable[[Finding], None]) -> None:
        """Call `tell` at once with each answer that names another user's mailbox."""
        self._ledger.crossed = tell

    def changed(self) -> list[Session]:
        """The counted sessions that began, met a front end or were lost since this was last asked."""
        changed = self.sessions if self._changed is None else self._changed.values()
        self._changed = {}
        return [session for session in changed if not session.control]

    def finish(self) -> Findings:
        """Everything found so far.  May be asked at any time, and again."""
        for browser in self._browsers.values():
            count_usual(browser, self._ledger)
        found = self._ledger.settled()
        self.sessions.amend(self.attribution.at_home)
        found.findings += self._refusals.explain(self.sessions)
        found.sessions = self.sessions.told()
        found.shut_out = self._identified.shut_out()
        found.waits = self._waits.told()
        if self._ledger.silent:
            found.identity["silent"] = self._ledger.silent
        return found

    # One hop ---------------------------------------------------------------------------------

    def _take(
        self, browser: Browser, sender: Followed | None, hop: Hop, sign: Sign, witness: Witness
    ) -> list[Incident]:
        front_end, evidence = witness
        if browser.expected and browser.expected == hop.session and serves(hop, sign):
            self._begin_brought(Reading(browser, None, hop, sign, None, ""))
            sender = browser.sender(hop)
        if sender is not None:
            if sign in MEETS and not browser.control:
                owner = hop.body.owner
                if hop.sid:
                    owner = self._by_sid(Reading(browser, sender, hop, sign, front_end, evidence))
                self._ledger.identify(owner)
            if sender.state is LIVE:
                self._visit(sender, hop, sign, front_end, evidence)
        set_cookies = hop.set_cookies
        ordinary = not set_cookies or LOGON_COOKIES.isdisjoint(set_cookies)
        if ordinary and sign in HARMLESS and (sender is None or sender.state is LIVE):
            alike = sign is SERVED and evidence == "header" and not self.attribution.learns
            if sender is not None and alike:
                expect_usual(browser, sender, hop)
            return []  # nearly every answer leaves here
        return self._weigh(Reading(browser, sender, hop, sign, front_end, evidence))

    def _by_sid(self, reading: Reading) -> str | None:
        """Whose answer it was; where the body says nothing, by the SID that the front end took it for."""
        hop, sender = reading.hop, reading.sender
        owner = self._sids.owner(sender.record.account if sender else "", hop.sid)
        if hop.body.owner is None and owner in OTHERS:
            self._ledger.wrong(reading, f"{owner}, by the SID in {BACK_END_COOKIE}")
        return hop.body.owner or owner

    def _visit(
        self, sender: Followed, hop: Hop, sign: Sign, front_end: str | None, evidence: str
    ) -> None:
        """Count a request that carried a live session's cookies, and its meeting, if it is the first."""
        record = sender.record
        record.requests += 1
        if hop.conn not in sender.connections:
            sender.connections.add(hop.conn)
            record.connections = len(sender.connections)
        if sign not in MEETS:
            return
        back_end = self.attribution.back_end(hop)
        if back_end is not None and back_end != record.back_end:
            record.back_end = back_end
            if record.account:
                self.attribution.homes[record.account] = back_end
            self._note(record)
        if front_end is not None and front_end not in sender.met:
            note_meeting(sender, hop, front_end, evidence)
            self._note(record)

    def _weigh(self, reading: Reading) -> list[Incident]:
        """Everything that is not an ordinary answer."""
        if reading.sign is ACCEPTED:
            self._begin(reading)
            return []
        if reading.sign is LOGON_REFUSED:
            facts = reading.browser.logons.get(reading.hop.session, {})
            self._refusals.note(str(facts.get("account") or ""), reading.hop.arrived)
        self._ledger.report(reading)
        incidents = []
        for session in self._judge(reading):
            incidents.append(lose(session, reading))
            self._note(session.record)
        if reading.sign in DEFINITE:
            follow(reading)
        elif reading.sign in MEETS:
            self._rescue(reading)
        self._keep_jar(reading)
        return incidents

    def _begin(self, reading: Reading) -> None:
        """A logon was accepted.  A session that is still live in this jar was left by its user."""
        browser, hop = reading.browser, reading.hop
        holder = browser.jar
        if holder is not None and holder.state is LIVE:
            holder.move(after(holder.state, Sign.REPLACED), hop.arrived)
        if self._learns_hosts and (host := host_of(hop.location)):
            self._hosts |= {host}
        browser.expected = ""
        record = self._record(reading)
        browser.begin(record, hop)
        self.sessions.append(record)
        self._note(record)

    def _begin_brought(self, reading: Reading) -> None:
        """The first answer that serves a logon made elsewhere: nobody here knows which front end took it."""
        record = self._record(reading)
        record.brought = True
        reading.browser.begin_brought(record, reading.hop)
        self.sessions.append(record)
        self._note(record)

    def _record(self, reading: Reading) -> Session:
        browser, hop = reading.browser, reading.hop
        facts = {**self._users.get(hop.user, {}), **browser.logons.get(hop.session, {})}
        account = str(facts.get("account") or "")
        population = facts.get("population")
        return Session(
            id=hop.session,
            user=hop.user,
            protocol=hop.protocol,
            began=hop.arrived,
            account=account,
            home=str(facts.get("home") or ""),
            population=population if isinstance(population, int) else 0,
            private=bool(facts.get("private", True)),
            control=browser.control,
            forced=hop.forced or bool(facts.get("forced")),
            origin=hop.origin,
            login_front_end=reading.front_end,
            back_end=self.attribution.homes.get(account),
        )

    def _judge(self, reading: Reading) -> list[Followed]:
        """Move the session that this answer ends; return those that it costs, the sender's first."""
        browser, sender, hop = reading.browser, reading.sender, reading.hop
        lost: list[Followed] = []
        if sender is not None and sender.state is LIVE:
            state = after(sender.state, self._event(reading, sender))
            if state is LOST:
                lost.append(sender)
            elif state is not sender.state:
                sender.move(state, hop.arrived)
        holder = browser.jar
        if holder is None or holder is sender or holder.state is not LIVE:
            return lost
        if deletes_logon_cookies(hop):  # a late answer to a page of an older session
            lost.append(holder)
        return lost

    def _event(self, reading: Reading, sender: Followed) -> Sign:
        """What the sign amounts to for the live session whose cookies the request carried."""
        hop, sign = reading.hop, reading.sign
        if place_of(hop.request) is LOGOFF and hop.status is not None:
            return Sign.LOGGED_OFF if sign in DEFINITE else sign  # refused, but it was to end
        if sign in DEFINITE:
            life = self._private_life if sender.record.private else self._public_life
            answered = hop.t + (hop.took if hop.head is None else hop.head)
            over = reading.browser.sealed(sender, hop) + life
            return Sign.EXPIRED if answered >= over - CLOCK_SLACK else sign
        if sign is Sign.LOGON_BLOCKED:  # kept out by a rule, whatever was deleted on the way
            return sign
        if deletes_logon_cookies(hop):
            # A user who mistypes on the form while still logged on ends the session himself.
            return Sign.REPLACED if sign is LOGON_REFUSED else Sign.COOKIES_TAKEN
        return sign

    def _rescue(self, reading: Reading) -> None:
        """Cookies that one node refused and left in the jar, and another still takes."""
        session = reading.sender
        if session is None or session.state is not LOST or session.rescued:
            return
        if reading.browser.jar is session:
            session.rescued = True
            self._ledger.find(
                reading, "rescued", "took cookies that another had refused, and not deleted"
            )

    def _keep_jar(self, reading: Reading) -> None:
        """What the answer did to the jar, now that it is judged."""
        browser, sender, hop = reading.browser, reading.sender, reading.hop
        if LOGON_COOKIES.isdisjoint(hop.set_cookies):
            return
        if deletes_logon_cookies(hop):
            browser.jar = None
        elif sender is not None:
            browser.keep(sender, hop)
            holder = browser.jar
            if holder is not None and holder is not sender and holder.state is LIVE:
                self._ledger.find(reading, "mixed_cookies", f"among those of {holder.record.id}")

    # Control hops ----------------------------------------------------------------------------

    def _control(self, hop: Hop) -> None:
        """Control sessions live in a jar of their own; a replayed copy of cookies lives in none."""
        browser = self._browser(hop.user, control=True)
        front_end, evidence = self.attribution.front_end(hop)
        sign = read(hop, self._hosts)
        if hop.protocol != "owa":
            self._identified.take(browser, hop, sign, front_end, evidence)
            return
        sender, bare = browser.sender(hop), LOGON_COOKIES.isdisjoint(hop.cookies)
        if bare or sign is ACCEPTED or sender is not None:
            self._take(browser, sender, hop, sign, (front_end, evidence))
        elif sign is Sign.LOGON_REDIRECT:
            self._replay(hop, front_end)

    def _replay(self, hop: Hop, front_end: str | None) -> None:
        """A copy of a counted session's cookies: all it may tell is why the culprit refused them."""
        browser = self._browsers.get(hop.user)
        session = browser and (browser.sender(hop) or browser.sessions.get(hop.session))
        incident = session.record.incident if session else None
        asked = net_bios(hop.origin) if hop.origin else front_end
        if incident is not None and incident.front_end in (front_end, asked):
            tell_reason(incident, hop)

    # Marks -----------------------------------------------------------------------------------

    def _mark(self, mark: Mark) -> None:
        take = _MARKS.get(mark.what)
        if take is not None:
            take(self, mark)
        elif mark.what == CUT:
            self._waits.mark(mark)
        elif mark.what in MARKED:
            self._ledger.find_mark(mark, _session_of(mark))

    def _user(self, mark: Mark) -> None:
        self._users[mark.user] = mark.facts

    def _before_logon(self, mark: Mark) -> None:
        browser = self._browser(mark.user, self._is_control(mark))
        browser.before(_session_of(mark), mark.facts)

    def _brought(self, mark: Mark) -> None:
        """A session is about to begin by a logon that was made elsewhere."""
        browser = self._browser(mark.user, self._is_control(mark))
        count_usual(browser, self._ledger)
        holder = browser.jar
        if holder is not None and holder.state is LIVE:
            holder.move(after(holder.state, Sign.REPLACED), mark.t)
        browser.before(_session_of(mark), mark.facts)
        browser.expect(_session_of(mark))
        if self._learns_hosts and (host := str(mark.facts.get("host") or "")):
            self._hosts |= {host.lower()}

    def _before_logoff(self, mark: Mark) -> None:
        """From here on the client means to be out: what that session is refused is as it should be."""
        name = _session_of(mark)
        for browsers in (self._browsers, self._controls):
            browser = browsers.get(mark.user)
            session = browser.sessions.get(name) if browser is not None else None
            if session is not None and session.state is LIVE:
                session.move(after(session.state, Sign.LOGGED_OFF), mark.t)

    def _not_measured(self, mark: Mark) -> None:
        protocol = str(self._users.get(mark.user, {}).get("protocol") or "")
        self._ledger.not_measured(protocol, str(mark.facts.get("why") or ""))

    def _accepted(self, mark: Mark) -> None:
        browser = self._browser(mark.user, self._is_control(mark))
        self._identified.accepted(browser, mark, _session_of(mark))

    def _is_control(self, mark: Mark) -> bool:
        """By the mark itself, or because all that this client does is control."""
        return bool(mark.facts.get("control") or self._users.get(mark.user, {}).get("control"))

    def _browser(self, user: int, control: bool) -> Browser:
        browsers = self._controls if control else self._browsers
        browser = browsers.get(user)
        if browser is None:
            browser = browsers[user] = Browser(user, control, self.sessions.settle)
        return browser

    def _note(self, record: Session) -> None:
        if self._changed is not None and not record.control:
            self._changed[record.id] = record


_MARKS = {
    "not_measured": Detector._not_measured,
    "user": Detector._user,
    "logon": Detector._before_logon,
    "brought": Detector._brought,
    "logoff": Detector._before_logoff,
    "accepted": Detector._accepted,
}


def _session_of(mark: Mark) -> str:
    """The session that a mark is about: as the driver named it, or by the client's own count."""
    name = mark.facts.get("session")
    if name is None:
        name = mark.facts.get("number", 0)
    return str(name) if "." in str(name) else f"{mark.user}.{name}"
