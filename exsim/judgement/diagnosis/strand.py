"""Strands: what speaks for a cause by itself, beside the cookies: a 503, a 449, a hang, a closed check."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from exsim.judgement.diagnosis.wording import diagnosis_of
from exsim.judgement.evidence import Diagnosis
from exsim.judgement.words import counted_noun, listed

Pair = tuple[str, str]  # front end, back end; "" where unknown


def unreached(failed: Mapping[Pair, int], served: Mapping[Pair, int]) -> Iterator[Diagnosis]:
    """503 by front ends: one pair of front end and back end, or a back end as a whole."""
    by_home: dict[str, Counter[str]] = {}
    for (front_end, back_end), count in failed.items():
        by_home.setdefault(back_end, Counter())[front_end] += count
    for back_end, fronts in by_home.items():
        others = sorted(
            {f for (f, b), n in served.items() if b == back_end and n and f not in fronts}
        )
        home = back_end or "a back end that is not known"
        times = sum(fronts.values())
        rows = [
            f"503 by {listed(sorted(fronts))} for mailboxes on {home}: {counted_noun(times, 'time')}."
        ]
        if others:
            rows.append(f"{listed(others)} served mailboxes on {home}.")
            yield diagnosis_of("be_kerberos_broken", 0.9, evidence=rows)
        else:
            same = ["back_end_down" if len(fronts) == 1 else "be_kerberos_broken"]
            rule = "be_kerberos_broken" if len(fronts) == 1 else "back_end_down"
            rows.append(f"No other front end was seen to serve mailboxes on {home}.")
            yield diagnosis_of(rule, 0.6, evidence=rows, alike=same)


def logons(failed: Mapping[str, str], accepted: Sequence[str]) -> Iterator[Diagnosis]:
    """Logons that a node answered with an error (node -> what it said)."""
    if not failed:
        return
    rows = [f"{node}: the logon was answered {said}." for node, said in sorted(failed.items())]
    if accepted:
        rows.append(f"{listed(sorted(accepted))} accepted logons.")
        yield diagnosis_of("no_forms_certificate", 0.8, evidence=rows)
        return
    only = ["No node accepted a logon."] if len(failed) > 1 else ["No other node was asked."]
    yield diagnosis_of("auth_cert_expired", 0.85 if len(failed) > 1 else 0.6, evidence=rows + only)


def sent_away(away: Mapping[Pair, int], kept: Mapping[str, int], where: str = "") -> Diagnosis:
    """Sent to another host to sign in: (issuer, reader) -> times.  `kept`: node -> own logons that it served."""
    own = sorted({reader for issuer, reader in away if issuer == reader})
    rows = [
        f"{issuer or 'unknown'} → {reader or 'unknown'}: sent to {where or 'another host'}, "
        f"{counted_noun(count, 'time')}."
        for (issuer, reader), count in sorted(away.items())
    ]
    if own:
        return diagnosis_of("foreign_authority", 0.85, evidence=rows)
    fine = sorted({reader for _, reader in away if kept.get(reader)})
    if fine:
        rows.append(f"{listed(fine)} served those who had logged on there.")
        return diagnosis_of("second_factor_key_split", 0.9, evidence=rows)
    rows.append("No session that began at the node which sends away was seen there.")
    return diagnosis_of("second_factor_key_split", 0.6, evidence=rows, alike=["foreign_authority"])


def seen_at(rule: str, what: str, places: Mapping[str, int], score: float = 0.85) -> Diagnosis:
    """Something that names its cause by itself, and where it was seen how often."""
    where = [f"{place} ({n})" if place else f"unknown ({n})" for place, n in sorted(places.items())]
    return diagnosis_of(rule, score, evidence=[f"{what}: {listed(where)}."])
