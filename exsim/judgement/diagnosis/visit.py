"""The diagnosis of a doctor's visit: the cookie matrix and the nodes' fingerprints."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from statistics import median

from exsim.judgement.diagnosis.likelihood import CALM, weigh
from exsim.judgement.diagnosis.rules import NOT_KNOWN, NOTHING_WRONG
from exsim.judgement.diagnosis.strand import logons, seen_at, sent_away, unreached
from exsim.judgement.diagnosis.trial import Pool, Seen, Trial
from exsim.judgement.diagnosis.verdicts import named
from exsim.judgement.diagnosis.wording import diagnosis_of
from exsim.judgement.evidence import Diagnosis, DoctorFacts, MatrixCell, NodeFacts
from exsim.protocols.owa.crossing import BY_BACK_END
from exsim.wire.builds import version_of_build

OUTCOME_OF = {
    "readable": "readable", "reason_0": "unreadable", "reason_2": "credentials",
    "reason_3": "expired", "login_timeout": "refused",
}  # fmt: skip
UNSEEN = [  # what a visit of a minute cannot meet
    "short_public_ttl",
    "late_wipe",
    "build_skew",
    "canary_epoch_change",
    "boot_stall",
]
FORMS = ("owa", "ecp")
ELSEWHERE = "elsewhere"  # not read as an answer to the cookies: their front end had taken them
ENOUGH = 0.5  # of the matrix must have been asked before anything is called sound


def diagnose(facts: DoctorFacts) -> list[Diagnosis]:
    """What the visit's findings speak for, best first.

    A sound pool gives one entry, `nothing_wrong`, whose `alike` are the rules that no visit can see.
    `not_known` comes first when nothing fits.  Empty only when no cookie was shown to any node.
    """
    seen = _seen(facts)
    strands = list(_strands(facts))
    cookies = named(weigh(seen, CALM), seen, False) if seen.trials else []
    if cookies and cookies[0].rule == NOTHING_WRONG:
        if strands:
            return strands
        return _sound(cookies[0], facts, seen)
    if not cookies and not strands:
        return [diagnosis_of(NOT_KNOWN, 0.5, evidence=facts.notes[:3])] if facts.nodes else []
    return cookies + strands


def version_of(node: NodeFacts) -> str:
    """A node's version: by its build where it told one, else as claimed."""
    return version_of_build(node.owa_version or node.build) or node.version


def _seen(facts: DoctorFacts) -> Seen:
    trials = Counter(
        Trial(cell.from_, cell.to, outcome, cell.public)
        for cell in facts.cookie_matrix
        for outcome in outcomes(cell)
    )
    skews = {node.name: node.skew for node in facts.nodes if node.skew is not None}
    usual = median(skews.values()) if len(skews) > 2 else 0.0
    named_only = [c for cell in facts.cookie_matrix for c in (cell.from_, cell.to)]
    pool = Pool(
        tuple(dict.fromkeys([*(node.name for node in facts.nodes), *named_only])),
        {node.name: version_of(node) for node in facts.nodes},
        {node.name: node.signature_length for node in facts.nodes},
        {name: skew - usual for name, skew in skews.items()},
    )
    return Seen(pool, trials)


def outcomes(cell: MatrixCell) -> list[str]:
    """What GET and POST came to, where they were asked and say something of the cookies."""
    said = details(cell)
    found = []
    for method, answer in (("GET", cell.get), ("POST", cell.post)):
        if answer in OUTCOME_OF:
            found.append(OUTCOME_OF[answer])
        elif answer == "error" and _is_unreached(said.get(method, "")):
            found.append("unreached")
    return found


def details(cell: MatrixCell) -> dict[str, str]:
    """Method -> what `detail` says of it."""
    parts = (part.partition(": ") for part in cell.detail.split("; ") if ": " in part)
    found = {method: text for method, _, text in parts}
    return found or ({"GET": cell.detail, "POST": cell.detail} if cell.detail else {})


def _is_unreached(text: str) -> bool:
    return text.startswith(("502", "503", "504")) and "not of a node" not in text


