"""A doctor's visit in memory: who reads whose logon, by which way, and what is never done.

Falls if: a cell says otherwise than the organisation's own rules, the balancer alone gives another matrix
than the nodes' addresses, a second password is tried after a refusal, an account is used beyond its
budget, a copy is written to, a node is taken for another, or more is sent than the plan says.
"""

from __future__ import annotations

from collections import Counter
from random import Random

import msgspec
import pytest

from exsim.conduct.doctor_plan import counted
from exsim.judgement.diagnosis import diagnose
from exsim.runs.sections import Lab
from exsim.wire.message import Answer, cookies_of
from tests.conduct.surgery import E14, visited
from tests.rig.balancers import ByCookie, BySource, PerConnection, PerRequest
from tests.rig.slice import INCIDENT
from tests.runs.opening import expected_matrix

PRESETS = (
    "healthy",
    "authcert_asymmetry",
    "cert_split",
    "cng_node",
    "hmac_skew",
    "e14_no_affinity",
)
SPREADING = (PerConnection, PerRequest, ByCookie)


def nodes_of(preset):
    return E14 if preset == "e14_no_affinity" else INCIDENT


def expected(preset, public=False):
    lab = {"balancer": "none", "nodes": nodes_of(preset), "preset": [preset]}
    return expected_matrix(msgspec.convert(lab, Lab), public)


def read_cells(found, public=False):
    return {
        (cell.from_, cell.to): (cell.get, cell.post)
        for cell in found.facts.cookie_matrix
        if cell.public is public
    }


def as_expected(preset):
    words = {True: ("readable", "readable"), False: ("reason_0", "login_timeout")}
    return {pair: words[reads] for pair, reads in expected(preset).items()}


@pytest.mark.parametrize("preset", PRESETS)
def test_every_cell_is_what_the_nodes_can_read(preset):
    found = visited(preset, nodes=nodes_of(preset))
    assert read_cells(found) == as_expected(preset)
    assert found.facts.notes == []


@pytest.mark.parametrize("balancer", SPREADING)
@pytest.mark.parametrize("preset", PRESETS)
def test_the_balancer_alone_gives_the_same_matrix(preset, balancer):
    found = visited(preset, nodes=nodes_of(preset), balancer=balancer)
    assert found.facts.through == "balancer"
    assert read_cells(found) == as_expected(preset)


@pytest.mark.parametrize("balancer", [None, *SPREADING])
def test_a_second_factor_with_a_key_of_its_own_sends_the_others_logons_away(balancer):
    found = visited("second_factor_key_split", balancer=balancer)
    away = {pair for pair, said in read_cells(found).items() if said == ("elsewhere", "elsewhere")}
    others = {"EXCH16-SYD-01", "EXCH16-SYD-02"}
    assert away == {pair for one in others for pair in ((one, "EXCH13"), ("EXCH13", one))}
    rest = {said for pair, said in read_cells(found).items() if pair not in away}
    assert rest == {("readable", "readable")}
    assert [one.rule for one in diagnose(found.facts)] == ["second_factor_key_split"]


class AtRandom(PerRequest):
    """Any request may meet any node."""

    def __init__(self, nodes):
        super().__init__(nodes)
        self.dice = Random(len(nodes))

    def choose(self, line, headers):
        return self.dice.choice(self.nodes)


@pytest.mark.parametrize("preset", PRESETS)
def test_a_balancer_without_any_order_leaves_gaps_at_worst(preset):
    found = visited(preset, nodes=nodes_of(preset), balancer=AtRandom, budget=200)
    cells, known = read_cells(found), as_expected(preset)
    assert cells.keys() == known.keys()
    for pair, (get, post) in cells.items():
        assert get in (known[pair][0], "not_asked") and post in (known[pair][1], "not_asked")
    asked = [pair for pair, answers in cells.items() if "not_asked" not in answers]
    assert len(asked) >= len(cells) - 1
    issuers = [copy.issuer for copy in found.visit.copies]
    assert sorted(issuers) == sorted(set(issuers))


def test_a_wrong_clock_shows_in_public_logons_and_they_are_made_for_it_alone():
    skewed = visited("clock_skew")
    assert read_cells(skewed)["EXCH16-SYD-01", "EXCH13"] == ("readable", "readable")
    public = {pair: get for pair, (get, _) in read_cells(skewed, public=True).items()}
    assert public == {
        pair: "readable" if reads else "reason_3"
        for pair, reads in expected("clock_skew", public=True).items()
    }
    assert skewed.node("EXCH13").skew == pytest.approx(1800, abs=2)
    assert read_cells(visited("healthy"), public=True) == {}


def test_the_same_clock_through_the_balancer():
    found = visited("clock_skew", balancer=PerConnection)
    assert read_cells(found, public=True)["EXCH16-SYD-02", "EXCH13"] == ("reason_3", "not_asked")


