"""What the person of the incident saw, O1 to O14, each as a question that a run's history answers.

Facts of one run in, a yes or no with its figures out.  Nothing here starts anything; whether the cause
was there is not asked either: who asks compares a run that has it with one that has not.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median

from exsim.session.hop import Hop, Line, Mark
from exsim.session.meaning import Sign
from exsim.session.records import Findings, Incident, Session
from exsim.wire import names

MOMENT = 5.0  # seconds after the logon: "after a second or two", with room for a busy machine
AT_ONCE = 1.0  # seconds: "a flash"
SOON = 10.0  # seconds between log-off and logon: "within about ten seconds"
# The steps of a page's start ("service" is also what it asks later), and those before it
START = ("boot", "sessiondata", "subscribe", "service")
BEFORE = ("open", "logon_page", "logon_form", "logon", "logon_again")
OLD, NEW = "2013", "2016"


@dataclass(frozen=True)
class Watched:
    """One run that is over.

    `versions`: node -> version.  `red`: servers that a health check called down, in the balancer's
    words.  `addresses`: node -> addresses of directories that the scenario set.  `time_scale`: the lab's.
    `failures`: node -> when (seconds since the run began) its own record has a PowerShell request answered 500.
    `flagged`: what the balancer's log was found to show.
    """

    findings: Findings
    lines: Sequence[Line]
    versions: Mapping[str, str]
    red: Sequence[str] = ()
    addresses: Mapping[str, Sequence[str]] = field(default_factory=dict)
    time_scale: float = 1.0
    failures: Mapping[str, Sequence[float]] = field(default_factory=dict)
    flagged: Sequence[str] = ()

    @property
    def sessions(self) -> list[Session]:
        """Those that count: neither sent as a control nor steered."""
        return [one for one in self.findings.sessions if not (one.control or one.forced)]

    @property
    def losses(self) -> list[tuple[Session, Incident]]:
        return [(one, one.incident) for one in self.sessions if one.incident is not None]

    def begun_at(self, version: str) -> list[Session]:
        """The sessions that were logged on at a front end of `version`."""
        return [one for one in self.sessions if self.version(one.login_front_end) == version]

    def version(self, node: str | None) -> str:
        return self.versions.get(node or "", "")

    def hops(self) -> dict[tuple[int, int], Hop]:
        """(user, seq) -> the hop, what was sent as evidence left out."""
        return {
            (line.user, line.seq): line
            for line in self.lines
            if isinstance(line, Hop) and not line.control
        }

    def marks(self, what: str) -> list[Mark]:
        return [line for line in self.lines if isinstance(line, Mark) and line.what == what]


@dataclass(frozen=True, slots=True)
class Seen:
    """Whether it was seen, and in which figures."""

    yes: bool
    words: str


Question = Callable[[Watched], Seen]


def of(count: int, whole: int) -> str:
    return f"{count} of {whole}"


def taken_by_old(run: Watched) -> list[tuple[Session, Incident]]:
    """Begun at 2016, and taken by 2013: the loss of the incident."""
    return [
        (session, incident)
        for session, incident in run.losses
        if run.version(session.login_front_end) == NEW and run.version(incident.front_end) == OLD
    ]


def thrown_out_soon(run: Watched, home: str) -> Seen:
    """Accepted at 2016, answered at least once, and thrown out a moment later."""
    begun = [one for one in run.begun_at(NEW) if one.home == home]
    ages = [
        incident.age
        for session, incident in taken_by_old(run)
        if session.home == home and incident.age <= MOMENT
        if any(not meeting.lost for meeting in session.meetings)
    ]
    words = f"{of(len(ages), len(begun))} sessions begun at 2016 were lost at 2013"
    return Seen(bool(ages), words + (f", after {median(ages):.2f} s (median)" if ages else ""))


def old_mailbox(run: Watched) -> Seen:
    return thrown_out_soon(run, OLD)


def new_mailbox(run: Watched) -> Seen:
    return thrown_out_soon(run, NEW)


def at_will(run: Watched) -> Seen:
    """Every session of 2016 that 2013 served was lost there, and the same users more than once."""
    met = [
        one
        for one in run.begun_at(NEW)
        if any(run.version(meeting.front_end) == OLD for meeting in one.meetings)
    ]
    lost = taken_by_old(run)
    times = Counter(session.user for session, _ in lost)
    again = sum(count > 1 for count in times.values())
    others = len(run.losses) - len(lost)
    words = (
        f"{of(len(lost), len(met))} that met 2013 were lost, {again} users more than once; "
        f"{others} lost in any other way"
    )
    return Seen(bool(met) and len(lost) == len(met) and again >= 2 and not others, words)


def hangs(run: Watched) -> Seen:
    """A start without an answer, and fewer of those than of losses."""
    count = sum(one.kind == "hang" for one in run.findings.findings)
    words = f"{of(count, len(run.sessions))} starts hung; {len(run.losses)} sessions were lost"
    return Seen(0 < count < len(run.losses), words)


def flash(run: Watched) -> Seen:
    """The GET after the logon is sent back to the logon page, with reason 0: no message."""
    found = [
        incident.age
        for _, incident in taken_by_old(run)
        if incident.step == "boot" and incident.reason == "0" and incident.age <= AT_ONCE
    ]
    words = f"{of(len(found), len(run.losses))} losses were that of the first GET, reason 0"
    return Seen(bool(found), words + (f", after {median(found):.3f} s (median)" if found else ""))


def old_stands(run: Watched) -> Seen:
    """Begun at 2013 and served by several nodes: none lost, where those begun at 2016 are."""
    moved = [one for one in run.begun_at(OLD) if len(_nodes_of(one)) > 1]
    lost = sum(one.incident is not None for one in moved)
    new = sum(one.incident is not None for one in run.begun_at(NEW))
    words = f"{of(lost, len(moved))} begun at 2013 and served by several nodes were lost; {new} of 2016's were"
    return Seen(len(moved) >= 2 and not lost and new > 0, words)


def direct(run: Watched) -> Seen:
    """At each node by itself nobody is lost, through the balancer somebody is."""
    alone = [one for one in run.findings.sessions if one.control]
    places = {one.origin or one.login_front_end for one in alone}
    lost = sum(one.incident is not None for one in alone)
    words = f"{of(lost, len(alone))} lost directly at {len(places)} nodes, {len(run.losses)} through the balancer"
    return Seen(places == set(run.versions) and not lost and bool(run.losses), words)


def spread(run: Watched) -> Seen:
    """One load of the page is served by two nodes or more: by both of 2016, or by 2013 among them."""
    loads = page_loads(run)
    kinds = Counter(
        OLD in {run.version(node) for node in nodes} for nodes in loads.values() if len(nodes) > 1
    )
    words = (
        f"{of(sum(kinds.values()), len(loads))} page loads were served by several nodes: "
        f"{kinds[True]} by 2013 too, {kinds[False]} by the 2016 nodes alone"
    )
    return Seen(kinds[True] > 0 and kinds[False] > 0, words)


def page_loads(run: Watched) -> dict[str, set[str]]:
    """Session -> the nodes that answered its start: the page, its scripts, its first data and calls."""
    loads: dict[str, set[str]] = {one.id: set() for one in run.sessions}
    over: set[str] = set()
    for hop in sorted(run.hops().values(), key=lambda one: one.t):
        if hop.step in START and hop.session in loads and hop.session not in over:
            loads[hop.session].add(_answered_by(hop))
        elif hop.step not in BEFORE:
            over.add(hop.session)
    return {session: nodes - {""} for session, nodes in loads.items()}


def from_each(run: Watched) -> Seen:
    """One attempt with a 440 of every node, one at least for service.svc, the first by 2013; then the page."""
    hops, found = run.hops(), 0
    for session, incident in taken_by_old(run):
        after = [
            hops[session.user, seq] for seq in incident.aftermath if (session.user, seq) in hops
        ]
        first = hops.get((session.user, incident.seq))
        timeouts = [hop for hop in (first, *after) if hop and hop.status == names.LOGIN_TIMEOUT]
        answered = {_answered_by(hop) for hop in timeouts}
        asked = any(hop.path.lower() == names.SERVICE.lower() for hop in timeouts)
        led_away = any(hop.status == 302 and _to_logon_page(hop) for hop in after)
        found += answered >= set(run.versions) and asked and led_away
    words = f"{of(found, len(run.losses))} lost sessions were answered 440 by each node, the first by 2013"
    return Seen(found > 0, words)


def green(run: Watched) -> Seen:
    """No health check failed while sessions were lost."""
    words = f"{len(run.red)} servers were called down; {len(run.losses)} sessions were lost"
    return Seen(not run.red and bool(run.losses), words)


def addresses_alone(run: Watched) -> Seen:
    """With other addresses at every directory, all is lost at 2013 and nothing elsewhere, as before."""
    moved = [node for node, addresses in run.addresses.items() if addresses]
    lost = taken_by_old(run)
    others = len(run.losses) - len(lost)
    onward = sum(one.kind == Sign.HANDED_ON for one in run.findings.findings)
    words = (
        f"other addresses at {len(moved)} nodes; {len(lost)} lost at 2013, {others} elsewhere; "
        f"{onward} logons led to another address"
    )
    as_before = bool(lost) and not others and not onward
    return Seen(set(moved) == set(run.versions) and as_before, words)


def kept(run: Watched) -> Seen:
    """No session changes node, and none is lost."""
    changed = sum(len(_nodes_of(one)) > 1 for one in run.sessions)
    words = f"{of(len(run.losses), len(run.sessions))} sessions were lost; {changed} changed node"
    begun = {one.login_front_end for one in run.sessions}
    return Seen(begun == set(run.versions) and not changed and not run.losses, words)


def once(run: Watched) -> Seen:
    """After a change of version the first logon is thrown out by a 412, and the next one is not."""
    homes = {(m.user, _number(m)): str(m.facts.get("home")) for m in run.marks("logon")}
    out = {(mark.user, _number(mark)) for mark in run.marks("other_build")}
    after_change = {
        (user, number)
        for user, number in out
        if homes.get((user, number - 1), "") not in ("", homes.get((user, number)))
    }
    next_ones = [(user, number + 1) for user, number in out if (user, number + 1) in homes]
    held = [one for one in next_ones if one not in out and homes[one] == homes[one[0], one[1] - 1]]
    ways = Counter(f"{homes[user, n - 1]} to {homes[user, n]}" for user, n in after_change)
    words = (
        f"{len(out)} first logons thrown out ({_counted(ways)}), "
        f"{of(len(held), len(next_ones))} next ones held; {len(run.losses)} sessions lost"
    )
    good = bool(next_ones) and len(held) == len(next_ones) and after_change == out
    return Seen(good and not run.losses, words)


def late(run: Watched) -> Seen:
    """A session is lost soon after a log-off, by an answer to the page that was logged off."""
    left = {(mark.user, _number(mark)): mark.t for mark in run.marks("logoff")}
    found = []
    for session, incident in run.losses:
        if incident.of_session is None:
            continue
        user, _, number = incident.of_session.partition(".")
        since = left.get((int(user), int(number)))
        if since is not None and session.began - since <= SOON * run.time_scale:
            found.append(incident)
    others = len(run.losses) - len(found)
    words = (
        f"{of(len(found), len(run.sessions))} sessions were lost to a late answer for the page before, "
        f"{others} otherwise"
    )
    if found:
        words += f"; {median(one.age for one in found):.1f} s after the logon (median)"
    return Seen(bool(found) and not others, words)


def _nodes_of(session: Session) -> set[str]:
    """Every front end that served the session, the one of its logon included."""
    served = {meeting.front_end for meeting in session.meetings}
    return served | ({session.login_front_end} if session.login_front_end else set())


def _answered_by(hop: Hop) -> str:
    return hop.headers.get(names.FE_SERVER.lower(), "").upper()


def _to_logon_page(hop: Hop) -> bool:
    return names.LOGON_PAGE in (hop.location or "").lower()


def _number(mark: Mark) -> int:
    return int(mark.facts.get("number") or 0)


def _counted(kinds: Mapping[str, int]) -> str:
    return ", ".join(f"{count} from {kind}" for kind, count in sorted(kinds.items())) or "none"
