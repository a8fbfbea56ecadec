"""The registry of rules: id -> everything that is known of one cause."""

from __future__ import annotations

from exsim.judgement.diagnosis import answer_rules, cookie_rules, http_rules
from exsim.judgement.diagnosis.rule import Rule

NOTHING_WRONG, NOT_KNOWN = "nothing_wrong", "not_known"
RULES: dict[str, Rule] = {
    rule.id: rule for rule in (*cookie_rules.RULES, *answer_rules.RULES, *http_rules.RULES)
}


def deciding_step(first: str, second: str) -> str:
    """What tells two rules apart, from whichever of them says so; else how the first is settled."""
    one, other = RULES[first], RULES[second]
    return one.decides.get(second) or other.decides.get(first) or one.settle
