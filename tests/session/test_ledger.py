"""Falls if: what is wrong is told without what it was, a mail that no server took is counted, an answer's mailbox is
counted under another protocol, or what a client repairs by itself is called wrong.
"""

from __future__ import annotations

from typing import Any

import pytest

from exsim.session.detector import Detector
from exsim.session.hop import Evidence
from exsim.session.records import Findings
from tests.session.calls import ANSWER, Caller
from tests.session.dialogue import A, B, Browser, judged

FAULT = Evidence(is_="fault", code="ErrorX")


def told(found: Findings) -> list[tuple[str, str]]:
    return [(one.kind, one.detail) for one in found.findings]


@pytest.mark.parametrize(
    ("fields", "detail"),
    [
        ({"node": None, "status": 504, "took": 60.0}, "504 after 60.0 s"),
        ({"body": ANSWER, "error": "truncated", "took": 2.04}, "200 after 2.0 s"),
        ({"status": 500, "body": FAULT, "took": 9.0}, "500 ErrorX"),
        ({"status": 503, "took": 9.0}, "503"),
        ({"node": None, "status": None, "error": "reset", "took": 9.0}, "reset"),
    ],
)
def test_what_is_wrong_beside_owa_is_told_with_its_status_and_how_long_or_why(
    fields: dict[str, Any], detail: str
) -> None:
    caller = Caller("ews")
    caller.begin()
    caller.handshake(A)
    caller.hop(**({"node": B, "auth": "bound"} | fields))
    ((_, said),) = told(judged(caller.lines))
    assert said == detail


@pytest.mark.parametrize(
    ("fields", "detail"),
    [
        ({"node": None, "status": 504, "took": 60.0}, "504"),
        ({"status": 500, "headers": {"x-owa-error": "Owa.E"}}, "500 Owa.E"),
        ({"body": Evidence(is_="json", code="ErrorServerBusy")}, "200 ErrorServerBusy"),
        ({"error": "truncated", "headers": {"x-owa-error": "Owa.E"}}, "200 truncated"),
    ],
)
def test_what_is_wrong_in_owa_is_told_with_its_status_and_why(
    fields: dict[str, Any], detail: str
) -> None:
    browser = Browser()
    browser.log_on(A)
    browser.poll(**({"node": B} | fields))
    ((_, said),) = told(judged(browser.lines))
    assert said == detail


@pytest.mark.parametrize(
    ("facts", "step", "detail"),
    [
        ({"step": "sync", "waited": 60}, "sync", "waited 60"),
        ({"step": "sync"}, "sync", ""),
        ({"waited": 0}, "", "waited 0"),
    ],
)
def test_a_mark_is_told_with_its_step_and_what_it_says_more(
    facts: dict[str, Any], step: str, detail: str
) -> None:
    caller = Caller("ews")
    caller.begin()
    caller.mark("call_unanswered", number=1, **facts)
    (one,) = judged(caller.lines).findings
    assert (one.kind, one.session, one.step, one.detail) == (
        "call_unanswered", "17.1", step, detail,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("fields", "found"),
    [
        ({"status": None, "reused": True, "error": "closed"}, []),
        ({"status": None, "reused": False, "error": "closed"}, [("no_answer", "closed")]),
        ({"status": None, "reused": True, "error": "reset"}, [("no_answer", "reset")]),
        ({"status": 503, "reused": True, "error": "closed"}, [("front_end_503", "503 closed")]),
        ({"status": None, "ended": "abandoned", "error": "timeout"}, []),
        ({"status": None, "error": "abandoned"}, []),
    ],
)
def test_only_an_idle_connection_that_was_closed_and_the_runs_end_are_excused(
    fields: dict[str, Any], found: list[tuple[str, str]]
) -> None:
    browser = Browser()
    browser.log_on(A)
    browser.poll(A if fields["status"] else None, **fields)
    assert told(judged(browser.lines)) == found


def test_a_mail_counts_when_a_server_took_it() -> None:
    caller = Caller("ews")
    caller.begin()
    caller.handshake(A)
    caller.call(A, step="send_mail")
    caller.call(A, step="send_mail", status=503)
    caller.hop(None, None, step="send_mail", error="reset")
    for _ in range(3):
        caller.call(A)
    caller.call(A, step="send_mail", control=True)  # it lies in a mailbox all the same
    assert judged(caller.lines).mails == 2


def test_whose_mailbox_answered_is_told_by_protocol_and_owas_is_the_rest() -> None:
    caller, browser = Caller("ews", 18), Browser()
    caller.begin()
    caller.handshake(A)
    for owner in ("own", None, None):
        caller.call(A, body=Evidence(is_="answer", owner=owner))
    browser.log_on(A)
    for owner in ("own", "own", None):
        browser.poll(A, body=Evidence(is_="json", owner=owner))
    found = judged(caller.lines, browser.lines)
    assert found.identity_by == {"ews": {"own": 2, "silent": 2}}
    assert found.identity == {"own": 4, "silent": 3}


def test_who_keeps_no_findings_is_told_of_another_users_mailbox_all_the_same() -> None:
    browser, caller = Browser(), Caller("ews", 18)
    browser.log_on(A)
    browser.poll(B, status=503)
    browser.mark("hang", number=1, waited=60)
    wrong = browser.poll(B, body=Evidence(is_="json", owner="other"))
    caller.begin()
    caller.handshake(A)
    worse = caller.call(B, body=Evidence(is_="answer", owner="stranger"))
    detector, crossed = Detector(findings=False), []
    detector.on_wrong_mailbox(lambda one: crossed.append((one.user, one.seq, one.detail)))
    for line in (*browser.lines, *caller.lines):
        detector.feed(line)
    found = detector.finish()
    assert crossed == [(17, wrong.seq, "other"), (18, worse.seq, "stranger")]
    assert (found.findings, found.wrong_mailbox) == ([], [])
