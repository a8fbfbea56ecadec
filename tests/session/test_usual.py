"""Falls if: an answer that is not like the one before it is counted as if it were, or one that is is counted otherwise."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from exsim.session import detector as detecting
from exsim.session.attribution import Attribution
from exsim.session.detector import Detector
from exsim.session.hop import Evidence, Hop, Line
from exsim.session.records import Findings
from tests.session.dialogue import A, B, Browser

OWN = Evidence(bytes=900, is_="json", code="NoError", owner="own")
SILENT = Evidence(bytes=900, is_="json", code="NoError")
SHARED = ("headers", "cookies", "set_cookies", "body")
FIRST = {name: f"{name}-17-1" for name in ("cadata", "cadataTTL", "cadataKey", "cadataIV")}

# What is unlike the answers before it, with the very same headers
ODD: dict[str, dict[str, Any]] = {
    "cut off": {"error": "truncated", "ended": "truncated"},
    "from another front end": {"headers": {"x-feserver": B}},
    "for another's SID": {"sid": "stranger", "usual": SILENT},
    "with the cookies of the session before": {"cookies": FIRST},
    "from another's mailbox": {"body": Evidence(900, "json", "NoError", "other")},
    "from nobody's mailbox": {"body": SILENT},
    "longer": {"body": Evidence(901, "json", "NoError", "own")},
    "throttled": {"body": Evidence(900, "json", "ErrorServerBusy", "own")},
    "a logon page": {"body": Evidence(900, "logon_page", None, "own")},
    "over another connection": {"conn": 2},
    "to a password": {"request": "POST /owa/auth.owa"},
    "to a log-off": {"request": "GET /owa/logoff.owa"},
    "with another status": {"status": 503},
    "with renewed cookies": {"set_cookies": {"cadataTTL": "renewed"}},
    "that takes its cookies away": {"set_cookies": dict.fromkeys(FIRST)},
    "to a copy of its cookies": {"control": True},
}


def talk(browser: Browser, usual: Evidence = OWN, **odd: Any) -> list[Line]:
    """Two sessions, the second with ordinary answers, one that is not, and two more."""

    def poll(**more: Any) -> None:
        browser.poll(A, "EX16-02", **{"body": usual} | more)

    browser.log_on(A)
    poll(sid="own")
    browser.log_on(A)
    for _ in range(4):
        poll()
    poll(**odd)
    poll()
    poll()
    return browser.lines


def live(lines: list[Line]) -> list[Line]:
    """The same lines as the driver makes them: what is alike is the very same."""
    known: dict[bytes, Any] = {}

    def same(value: Any) -> Any:
        return known.setdefault(type(value).__name__.encode() + msgspec.json.encode(value), value)

    return [
        msgspec.structs.replace(line, **{name: same(getattr(line, name)) for name in SHARED})
        if isinstance(line, Hop)
        else line
        for line in lines
    ]


def found(lines: list[Line]) -> Findings:
    detector = Detector()
    for line in lines:
        detector.feed(line)
    return detector.finish()


@pytest.mark.parametrize("odd", ODD.values(), ids=list(ODD))
def test_what_is_not_as_usual_is_judged_as_on_the_long_way(
    odd: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = talk(Browser(), **odd)
    short, later = found(live(lines)), found(lines)
    monkeypatch.setattr(detecting, "as_usual", lambda browser, hop: False)
    assert short == later == found(lines)


def test_ordinary_answers_go_the_short_way(monkeypatch: pytest.MonkeyPatch) -> None:
    lines, short = live(talk(Browser())), []
    original = detecting.as_usual
    monkeypatch.setattr(
        detecting,
        "as_usual",
        lambda browser, hop: short.append(original(browser, hop)) or short[-1],
    )
    assert found(lines) == found(talk(Browser()))
    assert short[: len(lines) - 2].count(True) == 6  # of the second session's seven polls


def test_sessions_told_by_their_names_alone_are_told_on_the_short_way_too() -> None:
    """Brought from elsewhere, without a logon cookie: one snapshot of cookies for both."""
    browser = Browser()
    browser.jar = {"FedAuth": "shown once"}
    for name in (1, 2):
        browser.logons = name
        browser.mark("brought", number=name)
        browser.poll(A, body=OWN)
    browser.poll(A, body=OWN, session="17.1")
    browser.poll(A, body=OWN)
    assert found(live(browser.lines)) == found(browser.lines)


def test_only_a_200_is_what_others_may_be_like() -> None:
    browser = Browser()
    browser.log_on(A)
    for status in (304, 200):
        browser.poll(A, status=status, headers={"x-owa-error": "Some.Exception"})
    assert found(live(browser.lines)) == found(browser.lines)


def test_a_balancer_whose_cookies_are_learnt_is_learnt_from_in_each_answer() -> None:
    browser = Browser()
    browser.log_on(A)
    browser.poll(A, body=OWN)
    for value in ("s1", "s2"):
        browser.poll(A, body=OWN, set_cookies={"LB01": value})
    browser.poll(None, body=OWN, cookies=dict(browser.jar))
    witnesses = Attribution(lb_cookies=["LB01"])
    detector = Detector(attribution=witnesses)
    for line in live(browser.lines):
        detector.feed(line)
    assert detector.finish().witnesses["lb_cookie"] == 1