def _strands(facts: DoctorFacts) -> Iterator[Diagnosis]:
    failed = {
        node.name: node.logon.partition(": ")[2] or "with an error"
        for node in facts.nodes
        if node.logon.startswith("error")
    }
    yield from logons(failed, [node.name for node in facts.nodes if node.logon == "accepted"])
    yield from _authority(facts)
    yield from _health(facts)
    yield from unreached(*_reached(facts))
    for rule, status, what in (
        ("canary_epoch_change", "449", "449, the canary refused, at"),
        ("build_skew", "412", "412, a page of another build, at"),
        ("throttling", "429", "429, at"),
    ):
        places = Counter(
            cell.to
            for cell in facts.cookie_matrix
            for text in details(cell).values()
            if text.startswith(status)
        )
        if places:
            yield seen_at(rule, what, places)
    turned = Counter(
        text.partition(BY_BACK_END)[2]
        for cell in facts.cookie_matrix
        for text in details(cell).values()
        if BY_BACK_END in text
    )
    if turned:
        yield seen_at(
            "back_end_refused", "Logons that a front end had read were turned down by", turned
        )
    own = Counter(
        cell.to
        for cell in facts.cookie_matrix
        for text in details(cell).values()
        if "not of a node" in text
    )
    if own:
        yield seen_at("lb_error", "Answers that no node made, asking for", own)


def _authority(facts: DoctorFacts) -> Iterator[Diagnosis]:
    """Copies that a node sent to another host, to sign in there."""
    away = Counter(
        (cell.from_, cell.to)
        for cell in facts.cookie_matrix
        for said in (cell.get, cell.post)
        if said == ELSEWHERE
    )
    if away:
        kept = Counter(
            cell.to
            for cell in facts.cookie_matrix
            if cell.from_ == cell.to and "readable" in (cell.get, cell.post)
        )
        places = [
            text.partition(" to ")[2]
            for cell in facts.cookie_matrix
            if ELSEWHERE in (cell.get, cell.post)
            for text in details(cell).values()
        ]
        yield sent_away(away, kept, next(filter(None, places), ""))


def _health(facts: DoctorFacts) -> Iterator[Diagnosis]:
    """Closed without an answer where others answer: drained (LB16).  2010 has no such check."""
    closed = {
        node.name: sorted(d for d, said in node.health.items() if said == "closed")
        for node in facts.nodes
        if "closed" in node.health.values()
    }
    if closed:
        rows = [
            f"{node}: HealthCheck.htm closed for {', '.join(dirs)}."
            for node, dirs in closed.items()
        ]
        fine = [n.name for n in facts.nodes if n.health and n.name not in closed]
        rows += [f"{', '.join(fine)}: 200."] if fine else []
        yield diagnosis_of("drained", 0.95, evidence=rows)


def _reached(facts: DoctorFacts) -> tuple[Counter[tuple[str, str]], Counter[tuple[str, str]]]:
    """(front end, back end) -> how often the front end could not reach it, and how often it could."""
    failed: Counter[tuple[str, str]] = Counter()
    served: Counter[tuple[str, str]] = Counter()
    homes = {}
    for cell in facts.cookie_matrix:
        for answer, text in zip((cell.get, cell.post), _texts(cell), strict=True):
            if answer == "error" and _is_unreached(text):
                home = text.partition("for back end ")[2].strip()
                failed[cell.to, home] += 1
                homes[cell.from_] = home
    for cell in facts.cookie_matrix:
        if cell.from_ in homes and "readable" in (cell.get, cell.post):
            served[cell.to, homes[cell.from_]] += 1
    return failed, served


def _texts(cell: MatrixCell) -> tuple[str, str]:
    said = details(cell)
    return said.get("GET", ""), said.get("POST", "")


def _sound(nothing: Diagnosis, facts: DoctorFacts, seen: Seen) -> list[Diagnosis]:
    """Nothing wrong, as far as it was asked."""
    pairs = len(seen.pool.nodes) ** 2
    asked = len({(trial.login, trial.serving) for trial in seen.trials})
    share = asked / pairs if pairs else 0.0
    nothing.score = round(nothing.score * share, 3)
    nothing.alike = list(UNSEEN)
    nothing.evidence = [
        f"{asked} of {pairs} pairs of nodes asked, all served.",
        *nothing.evidence[1:],
    ]
    if share < ENOUGH:
        rest = f"Only {asked} of {pairs} pairs of nodes could be asked."
        return [diagnosis_of(NOT_KNOWN, 0.5, evidence=[rest]), nothing]
    return [nothing]
