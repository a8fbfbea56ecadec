"""An ordinary answer in brief; what is judged of whole runs in this form: tests/runs/test_incident_history.py.

Falls if: an answer comes back from its brief as another user's, another moment's or another balancer's cookie, one that
says something is called ordinary, or a brief without its template is made up.
"""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from exsim.session.brief import Brief, Longhand, Shorthand, ordinary
from exsim.session.hop import Evidence, Hop, Line

SERVED = Hop(
    utc="2026-11-23T20:15:01Z", t=3.25, took=0.125, user=17, session="17.2", seq=9, protocol="owa",
    step="service", request="POST /owa/service.svc?action=FindItem", status=200, reason="OK",
    conn=4, source="10.0.0.7:5124", address="10.0.0.50:443", alpn="http/1.1", client_request_id="c",
    request_id="r", cookies={"cadata": "k1", "cadataTTL": "x", "SRV": "s2"},
    set_cookies={"SRV": "s3", "UserContext": "u"}, headers={"x-feserver": "EX16-01"},
    body=Evidence(bytes=700, is_="json", owner="own"), late=0.5, pause=2.0, reused=True, sid="1111",
)  # fmt: skip
KEPT = {
    "utc": "", "request": "POST /owa/service.svc", "client_request_id": "", "request_id": "",
    "body": Evidence(is_="json", owner="own"),
}  # fmt: skip
CLEAR = ("SRV",)


def changed(**fields: Any) -> Hop:
    return msgspec.structs.replace(SERVED, **fields)


def there_and_back(*hops: Hop) -> list[Line | None]:
    shorthand, longhand = Shorthand(CLEAR), Longhand()
    found: list[Line | None] = []
    for hop in hops:
        short = shorthand.of(hop)
        assert short is not None
        found += longhand.expanded(line for line in short if line is not None)
    return found


@pytest.mark.parametrize(
    ("fields", "cookies", "set_cookies"),
    [
        ({}, {"cadata": "k1", "SRV": "s2"}, {"SRV": "s3"}),
        ({"cookies": {"sessionid": "k2"}, "set_cookies": {}}, {"sessionid": "k2"}, {}),
        ({"cookies": {"cadata": "k1", "SRV": ""}}, {"cadata": "k1", "SRV": ""}, {"SRV": "s3"}),
        ({"cookies": {}, "set_cookies": {"SRV": None}}, {}, {"SRV": None}),
        ({"protocol": "ews", "auth": "bound", "cookies": {}}, {}, {"SRV": "s3"}),
    ],
)
def test_what_judgement_takes_from_an_answer_comes_back(
    fields: dict[str, Any], cookies: dict[str, str], set_cookies: dict[str, str | None]
) -> None:
    if fields.get("protocol"):
        fields |= {"body": Evidence(bytes=9, is_="answer")}
    hop = changed(**fields)
    kept = KEPT | {"cookies": cookies, "set_cookies": set_cookies}
    kept["body"] = msgspec.structs.replace(hop.body, bytes=0)
    assert there_and_back(hop) == [msgspec.structs.replace(hop, **kept)]


def test_each_comes_back_as_its_own_and_what_is_alike_stands_once() -> None:
    later = {"t": 9.0, "took": 0.5, "user": 18, "session": "18.1", "seq": 1, "conn": 5}
    other = changed(**later, source="10.0.0.8:1", late=0.0, pause=0.0, sid="", cookies={"cadata": "k9", "SRV": "s2"})  # fmt: skip
    shorthand = Shorthand(CLEAR)
    first, second = shorthand.of(SERVED), shorthand.of(other)
    assert first is not None and second is not None
    assert first[0] is not None and second[0] is None
    own = {"set_cookies": {"SRV": "s3"}}
    assert there_and_back(SERVED, other, SERVED) == [
        msgspec.structs.replace(SERVED, **KEPT, **own, cookies={"cadata": "k1", "SRV": "s2"}),
        msgspec.structs.replace(other, **KEPT, **own, cookies={"cadata": "k9", "SRV": "s2"}),
        msgspec.structs.replace(SERVED, **KEPT, **own, cookies={"cadata": "k1", "SRV": "s2"}),
    ]


@pytest.mark.parametrize(
    "fields",
    [
        {"step": "boot"}, {"protocol": "ews", "body": Evidence(is_="answer")}, {"status": 242}, {"reason": "Fine"},
        {"request": "GET /owa/"}, {"address": "10.0.0.51:443"}, {"alpn": "h2"}, {"auth": "bound"}, {"reused": False},
        {"headers": {"x-feserver": "EX16-02"}}, {"body": Evidence(is_="json")},
        {"set_cookies": {"SRV": "s4"}}, {"cookies": {"cadata": "k1", "SRV": "s9"}}, {"cookies": {"sessionid": "k1", "SRV": "s2"}},
    ],
    ids=str,
)  # fmt: skip
def test_what_differs_in_what_is_judged_has_a_template_of_its_own(fields: dict[str, Any]) -> None:
    shorthand = Shorthand(CLEAR)
    shorthand.of(SERVED)
    short = shorthand.of(changed(**fields))
    assert short is not None and short[0] is not None and short[1].of == 1


@pytest.mark.parametrize(
    "fields",
    [
        {"error": "truncated"}, {"status": None}, {"status": 503}, {"ended": "closed"}, {"headers": {}}, {"control": True},
        {"forced": True}, {"location": "/owa/"}, {"origin": "EX16-01"}, {"challenger": "EX16-01"},
        {"body": Evidence(is_="json", host="EX16-01")}, {"body": Evidence(is_="json", pieces=3)},
        {"set_cookies": {"cadataTTL": "new"}}, {"body": Evidence(is_="json", owner="other")},
    ],
    ids=str,
)  # fmt: skip
def test_what_says_something_is_not_ordinary(fields: dict[str, Any]) -> None:
    assert ordinary(SERVED)
    assert not ordinary(changed(**fields))
    assert Shorthand(CLEAR).of(changed(**fields)) is None


def test_a_brief_whose_template_is_not_there_is_told_as_none() -> None:
    longhand = Longhand()
    lost = Brief(of=7, t=1.0, took=0.1, user=1, session="1.1", seq=1)
    assert list(longhand.expanded([lost, SERVED])) == [None, SERVED]
    assert not longhand.begun
