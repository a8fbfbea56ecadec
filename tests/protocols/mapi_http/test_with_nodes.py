"""Outlook over MAPI/HTTP against real nodes in memory, with and without each fault.

Falls if: a session is lost that no node refused (or the reverse), a fault is not found or one is reported that
is not there, a client goes on with a context that is gone, or a hostile answer upsets it.
"""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as some

from exsim.protocols.flow import Request, Response
from exsim.protocols.mapi_http import evidence
from exsim.session.signs import read
from exsim.wire import mapi
from tests.rig import slice as memory
from tests.rig.balancers import PerConnection, PerRequest
from tests.slice.truth import differences, session_differences

NODES = ("EXCH16-1", "EXCH16-2", "EXCH13")


def play(settings=None, balancer=PerRequest, users=3, prepare=lambda network: None, **faults):
    versions = {"EXCH13": "2013"}
    front = {"authentication": {"mapi": ["ntlm", "basic"]}}
    nodes = [
        {"name": name, "version": versions.get(name, "2016"), "front_end": front,
         "back_end": {"mapi": faults}}
        for name in NODES
    ]  # fmt: skip
    organisation, accounts = memory.farm(nodes, ("healthy",), users)
    values = {"authentication": "basic", "polls": 4, "calls": 2, "logons": 1, **(settings or {})}
    result = memory.run(
        organisation, accounts, balancer, values, connections=2, protocol="mapi_http",
        prepare=prepare, until=3000,
    )  # fmt: skip
    assert differences(result) == [] and session_differences(result) == []
    return result


def steps(result):
    return Counter(hop.step for hop in result.hops if hop.status == 200)


def signs(result, step):
    return Counter(read(hop).value for hop in result.hops if hop.step == step)


def states(result):
    return Counter(session.state for session in result.findings.sessions)


def found(result):
    return {finding.kind for finding in result.findings.findings}


def test_each_request_may_meet_another_front_end_and_nobody_is_lost():
    result = play()
    assert states(result) == {"ended": 3} and not found(result)
    assert steps(result) == {"connect": 3, "bind": 3, "execute": 27, "wait": 3, "unbind": 3, "disconnect": 3}  # fmt: skip
    assert result.findings.identity_by["mapi_http"]["own"] >= 30
    for session in result.findings.sessions:
        assert session.login_front_end in NODES


def test_every_answer_is_told_by_the_marker_and_by_the_mailboxes_guid():
    result = play(users=1)
    owners = Counter((hop.step, hop.body.owner) for hop in result.hops if hop.status == 200)
    assert owners["execute", "own"] == 9 and owners["connect", "own"] == 1
    assert not any(owner in ("other", "stranger") for _, owner in owners)


def test_the_page_for_people_tells_whom_the_server_takes_the_client_for():
    result = play({"status_page": True, "authentication": "ntlm"}, PerConnection)
    assert states(result) == {"ended": 3} and not found(result)
    told = [hop for hop in result.hops if hop.step == "status" and hop.status == 200]
    assert len(told) == 3 and {(hop.body.is_, hop.body.owner) for hop in told} == {
        ("answer", "own")
    }


def test_a_context_that_is_forgotten_loses_the_session_and_the_client_connects_anew():
    result = play({"logons": 4}, forget=0.2)
    assert {session.state for session in result.findings.sessions} == {"lost", "ended"}
    assert {one.incident.sign for one in result.lost} == {"context_lost"}
    assert len(result.findings.sessions) > 3


def test_contexts_end_with_the_process_that_holds_them():
    def prepare(network):
        def restart():
            node = network.nodes["EXCH13"]
            service = node._back._services._by_vdir["mapi"]
            service._contexts._known.clear()

        network.world.later(6.0, restart)

    result = play({"logons": 2}, PerConnection, prepare=prepare)
    assert {one.home for one in result.lost} == {"2013"}
    assert {one.incident.sign for one in result.lost} == {"context_lost"}


@pytest.mark.parametrize(
    ("faults", "silences"), [({}, 0), ({"pending_period": 90.0}, 0), ({"silent": True}, 2)]
)
def test_a_wait_on_which_nothing_is_said_is_given_up(faults, silences):
    result = play({"idle": 250.0, "logons": 2}, PerConnection, 1, **faults)
    marks = [one for one in result.lines if getattr(one, "what", "") == "stream_silent"]
    assert len(marks) == silences
    told = [one for one in result.findings.findings if one.kind == "stream_silent"]
    assert len(told) == silences
    assert steps(result)["connect"] == 2 and not result.lost


def test_a_wait_that_is_torn_is_a_finding_and_the_client_connects_anew():
    result = play({"idle": 250.0, "logons": 2}, PerConnection, 1, truncate=2)
    assert signs(result, "wait")["truncated"] == 2
    assert steps(result)["connect"] == 2 and not result.lost


def test_a_ping_keeps_a_resting_context():
    settings = {"idle": 2000.0, "notifications": False, "polls": 1, "ping_every": 600.0}
    assert states(play(settings, users=1)) == {"ended": 1}
    assert states(play({**settings, "ping_every": 1000.0}, users=1)) == {"lost": 1}


def test_an_endpoint_that_is_switched_off_lets_nobody_in():
    result = play(users=1, enabled=False)
    assert not result.findings.sessions
    assert [one.sign for one in result.findings.shut_out] == ["fault"]


@pytest.mark.parametrize(
    ("header", "body", "told"),
    [
        ("10", b"<html>", ("lost_context", "10")),
        ("15", b"<html>", ("fault", "15")),
        (None, b"<html>", ("unreadable", None)),
        ("0", b"PROCESSING\r\n", ("unreadable", "0")),
        ("0", mapi.done(b"", 1, "now", 10), ("lost_context", "10")),  # the last word counts
        ("0", mapi.done(bytes.fromhex("01000000 00000000"), 1, ""), ("fault", "status 00000001")),
        ("0", mapi.done(mapi.Executed(error=5).encode(), 1, ""), ("fault", "execute 00000005")),
    ],
)
def test_what_an_answer_says_whatever_its_status(header, body, told):
    headers = [] if header is None else [(b"x-responsecode", header.encode())]
    seen = evidence.observe(
        Request("POST", "/mapi/emsmdb/", step="execute", account="a@b.c"),
        Response(200, headers, body, None),
    )
    assert (seen.is_, seen.code) == told


@given(
    some.sampled_from(["connect", "execute", "wait", "bind", "ping", "status"]),
    some.binary(max_size=90),
)
def test_no_body_upsets_the_reader(step, body):
    request = Request("POST", "/mapi/emsmdb/", step=step, account="a@b.c", mailbox="00")
    for whole in (body, mapi.done(body, 1, "now")):
        evidence.observe(request, Response(200, [(b"x-responsecode", b"0")], whole, None))
