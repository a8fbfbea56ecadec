"""The client of EWS against real nodes in memory, through balancers, with and without each fault.

Falls if: a session is lost that no node refused (or the reverse), a hop's class is not what the node
confessed, a heartbeat is missed, a fault is not found, or one is reported that is not there.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest

from exsim.session.hop import Mark
from tests.rig import slice as memory
from tests.rig.balancers import PerConnection, PerRequest, ReuseAlways
from tests.slice.truth import differences

NAMES = ("EXCH16-1", "EXCH16-2", "EXCH13")
MINUTES = {"polls": 40, "think": 10.0, "logons": 1, "stream_minutes": 2}


def nodes(methods=("ntlm", "basic"), front_end: Any = None, **ews: Any) -> list[dict[str, Any]]:
    versions = {"EXCH16-1": "2016", "EXCH16-2": "2016", "EXCH13": "2013"}
    front = {"authentication": {"ews": list(methods)}, **(front_end or {})}
    return [
        {"name": name, "version": versions[name], "front_end": front, "back_end": {"ews": ews}}
        for name in NAMES
    ]


def play(balancer=PerRequest, settings=None, users=3, made=None, **ews: Any):
    organisation, accounts = memory.farm(made or nodes(**ews), ("healthy",), users)
    values = {**MINUTES, **(settings or {})}
    return memory.run(
        organisation, accounts, balancer, values, connections=2, protocol="ews"
    )  # fmt: skip


def codes(result) -> Counter:
    return Counter(hop.body.code for hop in result.hops if hop.body.code)


def findings(result) -> set[str]:
    return {finding.kind for finding in result.findings.findings}


def lost(result) -> list:
    return [one for one in result.findings.sessions if one.incident is not None]


@pytest.mark.parametrize("authentication", ["basic", "ntlm"])
def test_on_a_healthy_farm_nobody_is_lost_and_every_answer_is_confirmed(authentication):
    balancer = PerConnection if authentication == "ntlm" else PerRequest
    result = play(balancer, {"authentication": authentication, "writes": True})
    assert differences(result) == []
    assert [session.state for session in result.findings.sessions] == ["ended"] * 3
    assert not lost(result) and not findings(result)
    steps = {hop.step for hop in result.hops}
    assert steps >= {
        "probe", "get_folder", "find_item", "get_item", "create_item", "delete_item",
        "availability", "subscribe", "stream", "unsubscribe",
    }  # fmt: skip
    assert {hop.body.owner for hop in result.hops if hop.status == 200} <= {"own", None}
    listed = [hop for hop in result.hops if hop.step in ("find_item", "get_folder", "get_item")]
    assert {hop.body.owner for hop in listed if hop.status == 200} == {"own"}


def test_the_probe_carries_nothing_and_is_asked_for_credentials():
    result = play(settings={"authentication": "basic"})
    probes = [hop for hop in result.hops if hop.step == "probe"]
    assert [(hop.auth, hop.status, hop.body.is_) for hop in probes] == [("", 401, "challenge")] * 3


def test_the_schema_follows_the_servers_build():
    result = play(settings={"authentication": "basic", "polls": 1})
    assert codes(result)["ErrorInvalidServerVersion"] == 0
    builds = {hop.body.build for hop in result.hops if hop.step == "subscribe"}
    assert len(builds) == 2  # of 2013 and of 2016


def test_streams_beat_each_thirty_seconds_and_are_opened_again_when_their_time_is_over():
    result = play(settings={"authentication": "basic"}, users=1)
    streams = [hop for hop in result.hops if hop.step == "stream" and hop.ended == "whole"]
    assert len(streams) >= 2
    for hop in streams:
        assert (hop.body.is_, hop.body.code) == ("notifications", "NoError")
        assert 29 < hop.body.longest_gap < 31 and hop.took == pytest.approx(120, abs=1)
    asked = {hop.conn for hop in result.hops if hop.step not in ("stream", "probe")}
    assert not all(hop.conn in asked for hop in streams) or len(asked) > 1


def test_a_stream_without_a_heartbeat_is_given_up_after_ninety_seconds():
    result = play(settings={"authentication": "basic", "stream_minutes": 5}, users=1, heartbeat=1e6)
    silent = [
        line for line in result.lines if isinstance(line, Mark) and line.what == "stream_silent"
    ]
    assert silent and findings(result) == {"stream_silent"}
    cut = [hop for hop in result.hops if hop.step == "stream" and hop.ended == "closed"]
    assert cut and all(90 < hop.took < 91 for hop in cut)
    assert all(session.state == "ended" for session in result.findings.sessions)


def test_a_torn_stream_is_found_and_the_session_goes_on():
    result = play(settings={"authentication": "basic"}, truncate=2)
    torn = [hop for hop in result.hops if hop.step == "stream" and hop.ended == "truncated"]
    assert torn and all(hop.error == "closed" for hop in torn)
    assert "truncated" in findings(result)
    assert all(session.state == "ended" for session in result.findings.sessions)
    assert differences(result) == []


def test_subscriptions_that_are_forgotten_lose_the_session():
    result = play(settings={"authentication": "basic", "logons": 2}, forget=1.0)
    assert codes(result)["ErrorSubscriptionNotFound"] >= 3
    assert {session.incident.sign for session in lost(result)} == {"context_lost"}
    assert len(lost(result)) == 6  # both sessions of all three
    assert differences(result) == []


@pytest.mark.parametrize("form", ["fault", "message", "unavailable"])
def test_throttling_is_found_waited_out_and_costs_no_session(form):
    result = play(
        settings={"authentication": "basic"}, busy=0.3, busy_form=form, back_off=20.0
    )  # fmt: skip
    assert differences(result) == []
    assert not lost(result)
    expected = {"fault": "throttled", "message": "throttled", "unavailable": "server_error"}
    assert expected[form] in findings(result)
    if form == "fault":
        assert _waits(result) and min(_waits(result)) > 19.99


def _waits(result) -> list[float]:
    """The seconds between a fault that told a call to wait and the next call of that client."""
    found = []
    for user in (1, 2, 3):
        calls = [hop for hop in result.hops if hop.user == user and hop.step != "stream"]
        for before, after in pairwise(calls):
            if before.body.is_ == "fault" and before.session == after.session:
                found.append(after.t - before.arrived)
    return found


def test_too_many_streams_are_throttled_and_not_lost():
    result = play(settings={"authentication": "basic"}, connections=1, subscriptions=50)
    assert codes(result)["ErrorExceededConnectionCount"] == 0
    refused = play(
        settings={"authentication": "basic", "logons": 2, "logoff": False}, subscriptions=1
    )
    assert codes(refused)["ErrorExceededSubscriptionCount"] == 3
    assert "throttled" in findings(refused) and not lost(refused)


def test_a_wrong_password_is_tried_once():
    organisation, accounts = memory.farm(nodes(), ("healthy",), 1)
    wrong = [replace(accounts[0], password="not it")]
    result = memory.run(
        organisation, wrong, PerConnection, {**MINUTES, "authentication": "basic", "logons": 5},
        connections=2, protocol="ews",
    )  # fmt: skip
    assert [hop.auth for hop in result.hops] == ["", "", "basic"]
    assert differences(result) == []
    assert len(result.findings.shut_out) == 1 and not result.findings.sessions


def test_a_directory_that_takes_nothing_we_have_is_not_measured():
    result = play(made=nodes(methods=("negotiate",)), settings={"authentication": "basic"}, users=1)
    marks = [line.what for line in result.lines if isinstance(line, Mark)]
    assert "not_measured" in marks and not lost(result)


def test_strangers_are_told_nothing():
    result = play(settings={"authentication": "none"})
    assert {hop.status for hop in result.hops} == {401}
    assert {hop.body.owner for hop in result.hops} == {None}
    assert differences(result) == []


def test_a_draft_is_made_and_taken_away_again():
    result = play(settings={"authentication": "basic", "writes": True}, users=1)
    made = [hop for hop in result.hops if hop.step == "create_item" and hop.status == 200]
    gone = [hop for hop in result.hops if hop.step == "delete_item" and hop.status == 200]
    assert len(made) == len(gone) > 0
    assert {hop.body.code for hop in (*made, *gone)} == {"NoError"}


def test_a_client_writes_nothing_unless_it_is_told_to():
    result = play(settings={"authentication": "basic"})
    assert not [hop for hop in result.hops if hop.step in ("create_item", "delete_item")]


def test_who_gets_another_users_connection_is_found_by_the_id_of_the_mailbox():
    made = nodes(methods=("negotiate",), front_end={"auth_persist_non_ntlm": True})[:1]
    settings = {"authentication": "negotiate", "preemptive": True, "notifications": False}
    result = play(ReuseAlways, settings, made=made)
    asked = {hop.client_request_id: f"user{hop.user - 1:02}@isp.com.au" for hop in result.hops}
    crossed = {
        one.client_request_id
        for one in result.confessions
        if one.user and one.user != asked[one.client_request_id]
    }
    found = {
        hop.client_request_id for hop in result.hops if hop.body.owner in ("other", "stranger")
    }
    named = [hop for hop in result.hops if hop.step in ("find_item", "get_folder")]
    assert found and found <= crossed
    assert {hop.client_request_id for hop in named} & crossed <= found
    assert {hop.step for hop in named if hop.client_request_id in found} == {
        "find_item",
        "get_folder",
    }
    assert result.findings.wrong_mailbox
