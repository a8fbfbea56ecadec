"""Falls if: a node is blamed for a session that ended because its account's password was refused, or a refused
password hides a loss that it does not explain.
"""

from __future__ import annotations

import pytest

from exsim.session.packed import Packed
from exsim.session.password import KIND, Refusals
from exsim.session.records import Findings
from tests.session.dialogue import A, B, Browser, judged

LOGON = "https://mail.example.com/owa/auth/logon.aspx?url=x&reason=2"


def refused_logon(browser: Browser) -> None:
    browser.logons += 1
    browser.mark("logon", number=browser.logons, account="user17@example.com")
    browser.arrive(browser.hop("POST /owa/auth.owa", A, 302, location=LOGON))


def lost_by_440() -> Browser:
    browser = Browser()
    browser.log_on(A)
    browser.poll(A)
    browser.refused(B)
    return browser


def states(found: Findings) -> list[str]:
    return [session.state for session in found.sessions]


def test_a_refused_logon_after_it_explains_a_loss() -> None:
    browser = lost_by_440()
    refused_logon(browser)
    found = judged(browser.lines)
    assert states(found) == ["ended"] and found.sessions[0].incident is None
    assert not any(meeting.lost for meeting in found.sessions[0].meetings)
    assert [one.kind for one in found.findings if one.front_end == B] == ["password_refused"]


def test_without_one_and_with_an_accepted_one_between_it_is_lost() -> None:
    assert states(judged(lost_by_440().lines)) == ["lost"]
    browser = lost_by_440()
    browser.log_on(A)
    refused_logon(browser)
    assert states(judged(browser.lines))[0] == "lost"


def test_a_refusal_before_the_loss_says_nothing_of_it() -> None:
    browser = Browser()
    refused_logon(browser)
    browser.log_on(A)
    browser.refused(B)
    assert states(judged(browser.lines)) == ["lost"]


def test_sessions_that_are_over_for_long_are_explained_too() -> None:
    found = judged(lost_by_440().lines)
    assert found.sessions[0].incident is not None
    refusals, kept = Refusals(), Packed()
    kept.append(found.sessions[0])
    kept.settle(found.sessions[0])
    assert not refusals.explain(kept)
    refusals.note("USER17@example.com", found.sessions[0].incident.t)
    assert [one.kind for one in refusals.explain(kept)] == [KIND]
    assert [(one.state, one.incident) for one in kept] == [("ended", None)]
    assert not refusals.explain(kept), "once"


def test_of_several_refusals_and_logons_the_last_in_time_count() -> None:
    """Lines come in the order of arrival, and a late answer was sent before others."""
    browser = lost_by_440()
    browser.log_on(A)  # between the loss and the refusal
    refused_logon(browser)
    assert states(judged(browser.lines)) == ["lost", "live"]
    lost = judged(lost_by_440().lines).sessions[0]
    assert lost.incident is not None
    refusals, sessions = Refusals(), Packed()
    for t in (lost.incident.t + 9.0, lost.incident.t - 1.0):
        refusals.note(lost.account, t)
    sessions.append(lost)
    assert len(refusals.explain(sessions)) == 1


def test_a_password_that_is_accepted_afterwards_explains_nothing() -> None:
    """One node that cannot ask the directory refuses cookies and form alike; another takes the same password."""
    browser = lost_by_440()
    refused_logon(browser)
    browser.log_on(A)
    found = judged(browser.lines)
    assert states(found) == ["lost", "live"] and not found.findings


@pytest.mark.parametrize(("reason", "state"), [(0, "lost"), (3, "lost"), (2, "ended")])
def test_a_culprit_that_says_another_reason_is_not_excused(reason: int, state: str) -> None:
    browser = Browser()
    browser.log_on(A)
    browser.bounced(B, reason)
    refused_logon(browser)
    assert states(judged(browser.lines)) == [state]


def test_a_loss_that_no_password_can_cause_is_not_excused() -> None:
    """Cookies that are taken from a jar by an answer that served them, or by a late one."""
    browser = Browser()
    browser.log_on(A)
    browser.poll(B, set_cookies={"cadata": None})
    refused_logon(browser)
    assert states(judged(browser.lines)) == ["lost"]
    browser = Browser()
    browser.log_on(A)
    browser.hop("GET /owa/", B, 302, location="https://sts.example.com/adfs/ls")
    refused_logon(browser)
    assert states(judged(browser.lines)) == ["lost"]
