"""Two sides of a comparison made by hand: the farm of `tests.judgement.build` behind two balancers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from exsim.judgement.compare.side import Side, Step
from exsim.judgement.facts import Balancer, RunFacts
from exsim.judgement.judge import judge
from exsim.judgement.latency import LatencyRow
from exsim.session.records import Session
from tests.judgement import build

SCENARIO: dict[str, Any] = {
    "title": "x",
    "lab": {
        "balancer": "roundrobin.cfg",
        "host": "exchange.isp.com.au",
        "tls": "offload",
        "nodes": [
            {"name": node.name, "version": node.version, "build": "15.1.669.32", "site": "SYD"}
            for node in build.FARM
        ],
    },
    "load": {"duration": 60.0},
    "population": [{"mailbox": "2016", "users": 20}],
}


def balancer(name: str, config: str = "") -> Balancer:
    return Balancer(version="HAProxy 2.8.25", name=name, config=config)


def side(
    letter: str,
    sessions: list[Session],
    scenario: Mapping[str, Any] = SCENARIO,
    medians: Mapping[Step, list[float]] | None = None,
    latencies: tuple[LatencyRow, ...] = (),
    found: Mapping[str, Any] | None = None,
    **facts: Any,
) -> Side:
    given: RunFacts = build.facts(
        **{"balancer": balancer("roundrobin.cfg" if letter == "A" else "cookie.cfg"), **facts}
    )
    given = replace(given, run=f"reports/x/{letter}")
    judged = judge(build.found(sessions, **(found or {})), given, latencies=latencies)
    return Side(letter, judged, scenario, {"HAProxy": "2.8.25"}, medians or {})


def losing(**more: Any) -> Side:
    """The incident: begun at 2016, lost at 2013."""
    return side("A", build.farm_sessions(build.one_way), **more)


def sticky(letter: str = "B", **more: Any) -> Side:
    """Nobody changes node."""
    return side(letter, build.sticky_sessions(), **more)
