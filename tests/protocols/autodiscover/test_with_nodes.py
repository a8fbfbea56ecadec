"""Clients of Autodiscover against real nodes in memory.

Falls if: credentials go to a host that the scenario does not name, a place that failed is not counted as a
fallback, a redirect without end is followed for ever, or a refused password is tried at the next place.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as some

from exsim.protocols.agent import Account
from exsim.protocols.autodiscover import evidence
from exsim.protocols.autodiscover.places import places
from exsim.protocols.flow import Request, Response
from exsim.session.hop import Mark
from tests.rig import slice as memory
from tests.rig.balancers import PerConnection
from tests.slice.truth import differences, session_differences

NODES = ("EXCH16-1", "EXCH16-2", "EXCH13")


def play(settings=None, front=None, users=3, password=None, **says):
    versions = {"EXCH13": "2013"}
    front = {"authentication": {"autodiscover": ["ntlm", "basic"]}, **(front or {})}
    nodes = [
        {"name": name, "version": versions.get(name, "2016"), "front_end": front,
         "back_end": {"autodiscover": says}}
        for name in NODES
    ]  # fmt: skip
    organisation, accounts = memory.farm(nodes, ("healthy",), users)
    if password:
        accounts = [Account(one.address, one.logon, password, one.home) for one in accounts]
    values = {"authentication": "basic", "polls": 3, "think": 5.0, **(settings or {})}
    result = memory.run(
        organisation, accounts, PerConnection, values, connections=1, protocol="autodiscover"
    )
    assert differences(result) == [] and session_differences(result) == []
    return result


def marks(result, what):
    return [line.facts for line in result.lines if isinstance(line, Mark) and line.what == what]


def steps(result):
    return Counter(hop.step for hop in result.hops)


@pytest.mark.parametrize("form", ["pox", "soap", "phone"])
def test_on_a_healthy_farm_the_first_place_answers(form):
    result = play({"form": form})
    assert {hop.body.is_ for hop in result.hops} <= {"answer", "challenge"}
    assert not marks(result, "autodiscover_fallback") and not marks(result, "not_asked")
    assert set(steps(result)) == ({"smoke", "directory"} if form == "pox" else {"directory"})
    wanted = "settings mapiHttp" if form == "pox" else "settings"
    answers = [hop for hop in result.hops if hop.step == "directory" and hop.status == 200]
    assert {hop.body.code for hop in answers} == {wanted}
    assert {session.state for session in result.findings.sessions} == {"ended"}


def test_the_order_of_places_is_the_documented_one():
    found = [place.url for place in places("a@exlab.test", "mail.exlab.test", "pox", True)]
    assert found == [
        "https://mail.exlab.test/autodiscover/autodiscover.xml",
        "https://exlab.test/autodiscover/autodiscover.xml",
        "https://autodiscover.exlab.test/autodiscover/autodiscover.xml",
        "http://autodiscover.exlab.test/autodiscover/autodiscover.xml",
        "_autodiscover._tcp.exlab.test",
    ]


def test_hosts_that_the_scenario_does_not_name_are_named_and_not_asked():
    result = play({"joined": False, "polls": 1, "logons": 1}, users=1)
    asked = [facts["url"] for facts in marks(result, "not_asked")]
    assert [url.removesuffix("/autodiscover/autodiscover.xml") for url in asked] == [
        "https://isp.com.au",
        "https://autodiscover.isp.com.au",
        "http://autodiscover.isp.com.au",
        "_autodiscover._tcp.isp.com.au",
    ]
    assert set(steps(result)) == {"smoke"}


def test_a_place_that_leads_elsewhere_is_a_fallback_and_nobody_goes_there():
    moved = {"moved": {"autodiscover": "https://evil.example/autodiscover/autodiscover.xml"}}
    result = play({"polls": 1, "logons": 1, "form": "soap"}, front=moved, users=1)
    assert [facts["why"] for facts in marks(result, "autodiscover_fallback")] == [
        "leads to another host"
    ] * 2
    assert {facts["location"] for facts in marks(result, "other_host")} == {"https://evil.example"}
    kinds = Counter(finding.kind for finding in result.findings.findings)
    assert kinds["autodiscover_fallback"] == 2


@pytest.mark.parametrize(
    ("says", "reached"),
    [
        ({"redirect_url": "https://exchange.isp.com.au/autodiscover/autodiscover.xml"}, False),
        ({"redirect_address": "user01@isp.com.au"}, True),
    ],
)
def test_redirects_are_followed_within_the_hosts_and_not_for_ever(says, reached):
    result = play({"polls": 1, "logons": 1}, users=1, **says)
    assert bool(marks(result, "redirect_loop")) is not reached
    assert steps(result)["redirect"] == (1 if reached else 10)


def test_a_refused_password_is_tried_once():
    result = play({"logons": 3}, users=1, password="wrong")
    assert Counter(hop.status for hop in result.hops if hop.auth) == {401: 1}
    assert [one.refusals for one in result.findings.shut_out] == [1]


def test_a_real_servers_answer_is_understood():
    real = Path(__file__).parents[2] / "vectors" / "autodiscover" / "exchange-se.xml"
    request = Request("POST", "/autodiscover/autodiscover.xml", account="developer@dev.local")
    seen = evidence.observe(request, Response(200, [], real.read_bytes(), None))
    assert (seen.is_, seen.code) == ("answer", "settings mapiHttp")


@given(some.binary(max_size=300))
def test_no_body_upsets_the_reader(body):
    request = Request("POST", "/autodiscover/autodiscover.xml", account="a@b.c")
    for start in (b"", b"<Autodiscover ", b"<Envelope><ServerVersionInfo "):
        response = Response(200, [], start + body + b">", None)
        assert evidence.observe(request, response).is_ in ("answer", "fault", "unreadable")
