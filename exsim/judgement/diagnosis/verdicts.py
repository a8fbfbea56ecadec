"""From weighed hypotheses to diagnoses: what is named, what is only possible, and when it is not known."""

from __future__ import annotations

from exsim.judgement.diagnosis.likelihood import Weighed, alike, shares
from exsim.judgement.diagnosis.rules import NOT_KNOWN, NOTHING_WRONG, RULES
from exsim.judgement.diagnosis.trial import OUTCOMES, REFUSALS, Seen
from exsim.judgement.diagnosis.wording import cause, decides, diagnosis_of
from exsim.judgement.evidence import Diagnosis

NAMED = 0.5  # a class of rules is named from this share of all explanations on
# Rules that are one answer to whoever asks "what is it?"; more than two such answers are none.
KINDRED = {
    "cert_split": "the nodes differ", "stale_cert": "the nodes differ", "hmac_skew": "the nodes differ",
    "cng_node": "nobody is read", "auth_cert_expired": "nobody is read",
}  # fmt: skip
ANSWERS = 2
WORTH_SAYING = 0.05


def named(weighed: list[Weighed], seen: Seen, of_run: bool) -> list[Diagnosis]:
    """The best explanation first (each rule of it), then the others worth saying.

    What cannot be told apart is one class: its members are in `alike` of the first, and come after it.
    """
    parts = shares(weighed)
    best = _likeliest(weighed, parts)
    rules = [rule for rule in best.hypothesis.rules if rule != NOTHING_WRONG] or [NOTHING_WRONG]
    same = alike(best, weighed)
    together = sum(
        one.share for one in weighed if set(one.hypothesis.rules) & {*best.hypothesis.rules, *same}
    )
    left = [rule for rule in parts if rule not in (*rules, NOT_KNOWN, NOTHING_WRONG)]
    others = [
        _possible(rule, parts[rule], weighed, seen, of_run)
        for rule in left
        if parts[rule] >= WORTH_SAYING
    ]
    vague = _answers([*rules, *same]) > ANSWERS + len(rules) - 1 and NOTHING_WRONG not in rules
    if NOT_KNOWN in rules or together < NAMED or vague:
        candidates = [rule for rule in rules if rule != NOT_KNOWN]
        first = [_possible(rule, parts[rule], weighed, seen, of_run) for rule in candidates]
        return [not_known(seen, parts.get(NOT_KNOWN, 0.0), rules + same), *first, *others]
    first = [cause(best, rule, parts[rule], weighed, seen, of_run) for rule in rules]
    first.sort(key=lambda one: (one.rule == "e14_no_affinity", -one.score))
    return first + others


def _answers(rules: list[str]) -> int:
    return len({KINDRED.get(rule, rule) for rule in rules})


def _likeliest(weighed: list[Weighed], parts: dict[str, float]) -> Weighed:
    """The best hypothesis; of a class of single rules, that of the rule which holds the largest share."""
    best = weighed[0]
    if len(best.hypothesis.rules) > 1:
        return best
    rule = max([*best.hypothesis.rules, *alike(best, weighed)], key=lambda rule: parts[rule])
    return next(one for one in weighed if one.hypothesis.rules == (rule,))


def _possible(
    rule: str, share: float, weighed: list[Weighed], seen: Seen, of_run: bool
) -> Diagnosis:
    place = next(one for one in weighed if rule in one.hypothesis.rules)
    return cause(place, rule, share, weighed, seen, of_run)


def not_known(seen: Seen, share: float, candidates: list[str]) -> Diagnosis:
    """The honest answer, with what was refused and what to do to know more."""
    rows = [
        f"{trial.login} → {trial.serving}{' (public)' if trial.public else ''}: {OUTCOMES[trial.outcome]}"
        for trial in sorted(seen.trials, key=lambda t: (t.login, t.serving, t.outcome))
        if trial.outcome in REFUSALS
    ]
    able = [rule for rule in candidates if rule not in (NOT_KNOWN, NOTHING_WRONG)]
    step = decides(able[0], able[1:3]) if able else RULES[NOT_KNOWN].settle
    return diagnosis_of(NOT_KNOWN, max(share, NAMED), evidence=rows[:8], decides=step, alike=able)
