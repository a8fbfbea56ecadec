"""Falls if: a cookie matrix and fingerprints name another cause than the one that makes them, a sound pool
is called ill, what cannot be told apart is told apart, or too little evidence still gives a name."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from exsim.judgement.diagnosis import RULES, diagnose
from exsim.judgement.evidence import DoctorFacts, MatrixCell, NodeFacts
from exsim.runs.organisation import organisation_nodes
from exsim.runs.presets import PRESETS
from exsim.runs.sections import Lab
from tests.rig.slice import INCIDENT
from tests.runs.opening import expected_matrix

E14 = [{"name": f"EXCH10-0{number}", "version": "2010"} for number in (1, 2, 3)]
PAIR = [{"name": "A", "version": "2013"}, {"name": "B", "version": "2013"}]
SIX = [{"name": f"N{i}", "version": "2016" if i < 4 else "2013"} for i in range(6)]
A, B, OLD = (node["name"] for node in INCIDENT)
SKEW = "clock_offset"

# Preset -> the first cause, and the class that it stands for until its step is taken.
EXPECTED: dict[str, tuple[str, set[str]]] = {
    "authcert_asymmetry": ("authcert_asymmetry", set()),
    "cert_split": ("cert_split", {"stale_cert"}),
    "stale_cert": ("cert_split", {"stale_cert"}),
    "cng_node": ("cng_node", set()),
    "hmac_skew": ("hmac_skew", set()),
    "e14_no_affinity": ("e14_no_affinity", set()),
    "clock_skew": ("clock_skew", set()),
}
UNSEEN = {"short_public_ttl", "late_wipe", "build_skew", "canary_epoch_change", "boot_stall"}


def visited(
    presets: list[str], nodes: Any = INCIDENT, versions: bool = True, lengths: bool = True
) -> DoctorFacts:
    """What a visit of such a pool finds, as the presets' own table of readers predicts it."""
    lab = msgspec.convert({"balancer": "none", "nodes": nodes, "preset": presets}, Lab)
    private, public = expected_matrix(lab), expected_matrix(lab, public=True)
    cells = [
        MatrixCell(i, r, *(("readable", "readable") if ok else ("reason_0", "login_timeout")))
        for (i, r), ok in private.items()
    ]
    cells += [
        MatrixCell(
            i, r, "readable" if ok else "reason_3" if private[i, r] else "reason_0", public=True
        )
        for (i, r), ok in public.items()
    ]
    return DoctorFacts(nodes=fingerprints(lab, versions, lengths), cookie_matrix=cells)


def fingerprints(lab: Lab, versions: bool, lengths: bool) -> list[NodeFacts]:
    found = []
    for node in organisation_nodes(lab):
        front_end, hmac = node["front_end"], node["front_end"].get("signature") == "hmac"
        length = 0 if node["version"] == "2010" or not lengths else 44 if hmac else 344
        found.append(
            NodeFacts(
                name=node["name"],
                version=node["version"] if versions else "",
                build=node["build"] if versions else "",
                signature_length=length,
                skew=front_end.get(SKEW, 0.0),
                logon="accepted",
            )
        )
    return found


def nodes_for(preset: str) -> list[dict[str, str]]:
    return E14 if preset == "e14_no_affinity" else INCIDENT


@pytest.mark.parametrize("preset", EXPECTED)
def test_each_cause_that_cookies_show_is_named_first(preset: str) -> None:
    rule, alike = EXPECTED[preset]
    first = diagnose(visited([preset], nodes_for(preset)))[0]
    assert (first.rule, set(first.alike)) == (rule, alike)
    assert first.score > 0.6 and first.evidence and first.advice and first.source
    assert first.fault == ("balancer" if rule == "e14_no_affinity" else "Exchange")


@pytest.mark.parametrize("preset", sorted(set(PRESETS) - set(EXPECTED) - {"auth_cert_expired"}))
def test_what_a_visit_cannot_see_is_called_sound_and_the_step_is_said(preset: str) -> None:
    found = diagnose(visited([preset]))
    assert [one.rule for one in found] == ["nothing_wrong"]
    assert set(found[0].alike) == UNSEEN
    assert found[0].score > 0.95 and "A run decides" in found[0].decides