@pytest.mark.parametrize(
    ("preset", "node", "field", "value"),
    [
        ("hmac_skew", "EXCH16-SYD-01", "signature_length", 44),
        ("hmac_skew", "EXCH13", "signature_length", 344),
        ("healthy", "EXCH13", "key_length", 344),
        ("healthy", "EXCH13", "build", "15.0.1263"),
        ("healthy", "EXCH16-SYD-02", "owa_version", "15.1.669.32"),
        ("healthy", "EXCH13", "server", "Microsoft-IIS/8.5"),
        ("healthy", "EXCH13", "secure", True),
        ("healthy", "EXCH13", "logon", "accepted"),
        ("auth_cert_expired", "EXCH13", "logon", "error: 500"),
    ],
)
def test_a_fingerprint_says_what_the_node_is(preset, node, field, value):
    assert getattr(visited(preset).node(node), field) == value


def test_a_drained_node_has_no_health_page_and_reads_as_before():
    found = visited("drained")
    health = {
        node.name: {d for d, said in node.health.items() if said == "closed"}
        for node in found.facts.nodes
    }
    assert health == {"EXCH16-SYD-01": set(), "EXCH16-SYD-02": set(), "EXCH13": {"owa", "ecp"}}
    assert read_cells(found) == as_expected("healthy")


def test_a_front_end_that_cannot_reach_a_back_end_is_an_error_that_names_it():
    found = visited("be_kerberos_broken")
    cell = next(
        c for c in found.facts.cookie_matrix if (c.from_, c.to) == ("EXCH16-SYD-01", "EXCH13")
    )
    assert (cell.get, cell.post) == ("error", "error")
    assert "503, for back end EXCH16-SYD-01" in cell.detail


@pytest.mark.parametrize("preset", ["authcert_asymmetry", "cng_node", "hmac_skew", "clock_skew"])
@pytest.mark.parametrize("balancer", [None, PerConnection])
def test_the_cause_is_named_first(preset, balancer):
    assert diagnose(visited(preset, balancer=balancer).facts)[0].rule == preset


# What is never done ---------------------------------------------------------------------------------
def test_a_refused_password_ends_everything():
    found = visited("healthy", passwords={0: "wrong"})
    logons = [hop for hop in found.hops if hop.method == "POST" and hop.path == "/owa/auth.owa"]
    assert len(logons) == 1
    assert "LAB\\user00 was refused at EXCH16-SYD-01" in found.visit.refused
    assert not [hop for hop in found.hops if hop.step == "crossing"]


def test_a_later_refusal_ends_everything_too():
    found = visited("healthy", passwords={1: "wrong"})
    assert "LAB\\user01" in found.visit.refused
    crossing = [hop for hop in found.hops if hop.step == "crossing"]
    assert {(hop.session, hop.origin) for hop in crossing} == {
        ("1.1", "EXCH16-SYD-01")
    }  # a diagonal


@pytest.mark.parametrize("budget", [1, 4, 7])
def test_no_account_is_used_beyond_its_budget(budget):
    found = visited("healthy", budget=budget, accounts=2)
    assert max(found.visit.budget.used.values()) <= budget
    attempts = [hop for hop in found.hops if hop.step in ("logon", "crossing")]
    assert len(attempts) <= 2 * budget
    assert "The budget of password attempts was used up" in found.facts.notes[0]
    assert "not_asked" in {cell.post for cell in found.facts.cookie_matrix}


def test_the_budget_is_spent_on_the_diagonal_first():
    found = visited("healthy", budget=6, accounts=2)
    cells = read_cells(found)
    assert all(cells[name, name][0] == "readable" for name in found.visit.nodes)


class Sceptic:
    """A node that reads every copy and refuses its password: its domain controller lags behind."""

    def __init__(self, node):
        self.node, self.back = node, node.back

    def front(self, request, peer):
        if "cadata" in cookies_of(request.headers):
            page = "https://exchange.isp.com.au/owa/auth/logon.aspx?url=x&reason=2"
            return Answer(302, "Found", [("Location", page), ("X-FEServer", "EXCH13")])
        made = yield from self.node.front(request, peer)
        return made


def test_an_account_whose_copy_is_refused_for_its_password_rests_from_then_on():
    def prepare(network):
        network.nodes["EXCH13"] = Sceptic(network.nodes["EXCH13"])

    found = visited("healthy", prepare=prepare)
    refusals = [hop for hop in found.hops if "reason=2" in (hop.location or "")]
    # the one at EXCH13's own logon, then one for each account that was shown there
    assert len(refusals) == len(found.visit.budget.resting) == 3
    assert not [
        hop
        for hop in found.hops
        if hop.method == "POST" and hop.step == "crossing" and hop.origin == "EXCH13"
    ]
    assert found.cell("EXCH16-SYD-01", "EXCH13") == ("reason_2", "not_asked")
    assert any("refused its password" in note for note in found.facts.notes)


