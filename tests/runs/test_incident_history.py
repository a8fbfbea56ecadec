"""A history of incidents is judged as the full one of the same run, session by session.

Falls if: a session, a meeting, an incident, a finding, a count, a percentile or a distrusted name comes out
otherwise than from the full history; a hop of a lost session is missing or told in brief; no survivor stands in
full; what is held grows without bound; or the lines of an ordinary run do not become few bytes.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest

from exsim.conduct.telling import in_full
from exsim.judgement.gate.pace import Paces
from exsim.judgement.latency import Latencies
from exsim.runs import incident_history
from exsim.runs.history import History, HistoryWriter
from exsim.runs.incident_history import IncidentHistory, sampled
from exsim.runs.sections import LatencyLimit
from exsim.session.attribution import Attribution
from exsim.session.brief import Brief, Shorthand, ordinary
from exsim.session.detector import Detector
from exsim.session.hop import Hop, Line
from exsim.session.records import Findings
from exsim.session.trust import Comparison, Trust
from tests.rig.balancers import PERSISTENCE_COOKIE, ByCookie, PerConnection, PerRequest
from tests.rig.slice import farm, run

EVERYBODY = ("owa", "ews", "activesync", "outlook_anywhere", "mapi_http")
RUNS: dict[str, tuple[type[PerRequest], tuple[str, ...], dict[str, Any]]] = {
    "the incident": (PerConnection, ("authcert_asymmetry",), {"settings": {"logons": 3}}),
    "a request anywhere": (PerRequest, ("authcert_asymmetry", "boot_stall"), {}),
    "its workaround": (ByCookie, ("late_wipe",), {"settings": {"late_answers": True, "logons": 3}}),
    "a canary": (PerConnection, ("canary_epoch_change",), {}),
    "every protocol": (PerConnection, ("authcert_asymmetry",), {"protocol": EVERYBODY}),
    "no Kerberos": (PerConnection, ("be_kerberos_broken",), {"protocol": EVERYBODY}),
}


@pytest.fixture(scope="module", params=RUNS)
def lines(request: pytest.FixtureRequest) -> list[Line]:
    balancer, presets, more = RUNS[request.param]
    organisation, accounts = farm(presets=presets, users=8)
    return [dated(one) for one in run(organisation, accounts, balancer, **more).lines]


def dated(line: Line, later: int = 0) -> Line:
    """As every server's answer is, and the rig's are not."""
    if type(line) is not Hop or line.status is None:
        return line
    date = f"the {line.t + later:.0f}th second"
    return msgspec.structs.replace(line, headers={**line.headers, "date": date})


def written(lines: Sequence[Line], path: Path, kind: type[HistoryWriter]) -> History:
    """The lines as a worker writes them: the live detector says which sessions were lost."""
    more = {"clear": [PERSISTENCE_COOKIE]} if kind is IncidentHistory else {}
    live = Detector(attribution=witnesses())
    with kind(path / "w0.jsonl", **more) as writer:
        for line in lines:
            writer.append(line)
            for incident in live.feed(line):
                writer.lost(incident.session)
    return History([path / "w0.jsonl"])


def witnesses(distrusted: Sequence[str] = ()) -> Attribution:
    return Attribution(lb_cookies=[PERSISTENCE_COOKIE], distrusted=distrusted)


def judged(history: History, distrusted: Sequence[str] = ()) -> tuple[Findings, Trust, Any, Any]:
    """Everything that judgement takes from a history."""
    detector, latencies = Detector(attribution=witnesses(distrusted)), Latencies()
    comparison = Comparison(witnesses())
    paces = Paces([LatencyLimit(step="poll", max=0.012, quantile=0.95)])
    for line in history:
        detector.feed(line)
        if isinstance(line, Hop):
            latencies.add(line)
            comparison.feed(line)
            paces.add(line)
    counted = [(pace.users, pace.measured if pace.users else 0) for pace in paces.paces]
    return detector.finish(), comparison.trust(), latencies.rows(), counted


@pytest.mark.parametrize("distrusted", [(), ("EXCH13",)])
def test_judgement_comes_out_exactly_as_from_the_full_history(lines, tmp_path, distrusted):
    full, brief = (
        judged(written(lines, tmp_path / kind.__name__, kind), distrusted)
        for kind in (HistoryWriter, IncidentHistory)
    )
    assert full[0].sessions
    for one, other in zip(full[0].sessions, brief[0].sessions, strict=True):
        assert msgspec.to_builtins(other) == msgspec.to_builtins(one)
    assert msgspec.to_builtins(brief[0]) == msgspec.to_builtins(full[0])
    assert brief[1:] == full[1:]


def test_every_hop_of_a_lost_session_stands_in_full_and_so_does_a_sample_of_the_others(
    lines, tmp_path
):
    history = written(lines, tmp_path, IncidentHistory)
    told = in_full(
        [one for one in history.matching(re.compile(b'"hop"|"brief"')) if type(one) is Hop]
    )
    wanted = {one.id for one in judged(history)[0].sessions if one.state == "lost"}
    sent = [one for one in lines if isinstance(one, Hop)]
    for name in wanted:
        user = int(name.partition(".")[0])
        own = in_full(
            [
                one
                for one in history.matching(re.compile(rb'"user":%d,' % user))
                if type(one) is Hop and one.user == user
            ]
        )
        assert [one for one in own if one.session == name] == [
            one for one in sent if one.session == name
        ]
    assert [one for one in told if sampled(one.session)] == [
        one for one in sent if sampled(one.session)
    ]


def test_an_ordinary_answer_becomes_few_bytes_and_each_request_is_read_once(lines, tmp_path):
    history = written(lines, tmp_path, IncidentHistory)
    sent = [one for one in lines if isinstance(one, Hop)]
    assert sorted((one.user, one.seq) for one in history if isinstance(one, Hop)) == sorted(
        (one.user, one.seq) for one in sent
    )
    data = (tmp_path / "w0.jsonl").read_bytes()
    briefs = [one for one in data.splitlines() if one.startswith(b'{"kind":"brief"')]
    assert sum(map(ordinary, sent)) >= len(briefs) > 0
    assert sum(map(len, briefs)) / len(briefs) < 220


def test_a_longer_run_needs_no_more_templates_and_stays_in_brief(lines, tmp_path):
    """Each second has a Date of its own; the templates are as many as there are kinds of answers."""
    shorthand = Shorthand([PERSISTENCE_COOKIE])
    hops = [one for one in lines if isinstance(one, Hop)]
    begun = [made[0] for one in hops if (made := shorthand.of(one)) and made[0]]
    assert begun and not [one for one in begun if "date" in one.hop.headers]
    later = [shorthand.of(dated(one, 3600)) for one in hops]
    assert not [made for made in later if made and made[0]]


def test_what_is_held_stays_within_its_bounds(tmp_path, monkeypatch):
    monkeypatch.setattr(incident_history, "EACH", 5)
    monkeypatch.setattr(incident_history, "MOST", 12)
    organisation, accounts = farm(presets=("healthy",), users=6)
    most = 0
    with IncidentHistory(tmp_path / "w0.jsonl") as writer:
        for line in run(organisation, accounts, PerConnection).lines:
            writer.append(line)
            most = max(most, writer.holding)
            assert writer.holding == sum(map(len, writer._held.values()))
    assert most == 12


def test_an_answer_that_would_need_a_template_too_many_stands_in_full(monkeypatch):
    monkeypatch.setattr("exsim.session.brief.MOST", 1)
    organisation, accounts = farm(presets=("healthy",), users=1)
    hops = [one for one in run(organisation, accounts, PerConnection).lines if ordinary_hop(one)]
    shorthand = Shorthand()
    made = [shorthand.of(hop) for hop in hops]
    assert isinstance(made[0][1], Brief) and made[0][0] is not None
    assert None in made


def ordinary_hop(line: Line) -> bool:
    return isinstance(line, Hop) and ordinary(line)
