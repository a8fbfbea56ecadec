"""Each preset through the real balancer: what the detector says is what the nodes confess.

The same comparison as in memory, with real sockets, real times and the balancer between.

Falls if: an answer is taken for another class than its front end confesses (control hops included), a
session is called lost that no node refused or the reverse, a culprit or a refuser is missed, or the load's
own detector found other incidents than the judgement afterwards.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import msgspec
import pytest

from exsim.session.records import Incident
from exsim.session.signs import hop_class
from tests.lab.runs import NODES_2010, Ran, carried_out, scenario
from tests.slice.truth import differences, session_differences

pytestmark = pytest.mark.lab

# Whoever waits for a minute's time-out does so at a twentieth of the time.
PUBLIC = {
    "session": {
        "private": False,
        "user_activity": False,
        "polls": 40,
        "think": "5s",
        "logons": 1,
        "keep_alive": 0,
    },
    "lab": {"time_scale": 0.05},
    "load": {"duration": "160s"},
}
LATE = {
    "session": {"late_answers": True, "polls": 3, "think": "500ms", "relogin_after": "1s"},
    "lab": {"time_scale": 0.25},
    "load": {"duration": "28s"},
}
RUNS: dict[str, dict[str, Any]] = {
    "authcert_asymmetry": {"load": {"control": 1}},
    "healthy": {},
    "cert_split": {},
    "stale_cert": {},
    "cng_node": {},
    "hmac_skew": {},
    "e14_no_affinity": {"nodes": NODES_2010, "balancer": "e14", "users": 6},
    "short_public_ttl": PUBLIC,
    "clock_skew": PUBLIC,
    "be_kerberos_broken": {},
    "canary_epoch_change": {},
    "build_skew": {"session": {"boot_page_kept": True}},
    "late_wipe": LATE,
    "second_factor_key_split": {"load": {"duration": "7s"}},
    "drained": {},
    "auth_cert_expired": {},
}
LOSE_NOBODY = {
    *("healthy", "be_kerberos_broken", "canary_epoch_change", "build_skew"),
    *("drained", "auth_cert_expired"),
    "late_wipe",  # a late answer takes cookies only where its node refuses them as well
}
QUICK = {"authcert_asymmetry", "e14_no_affinity", "late_wipe"}  # kinds apart
PRESETS = [
    pytest.param(name, marks=() if name in QUICK else pytest.mark.slow, id=name) for name in RUNS
]
EXPIRY = {"short_public_ttl", "clock_skew"}  # the detector's own judgement, tested by itself


@pytest.fixture(scope="module")
def runs(
    tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[dict[str, Future[Ran]]]:
    """Those that a test of this call asks for, four at a time: a run waits more than it works."""
    pool = ThreadPoolExecutor(4)
    wanted = QUICK | {
        item.callspec.params["preset"]
        for item in request.session.items
        if isinstance(item, pytest.Function)
        and item.path == request.path
        and hasattr(item, "callspec")
    }
    yield {
        name: pool.submit(carried_out, written(tmp_path_factory.mktemp("run") / name, name, how))
        for name, how in RUNS.items()
        if name in wanted
    }
    pool.shutdown(cancel_futures=True)


def written(folder, preset, how):
    load = {"duration": "4s", "control": 0, **how.get("load", {})}
    return scenario(folder, preset=preset, **{"users": 3, **how, "load": load})


@pytest.mark.parametrize("preset", PRESETS)
def test_every_answer_and_every_session_is_what_the_nodes_confess(runs, preset):
    ran = runs[preset].result()
    assert ran.hops, ran.said
    assert differences(ran.slice()) == []
    if preset not in EXPIRY:
        assert session_differences(ran.slice(proofs=False)) == []
    assert ran.findings.unattributed == 0
    if preset != "auth_cert_expired":  # nobody gets in at all
        assert len(ran.load) >= 4, ran.said
    assert bool(ran.lost) == (preset not in LOSE_NOBODY)


@pytest.mark.parametrize("preset", PRESETS)
def test_the_loads_own_detector_and_the_judgement_agree(runs, preset):
    ran = runs[preset].result()
    found = [one.incident for one in ran.findings.sessions if one.incident]
    assert ran.live_losses == len(found)
    written = msgspec.json.Decoder(Incident).decode_lines(ran.directory.incidents.read_bytes())
    assert written == found


def test_copies_of_lost_cookies_are_refused_for_the_cause_that_the_culprit_confesses(runs):
    ran = runs["authcert_asymmetry"].result()
    by_id = {one.client_request_id: one for one in ran.confessions}
    proofs = [hop for hop in ran.hops if hop.step == "proof" and hop.status is not None]
    refused = [hop for hop in proofs if hop_class(hop) == "refused"]
    assert refused and len(refused) < len(proofs)
    assert {by_id[hop.client_request_id].cause for hop in refused} == {"unreadable"}


def test_late_answers_arrive_while_the_next_session_lives(runs):
    ran = runs["late_wipe"].result()
    began = {session.id: session.began for session in ran.load}
    late = [hop for hop in ran.hops if hop.step == "late" and hop.took > 0.5]
    following = {
        hop.session: began.get(f"{hop.user}.{int(hop.session.partition('.')[2]) + 1}")
        for hop in late
    }
    assert any(
        at is not None and hop.arrived > at for hop in late if (at := following[hop.session])
    )


@pytest.mark.slow
def test_every_class_of_answer_is_met_somewhere(runs):
    """A comparison of classes proves nothing about a class that never occurs."""
    met = {hop_class(hop) for run in runs.values() for hop in run.result().hops}
    assert {"served", "refused", "refused_bare", "benign"} <= met