def test_a_copy_is_shown_as_it_was_issued_whatever_was_answered_to_it():
    found = visited("authcert_asymmetry")
    shown = {}
    for hop in found.hops:
        if hop.step == "crossing":
            shown.setdefault(hop.session, set()).add(tuple(sorted(hop.cookies.items())))
    assert len(shown) == 3
    for session, kinds in shown.items():
        assert len(kinds) == 1, session
        assert {name for name, _ in next(iter(kinds))} == {
            *("cadata", "cadataTTL", "cadataKey", "cadataIV", "cadataSig")
        }


def test_all_hops_are_marked_as_control_and_logons_are_made_once():
    found = visited("cng_node", balancer=PerRequest)
    assert all(hop.control for hop in found.hops)
    logons = Counter(hop.session for hop in found.hops if hop.step == "logon")
    assert set(logons.values()) == {1}


# Ways -----------------------------------------------------------------------------------------------
def test_a_balancer_that_keeps_an_address_on_one_node_is_told_of():
    found = visited("authcert_asymmetry", balancer=BySource)
    assert len(found.facts.nodes) == 1
    assert any("may keep this machine's address on one node" in note for note in found.facts.notes)


def test_the_balancers_own_cookie_is_found_out_and_used():
    found = visited("healthy", balancer=ByCookie)
    assert found.visit.ways.farm.lb_cookie == "LB01"
    crossing = [hop for hop in found.hops if hop.step == "crossing"]
    assert all("LB01" in hop.cookies for hop in crossing)
    assert len(crossing) == 18
    assert (
        len([hop for hop in found.hops if hop.step == "find"]) == 9
    )  # to find the nodes, and no more


def test_without_a_witness_nobody_is_named():
    found = visited("healthy", balancer=PerConnection, strip=["X-FEServer"])
    assert found.facts.nodes == [] and found.visit.ways.nameless
    assert not [hop for hop in found.hops if hop.step == "logon"]


def test_a_header_that_was_copied_from_another_node_does_not_mislead_a_visit_by_addresses():
    class Renamed:
        def __init__(self, node):
            self.node, self.back = node, node.back

        def front(self, request, peer):
            made = yield from self.node.front(request, peer)
            made.headers = [
                (name, "EXCH16-SYD-01" if name == "X-FEServer" else value)
                for name, value in made.headers
            ]
            return made

    def prepare(network):
        network.nodes["EXCH13"] = Renamed(network.nodes["EXCH13"])

    found = visited("authcert_asymmetry", prepare=prepare)
    assert read_cells(found) == as_expected("authcert_asymmetry")
    assert "calls itself EXCH16-SYD-01" in found.node("EXCH13").problems[0]


@pytest.mark.parametrize("preset", ["healthy", "authcert_asymmetry", "cng_node", "clock_skew"])
@pytest.mark.parametrize("balancer", [None, *SPREADING])
def test_no_more_is_sent_than_the_plan_says(preset, balancer):
    found = visited(preset, balancer=balancer)
    plan = counted(3, found.facts.through)
    public = preset == "clock_skew"
    assert found.facts.requests <= plan.requests + (plan.public_requests if public else 0)
    used = sum(found.visit.budget.used.values())
    assert used <= plan.attempts + (plan.public_attempts if public else 0)
    if balancer is None:
        assert found.facts.requests == plan.requests + (plan.public_requests if public else 0)


class TurningDown:
    """A node whose back end answers 401."""

    def __init__(self, node):
        self.node, self.front = node, node.front

    def back(self, request, peer):
        yield from ()
        return Answer(401, "Unauthorized", [], b"")


def test_a_back_ends_401_is_no_cookie_that_a_front_end_refused():
    def prepare(network):
        network.nodes["EXCH13"] = TurningDown(network.nodes["EXCH13"])

    found = visited("healthy", prepare=prepare)
    assert {get for get, _ in read_cells(found).values()} <= {"readable", "not_asked"}
    (told,) = [one for one in diagnose(found.facts) if one.rule == "back_end_refused"]
    assert "EXCH13 (" in told.evidence[0]
    assert "credentials_refused" not in {one.rule for one in diagnose(found.facts)}


class Proud:
    """A newer front end that puts its own version on what it passes on."""

    def __init__(self, node):
        self.node, self.back = node, node.back

    def front(self, request, peer):
        made = yield from self.node.front(request, peer)
        if made is not None:
            made.headers[:] = [
                (name, "15.2.1748.10" if name == "X-OWA-Version" else value)
                for name, value in made.headers
            ]
        return made


@pytest.mark.parametrize("proud", [False, True])
def test_a_front_ends_word_of_its_version_is_not_taken_for_the_back_ends(proud):
    def prepare(network):
        if proud:
            network.nodes["EXCH19"] = Proud(network.nodes["EXCH19"])

    nodes = [{"name": "EXCH19", "version": "2019"}, {"name": "EXCH13", "version": "2013"}]
    found = visited("authcert_asymmetry", nodes=nodes, prepare=prepare)
    assert found.node("EXCH13").owa_version == "15.0.1263.5"
    assert found.node("EXCH19").owa_version == "15.2.1748.10"
    assert diagnose(found.facts)[0].rule == "authcert_asymmetry"