@pytest.mark.parametrize("absent", EXPECTED)
@pytest.mark.parametrize("present", ["healthy", *EXPECTED])
def test_no_cause_is_reported_where_it_is_absent(present: str, absent: str) -> None:
    if absent == present or {absent, present} == {"cert_split", "stale_cert"}:
        return
    for nodes in (nodes_for(present), SIX if present not in ("e14_no_affinity",) else E14):
        named = diagnose(visited([present], nodes))[0]
        assert absent not in (named.rule, *named.alike)


def test_the_decision_between_a_stale_certificate_and_another_one_is_a_recycle() -> None:
    assert "Recycle" in diagnose(visited(["stale_cert"]))[0].decides


def test_without_the_lengths_an_update_and_a_certificate_are_one_class() -> None:
    first = diagnose(visited(["hmac_skew"], lengths=False))[0]
    assert {first.rule, *first.alike} == {"cert_split", "stale_cert", "hmac_skew"}
    assert "cadataSig" in first.decides


def test_without_versions_2010_is_one_of_a_class() -> None:
    first = diagnose(visited(["e14_no_affinity"], E14, versions=False))[0]
    assert "e14_no_affinity" in (first.rule, *first.alike)


@pytest.mark.parametrize("preset", ["authcert_asymmetry", "cng_node", "clock_skew"])
def test_versions_are_no_condition_where_the_shape_says_enough(preset: str) -> None:
    assert diagnose(visited([preset], versions=False))[0].rule == preset


def test_two_causes_at_once_are_both_named() -> None:
    found = diagnose(visited(["authcert_asymmetry", "clock_skew"]))
    assert [one.rule for one in found[:2]] == ["authcert_asymmetry", "clock_skew"]
    assert min(one.score for one in found[:2]) > 0.9


def test_the_evidence_names_the_pair_and_what_was_answered() -> None:
    first = diagnose(visited(["authcert_asymmetry"]))[0]
    assert first.evidence[0].startswith(f"{A} (2016) → {OLD} (2013): refused, reason=0")
    assert "7 other pairs of nodes served" in first.evidence[2]
    assert first.against == []
    lengths = diagnose(visited(["hmac_skew"]))[0].evidence[-1]
    assert lengths == f"cadataSig: 44 characters at {A} and {B}; 344 characters at {OLD}."


def refuse(facts: DoctorFacts, pairs: set[tuple[str, str]]) -> DoctorFacts:
    for cell in facts.cookie_matrix:
        if (cell.from_, cell.to) in pairs:
            cell.get, cell.post = "reason_0", "login_timeout" if not cell.public else "not_asked"
    return facts


def test_a_matrix_that_fits_no_rule_is_not_known() -> None:
    odd = refuse(visited([]), {(A, A), (B, OLD), (OLD, B)})
    first = diagnose(odd)[0]
    assert first.rule == "not_known" and first.evidence and first.decides


def test_one_direction_between_nodes_of_one_version_is_not_known() -> None:
    nodes = [{"name": "A", "version": "2016"}, {"name": "B", "version": "2016"}]
    assert diagnose(refuse(visited([], nodes), {("A", "B")}))[0].rule == "not_known"


def test_one_cell_alone_gives_no_name() -> None:
    facts = visited(["authcert_asymmetry"])
    facts.cookie_matrix = [c for c in facts.cookie_matrix if (c.from_, c.to) == (A, OLD)]
    first = diagnose(facts)[0]
    assert first.rule == "not_known"
    assert {"authcert_asymmetry", "cert_split", "cng_node"} <= set(first.alike)


def test_missing_cells_cost_certainty() -> None:
    whole = diagnose(visited([]))[0]
    facts = visited([])
    facts.cookie_matrix = [c for c in facts.cookie_matrix if c.to != OLD]
    part = diagnose(facts)[0]
    assert part.rule == "nothing_wrong" and part.score < 0.7 < whole.score
    facts.cookie_matrix = [c for c in facts.cookie_matrix if c.from_ == c.to]
    assert diagnose(facts)[0].rule == "not_known"


def test_a_visit_that_showed_no_cookie_to_anybody_knows_nothing() -> None:
    assert diagnose(DoctorFacts(nodes=[NodeFacts(name=A)], cookie_matrix=[]))[0].rule == "not_known"
    assert diagnose(DoctorFacts(nodes=[], cookie_matrix=[])) == []


def test_a_password_that_was_refused_is_no_matter_of_certificates() -> None:
    facts = visited([], PAIR)
    for cell in facts.cookie_matrix:
        if cell.to == "B":
            cell.get = "reason_2"
            cell.post = "not_asked"
    assert diagnose(facts)[0].rule == "credentials_refused"


