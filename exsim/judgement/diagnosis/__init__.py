"""Which known cause explains what was seen: hypotheses scored against a visit's matrix or a run's losses.

Inferred from what clients saw, and from nothing else: what a simulated organisation was told to do wrong
is never read here.  "Not known" is an answer.
"""

from exsim.judgement.diagnosis.blame import blame, class_sentence, documents
from exsim.judgement.diagnosis.finished import diagnose_run
from exsim.judgement.diagnosis.rule import Rule
from exsim.judgement.diagnosis.rules import RULES
from exsim.judgement.diagnosis.visit import diagnose

__all__ = [
    "RULES",
    "Rule",
    "blame",
    "class_sentence",
    "diagnose",
    "diagnose_run",
    "documents",
]
