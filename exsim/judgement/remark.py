"""What is said beside the verdict: how far it reaches, what was not measured, what was left behind.

Each remark carries a mark in words: "ok" supports the verdict, "note" limits it.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from dataclasses import dataclass

from exsim.judgement.census import changed
from exsim.judgement.expectations import telling
from exsim.judgement.facts import RunFacts
from exsim.judgement.judge import Judgement
from exsim.judgement.matrix import counted
from exsim.judgement.saturation import held_up, saturation
from exsim.judgement.sentence import account_sentence
from exsim.judgement.verdict import PASS, doubtful_answers
from exsim.judgement.words import (
    counted_noun,
    latency,
    listed,
    percent,
    protocol_name,
    say,
    seconds,
)
from exsim.session.attribution import EVIDENCE
from exsim.session.records import Findings

# What an administrator calls it -> the protocols that measure it.
PROTOCOLS = {
    "Outlook on the web": {"owa"},
    "EWS": {"ews"},
    "ActiveSync": {"activesync"},
    "Outlook": {"outlook_anywhere", "mapi_http"},
}

# What takes longer than most runs last: seconds of Exchange's own time, and what happens then.
SLOW = (
    (320.0, "the end of a notification channel (320 s)"),
    (450.0, "cookie re-issue on a public computer (7.5 min)"),
    (900.0, "idle time-out on a public computer (15 min)"),
    (14400.0, "cookie re-issue on a private computer (4 h)"),
)
NEVER_COVERED = (
    "a node that fails, drains or restarts during the run",
    "a database that moves to another node",
    "other source addresses than this machine's",
    "balancers that persist on the TLS session: this client and a browser differ there",
)
BY_NTLM = {"ews", "outlook_anywhere", "mapi_http", "oab", "autodiscover"}  # who may sign in by it
MAY_MATTER = "may matter"  # how a change of the balancer's file is marked that is not harmless
LONGEST_NOTE = 400
NOTES_SHOWN = 6  # of what a run noted
BROUGHT = (
    "Which front end took these sessions' logon is not known: it was not exsim's. Each begins with the first "
    "answer that serves it."
)
LATE = 0.1  # seconds behind its own plan, from which on the generator is a remark
GUIDE_SINCE = {"2013", "2016", "2019", "se"}  # no affinity needed between such nodes: LB16


@dataclass(frozen=True, slots=True)
class Remark:
    """`mark`: "ok" or "note"."""

    mark: str
    sentence: str


def remarks(judgement: Judgement) -> list[Remark]:
    """What to read before the result is shown to anybody, in order of weight."""
    parts = (_witness, _shadow, _load, _limits, _noted, _end)
    return [remark for part in parts for remark in part(judgement)]


def _noted(judgement: Judgement) -> Iterator[Remark]:
    yield from (Remark("note", one) for one in noted(judgement.facts))


def noted(facts: RunFacts) -> list[str]:
    """What the run noted of itself, a few sentences of it; all stand in run.json."""
    notes = [
        textwrap.shorten(one, LONGEST_NOTE, placeholder=" …") for one in facts.notes[:NOTES_SHOWN]
    ]
    said = [f"{one.removesuffix('.')}." for one in notes]
    more = len(facts.notes) - len(said)
    return [*said, f"And {more} more of that kind (run.json, notes)."] if more else said


def brought_sentence(facts: RunFacts) -> str:
    """That somebody else's logons have no login front end; "" where exsim made them."""
    return BROUGHT if facts.brought else ""


def _witness(judgement: Judgement) -> Iterator[Remark]:
    findings = judgement.findings
    answers = findings.attributed + findings.unattributed
    if answers:
        known = percent(findings.attributed / answers)
        doubtful = doubtful_answers(findings, judgement.facts)
        yield Remark(
            "note" if doubtful or judgement.verdict.has("unattributed") else "ok",
            f"Who answered is known for {findings.attributed} of {counted_noun(answers, 'answer')} ({known})"
            f"{witnesses(judgement)}.",
        )
    else:
        yield Remark("note", "No answer within a session was seen.")
    facts = judgement.facts
    said = (addresses_sentence(facts), *facts.distrust, facts.keeping, brought_sentence(facts))
    yield from (Remark("note", one) for one in said if one)
    for sentence in identity_sentences(findings):
        yield Remark("note" if findings.wrong_mailbox else "ok", sentence)


def addresses_sentence(facts: RunFacts) -> str:
    """Where a name has several addresses: each is a balancer of its own, with a table of its own."""
    if len(facts.resolved) < 2:
        return ""
    return (
        f"The url's name has {len(facts.resolved)} addresses ({', '.join(facts.resolved)}); this run used "
        f"{facts.address} alone, and target.address pins another."
    )


