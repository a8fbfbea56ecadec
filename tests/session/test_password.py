"""Falls if: a node is blamed for a session that ended because its account's password was refused, or a refused
password hides a loss that it does not explain.
"""

from __future__ import annotations

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


def test_of_several_refusals_and_logons_the_next_in_time_counts() -> None:
    """Lines come in the order of arrival, and a late answer was sent before others."""
    browser = lost_by_440()
    browser.log_on(A)  # between the loss and the refusal
    refused_logon(browser)
    assert states(judged(browser.lines)) == ["lost", "live"]
    refusals = Refusals()
    for t in (90.0, 30.0):
        refusals.note("user17@example.com", t)
    browser = lost_by_440()
    browser.t = 60.0
    browser.log_on(A)
    sessions = Packed()
    for one in judged(browser.lines).sessions:
        sessions.append(one)
    assert len(refusals.explain(sessions)) == 1
