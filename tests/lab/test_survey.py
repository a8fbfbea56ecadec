"""What does a balancer keep, seen from outside: one HAProxy that keeps its clients in ten ways.

Falls if: two of them are taken for one another, a way is named that is not the balancer's, who answered is not
known by HealthCheck.htm where no header says it, or a value of a cookie is mapped to another node.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from exsim.conduct.survey import Surveyed, survey_of
from exsim.judgement.keeping import out_of_reach, sentence
from exsim.lab.balancers import BalancerPlan
from exsim.protocols.owa import survey
from exsim.runs.addresses import expanded
from exsim.runs.rig import Rig
from tests.lab.stranger import Farm, farm

pytestmark = [pytest.mark.lab, pytest.mark.slow]
NODES = ("EXCH13", "EXCH16-SYD-01", "EXCH16-SYD-02")
SOURCES = expanded("127.0.9.1-127.0.9.12")


@pytest.fixture(autouse=True)
def in_haste(monkeypatch: pytest.MonkeyPatch) -> None:
    """The balancer is ours: nobody's limit is met by asking it at once."""
    monkeypatch.setattr(survey, "BETWEEN", 0.0)


@pytest.fixture(scope="module")
def standing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Farm]:
    text = (Path(__file__).parent / "keepers.cfg").read_text()
    with farm(
        tmp_path_factory.mktemp("keepers"), [BalancerPlan("all", text, "keepers.cfg")]
    ) as made:
        yield made


def surveyed(standing: Farm, frontend: str, sources: tuple[str, ...] = SOURCES) -> Surveyed:
    binds = {one.lb_frontend: one.address for one in standing.lab.balancers["all"].binds}
    rig = Rig(standing.lab.url, binds[frontend], {}, {}, str(standing.lab.ca_pem_path))
    return survey_of(rig, Path("farm.toml"), sources, 7)


@pytest.mark.parametrize(
    ("frontend", "by", "cookie", "readable", "how"),
    [
        ("by_request", "request", "", False, ""),
        ("by_connection", "connection", "", False, ""),
        ("by_cookie", "cookie", "LB01", True, ""),
        ("by_opaque_cookie", "cookie", "PERSIST", False, ""),
        ("by_source", "source", "", False, "computed"),
        ("by_table", "source", "", False, "remembered"),
        ("by_tls", "tls", "", False, ""),
        ("bare_opaque", "cookie", "PERSIST", False, ""),
        ("bare_connection", "connection", "", False, ""),
    ],
)
def test_each_way_of_keeping_a_client_is_told_apart(standing, frontend, by, cookie, readable, how):
    kept = surveyed(standing, frontend).kept
    assert (kept.by, kept.cookie, kept.readable, kept.how) == (by, cookie, readable, how)
    assert kept.nodes == NODES and kept.named
    assert sentence(kept).endswith(".")


def test_values_of_an_opaque_cookie_are_mapped_to_the_nodes_that_they_lead_to(standing):
    plain, bare = (surveyed(standing, name, ()) for name in ("by_opaque_cookie", "bare_opaque"))
    assert sorted(plain.values.values()) == list(NODES)
    assert plain.values == bare.values


def test_where_nothing_says_who_answered_nothing_is_said(standing):
    kept = surveyed(standing, "mute").kept
    assert kept.by == "unknown"
    assert "cannot be told" in sentence(kept)


@pytest.mark.parametrize("frontend", ["by_source", "by_table"])
def test_from_one_address_only_one_node_is_met_and_the_rest_is_named(standing, frontend):
    kept = surveyed(standing, frontend, ()).kept
    assert kept.by == "one" and len(kept.nodes) == 1
    assert "Add source_addresses" in sentence(kept)
    here = kept.nodes[0]
    others = [node for node in NODES if node != here]
    said = out_of_reach(kept, NODES)
    assert f"{here} to {here}" not in said
    assert all(f"{here} to {other}" in said and f"{other} to {here}" in said for other in others)
