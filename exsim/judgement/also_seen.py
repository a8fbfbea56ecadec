"""What went wrong without costing a session, in lines: what the balancer cut, then each kind, how often, and where."""

from __future__ import annotations

from collections import Counter

from exsim.judgement.judge import Judgement
from exsim.judgement.words import counted_noun, listed, protocol_name, seconds
from exsim.session.meaning import SIGNS, Sign
from exsim.session.records import Finding

LONGEST = 64  # characters of a code that a server made up
MEANINGS = {str(sign): meaning.sentence for sign, meaning in SIGNS.items()}


def kind_words(kind: str) -> str:
    """What a kind of finding is; a sign's name with its meaning, "lb timeout (504 by the balancer: …)"."""
    name = kind.replace("_", " ")
    return f"{name} ({MEANINGS[kind]})" if kind in MEANINGS else name


def waits_lines(judgement: Judgement) -> list[str]:
    """What cuts did to telephones: how much shorter they wait, and how much more often they ask."""
    waits = judgement.findings.waits
    if waits is None or not waits.cuts:
        return []
    lasted = waits.mean / (judgement.facts.time_scale or 1)
    more = (
        f", so they ask {waits.asked / lasted:.1f} times as often"
        if 0 < lasted < waits.asked
        else ""
    )
    return [
        f"{waits.cut} of {counted_noun(waits.devices, 'telephone')} had a wait cut and shortened it, "
        f"from {seconds(waits.asked)} to {seconds(waits.left)}: a wait lasted {seconds(lasted)} on "
        f"average{more}"
    ]


def _mostly(ones: list[Finding]) -> str:
    """The error that was named most often, by the code that the protocol gives it."""
    names = Counter(one.detail.rpartition(" ")[2] for one in ones)
    (name, count), *others = names.most_common()
    return f": {name[:LONGEST]}" + (f" ({count}), and {len(others)} more" if others else "")


def finding_lines(judgement: Judgement) -> list[str]:
    """What went wrong without costing a session: what the balancer cut, then kind, how often, at which nodes."""
    findings = judgement.findings.findings
    several = len({cell.protocol for cell in judgement.results.matrix}) > 1
    kinds = Counter((one.kind, one.protocol if several else "") for one in findings)
    lines = []
    for (kind, protocol), count in sorted(kinds.items()):
        ones = [f for f in findings if f.kind == kind and protocol in ("", f.protocol)]
        nodes = sorted({f.front_end for f in ones if f.front_end})
        where = f" at {listed(nodes)}" if nodes else ""
        of = f"{protocol_name(protocol)}, " if protocol else ""
        said = _mostly(ones) if kind == Sign.FAULT else ""
        lines.append(f"{of}{kind_words(kind)}: {counted_noun(count, 'time')}{where}{said}")
    balancer = judgement.facts.balancer
    log = [f"the balancer's log: {line}" for line in (balancer.log_findings if balancer else ())]
    cut = [line for line in log if " was cut " in line]
    rest = [line for line in log if line not in cut]
    return [*cut, *waits_lines(judgement), *lines, *rest]
