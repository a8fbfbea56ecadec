"""A doctor's visit as one flow: fingerprints, a logon at each node, copies shown to all.  No load.

The diagonal comes first, each logon is sent once, copies are never written to, and every password that is
sent or shown counts against its account's budget.  A refused logon ends the visit; an account whose copy
is refused for its password rests from then on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from exsim.conduct.doctor_chart import METHODS, Budget, Chart
from exsim.conduct.doctor_ways import Ways
from exsim.judgement.evidence import DoctorFacts, NodeFacts
from exsim.judgement.words import listed
from exsim.protocols.agent import Account, Agent
from exsim.protocols.flow import Flow
from exsim.protocols.owa import fingerprint
from exsim.protocols.owa.crossing import Attempt, Copy, Reply, log_on, show
from exsim.protocols.owa.fingerprint import Fingerprint
from exsim.protocols.owa.way import Way, front_end_of

PASSWORD_REFUSED = "reason_2"
NOT_ALLOWED = "not_allowed"  # the driver did not send it
ANYWHERE = Way("")
SAME_CLOCK = 60.0  # seconds; a public logon's shortest life is fifteen minutes (E13)


class Visit:
    """One visit.  `nodes` fill up as they are met; `refused`: whose logon was refused, where: it is over."""

    def __init__(
        self,
        ways: Ways,
        accounts: Sequence[Account],
        budget: Budget,
        browser: Callable[[Account], Agent],
        requests: Callable[[], int] = lambda: 0,
    ) -> None:
        self.ways = ways
        self.accounts = accounts
        self.budget = budget
        self.browser = browser
        self.requests = requests
        self.nodes: dict[str, NodeFacts] = {}
        self.prints: dict[str, Fingerprint] = {}
        self.chart = Chart()
        self.copies: list[Copy] = []
        self.notes: list[str] = []
        self.refused = ""
        self.logons = 0
        self.strangers: list[str] = []  # nodes that show no logon page of Exchange's

    # The whole --------------------------------------------------------------------------------
    def flow(self) -> Flow[None]:
        """Everything, in order; ends early when a password is refused or nobody can be met."""
        yield from self._introductions()
        yield from self._logons(private=True)
        yield from self._crossings(private=True)
        if not self.refused and self.clocks_differ():
            yield from self._logons(private=False)
            yield from self._crossings(private=False)

    def facts(self) -> DoctorFacts:
        """What was found."""
        self._compare_names()
        return DoctorFacts(
            nodes=list(self.nodes.values()),
            cookie_matrix=list(self.chart.rows(list(self.nodes))),
            through=self.ways.through,
            requests=self.requests(),
            notes=[*self.notes, *self.ways.notes],
        )

    def clocks_differ(self) -> bool:
        """Whether a public logon, which lives for minutes only, could be read otherwise than a private one."""
        known = [node.skew for node in self.nodes.values() if node.skew is not None]
        return bool(known) and max(known) - min(known) >= SAME_CLOCK

    # Fingerprints -----------------------------------------------------------------------------
    def _introductions(self) -> Flow[None]:
        names = yield from self.ways.names()
        for name in names:
            self.nodes[name] = NodeFacts(name=name, version=self.ways.versions.get(name, ""))
        missing = set(names)
        for _ in range(self.ways.tries(len(names))):
            met = (yield from self.ways.meet(missing)) if missing else None
            if met is None:
                break
            yield from self._introduce(met, missing)
            yield from self.ways.leave(met)
        for name in missing:
            self.nodes[name].problems.append("could not be met")

    def _introduce(self, met: Way, missing: set[str]) -> Flow[None]:
        """One node's fingerprint; `met` may turn out to lead to another than it was taken for."""
        print_ = Fingerprint()
        response = yield from fingerprint.clock(print_, met, self.ways.farm.lb_cookie)
        who = met.origin or front_end_of(response, self.ways.farm)
        self.ways.saw(met, who)
        if who not in missing:
            return
        missing.discard(who)
        self.prints[who] = print_
        if met.origin is not None and print_.reached:
            yield from fingerprint.directories(print_, met, self.ways.farm.lb_cookie)
        self._describe(self.nodes[who], print_)

    def _describe(self, node: NodeFacts, print_: Fingerprint) -> None:
        node.build, node.owa_version, node.server = print_.build, print_.owa_version, print_.server
        node.skew = print_.skew
        node.authentication, node.health = print_.authentication, print_.health
        if not print_.reached:
            node.problems.append(f"does not answer: {print_.error}")
        health = print_.health.items()
        closed = [
            vdir for vdir, said in health if said == "closed" and vdir not in fingerprint.NOT_OURS
        ]
        if closed:
            node.problems.append(f"its health page is closed for {listed(closed)}: switched off")

    def _compare_names(self) -> None:
        """A name that a node says of itself is a setting, and may have been copied from another."""
        for name, print_ in self.prints.items():
            says = print_.says.partition(".")[0]
            note = f"calls itself {says} in X-FEServer: the header cannot tell these nodes apart"
            node = self.nodes[name]
            if says and says != name and note not in node.problems:
                node.problems.append(note)

    # Logons -----------------------------------------------------------------------------------
    def _logons(self, private: bool) -> Flow[None]:
        """One logon at each node, and its own cookies shown to it at once: the diagonal."""
        missing = {name for name in self.nodes if self._reachable(name)}
        for _ in range(self.ways.tries(len(missing))):
            if not missing or self.refused:
                return
            met = yield from self.ways.meet(missing)
            if met is None:
                break
            yield from self._logon(met, private, missing)
            yield from self.ways.leave(met)
        for name in missing:
            self.nodes[name].problems.append("no logon led to it")

    def _reachable(self, name: str) -> bool:
        print_ = self.prints.get(name)
        return print_ is None or print_.reached

    def _logon(self, met: Way, private: bool, missing: set[str]) -> Flow[None]:
        account = self.budget.next(self.accounts)
        if account is None or not self.budget.spend(account):
            self.note("The budget of password attempts was used up; what is missing was not asked.")
            missing.clear()
            return
        browser = self.browser(account)
        browser.number = self.logons  # sessions are numbered through the visit
        self.logons += 1
        attempt = yield from log_on(browser, account, private, met, self.ways.farm)
        name = attempt.front_end or met.node
        if not attempt.tried:
            self.budget.refund(account)
        if attempt.status == "accepted" and attempt.front_end is None and not certain(met):
            self.note("No witness says which node accepted a logon: X-FEServer is missing.")
        if attempt.status == "refused":
            self.refused = f"{account.logon or account.address} was refused at {name}"
        self.ways.saw(met, attempt.front_end)
        if name not in missing:
            return  # the balancer led elsewhere, to a node that has its logon already
        missing.discard(name)
        self._write_down(name, attempt, private)
        if attempt.copy is not None:
            self.copies.append(attempt.copy)
            yield from self._cross(attempt.copy, {name}, met)

    def _write_down(self, name: str, attempt: Attempt, private: bool) -> None:
        node = self.nodes[name]
        said = attempt.status if attempt.status in ("accepted", "refused") else "error"
        if private:
            node.logon = said if said != "error" else f"error: {attempt.detail}"
        if attempt.status == "no_form":
            self.strangers.append(name)
        if attempt.copy is not None:
            given = attempt.copy.issued
            node.signature_length, node.key_length = given.signature_length, given.key_length
            node.secure, node.same_site = given.secure, given.same_site

    # The cookie matrix ------------------------------------------------------------------------
    def _crossings(self, private: bool) -> Flow[None]:
        for copy in [copy for copy in self.copies if copy.private is private]:
            others = {name for name in self.nodes if self._reachable(name)} - {copy.issuer}
            if not self.refused:
                yield from self._cross(copy, others)

    def _cross(self, copy: Copy, readers: set[str], at: Way | None = None) -> Flow[None]:
        """Show `copy` to each of `readers`; `at` is a way to one of them that is at hand."""
        for _ in range(self.ways.tries(len(readers))):
            wanted = {name for name in readers if self.chart.unanswered(copy, name)}
            if not wanted or not self._affordable(copy):
                return
            if self.ways.spread and at is None:
                yield from self._everywhere(copy, wanted)
                return
            met = at or (yield from self.ways.meet(wanted))
            if met is None:
                return
            for method in METHODS:
                if any(method in self.chart.unanswered(copy, name) for name in wanted):
                    yield from self._show(copy, method, met)
            if met is not at:
                yield from self.ways.leave(met)
            at = None

    def _everywhere(self, copy: Copy, wanted: set[str]) -> Flow[None]:
        """Any request may meet any node: show it until each of `wanted` has answered, or often enough."""
        for method in METHODS:
            for _ in range(self.ways.tries(len(self.nodes))):
                if not any(method in self.chart.unanswered(copy, name) for name in wanted):
                    break
                if not self._affordable(copy):
                    return
                yield from self._show(copy, method, ANYWHERE)

    def _affordable(self, copy: Copy) -> bool:
        if copy.account.address in self.budget.resting:
            return False
        if self.budget.left(copy.account) > 0:
            return True
        self.note("The budget of password attempts was used up; what is missing was not asked.")
        return False

    def _show(self, copy: Copy, method: str, met: Way) -> Flow[None]:
        if not self.budget.spend(copy.account):
            return
        reply = yield from show(copy, method, met, self.ways.farm)
        if reply.detail == NOT_ALLOWED:
            self.budget.resting.add(copy.account.address)
            self.note(
                f"{copy.account.address} was not used again: too many attempts of its password were unanswered."
            )
            return
        self.ways.saw(met, reply.front_end)
        self._record(copy, reply, met)
        if reply.says == PASSWORD_REFUSED:
            self.budget.resting.add(copy.account.address)
            self.note(
                f"{reply.front_end or met.node} read a copy and refused its password: "
                f"{copy.account.address} was not used again."
            )

    def _record(self, copy: Copy, reply: Reply, met: Way) -> None:
        home = self.nodes.get(reply.back_end)
        if home is not None and _fits(reply.version, home.build):
            home.owa_version = reply.version
        sure = certain(met) or reply.says == "error"
        reader = reply.front_end or (met.node if sure else None)
        if reader in self.nodes:
            self.chart.record(copy, reply, reader)

    def note(self, sentence: str) -> None:
        """Say it once."""
        if sentence not in self.notes:
            self.notes.append(sentence)


def _fits(version: str, build: str) -> bool:
    """Whether X-OWA-Version on a passed-on answer may be the back end's word.

    Newer front ends say theirs on their own answers (FEERR), and whose it is here is not known: it must not
    contradict the node's own logon page.  Where that named no build, it is *assumed* to be the back end's.
    """
    return bool(version) and (not build or f"{version}.".startswith(f"{build}."))


def certain(way: Way) -> bool:
    """Whether a way leads to its node also where no answer says so: its own address, or its cookie."""
    return way.origin is not None or way.persistence is not None
