"""Clients of the offline address book against real nodes in memory.

Falls if: a manifest is not fetched from where Autodiscover says, credentials go to a host that the scenario does
not name, a stranger is given anything, or a body that is no manifest is taken for one.
"""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as some

from exsim.org.oab import BOOK
from exsim.protocols.flow import Request, Response
from exsim.protocols.oab import evidence
from exsim.session.hop import Mark
from tests.rig import slice as memory
from tests.rig.balancers import PerRequest
from tests.slice.truth import differences, session_differences

NODES = ("EXCH16-1", "EXCH16-2", "EXCH13")
METHODS = {"autodiscover": ["ntlm", "basic"], "oab": ["ntlm", "basic"]}


def play(settings=None, front=None, users=3):
    versions = {"EXCH13": "2013"}
    front = {"authentication": METHODS, **(front or {})}
    nodes = [
        {"name": name, "version": versions.get(name, "2016"), "front_end": front} for name in NODES
    ]
    organisation, accounts = memory.farm(nodes, ("healthy",), users)
    values = {"authentication": "basic", "polls": 3, "think": 5.0, "logons": 2, **(settings or {})}
    result = memory.run(
        organisation, accounts, PerRequest, values, connections=1, protocol="oab"
    )  # fmt: skip
    assert differences(result) == [] and session_differences(result) == []
    return result


def marks(result, what):
    return [line.facts for line in result.lines if isinstance(line, Mark) and line.what == what]


def steps(result):
    return Counter(hop.step for hop in result.hops if hop.status == 200)


def test_the_manifest_is_fetched_from_where_autodiscover_says_and_it_is_asked_once():
    result = play()
    assert steps(result) == {"locate": 3, "manifest": 18}
    assert {session.state for session in result.findings.sessions} == {"ended"}
    assert len(result.findings.sessions) == 6 and not result.findings.findings
    assert set(result.findings.identity_by["oab"]) == {"silent"}


def test_a_path_that_the_scenario_names_is_taken_as_it_is():
    (path,) = {hop.path.removesuffix("/oab.xml") for hop in play(users=1).hops if hop.step == "manifest"}  # fmt: skip
    assert steps(play({"path": path}, users=1)) == {"manifest": 6}
    assert steps(play({"path": "/OAB/elsewhere/"}, users=1)) == {}


def test_an_address_book_at_another_host_is_named_and_not_asked():
    moved = {"external_urls": {"oab": "https://evil.example/OAB/x/"}}
    result = play({"polls": 1, "logons": 1}, front=moved, users=1)
    assert [facts["url"] for facts in marks(result, "not_asked")] == ["https://evil.example/OAB/x/"]
    assert steps(result) == {"locate": 1}


def test_a_stranger_is_given_nothing():
    result = play({"authentication": "none", "path": "/OAB/x/"}, users=1)
    assert {hop.status for hop in result.hops} == {401} and not result.findings.sessions


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (200, BOOK, "answer"),
        (200, BOOK[:-1], "unreadable"),
        (200, b"<html>", "unreadable"),
        (200, b"", "empty"),
        (401, b"x", "challenge"),
        (404, b"x", ""),
    ],
)
def test_what_an_answer_is(status, body, kind):
    request = Request("GET", "/OAB/x/oab.xml", step="manifest", account="a@b.c")
    assert evidence.observe(request, Response(status, [], body, None)).is_ == kind


@given(some.binary(max_size=300), some.sampled_from(["locate", "manifest"]))
def test_no_body_upsets_the_reader(body, step):
    request = Request("GET", "/OAB/x/oab.xml", step=step, account="a@b.c")
    for start in (b"", b"<Autodiscover ", b"<OAB><OAL "):
        evidence.observe(request, Response(200, [], start + body + b">", None))
        evidence.place_in(start + body + b">")
