"""Whose fault a cause is, in a sentence: the balancer's or Exchange's, and what persistence does to it."""

from __future__ import annotations

from exsim.judgement.diagnosis.rule import BALANCER, EXCHANGE
from exsim.judgement.diagnosis.rules import NOT_KNOWN, NOTHING_WRONG, RULES
from exsim.judgement.evidence import Diagnosis
from exsim.judgement.words import listed
from exsim.wire.standing import SOURCES

HIDDEN = ", though persistence at the balancer hides it"


def blame(diagnosis: Diagnosis) -> str:
    """ "It is Exchange, not the balancer." """
    rule = RULES[diagnosis.rule]
    if rule.id == NOT_KNOWN:
        return "Whether it is the balancer or Exchange is not known."
    if rule.id == NOTHING_WRONG:
        return "Neither Exchange's logon cookies nor the balancer is at fault in what was asked."
    if diagnosis.fault == BALANCER:
        return "It is the balancer, not Exchange."
    if diagnosis.fault == EXCHANGE:
        return f"It is Exchange, not the balancer{HIDDEN if rule.persists else ''}."
    return "It is neither a fault of Exchange nor of the balancer."


def class_sentence(diagnosis: Diagnosis) -> str:
    """What cannot be told from it yet, or "" when nothing fits as well."""
    if not diagnosis.alike or diagnosis.rule in (NOT_KNOWN, NOTHING_WRONG):
        return ""
    others = listed([f"“{RULES[rule].name}”" for rule in diagnosis.alike], "or")
    return f"What was seen fits as well: {others}."


def documents(diagnosis: Diagnosis) -> list[str]:
    """Each source in words; "assumed" where nobody has confirmed it."""
    return [SOURCES.get(key, key) for key in diagnosis.source.split()]
