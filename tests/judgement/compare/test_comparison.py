"""Falls if: a comparison names the wrong run, says "no difference" of what was not seen, forgets what was met in
one of the runs only, hides that a run was masked or cut short, or its document is not what its schema says.
"""

from __future__ import annotations

import copy
import json
from itertools import count

import pytest

from exsim.judgement.compare.comparison import compared, encode, schema
from exsim.judgement.compare.sentence import points
from exsim.judgement.compare.setup import balancer_difference, differences
from exsim.judgement.compare.side import Side
from exsim.judgement.compare.topology import differing, topology
from exsim.judgement.latency import LatencyRow
from exsim.judgement.statistics import upper_bound
from exsim.session.records import Session
from tests.judgement.build import OLD, A, B, farm_sessions, finding, nothing, one_way, session
from tests.judgement.compare.sides import SCENARIO, balancer, losing, side, sticky


def said(a: Side, b: Side) -> str:
    document = compared(a, b).document
    return " ".join([document.sentence, *document.sentences])


def test_the_run_that_loses_more_is_named_first_with_both_numbers() -> None:
    document = compared(losing(), sticky()).document
    row = document.losses[0]
    assert document.sentence.startswith(
        "A (roundrobin.cfg) loses more sessions than B (cookie.cfg): "
    )
    assert f"{row.a.lost} of {row.a.sessions} were lost against 0 of 60" in document.sentence
    assert row.more == "a" and row.chance < 0.001 and row.high < 0
    assert (row.a.accounts, row.a.accounts_lost, row.b.accounts_lost) == (60, 40, 0)
    assert row.a.accounts_bound > 40 / 60 and row.b.accounts_bound == upper_bound(0, 60)
    told = [(one.run, one.balancer, one.sessions, one.lost) for one in (document.a, document.b)]
    assert told == [
        ("reports/x/A", "roundrobin.cfg", 60, 40),
        ("reports/x/B", "cookie.cfg", 60, 0),
    ]
    assert (document.a.outcome, document.b.incomplete) == ("fail", "")
    assert document.sentences[0].startswith("A: Sessions begun at a 2016 node are thrown out when")


def test_turned_round_it_is_the_other_one() -> None:
    document = compared(sticky("A"), side("B", farm_sessions(one_way))).document
    assert document.sentence.startswith(
        "B (cookie.cfg) loses more sessions than A (roundrobin.cfg)"
    )
    assert document.losses[0].more == "b" and document.losses[0].low > 0


def test_the_losing_cells_are_lost_in_one_and_prevented_in_the_other() -> None:
    cells = {
        (cell.login_front_end, cell.serving_front_end): cell
        for cell in compared(losing(), sticky()).document.matrix
    }
    for login in (A, B):
        cell = cells[login, OLD]
        assert cell.a.state == "lost" and cell.a.lost == cell.a.sessions > 0
        assert cell.b.state == "prevented" and cell.only_in == "a" and cell.chance is None
    assert cells[OLD, OLD].only_in == "" and cells[OLD, OLD].chance == 1.0


def test_what_was_met_in_one_run_only_is_counted() -> None:
    assert (
        "6 combinations were met in A only, because the balancer never allowed them: nothing is known of "
        "them in B." in said(losing(), sticky())
    )


def test_a_small_difference_is_not_called_none() -> None:
    kept, few = farm_sessions(nothing), farm_sessions(nothing)
    few[0] = session(1, A, [A, OLD], OLD, one_way)
    document = compared(side("A", kept), side("B", few)).document
    assert document.losses[0].more == ""
    assert document.sentence.startswith(
        "They cannot be told apart: A (roundrobin.cfg) lost 0 of 60, B"
    )
    assert "no difference" not in said(side("A", kept), side("B", few))


def test_a_direction_is_named_only_where_accounts_and_sessions_agree_on_it() -> None:
    """Every account is worse off behind B but for one, and that one began most of A's sessions."""

    def shares(lost_of: dict[str, tuple[int, int]]) -> list[Session]:
        numbers = count(1)
        return [
            session(next(numbers), A, [A, OLD], OLD, one_way if i < lost else nothing, account=name)
            for name, (lost, all_) in lost_of.items()
            for i in range(all_)
        ]

    accounts = [f"u{number}" for number in range(12)]
    few = dict.fromkeys(accounts, (0, 10))
    many = dict.fromkeys(accounts, (5, 10))
    twisted = side("A", shares({**few, "busy": (290, 300)}))
    document = compared(twisted, side("B", shares({**many, "busy": (10, 10)}))).document
    assert document.losses[0].chance < 0.001 and document.losses[0].more == ""
    assert document.sentence.startswith("They cannot be told apart: A (roundrobin.cfg) lost 290 of")
    even = compared(twisted, side("B", shares({**many, "busy": (230, 300)}))).document.losses[0]
    assert (even.a.lost, even.a.sessions) == (even.b.lost, even.b.sessions)
    assert even.chance < 0.05 and even.more == ""
    plain = compared(side("A", shares(few)), side("B", shares(many))).document
    assert plain.losses[0].more == "b"
    assert compared(side("A", shares(many)), side("B", shares(few))).document.losses[0].more == "a"