def led_away(facts: DoctorFacts, pairs: set[tuple[str, str]]) -> DoctorFacts:
    for cell in facts.cookie_matrix:
        if (cell.from_, cell.to) in pairs:
            cell.get = cell.post = "elsewhere"
            cell.detail = "GET: 302 to https://sts.example; POST: 302 to https://sts.example"
    return facts


APART = {(A, OLD), (B, OLD), (OLD, A), (OLD, B)}


def test_a_second_factor_that_one_node_does_not_share_sends_away_what_others_issued() -> None:
    first = diagnose(led_away(visited([]), APART))[0]
    assert (first.rule, first.alike, first.fault) == ("second_factor_key_split", [], "")
    assert f"{OLD}, {A} and {B} served those who had logged on there." in first.evidence
    assert f"{A} → {OLD}: sent to https://sts.example, 4 times." in first.evidence  # public, too


def test_an_authority_that_sends_away_its_own_logons_too_is_no_split_key() -> None:
    own = {(node, node) for node in (A, B, OLD)}
    assert diagnose(led_away(visited([]), APART | own))[0].rule == "foreign_authority"


def test_where_nobody_logged_on_at_the_node_that_sends_away_both_are_possible() -> None:
    facts = led_away(visited([]), {(A, OLD), (B, OLD)})
    facts.cookie_matrix = [cell for cell in facts.cookie_matrix if cell.from_ != OLD]
    first = diagnose(facts)[0]
    assert first.rule == "second_factor_key_split" and first.alike == ["foreign_authority"]


def cells_at(node: str, get: str, detail: str, facts: DoctorFacts) -> DoctorFacts:
    for cell in facts.cookie_matrix:
        if cell.to == node:
            cell.get, cell.post, cell.detail = get, "not_asked", detail
    return facts


@pytest.mark.parametrize(
    ("get", "detail", "rule"),
    [
        ("error", "GET: 503, for back end EXCH16-SYD-01", "be_kerberos_broken"),
        ("error", "GET: 503, not of a node", "lb_error"),
        ("readable", "GET: 449", "canary_epoch_change"),
        ("readable", "GET: 412", "build_skew"),
        ("error", "GET: 429 of the front end", "throttling"),
    ],
)
def test_what_answers_say_by_themselves_is_named(get: str, detail: str, rule: str) -> None:
    assert diagnose(cells_at(OLD, get, detail, visited([])))[0].rule == rule


def test_a_503_through_every_front_end_is_the_back_end() -> None:
    facts = visited([])
    for node in (A, B, OLD):
        cells_at(node, "error", "GET: 503, for back end EXCH16-SYD-01", facts)
    assert diagnose(facts)[0].rule == "back_end_down"


def test_logons_that_fail_everywhere_are_the_auth_certificate_and_at_one_node_that_node() -> None:
    facts = visited([])
    for node in facts.nodes:
        node.logon = "error: 500"
    facts.cookie_matrix = []
    assert diagnose(facts)[0].rule == "auth_cert_expired"
    facts.nodes[0].logon = "accepted"
    assert diagnose(facts)[0].rule == "no_forms_certificate"


def test_a_closed_health_check_is_a_drained_node() -> None:
    facts = visited([])
    for node in facts.nodes:
        node.health = {"owa": "closed" if node.name == OLD else "200", "ews": "200"}
    first = diagnose(facts)[0]
    assert first.rule == "drained" and OLD in first.evidence[0]


def test_a_clock_that_is_off_is_named_even_before_it_costs_a_session() -> None:
    facts = visited([])
    facts.nodes[0].skew = 300.0
    first = diagnose(facts)[0]
    assert first.rule == "clock_skew" and "+300 s" in first.evidence[-1]


def test_our_own_clock_accuses_nobody() -> None:
    facts = visited([])
    for node in facts.nodes:
        node.skew = 4000.0
    assert diagnose(facts)[0].rule == "nothing_wrong"


def test_every_rule_is_whole_and_cites_what_it_says() -> None:
    from exsim.wire.standing import SOURCES

    for rule in RULES.values():
        assert rule.sentence and rule.speaks_for and rule.against and rule.settle and rule.advice
        assert set(rule.source.split()) <= {*SOURCES, "assumed"}, rule.id
        assert set(rule.decides) <= set(RULES), rule.id
    assert set(PRESETS) - {"healthy"} <= set(RULES)