def witnesses(judgement: Judgement) -> str:
    """By whom, each with its share: ": 80 % by X-FEServer, 20 % by the persistence cookie"."""
    counts = judgement.findings.witnesses
    total = sum(counts.values())
    if not total:
        return ""
    most = sorted(counts.items(), key=lambda pair: -pair[1])
    said = ": " + ", ".join(
        f"{percent(count / total)} by {EVIDENCE.get(name, name)}" for name, count in most
    )
    if doubtful := doubtful_answers(judgement.findings, judgement.facts):
        said += f"; lines of that log are missing, so {doubtful} of them may be told wrongly"
    return said


def _shadow(judgement: Judgement) -> Iterator[Remark]:
    yield from (
        Remark("note", sentence)
        for sentence in (shadow_limits(judgement), shadow_changes(judgement))
        if sentence
    )


def shadow_limits(judgement: Judgement) -> str:
    """How far a balancer that was started here, in front of real nodes, stands for one in production."""
    if judgement.facts.rig != "shadow":
        return ""
    return (
        "A candidate balancer on this machine, real nodes: Exchange saw this machine's address, not the "
        "balancer's; the production balancer's own version, hardware and kernel were not tested; and where "
        "Extended Protection is on, NTLM fails through it unless it has the farm's own certificate."
    )


def shadow_changes(judgement: Judgement) -> str:
    """What was changed in the candidate's file so that it runs here, and may matter."""
    balancer = judgement.facts.balancer
    if judgement.facts.rig != "shadow" or balancer is None:
        return ""
    weighty = [one for one in balancer.changes if MAY_MATTER in one]
    harmless = counted_noun(len(balancer.changes) - len(weighty), "harmless change")
    if not weighty:
        return f"{balancer.name} runs with {harmless}, none that may matter."
    return f"{balancer.name} runs with {harmless}, and with these: {'; '.join(weighty)}."


def identity_sentences(findings: Findings) -> list[str]:
    """What the answers say of whose mailbox they come from, and what strangers were told."""
    said = []
    total = sum(findings.identity.values())
    if total:
        own, silent = findings.identity.get("own", 0), findings.identity.get("silent", 0)
        said.append(
            f"Whose mailbox answered, of {counted_noun(total, 'answer')}: confirmed {own} "
            f"({percent(own / total)}), another's {total - own - silent}, {silent} {say(silent)} nothing"
            f"{_silent_protocols(findings)}."
        )
    if findings.strangers:
        told, asked = findings.strangers.get("told", 0), findings.strangers.get("answers", 0)
        said.append(
            f"Clients without credentials were told of a mailbox by {told} of "
            f"{counted_noun(asked, 'answer')}."
        )
    return said


def _silent_protocols(findings: Findings) -> str:
    """Protocols of which no answer said whose it was."""
    mute = [
        protocol_name(name)
        for name, counts in findings.identity_by.items()
        if counts.get("silent") and not set(counts) - {"silent"}
    ]
    return f" (of {listed(mute)} none does)" if mute else ""


def _load(judgement: Judgement) -> Iterator[Remark]:
    facts, document = judgement.facts, judgement.results
    if document.accounts:
        yield Remark(
            "note" if facts.lateness >= LATE else "ok",
            f"{counted_noun(document.accounts, 'account')}, one user each; the load was never more than "
            f"{latency(facts.lateness)} behind its own plan.",
        )
    for sentence in filter(None, (saturation(facts), held_up(document.latencies))):
        yield Remark("note", sentence)
    if scaled(facts):
        yield Remark("note", scaled(facts))
    if judgement.verdict.outcome == PASS:
        yield Remark("note", account_sentence(document))


def scaled(facts: RunFacts) -> str:
    """That a lab's time ran faster than a farm's; "" where it did not."""
    if facts.time_scale == 1:
        return ""
    return (
        f"Time ran {1 / facts.time_scale:g} times faster than on a real farm (time-outs, pauses); "
        "the latencies are real."
    )


def _limits(judgement: Judgement) -> Iterator[Remark]:
    facts = judgement.facts
    if judgement.verdict.outcome == PASS and judgement.results.changed == 0 and not facts.unmasked:
        yield Remark(
            "note",
            "Nobody changed node and nobody was steered across: a fault there would not show.",
        )
    if facts.balancer:
        yield from (
            Remark("note", f"The balancer's log: {line}.") for line in facts.balancer.log_findings
        )
    missing = not_measured(judgement)
    if missing:
        yield Remark("note", f"Not measured: {', '.join(missing)}.")


def _end(judgement: Judgement) -> Iterator[Remark]:
    mark = "note" if judgement.facts.left_behind.things else "ok"
    yield Remark(mark, left_behind(judgement))