@pytest.mark.parametrize(
    ("share", "told"),
    [(0.123, "+12"), (-0.4, "−40"), (-0.004, "0"), (0.0, "0"), (0.004, "0"), (-1.0, "−100")],
)
def test_a_difference_is_told_in_points_with_a_sign_where_there_is_one(
    share: float, told: str
) -> None:
    assert points(share) == told


def test_two_runs_without_a_loss_give_the_bounds() -> None:
    line = said(sticky("A"), sticky("B"))
    assert line.startswith("Neither lost a session: A (roundrobin.cfg) 0 of 60 (fewer than 6 %)")
    assert "steered across" not in line and "changed node" not in line


@pytest.mark.parametrize(
    ("a", "b", "line"),
    [
        ([], farm_sessions(nothing), "Nothing can be compared: A has no session at all."),
        ([], [], "Nothing can be compared: A and B have no session at all."),
    ],
)
def test_a_run_of_nothing_is_compared_with_nothing(a, b, line) -> None:
    document = compared(side("A", a), side("B", b)).document
    assert document.sentence == line
    assert all(not one.more for one in document.losses)


def test_a_wrong_mailbox_comes_before_any_count() -> None:
    crossing = [finding("wrong_mailbox")]
    bad = side("B", farm_sessions(nothing), found={"wrong_mailbox": crossing})
    assert compared(losing(), bad).document.sentence.startswith(
        "Behind B somebody saw another user's"
    )


def test_a_run_that_was_cut_short_says_so() -> None:
    assert "Run A did not come to its end (interrupted)." in said(
        losing(interrupted=True), sticky()
    )


def test_a_masked_pass_is_not_shown_as_a_cure() -> None:
    steered = [
        session(500 + n, A, [A, OLD], OLD, one_way, forced=True, natural=False) for n in range(3)
    ]
    from tests.judgement.build import sticky_sessions

    masked = side(
        "B", [*sticky_sessions(), *steered], balancer=balancer("cookie.cfg"),
        expect=_held(),
    )  # fmt: skip
    assert masked.judgement.results.masked
    assert "B keeps its sessions only because none changes node: steered across, 3 of" in said(
        losing(), masked
    )


def _held():
    from exsim.judgement.expectations import Expectations

    return Expectations(persistence="held", min_sessions_per_combination=5)


def test_an_account_seen_in_both_runs_is_one_cluster() -> None:
    """Every session of one account is lost in B: many sessions, one account, and nothing can be told."""
    kept = [session(n, A, [A], OLD, account=f"u{n % 5}") for n in range(1, 51)]
    lost = [
        session(n, A, [A, OLD], OLD, one_way if n % 5 == 0 else nothing, account=f"u{n % 5}")
        for n in range(1, 51)
    ]
    row = compared(side("A", kept), side("B", lost)).document.losses[0]
    assert (row.b.lost, row.b.accounts_lost, row.b.accounts) == (10, 1, 5)
    assert row.more == "" and row.low <= 0


def test_steps_are_compared_user_by_user() -> None:
    rows = [LatencyRow("owa", "service", 4000, t, 2 * t, 3 * t, 4 * t) for t in (0.02, 0.09)]
    key = ("owa", "service")
    a = losing(latencies=(rows[0],), medians={key: [0.02 + n / 1e4 for n in range(12)]})
    b = sticky(latencies=(rows[1],), medians={key: [0.09 + n / 1e4 for n in range(12)]})
    assert [one.slower for one in compared(a, b).document.latencies] == ["b"]
    few = sticky(latencies=(rows[1],), medians={key: [0.09, 0.1]})
    assert [one.slower for one in compared(a, few).document.latencies] == [""]


def test_the_document_is_what_its_schema_says() -> None:
    document = json.loads(encode(compared(losing(), sticky()).document))
    assert document["format"] == "exsim-compare/1"
    fields = schema()["$defs"]["Comparison"]
    assert set(document) == set(fields["properties"]) >= set(fields["required"])


# What differs between the set-ups ---------------------------------------------------------------


