"""The ledger: what the detector counts, and what is wrong though it lost no session."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable

from exsim.session.browser import Reading
from exsim.session.hop import Hop, Mark
from exsim.session.meaning import LOGON_REFUSED, SIGNS, Sign
from exsim.session.records import Finding, Findings

# Marks that are findings -> the fact that says more.
MARKED = {
    "hang": "waited",
    "call_unanswered": "waited",
    "redirect_loop": "step",
    "autodiscover_fallback": "why",
    "stream_silent": "silent",  # nothing within the time in which a server says something: somebody holds it back
    # A telephone's: it got nowhere; keys of policies that no two servers agree on (ASPROV); everything once
    # more after too many errors (HT203719).
    "gave_up": "step",
    "policy_loop": "step",
    "device_reset": "status",
}


class Ledger:
    """Keeps the findings of one history.  Control hops enter it only where they must not be lost:

    a refused password (it counts against an account) and a wrong mailbox (the worst there is).
    """

    def __init__(self, keeps: bool = True) -> None:
        self.keeps = keeps  # findings, one by one; else they are told and counted alone
        self._witnesses: defaultdict[str, int] = defaultdict(int)
        self.found = Findings([], [], 0, 0, 0, witnesses=self._witnesses)
        self.crossed: Callable[[Finding], None] = lambda finding: None  # told of each at once
        self.silent = 0  # answers that do not say whose mailbox they are from
        # Whose mailbox and protocol -> ordinary answers, attributed by X-FEServer, that are not yet counted
        self.usual: defaultdict[tuple[str | None, str], int] = defaultdict(int)

    def mail(self, hop: Hop) -> None:
        """Count a message, if a server took one."""
        if hop.step == "send_mail" and hop.status == 200:
            self.found.mails += 1

    def attribute(self, sign: Sign, front_end: str | None, evidence: str) -> None:
        """Count one hop, by its witness; only a node's answers can be attributed."""
        found = self.found
        found.hops += 1
        if front_end is not None:
            found.attributed += 1
            self._witnesses[evidence] += 1
        elif SIGNS[sign].class_ != "none":
            found.unattributed += 1

    def identify(self, owner: str | None, protocol: str = "", count: int = 1) -> None:
        """Count whose mailbox an answer (or `count` of them) came from; `protocol` "" is OWA, whose share is the rest."""
        if protocol:
            counts = self.found.identity_by.setdefault(protocol, {})
            counts[owner or "silent"] = counts.get(owner or "silent", 0) + count
        if owner is None:
            self.silent += count
        else:
            self.found.identity[owner] = self.found.identity.get(owner, 0) + count

    def settled(self) -> Findings:
        """What was found, with what stood in `usual`."""
        for (owner, protocol), count in self.usual.items():
            self.found.hops += count
            self.found.attributed += count
            self._witnesses["header"] += count
            self.identify(owner, protocol, count)
        self.usual.clear()
        return self.found

    def report(self, reading: Reading) -> None:
        """Keep what this answer's sign says, if it is wrong and no incident."""
        sign = reading.sign
        if sign is LOGON_REFUSED:
            self.found.refused_logons += 1
        elif sign is Sign.WRONG_MAILBOX:
            self.wrong(reading, reading.hop.body.owner or "")
        elif SIGNS[sign].finding and not excused(reading.hop):
            self.find(reading, sign.value, _detail(reading.hop))

    def wrong(self, reading: Reading, detail: str) -> None:
        """Keep an answer from another user's mailbox, the worst there is."""
        finding = _finding(reading, Sign.WRONG_MAILBOX.value, detail)
        if self.keeps:
            self.found.wrong_mailbox.append(finding)
        self.crossed(finding)

    def find(self, reading: Reading, kind: str, detail: str) -> None:
        """Keep one finding about this answer."""
        if self.keeps and not reading.browser.control:
            self.found.findings.append(_finding(reading, kind, detail))

    def not_measured(self, protocol: str, why: str) -> None:
        """Keep why clients of a protocol could not be measured, each reason once."""
        reasons = self.found.not_measured.setdefault(protocol, [])
        if why not in reasons:
            reasons.append(why)

    def find_mark(self, mark: Mark, session: str) -> None:
        """Keep a mark that is a finding by itself."""
        if not self.keeps:
            return
        more = mark.facts.get(MARKED[mark.what])
        self.found.findings.append(
            Finding(
                kind=mark.what,
                t=mark.t,
                utc=mark.utc,
                user=mark.user,
                session=session,
                step=str(mark.facts.get("step") or ""),
                detail="" if more is None else f"{MARKED[mark.what]} {more}",
            )
        )


def _finding(reading: Reading, kind: str, detail: str) -> Finding:
    hop = reading.hop
    return Finding(
        kind=kind,
        t=hop.arrived,
        utc=hop.utc,
        user=hop.user,
        session=reading.sender.record.id if reading.sender else hop.session,
        seq=hop.seq,
        front_end=reading.front_end,
        step=hop.step,
        detail=detail,
        protocol=hop.protocol,
    )


def excused(hop: Hop) -> bool:
    """The run stopped, or an idle connection had been closed: the browser sends that again by itself."""
    return (
        hop.ended == "abandoned"
        or hop.error == "abandoned"
        or (hop.status is None and hop.reused and hop.error == "closed")
    )


def _detail(hop: Hop) -> str:
    if hop.protocol != "owa" and (hop.status == 504 or (hop.status and hop.error)):
        return f"{hop.status} after {hop.took:.1f} s"  # which time-out it was, and whether always the same
    said = hop.error or hop.headers.get("x-owa-error") or hop.body.code or ""
    return " ".join(word for word in (str(hop.status or ""), said) if word)
