"""Every protocol through the real balancer while nodes die, drain and come back: what hops say is what nodes confess.

Falls if: a hop's class is not the one that its node wrote down before it answered, an answer was heard that
nobody confesses, a confession without an answer is of a node that nobody had killed, or a session is lost that
no node refused, or the reverse.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from threading import Thread
from time import monotonic, sleep
from typing import Any

import msgspec
import pytest

from exsim.conduct.rig import died
from exsim.conduct.running import Options, finish, measure, rig_for
from exsim.lab.lab import Lab
from exsim.org.confession import Confession
from exsim.protocols import PROTOCOLS
from exsim.runs.directory import RunDirectory
from exsim.runs.scenario import load_scenario
from exsim.runs.sections import Population, Session
from exsim.session.detector import Detector
from exsim.session.hop import Hop
from exsim.session.signs import hop_class
from tests.slice.truth import Slice, session_differences

pytestmark = [pytest.mark.lab, pytest.mark.slow]  # 25 s
ROOT = Path(__file__).parents[2]
MIXED = ROOT / "scenarios" / "mixed.toml"
MARGIN = timedelta(
    seconds=1.0
)  # before a kill, within which an answer may have been lost on its way
# Seconds after the load began -> what is done to the lab, and to which node
DEEDS = (
    (1.5, "drain", "EXCH13"),
    (2.5, "ready", "EXCH13"),
    (3.0, "kill", "EXCH16-SYD-02"),
    (4.0, "restart", "EXCH16-SYD-02"),
    (5.0, "reload", ""),
)
SECONDS = 7.0


def populations() -> tuple[Population, ...]:
    """The scenario's, and what it leaves out: who fetches the address book."""
    book = Population(mailbox="2016", users=6, protocol="oab", session=Session(polls=3, think=20.0))
    return (*load_scenario(MIXED).population, book)


def do(lab: Lab, what: str, node: str) -> None:
    if what in ("drain", "ready"):
        lab.drain(node, what)
    elif what == "reload":
        lab.reload()
    else:
        getattr(lab, what)(node)


def deeds(lab: Lab, began: list[float]) -> None:
    """Wait for the load, then do everything in its time."""
    end = monotonic() + 60
    while not began and monotonic() < end:
        sleep(0.02)
    for at, what, node in DEEDS:
        sleep(max(0.0, began[0] + at - monotonic()))
        do(lab, what, node)


@pytest.fixture(scope="module")
def left(tmp_path_factory: pytest.TempPathFactory) -> RunDirectory:
    """A short run of the mixed scenario, disturbed."""
    scenario = load_scenario(MIXED)
    load = msgspec.structs.replace(
        scenario.load, duration=SECONDS / 0.05, control=0, spawn_rate=40, unmask=False
    )
    scenario = msgspec.structs.replace(scenario, load=load, population=populations())
    options = Options(reports=tmp_path_factory.mktemp("confessions"), live=False)
    began: list[float] = []

    def heard(event: dict[str, Any]) -> None:
        if not began and event.get("users"):
            began.append(monotonic())

    with rig_for(MIXED, scenario, options) as (book, plan, lab):
        assert isinstance(lab, Lab)
        # The load in the thread: what the lab starts dies with the thread that started it (PDEATHSIG).
        loading = Thread(target=measure, args=(plan, book, heard))
        loading.start()
        deeds(lab, began)
        loading.join()
        assert died(lab) == []
        book.ended()
    finish(book.directory)
    return book.directory


def confessions(directory: RunDirectory) -> dict[str, Confession]:
    found: dict[str, Confession] = {}
    for path in directory.nodes_folder.glob("*.jsonl"):
        for line in path.read_bytes().splitlines() if path.name != "lab.jsonl" else ():
            one = msgspec.json.decode(line, type=Confession)
            assert one.client_request_id not in found or not one.client_request_id
            found[one.client_request_id] = one
    return found


def kills(directory: RunDirectory) -> list[tuple[str, datetime]]:
    lines = (directory.nodes_folder / "lab.jsonl").read_text(encoding="utf-8").splitlines()
    done = [json.loads(line) for line in lines]
    assert [one["what"] for one in done] == [what for _, what, _ in DEEDS]
    return [(one["node"], when(one["utc"])) for one in done if one["what"] == "kill"]


def when(utc: str) -> datetime:
    return datetime.fromisoformat(utc.replace("Z", "+00:00"))


def hops(directory: RunDirectory) -> Iterator[Hop]:
    return (line for line in directory.history() if isinstance(line, Hop))


def test_every_answer_is_what_its_node_had_written_down(left: RunDirectory) -> None:
    said, killed, wrong = confessions(left), kills(left), []
    compared: dict[str, int] = dict.fromkeys(PROTOCOLS, 0)
    for hop in hops(left):
        if hop.status is None:
            continue
        confession, class_ = said.get(hop.client_request_id), hop_class(hop)
        compared[hop.protocol] += 1
        if (confession.class_ if confession else "none") == class_:
            continue
        lost_on_its_way = confession is not None and any(
            confession.node == node and timedelta(0) <= at - when(confession.utc) <= MARGIN
            for node, at in killed
        )
        # Who is told by the balancer that it waited no longer hears nothing of what the node answers then.
        given_up = hop.status == 504 and confession is not None and confession.status == 503
        if not (class_ == "none" and (lost_on_its_way or given_up)):
            wrong.append(
                (hop.protocol, hop.step, hop.status, class_, hop.utc, hop.took, confession, killed)
            )
    assert wrong == []
    assert all(compared[protocol] > 20 for protocol in PROTOCOLS), compared


def test_every_session_ended_as_the_nodes_say(left: RunDirectory) -> None:
    """Lost by the first refusal that a node wrote down, and not lost where none did."""
    lines, detector = list(left.history()), Detector()
    for line in lines:
        detector.feed(line)
    findings = detector.finish()
    assert session_differences(Slice(lines, list(confessions(left).values()), findings)) == []
    kept = {one.protocol for one in findings.sessions if one.state != "lost"}
    assert kept == set(PROTOCOLS)


def test_the_nodes_were_really_disturbed(left: RunDirectory) -> None:
    balancers_own = [
        hop for hop in hops(left) if hop.status in (502, 503) and hop_class(hop) == "none"
    ]
    unreached = [hop for hop in hops(left) if hop.status == 503 and hop_class(hop) == "served"]
    assert balancers_own or unreached
