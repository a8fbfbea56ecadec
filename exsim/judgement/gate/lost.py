"""`[[expect.lost]]`: may no more than a share of certain sessions be lost, and was that shown?

With `serving` a trial is a session's first meeting with such a front end, else the session.  Every bound
is stated over sessions and over accounts, because a cause that follows the account shows once an account.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from exsim.judgement.bounds import at_least, at_most
from exsim.judgement.census import account_of
from exsim.judgement.facts import RunFacts
from exsim.judgement.gate.criterion import Count, Criterion, Outcome, counted, share
from exsim.judgement.matrix import counted as of_the_load
from exsim.judgement.matrix import home_of, lost_by_itself
from exsim.judgement.statistics import sessions_needed
from exsim.judgement.words import counted_noun, protocol_name
from exsim.runs.sections import LostLimit
from exsim.session.records import Session

Trial = tuple[str, bool]  # account, whether the session was lost
SINGULAR = {"sessions": "session", "accounts": "account"}
STEERED = (
    "Steered: the run made these meetings happen. That is a hazard for each meeting, and says nothing "
    "about the share of users."
)


def name_of(limit: LostLimit) -> str:
    """ "OWA sessions begun at 2016, served by 2013: at most 1 % lost"."""
    parts = [f"{protocol_name(limit.protocol)} sessions".strip()]
    parts[0] += f" begun at {limit.login}" if limit.login else ""
    parts += [f"served by {limit.serving}"] if limit.serving else []
    parts += [f"mailbox on {limit.home}"] if limit.home else []
    return f"{', '.join(parts)}: at most {share(limit.max)} lost"


def trials(
    limit: LostLimit, sessions: Sequence[Session], facts: RunFacts, *, steered: bool
) -> Counter[Trial]:
    """The sessions that the criterion speaks of, counted by account and by whether they were lost.

    One that was lost counts also where nobody knows at which front end.
    """
    chosen = _chosen(limit, sessions, facts)
    if limit.serving:
        return Counter(one for session in chosen for one in _met(session, limit, facts, steered))
    if steered:
        return Counter()
    of_it = ((one, lost_by_itself(one)) for one in chosen if of_the_load(one))
    return Counter((account_of(one), lost) for one, lost in of_it if lost or one.meetings)


def met_nobody(limit: LostLimit, sessions: Sequence[Session], facts: RunFacts) -> Counter[Trial]:
    """Those besides that were not lost, and met no front end that is known: perhaps they were served, perhaps not."""
    if limit.serving:
        return Counter()
    return Counter(
        (account_of(one), False)
        for one in _chosen(limit, sessions, facts)
        if of_the_load(one) and not one.meetings and not lost_by_itself(one)
    )


def decide(limit: LostLimit, key: str, sessions: Sequence[Session], facts: RunFacts) -> Criterion:
    """The criterion over the load's own sessions; over steered ones where only those met it."""
    natural = trials(limit, sessions, facts, steered=False)
    steered = trials(limit, sessions, facts, steered=True)
    chosen = natural or steered
    counts = counts_of(chosen, limit.confidence)
    outcome, words = judged(limit, counts)
    if outcome == "fail":
        outcome, words = _doubted(limit, chosen, words, met_nobody(limit, sessions, facts))
    said = [words]
    if not natural:
        said.append(STEERED if steered else _why_none(limit, sessions))
    elif steered:
        across = counts_of(steered, limit.confidence)["sessions"]
        said.append(f"Steered on purpose besides, never counted: {across.bad} of {across.of} lost.")
    return Criterion(
        key=key,
        name=name_of(limit),
        outcome=outcome,
        sentence=" ".join(filter(None, said)),
        limit=limit.max,
        confidence=limit.confidence,
        counts=counts,
        decided_by=limit.over,
        steered=bool(steered and not natural),
    )


def counts_of(chosen: Mapping[Trial, int], confidence: float) -> dict[str, Count]:
    """How many were lost, in sessions and in accounts; an account is lost when one of its sessions was."""
    lost: dict[str, bool] = {}
    bad = of = 0
    for (account, was_lost), times in chosen.items():
        bad, of = bad + times * was_lost, of + times
        lost[account] = lost.get(account, False) or was_lost
    accounts_lost = sum(lost.values())
    return {
        "sessions": Count(bad, of, at_most(bad, of, confidence)),
        "accounts": Count(accounts_lost, len(lost), at_most(accounts_lost, len(lost), confidence)),
    }


def _doubted(
    limit: LostLimit, chosen: Counter[Trial], words: str, unknown: Counter[Trial]
) -> tuple[Outcome, str]:
    """Too many were lost: shown only where it holds also if all that met nobody known stood."""
    if judged(limit, counts_of(chosen + unknown, limit.confidence))[0] == "fail":
        return "fail", words
    more = counted_noun(unknown.total(), "more session")
    return "inconclusive", f"{words} Not so if {more} stood that met no node whose name is known."


def judged(limit: LostLimit, counts: dict[str, Count]) -> tuple[Outcome, str]:
    """The outcome, and a sentence with both numbers."""
    deciding = counts[limit.over]
    numbers = (
        f"Lost: {counted(counts['sessions'], 'session')}, {counted(counts['accounts'], 'account')}, "
        f"at {share(limit.confidence)} confidence."
    )
    if not deciding.of:
        return "inconclusive", "No session met this; nothing is known."
    if deciding.bound <= limit.max:
        return "pass", numbers
    if at_least(deciding.bad, deciding.of, limit.confidence) > limit.max:
        return "fail", f"{numbers} That is more than {share(limit.max)}."
    needed = sessions_needed(limit.max, deciding.bad, limit.confidence)
    return "inconclusive", (
        f"{numbers} It takes {counted_noun(needed, SINGULAR[limit.over])} with no more than "
        f"{deciding.bad} lost to show at most {share(limit.max)}."
    )


def matches(wanted: str, node: str | None, facts: RunFacts) -> bool:
    """Whether a node is the one that is wanted, or of the version that is; "" wants any."""
    return not wanted or (node is not None and wanted in (node, facts.version_of(node)))


def _chosen(limit: LostLimit, sessions: Sequence[Session], facts: RunFacts) -> Iterator[Session]:
    home = home_of(sessions, facts)
    for session in sessions:
        here = home(session)
        lives = matches(limit.home, here, facts) or (here is None and session.home == limit.home)
        if (
            not session.control
            and limit.protocol in ("", session.protocol)
            and matches(limit.login, session.login_front_end, facts)
            and lives
        ):
            yield session


def _met(session: Session, limit: LostLimit, facts: RunFacts, steered: bool) -> Iterator[Trial]:
    """At most one trial a session, however many such front ends it met."""
    met = [
        meeting
        for meeting in session.meetings
        if (session.forced or not meeting.natural) == steered
        and matches(limit.serving, meeting.front_end, facts)
    ]
    if met:
        yield account_of(session), any(meeting.lost for meeting in met)


def _why_none(limit: LostLimit, sessions: Sequence[Session]) -> str:
    if not limit.serving and any(session.forced for session in sessions):
        return "The run was steered: the share of users cannot be told from it."
    return ""