def test_scenario_keys_and_versions_that_differ_are_listed_by_name() -> None:
    other = copy.deepcopy(SCENARIO)
    other["lab"]["balancer"] = "cookie.cfg"
    other["population"][0]["users"] = 40
    found = {one.key: (one.a, one.b) for one in differences(losing(), sticky(scenario=other))}
    assert found == {
        "lab.balancer": ("roundrobin.cfg", "cookie.cfg"),
        "population[2016].users": ("20", "40"),
    }


def test_what_is_empty_or_left_out_in_one_is_told_as_none() -> None:
    one, other = copy.deepcopy(SCENARIO), copy.deepcopy(SCENARIO)
    one["load"] |= {"source_addresses": ["10.0.0.1", "10.0.0.2"], "control": None, "spawn_rate": 0}
    other["load"] |= {"source_addresses": [], "control": 4, "spawn_rate": 1}
    one["title"], other["title"] = "yesterday", "today"  # says nothing about the set-up
    found = {
        one.key: (one.a, one.b) for one in differences(losing(scenario=one), sticky(scenario=other))
    }
    assert found == {
        "load.source_addresses": ("10.0.0.1, 10.0.0.2", "(none)"),
        "load.control": ("(none)", "4"),
        "load.spawn_rate": ("0", "1"),
    }


def test_a_population_that_only_one_has_is_one_difference() -> None:
    other = copy.deepcopy(SCENARIO)
    other["population"].append({**other["population"][0], "mailbox": "2019"})
    for a, b, said in (
        (losing(), sticky(scenario=other), ("(none)", "there")),
        (losing(scenario=other), sticky(), ("there", "(none)")),
    ):
        found = {one.key: (one.a, one.b) for one in differences(a, b)}
        assert {key: found[key] for key in found if "2019" in key} == {"population[2019]": said}


def test_only_lines_that_do_something_count_in_the_balancers_files() -> None:
    before = "# one\nfrontend x\n  bind 127.0.0.1:8443\n  server s 127.0.0.1:1000 check\n"
    after = "# two\nfrontend x\n  bind 127.0.0.1:9443\n  server s 127.0.0.1:2000 check cookie S\n"
    lines = balancer_difference(before, after)
    assert [line for line in lines if line[0] in "+-"] == [
        "-  server s … check",
        "+  server s … check cookie S",
    ]
    assert balancer_difference(before, before.replace("8443", "1")) == []


def test_the_document_has_what_differs_between_the_files_that_ran() -> None:
    ran = [
        side(letter, [], balancer=balancer("x.cfg", f"frontend x\n  balance {how}\n"))
        for letter, how in (("A", "roundrobin"), ("B", "source"))
    ]
    told = compared(*ran).document.balancer_difference
    assert [line for line in told if line[0] in "+-"] == [
        "-  balance roundrobin",
        "+  balance source",
    ]
    bare = side("B", [], balancer=None)
    assert compared(bare, bare).document.balancer_difference == []


# Topologies -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "keys"),
    [
        (lambda lab: None, []),
        (lambda lab: lab.update(balancer="other.cfg"), []),
        (lambda lab: lab["nodes"][2].update(version="2016"), [f"nodes.{OLD}.version: 2013, 2016"]),
        (lambda lab: lab["nodes"][0].update(site=""), [f"nodes.{A}.site: SYD, "]),
        (lambda lab: lab.update(tls="nodes"), ["lab.tls: offload, nodes"]),
        (
            lambda lab: lab["nodes"].pop(),
            [f"nodes.{OLD}: there, (none)"],
        ),
    ],
)
def test_farms_are_alike_when_their_nodes_are(change, keys) -> None:
    other = copy.deepcopy(SCENARIO)
    change(other["lab"])
    found = differing(topology("lab", SCENARIO, {}), topology("lab", other, {}))
    assert len(found) == len(keys)
    assert all(line.startswith(key) for line, key in zip(found, keys, strict=True))


def test_a_version_that_one_run_did_not_know_differs_from_none() -> None:
    real = {
        "lab": None,
        "target": {"url": "https://mail.example.com", "nodes": {A: "10.0.0.1:443"}},
    }
    for one, other, keys in (
        ("2016", "", []),
        ("", "2016", []),
        ("2013", "2016", [f"nodes.{A}.version: 2013, 2016"]),
    ):
        sides = (topology("target", real, {A: version}) for version in (one, other))
        assert differing(*sides) == keys


def test_a_simulated_farm_is_not_a_real_one() -> None:
    real = {
        "lab": None,
        "target": {"url": "https://mail.example.com/", "nodes": {A: "10.0.0.1:443"}},
    }
    found = differing(topology("lab", SCENARIO, {}), topology("target", real, {A: ""}))
    assert "rig: lab, target" in found
    assert "target.url: (none), https://mail.example.com" in found
