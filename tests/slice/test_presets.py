"""Each preset behind each kind of balancer, in memory: what the detector says is what the nodes confess.

Falls if: any answer is taken for another class than its front end confesses, a session is called lost
that no node refused (or the reverse), a culprit or a refuser is missed, or live and later detector differ.
"""

from __future__ import annotations

from typing import Any

import pytest

from exsim.session.attribution import Attribution
from exsim.session.detector import Detector
from exsim.session.hop import Hop
from exsim.session.signs import hop_class
from tests.rig.balancers import (
    PERSISTENCE_COOKIE,
    ByCookie,
    BySource,
    PerConnection,
    PerRequest,
)
from tests.rig.slice import INCIDENT, Slice, farm, run
from tests.slice.truth import differences, session_differences

E14 = [{"name": f"EXCH10-0{number}", "version": "2010"} for number in (1, 2, 3)]
PUBLIC = {"private": False, "user_activity": False, "polls": 40, "think": 5.0, "logons": 1}
RUNS: dict[str, dict[str, Any]] = {
    "healthy": {},
    "authcert_asymmetry": {},
    "cert_split": {},
    "stale_cert": {},
    "cng_node": {},
    "hmac_skew": {},
    "e14_no_affinity": {"nodes": E14},
    "short_public_ttl": {"settings": PUBLIC},
    "clock_skew": {"settings": PUBLIC},
    "be_kerberos_broken": {},
    "canary_epoch_change": {},
    "build_skew": {},
    "second_factor_key_split": {},
    "late_wipe": {"settings": {"late_answers": True, "relogin_after": 2.0}},
}
BALANCERS = (PerConnection, PerRequest, ByCookie, BySource)


def played(preset: str, balancer: type[PerRequest], users: int = 4) -> Slice:
    how = RUNS[preset]
    organisation, accounts = farm(how.get("nodes", INCIDENT), [preset], users)
    return run(organisation, accounts, balancer, how.get("settings"))


@pytest.mark.parametrize("balancer", BALANCERS)
@pytest.mark.parametrize("preset", RUNS)
def test_every_answer_and_every_session_is_what_the_nodes_confess(
    preset: str, balancer: type[PerRequest]
) -> None:
    result = played(preset, balancer)
    assert differences(result) == []
    if preset not in ("short_public_ttl", "clock_skew"):  # expiry is the detector's own judgement
        assert session_differences(result) == []
    assert result.findings.unattributed == 0
    assert len(result.findings.sessions) >= 4 or preset == "auth_cert_expired"


@pytest.mark.parametrize("preset", RUNS)
def test_the_live_detector_and_a_later_one_agree(preset: str) -> None:
    result = played(preset, PerConnection)
    later = Detector(attribution=Attribution(lb_cookies=[PERSISTENCE_COOKIE]))
    incidents = [one.session for line in result.lines for one in later.feed(line)]
    assert incidents == result.live_incidents
    assert later.finish() == result.findings


def pairs(result: Slice) -> set[tuple[str | None, str | None]]:
    return {
        (session.incident.login_front_end, session.incident.front_end)
        for session in result.lost
        if session.incident
    }


def issued_by(result: Slice, front_end: str) -> int:
    return sum(session.login_front_end == front_end for session in result.findings.sessions)


def test_the_incident_loses_sessions_begun_at_2016_to_2013_and_no_others() -> None:
    result = played("authcert_asymmetry", PerConnection, users=9)
    assert pairs(result) == {("EXCH16-SYD-01", "EXCH13"), ("EXCH16-SYD-02", "EXCH13")}
    assert issued_by(result, "EXCH13") > 0


@pytest.mark.parametrize("balancer", [ByCookie, BySource])
def test_persistence_keeps_every_session_of_the_incident(balancer: type[PerRequest]) -> None:
    assert played("authcert_asymmetry", balancer, users=9).lost == []


@pytest.mark.parametrize("balancer", BALANCERS)
def test_a_healthy_organisation_loses_nobody(balancer: type[PerRequest]) -> None:
    assert played("healthy", balancer, users=6).lost == []


def test_nodes_of_2010_lose_every_session_that_changes_node() -> None:
    result = played("e14_no_affinity", PerRequest)
    assert result.lost and all(login != culprit for login, culprit in pairs(result))
    assert played("e14_no_affinity", ByCookie).lost == []


def test_a_node_with_a_cng_key_refuses_its_own_cookies_too() -> None:
    result = played("cng_node", BySource, users=6)
    assert pairs(result) == {("EXCH13", "EXCH13")}


def test_the_reason_of_a_redirect_tells_expiry_from_unreadable() -> None:
    reasons = {
        preset: {
            session.incident.reason
            for session in played(preset, PerRequest, users=6).lost
            if session.incident and session.incident.reason
        }
        for preset in ("authcert_asymmetry", "clock_skew")
    }
    assert reasons["authcert_asymmetry"] <= {"0"}
    assert reasons["clock_skew"] <= {"3"}


def test_a_session_past_its_own_time_has_expired_when_the_time_out_is_known() -> None:
    how = RUNS["short_public_ttl"]
    organisation, accounts = farm(INCIDENT, ["short_public_ttl"], 3)
    known = Detector(public_timeout=60.0)
    result = run(organisation, accounts, ByCookie, how["settings"], detector=known)
    assert {session.state for session in result.findings.sessions} == {"expired"}
    unknown = run(organisation, accounts, ByCookie, how["settings"])
    assert {session.state for session in unknown.findings.sessions} == {"lost"}


def test_every_class_of_answer_is_met_somewhere() -> None:
    """A comparison of classes proves nothing about a class that never occurs."""
    met: set[str] = set()
    for preset, settings in (("authcert_asymmetry", {}), ("build_skew", {"boot_page_kept": True})):
        organisation, accounts = farm(INCIDENT, [preset], 3)
        result = run(organisation, accounts, PerRequest, settings)
        met |= {hop_class(hop) for hop in result.hops}
        assert all(isinstance(hop, Hop) for hop in result.hops)
    assert {"served", "refused", "refused_bare", "benign"} <= met
