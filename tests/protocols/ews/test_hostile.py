"""Servers that answer nonsense: the client goes on, and the hop says that it was unreadable.

Falls if: an answer crashes a flow, a stream without an end is read without an end, or a client that is told
that all is well at once asks again and again in no time.
"""

from __future__ import annotations

from typing import Any

import pytest

from exsim.org.answers import answer
from exsim.org.services import SERVICES
from exsim.org.work import Piece, Wait
from tests.protocols.ews.test_evidence import coded, plain_id, soap
from tests.protocols.ews.test_with_nodes import nodes
from tests.rig import slice as memory
from tests.rig.balancers import PerConnection

SUBSCRIBED = soap(coded("NoError") + "<m:SubscriptionId>&quot;&lt;x</m:SubscriptionId>")
CLOSED = soap(coded("NoError") + "<m:ConnectionStatus>Closed</m:ConnectionStatus>")
NEWS = soap(coded("NoError") + f'<t:NewMailEvent><t:ItemId Id="{plain_id()}"/></t:NewMailEvent>')


def service(whole: bytes, pieces: Any = None) -> Any:
    """A directory that answers everything with `whole`, and a stream with `pieces`."""

    class Hostile:
        def __init__(self, *arguments: Any) -> None:
            pass

        def answer(self, asked: Any) -> Any:
            yield from ()
            body = asked.incoming.request.body
            if b"Subscribe>" in body:
                return answer(200, SUBSCRIBED, "text/xml"), None
            if b"GetStreamingEvents" in body and pieces is not None:
                return answer(200, b"", "text/xml"), pieces()
            return answer(200, whole, "text/xml"), None

    return Hostile


def endless():
    while True:
        yield Wait(20.0)
        yield Piece(b"x" * 100)


def huge():
    for _ in range(40):
        yield Piece(b"<" * 100_000)
        yield Wait(0.1)


def at_once():
    yield Piece(CLOSED)


def news():
    for _ in range(5):
        yield Piece(NEWS)
    yield Wait(60.0)
    yield Piece(CLOSED)


def nonsense():
    yield Piece(b"\xff\x00</s:Envelope></s:Envelope><s:Envelope")
    yield Wait(5.0)


def play(monkeypatch, whole, pieces=None):
    monkeypatch.setitem(SERVICES, "ews", service(whole, pieces))
    organisation, accounts = memory.farm(nodes()[:1], ("healthy",), 1)
    values = {"authentication": "basic", "polls": 30, "think": 10.0, "writes": True, "logons": 1}
    return memory.run(
        organisation, accounts, PerConnection, values, connections=2, protocol="ews"
    )  # fmt: skip


@pytest.mark.parametrize(
    "whole",
    [
        b"",
        b"<html>Please sign in</html>",
        b"\xff\xfe\x00" * 100,
        b"<!DOCTYPE x [<!ENTITY a 'b'>]><s:Envelope>&a;</s:Envelope>",
        soap('<t:ItemId Id="&#0;"/><t:ItemId Id=""/>'),
        soap('<t:Value Name="BackOffMilliseconds">999999999</t:Value>'),
        soap(coded("NoError"))[:-5],
    ],
)
def test_nonsense_is_taken_and_the_client_goes_on(monkeypatch, whole):
    result = play(monkeypatch, whole)
    assert len(result.hops) > 20
    assert all(session.state == "ended" for session in result.findings.sessions)


@pytest.mark.parametrize("pieces", [endless, huge, at_once, news, nonsense])
def test_a_stream_may_say_what_it_will(monkeypatch, pieces):
    result = play(monkeypatch, soap(coded("NoError") + f'<t:ItemId Id="{plain_id()}"/>'), pieces)
    streams = [hop for hop in result.hops if hop.step == "stream"]
    assert 0 < len(streams) < 20
    if pieces in (huge, nonsense):
        assert {hop.body.is_ for hop in streams} <= {"unreadable", "empty"}
    if pieces is news:
        assert [hop for hop in result.hops if hop.step == "get_item"]