def not_measured(judgement: Judgement) -> list[str]:
    """Noun phrases: protocols and mailbox versions that this run says nothing of."""
    cells, facts = judgement.results.matrix, judgement.facts
    measured = {cell.protocol for cell in cells if cell.sessions}
    missing = [name for name, kinds in PROTOCOLS.items() if not kinds & measured]
    homes = {facts.version_of(c.mailbox_back_end) for c in cells if c.sessions}
    versions = dict.fromkeys(node.version for node in facts.nodes if node.version)
    missing += [f"{version} mailboxes" for version in versions if homes and version not in homes]
    unable = [
        f"{protocol_name(protocol)} ({'; '.join(reasons)})"
        for protocol, reasons in judgement.findings.not_measured.items()
    ]
    return list(dict.fromkeys([*unable, *missing, *facts.not_measured]))


def not_covered(judgement: Judgement) -> list[str]:
    """What a run as short as this one cannot have met, pass or not."""
    facts = judgement.facts
    lasted = (facts.lasted or facts.duration) / (facts.time_scale or 1)
    return [*(what for needs, what in SLOW if lasted < needs), *NEVER_COVERED]


def left_behind(judgement: Judgement) -> str:
    """What the run did to the organisation: "Left behind: nothing. 81 logons, 0 wrong passwords, …"."""
    left = judgement.facts.left_behind
    things = ", ".join(left.things) or "nothing"
    return (
        f"Left behind: {things}. {counted_noun(left.logons, 'logon')}, "
        f"{counted_noun(left.wrong_passwords, 'wrong password')}, {counted_noun(left.mails, 'mail')}, "
        f"{counted_noun(left.items, 'item')} written."
    )


def h2_sentence(judgement: Judgement) -> str:
    """What HTTP/2 would change, where the balancer offers it; "" where it does not."""
    if not judgement.results.h2_offered:
        return ""
    said = (
        "The balancer offers HTTP/2 and this run spoke HTTP/1.1: browsers may be spread differently"
    )
    if BY_NTLM & {cell.protocol for cell in judgement.results.matrix if cell.sessions}:
        said += (
            ", and of NTLM over parallel streams of one connection HAProxy had most refused, so that users are "
            "asked for passwords (measured; alpn http/1.1)"
        )
    return f"{said}."


def control_sentence(judgement: Judgement) -> str:
    """ "Each node directly: 0 of 36 lost.", or "" when no node was asked directly."""
    control = judgement.results.control
    lost, sessions = sum(c.lost for c in control), sum(c.sessions for c in control)
    if not sessions:
        return ""
    bad = [f"{c.node} {c.lost} of {c.sessions}" for c in control if c.lost]
    more = f" ({', '.join(bad)})" if bad else ""
    return f"Each node directly: {lost} of {sessions} lost{more}."


def spread_sentence(judgement: Judgement) -> str:
    """What the balancer did with the sessions, and what Microsoft's guide says of that."""
    document, facts = judgement.results, judgement.facts
    if facts.balancer is None and facts.simulated:
        return ""
    moved, sessions = document.changed, document.sessions
    if not sessions:
        return ""
    if not moved:
        return _unmoved(judgement)
    if moved < sessions / 2 or _somebody_stayed(judgement):
        return f"{moved} of {counted_noun(sessions, 'session')} changed node."
    first = f"The balancer does not keep a session on one node ({moved} of {sessions} changed)"
    versions = {node.version for node in facts.nodes}
    if versions and versions <= GUIDE_SINCE:
        return f"{first}, which Microsoft's guide for 2013 and later allows."
    return f"{first}."


def _somebody_stayed(judgement: Judgement) -> bool:
    """Whether a session asked for enough to meet another node, and met none."""
    facts = judgement.facts
    return any(
        counted(one)
        and not changed(one)
        and telling(one.requests, one.connections, facts.opens(one.protocol))
        for one in judgement.findings.sessions
    )


def _unmoved(judgement: Judgement) -> str:
    """Whether the balancer kept them is shown by what it prevented, not by sessions that asked for little."""
    cells, sessions = judgement.results.matrix, judgement.results.sessions
    if any(cell.state == "prevented" for cell in cells):
        return f"The balancer kept every session on one node (0 of {sessions} changed)."
    first = f"No session changed node (0 of {sessions})"
    if len({cell.serving_front_end for cell in cells}) < 2:
        return f"{first}: no other node was seen."
    return f"{first}; too few asked for enough to say that the balancer keeps them there."


def about(judgement: Judgement) -> list[str]:
    """What ran: scenario, rig, load; short phrases."""
    facts = judgement.facts
    rigs = {
        "target": "REAL nodes, production balancer",
        "shadow": "REAL nodes, candidate balancer on this machine",
    }
    balancer = facts.balancer
    software = balancer.version.partition("-")[0] if balancer else "no balancer"
    rig = rigs.get(facts.rig, facts.rig)
    if facts.rig == "lab":
        rig = software  # "simulated" stands in the line above
    elif facts.rig == "shadow":
        rig = f"{rig}, {software}"
    duration = facts.lasted or facts.duration
    return [
        facts.scenario or facts.title,
        rig,
        f"{counted_noun(facts.users, 'user')}, {seconds(duration)}",
    ]
