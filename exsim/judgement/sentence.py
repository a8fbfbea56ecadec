"""The verdict in sentences: the word, both numbers, and the good ones beside the bad.

Written for an Exchange administrator at night: no share without its fraction, no word of statistics.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from exsim.judgement.collapse import collapse
from exsim.judgement.facts import RunFacts
from exsim.judgement.matrix import Cell, lost_by_itself
from exsim.judgement.results import Results
from exsim.judgement.shape import Shape, shape
from exsim.judgement.statistics import interval, upper_bound
from exsim.judgement.verdict import FAIL, PASS, Verdict, is_required
from exsim.judgement.words import (
    between,
    counted_noun,
    listed,
    percent,
    protocol_name,
    seconds,
    was,
)
from exsim.runs.measured import AFTER
from exsim.session.identified import WITHOUT_LOGIN
from exsim.session.records import Findings

SOURCE_ADDRESS_HINT = "Add source_addresses, or give the nodes' own addresses."


@dataclass(frozen=True, slots=True)
class Statement:
    """`word`: PASS, "PASS, MASKED", FAIL, INCONCLUSIVE or STOPPED.  `sentences`: the first says it all."""

    word: str
    sentences: tuple[str, ...]

    @property
    def text(self) -> str:
        return " ".join(self.sentences)


def statement(
    document: Results, verdict: Verdict, findings: Findings, facts: RunFacts
) -> Statement:
    """What is said first of a run."""
    if verdict.outcome == FAIL:
        return Statement("FAIL", tuple(_failed(document, verdict, findings, facts)))
    if facts.stopped:
        return Statement("STOPPED", tuple(_stopped(document, facts)))
    if verdict.outcome == PASS:
        word = "PASS, MASKED" if verdict.masked else "PASS"
        return Statement(word, tuple(_passed(document, verdict, facts)))
    return Statement("INCONCLUSIVE", tuple(_inconclusive(document, verdict, findings, facts)))


def simulated_line(facts: RunFacts) -> str:
    """What stands before anything else when the nodes are simulated, else ""."""
    if not facts.simulated:
        return ""
    presets = listed([preset.name for preset in facts.presets]) or "healthy"
    word = "presets" if len(facts.presets) > 1 else "preset"
    if facts.assumed.startswith(AFTER) and presets == "healthy":
        word, presets = "as", "it was measured"  # what is wrong there is in no preset
    about = "your balancer's file" if facts.balancer else "how nodes and clients behave"
    return (
        f"Simulated Exchange, {word} {presets}. This says something about {about}, "
        "and nothing about your Exchange."
    )


def _failed(document: Results, verdict: Verdict, findings: Findings, facts: RunFacts) -> list[str]:
    sentences = _wrong_mailbox(findings) if verdict.has("wrong_mailbox") else []
    sentences += _sentences(verdict, "shut_out")
    if verdict.has("lost"):
        sentences += _losses(document, findings, facts)
    if verdict.has("changed_front_end"):
        lost = "" if document.lost else " None of them was lost."
        of = counted_noun(document.sessions, "session")
        sentences.append(
            f"{document.changed} of {of} changed node, though the balancer was to keep each on one.{lost}"
        )
    sentences += _sentences(verdict, "criterion_failed")
    sentences += _sentences(verdict, "no_end", "worker_died", "unread_history")
    if facts.crashed or facts.stopped or facts.interrupted:
        how = "broken off" if facts.crashed else "stopped" if facts.stopped else "interrupted"
        sentences.append(f"The run was {how} after {seconds(facts.lasted)}; this is what it saw.")
    return sentences


def _wrong_mailbox(findings: Findings) -> list[str]:
    answers = findings.wrong_mailbox
    strangers = findings.identity.get("stranger", 0)
    by = sorted({finding.front_end for finding in answers if finding.front_end})
    served = f", served by {listed(by)}" if by else ""
    first = (
        f"Somebody saw another user's mailbox: {counted_noun(len(answers), 'answer')} out of "
        f"{sum(findings.identity.values()) or len(answers)}{served}."
    )
    whose = f"{strangers} of them from nobody's test account. " if strangers else ""
    return [first, f"{whose}Stop using this balancer configuration until that is understood."]


def _losses(document: Results, findings: Findings, facts: RunFacts) -> list[str]:
    shapes = shapes_of(document.matrix, facts)
    sentences: list[str] = []
    for protocol, found in shapes.items():
        prefix = f"{protocol_name(protocol)}: " if len(shapes) > 1 else ""
        sentences += [f"{prefix}{found.sentence}", *_numbers(found)]
    return [*sentences, *_at_no_meeting(document, findings)]


def _at_no_meeting(document: Results, findings: Findings) -> Iterator[str]:
    """The losses that stand in no combination: by a late answer, or by nobody knows whom."""
    if document.lost <= sum(cell.lost for cell in document.matrix):
        return
    lost = [
        session
        for session in findings.sessions
        if lost_by_itself(session) and not any(meeting.lost for meeting in session.meetings)
    ]
    of = f"of {counted_noun(document.sessions, 'session')}"
    late = sum(one.incident is not None and one.incident.of_session is not None for one in lost)
    if late:
        yield (
            f"{late} {of} {was(late)} lost to late answers to an earlier page of the same browser; no "
            "combination of nodes is behind that."
        )
    unknown = len(lost) - late
    if unknown:
        yield f"{unknown} {of} {was(unknown)} thrown out, and which node did it is not known."


def shapes_of(cells: Sequence[Cell], facts: RunFacts) -> dict[str, Shape]:
    """Protocol -> the rule behind its losses, for those that lost a session."""
    protocols = dict.fromkeys(cell.protocol for cell in cells)
    found = {p: shape([c for c in cells if c.protocol == p], facts) for p in protocols}
    return {protocol: one for protocol, one in found.items() if one}


def _numbers(found: Shape) -> list[str]:
    at = (
        "at that meeting"
        if len(found.pairs) < 4 or found.kind == "product"
        else "at such a meeting"
    )
    verb = was(found.lost)
    exact = between(*interval(found.lost, found.sessions))
    first = f"{found.lost} of {found.sessions} {verb} lost {at} (95 %: {exact})."
    if not found.other_sessions:
        return [first, "No other meeting was seen."]
    others = counted_noun(found.other_sessions, "other first meeting")
    return [first, f"{found.other_lost} of {others} lost a session."]


def _passed(document: Results, verdict: Verdict, facts: RunFacts) -> list[str]:
    if verdict.masked:
        return _masked(document, facts)
    return [_none_lost(document), *_combinations(document, facts)]


def _none_lost(document: Results) -> str:
    bound = percent(document.bounds.sessions)
    if document.lost:
        of = counted_noun(document.sessions, "session")
        return f"{document.lost} of {of} {was(document.lost)} lost (fewer than {bound} at 95 %); that many are allowed."
    return f"No session was lost: 0 of {document.sessions} (fewer than {bound} at 95 %)."


def _combinations(document: Results, facts: RunFacts) -> list[str]:
    pools = [
        (place, cell)
        for view in collapse([c for c in document.matrix if is_required(c, facts.brought)], facts)
        for table in view.tables
        for place, cell in table.cells.items()
    ]
    met = [cell.sessions for _, cell in pools if cell.sessions]
    barred = sum(cell.state == "prevented" for _, cell in pools)
    by = f"by {counted_noun(document.accounts, 'account')}"
    if met and len(met) == len(pools):
        which = f"All {len(met)} combinations were" if len(met) > 1 else "The 1 combination was"
        return [f"{which} met, each at least {_times(min(met))}, {by}."]
    sentences = [
        f"{len(met)} of {counted_noun(len(pools), 'combination')} {was(len(met))} met, {by}."
    ]
    if barred:
        moved = f"{document.changed} of {counted_noun(document.sessions, 'session')} changed node"
        alone = facts.rig == "lab" and facts.balancer is None
        who = "Without a balancer nobody can meet" if alone else "The balancer prevented"
        sentences.append(f"{who} {barred} of them ({moved}); nothing is said of those.")
    left = len(pools) - len(met) - barred
    if left:
        sentences.append(f"{left} of them nobody met; nothing is said of those either.")
    if document.steered:
        forced = sum(cell.sessions for cell in document.steered)
        sentences.append(
            f"Steered across on purpose, 0 of {counted_noun(forced, 'meeting')} lost a session."
        )
    return sentences


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"


def _masked(document: Results, facts: RunFacts) -> list[str]:
    if document.lost:
        first = _none_lost(document)
    elif document.changed:
        first = f"{_none_lost(document)} {document.changed} of {document.sessions} changed node."
    else:
        first = (
            f"No session was lost, because none ever changed node (0 of {document.sessions} did)."
        )
    cookie = facts.balancer.cookie if facts.balancer else ""
    lost_cookie = f"a lost {cookie} cookie" if cookie else "a change of the balancer's choice"
    return [
        first,
        f"The fault is still there: {_steered(document, facts)}.",
        f"A drain, or {lost_cookie}, will throw those users out.",
    ]


def _steered(document: Results, facts: RunFacts) -> str:
    """Where the steered sessions died: "steered across, 9 of 10 sessions from a 2016 node died at …"."""
    found = next(iter(shapes_of(document.steered, facts).values()))
    rows = {row for row, _ in found.pairs if row}
    columns = {column for _, column in found.pairs}
    versions = {facts.version_of(row) for row in rows}
    begun = f"a {versions.copy().pop()} node" if len(versions) == 1 and "" not in versions else ""
    if len(rows) == 1:
        begun = next(iter(rows))
    start = f" from {begun or listed(sorted(rows), 'or')}" if rows else ""
    end = listed(sorted(columns), "or")
    return f"steered across, {found.lost} of {counted_noun(found.sessions, 'session')}{start} died at {end}"


def _stopped(document: Results, facts: RunFacts) -> list[str]:
    return [
        f"Stopped after {seconds(facts.lasted)}: {facts.stopped}.",
        "Nothing is concluded."
        if not document.sessions
        else f"Nothing is concluded; until then {document.lost} of "
        f"{counted_noun(document.sessions, 'session')} {was(document.lost)} lost.",
        "No further logon was tried.",
    ]


def _inconclusive(
    document: Results, verdict: Verdict, findings: Findings, facts: RunFacts
) -> list[str]:
    if verdict.has("nothing_measured"):
        return [
            *_sentences(
                verdict,
                "crashed",
                "interrupted",
                "no_end",
                "worker_died",
                "unread_history",
                "nothing_measured",
                "credentials_refused",
                "unattributed",
            ),
            *_refused_logons(findings),
        ]
    sentences = _sentences(verdict, "crashed", "interrupted", "no_end", "worker_died")
    if verdict.has("node_never_met"):
        sentences += _never_met(document, facts)
    elif verdict.has("too_few"):
        sentences += _sentences(verdict, "too_few")
        sentences.append("Let it run longer, or with more users.")
    sentences += _sentences(verdict, "credentials_refused")
    sentences += _sentences(verdict, "too_few_telling", "unattributed", "unread_history")
    sentences += _sentences(verdict, "criterion_undecided")
    of = f"{document.lost} of {counted_noun(document.sessions, 'session')}"
    return [*sentences, f"Of what was measured, {of} {was(document.lost)} lost."]


def _sentences(verdict: Verdict, *names: str) -> list[str]:
    return [reason.sentence for name in names for reason in verdict.reasons if reason.name == name]


def _refused_logons(findings: Findings) -> list[str]:
    refused = findings.refused_logons
    return (
        [f"{counted_noun(refused, 'logon')} refused: look at the passwords first."]
        if refused
        else []
    )


def _never_met(document: Results, facts: RunFacts) -> list[str]:
    met = {cell.serving_front_end for cell in document.matrix if cell.sessions}
    met |= {c.login_front_end for c in document.matrix if c.sessions and c.login_front_end}
    missing = [node.name for node in facts.nodes if node.name not in met]
    first = f"Nothing can be said about {listed(missing, 'or')}."
    if len(met) != 1 or len(facts.sources) > 1:
        return [first, f"The balancer sent sessions to {listed(sorted(met))} only."]
    source = f" ({facts.sources[0]})" if facts.sources else ""
    return [
        first,
        f"The balancer sent this machine{source} to {listed(sorted(met))} every time; it seems to keep "
        "a source address on one node.",
        SOURCE_ADDRESS_HINT,
    ]


def account_sentence(document: Results) -> str:
    """The bound over accounts, for a run that lost nobody."""
    bound = upper_bound(0, document.accounts)
    return (
        f"If the cause follows the account, 0 of {counted_noun(document.accounts, 'account')} still "
        f"allows up to {percent(bound)}."
    )


def has_login(protocol: str) -> bool:
    """Whether the first dimension of a protocol's matrix means anything."""
    return protocol not in WITHOUT_LOGIN
