"""Clients that were never let in: they had no session to lose, and a run must not pass them by.

A refusal alone may be a wrong password.  It is not where the accounts are made up, or where the same account
was accepted elsewhere in the run; then it counts against the run, else it leaves it undecided.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from exsim.judgement.facts import RunFacts
from exsim.judgement.words import counted_noun, listed, protocol_name, was
from exsim.session.meaning import SIGNS, Sign
from exsim.session.records import Findings, ShutOut

# Bars that count also when the same client was let in at another time: somebody refused what is right.
REFUSALS = frozenset({Sign.UNAUTHORIZED.value, Sign.UNBOUND.value, Sign.CONTEXT_LOST.value})


def sure(findings: Findings, facts: RunFacts) -> list[ShutOut]:
    """Those that certainly had the right to be let in."""
    return [one for one, known in _shut_out(findings, facts) if known]


def unsure(findings: Findings, facts: RunFacts) -> list[ShutOut]:
    """Those that may have had a wrong password, or asked while nothing worked."""
    return [one for one, known in _shut_out(findings, facts) if not known]


def _shut_out(findings: Findings, facts: RunFacts) -> Iterator[tuple[ShutOut, bool]]:
    if not findings.shut_out:
        return
    accepted = {session.account for session in findings.sessions if session.account}
    let_in = {session.user for session in findings.sessions}
    for one in findings.shut_out:
        if one.user in let_in and one.sign not in REFUSALS:
            continue  # it came in later; what barred it for a while is a finding
        yield one, facts.simulated or one.account in accepted


def ntlm_broken(one: ShutOut) -> bool:
    """The sign of a balancer that moves NTLM's legs: a challenge, the last leg, and a refusal (PROXIES)."""
    return one.sign == Sign.UNAUTHORIZED.value and one.auth == "ntlm_3" and one.challenges > 0


def legs_stayed(mine: Sequence[ShutOut]) -> bool:
    """Whether every last leg was refused by the very node that had challenged: then none was moved to another."""
    return all(one.stayed and not one.moved for one in mine)


def sentences(shut_out: Sequence[ShutOut], findings: Findings) -> list[str]:
    """One for each protocol and bar: how many clients, of how many, and what barred them."""
    said = []
    for protocol, sign in dict.fromkeys((one.protocol, one.sign) for one in shut_out):
        mine = [one for one in shut_out if (one.protocol, one.sign) == (protocol, sign)]
        users = {one.user for one in mine}
        every = users | {
            s.user for s in findings.sessions if s.protocol == protocol and not s.control
        }
        never = "" if users - {s.user for s in findings.sessions} else "at first "
        nodes = sorted({name for one in mine for name in one.front_ends})
        at = f" (last answered by {listed(nodes)})" if nodes else ""
        said.append(
            f"{len(users)} of {counted_noun(len(every), f'{protocol_name(protocol)} client')} {was(len(users))} "
            f"{never}not let in: {_why(mine)}{at}."
        )
    return said


def _why(mine: Sequence[ShutOut]) -> str:
    first = mine[0]
    if all(map(ntlm_broken, mine)):
        challenges = first.challenges / max(1, first.refusals)
        how = "as when the balancer moves a client's legs between connections"
        if legs_stayed(mine):
            how = (
                "by the node that had challenged: as when the balancer opens a new connection to it for each "
                "leg, or shows another certificate to clients than nodes with Extended Protection have"
            )
        return (
            f"NTLM never came to its end, {challenges:g} challenges and then a 401 to the last leg each "
            f"time, {how}"
        )
    status = f"{first.status}, " if first.status else ""
    return f"{status}{SIGNS[Sign(first.sign)].sentence}"
