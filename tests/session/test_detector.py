"""Falls if: an expected end, a benign answer, a finding or a control hop is counted as a loss."""

from __future__ import annotations

from typing import Any

import pytest

from exsim.session.browser import REMEMBERED
from exsim.session.detector import Detector
from exsim.session.hop import Evidence
from tests.session.dialogue import OLD, REFUSAL, A, B, Browser, judged, only

PUBLIC = 900 * 1.5  # seconds that a logon on a public computer lasts


def test_a_session_that_is_live_at_the_end_has_survived_and_knows_whom_it_met() -> None:
    browser = Browser()
    browser.mark("user", population=2, protocol="owa")
    browser.log_on(A, marked={"population": 1})
    for node, conn, back_end in ((A, 1, OLD), (B, 2, OLD), (A, 1, ""), (OLD, 3, "")):
        browser.poll(node, back_end=back_end, conn=conn)
    session = only(judged(browser.lines))
    assert (session.id, session.state, session.over) == ("17.1", "live", None)
    assert session.login_front_end == A
    assert [m.front_end for m in session.meetings] == [A, B, OLD]
    assert (session.requests, session.connections, session.back_end) == (4, 3, OLD)
    assert (session.account, session.home, session.population) == ("user17@example.com", "2013", 1)


def test_one_connection_meets_one_node() -> None:
    browser = Browser()
    browser.log_on(A)
    for _ in range(5):
        browser.poll(A)
    session = only(judged(browser.lines))
    assert (len(session.meetings), session.connections) == (1, 1)


@pytest.mark.parametrize("marked", [True, False])
def test_after_its_own_log_off_nothing_that_is_refused_is_a_loss(marked: bool) -> None:
    browser = Browser()
    browser.log_on(A)
    browser.poll(A)
    browser.log_off(A, marked=marked)
    browser.refused(B, request="POST /owa/plt1.ashx")
    browser.refused(OLD)
    browser.bounced(OLD)
    session = only(judged(browser.lines))
    assert (session.state, session.incident) == ("ended", None)


def test_what_races_with_the_log_off_is_expected_even_if_it_carried_the_cookies() -> None:
    browser = Browser()
    browser.log_on(A)
    browser.mark("logoff", number=1)
    racing = browser.refused(OLD, keep=False)
    leaving = browser.log_off(A, marked=False, keep=False)
    browser.arrive(racing)
    browser.arrive(leaving)
    assert only(judged(browser.lines)).state == "ended"


def test_a_log_off_that_a_node_cannot_read_still_ends_the_session() -> None:
    browser = Browser()
    browser.log_on(A)
    browser.bounced(OLD, request="GET /owa/logoff.owa")
    assert only(judged(browser.lines)).state == "ended"


def test_meetings_end_with_the_session() -> None:
    browser = Browser()
    browser.log_on(A)
    late = browser.poll(B, keep=False)
    browser.log_off(A)
    browser.arrive(late)
    assert only(judged(browser.lines)).meetings == []


EXPIRIES = [  # private, time scale, seconds to the refusal, state
    (False, 1.0, PUBLIC + 1, "expired"),
    (False, 1.0, PUBLIC - 5, "lost"),
    (False, 0.1, PUBLIC / 10 + 1, "expired"),
    (False, 0.1, PUBLIC / 10 - 5, "lost"),
    (True, 1.0, PUBLIC + 1, "lost"),
    (True, 1.0, 12 * 3600 + 1, "expired"),
    (True, 0.1, 12 * 360 + 1, "expired"),
    (True, 0.1, 12 * 360 - 5, "lost"),
]


@pytest.mark.parametrize(("private", "scale", "idle", "state"), EXPIRIES)
@pytest.mark.parametrize("by_get", [True, False])
def test_a_session_may_run_out_by_its_own_clock_and_not_before(
    private: bool, scale: float, idle: float, state: str, by_get: bool
) -> None:
    browser = Browser()
    browser.log_on(A, private=private)
    browser.t += idle - 1
    if by_get:
        browser.bounced(A, reason=3)
    else:
        browser.refused(A)
    browser.refused(B)
    session = only(judged(browser.lines, time_scale=scale))
    assert session.state == state
    assert (session.incident is None) == (state == "expired")


def test_a_renewal_by_any_node_moves_the_end() -> None:
    browser = Browser()
    browser.log_on(A, private=False)
    browser.t += 1000
    browser.poll(B, set_cookies={"cadataTTL": "renewed"})
    browser.t += 1000
    browser.refused(A)
    assert only(judged(browser.lines)).state == "lost"


@pytest.mark.parametrize("logons", [1, REMEMBERED + 1])
def test_the_expiry_that_the_request_carried_counts_and_not_a_newer_one(logons: int) -> None:
    browser = Browser()
    for _ in range(logons):
        browser.log_on(A, private=False)
    browser.t += PUBLIC - 3
    old = browser.refused(B, keep=False, took=4.0, head=4.0)
    browser.poll(A, set_cookies={"cadataTTL": "renewed"})
    browser.arrive(old)
    assert judged(browser.lines).sessions[-1].state == "expired"


def test_a_wrong_password_is_a_refused_logon_and_no_session() -> None:
    browser = Browser()
    browser.bounced(A, reason=2, request="POST /owa/auth.owa")
    found = judged(browser.lines)
    assert (found.sessions, found.refused_logons) == ([], 1)


def test_a_wrong_password_while_logged_on_ends_the_session_and_loses_none() -> None:
    browser = Browser()
    browser.log_on(A)
    browser.bounced(A, reason=2, request="POST /owa/auth.owa")
    found = judged(browser.lines)
    assert (only(found).state, found.refused_logons) == ("ended", 1)


def test_a_new_logon_ends_the_one_before_in_the_same_browser() -> None:
    browser = Browser()
    browser.log_on(A)
    browser.log_on(B)
    browser.poll(B)
    first, second = judged(browser.lines).sessions
    assert (first.state, second.state) == ("ended", "live")
    assert [m.front_end for m in second.meetings] == [B]


def test_the_same_form_accepted_twice_makes_two_sessions_with_two_names() -> None:
    browser = Browser()
    browser.log_on(A)
    browser.hop("POST /owa/auth.owa", B, 302, set_cookies={"cadata": "another"})
    assert len({session.id for session in judged(browser.lines).sessions}) == 2


def test_a_browser_that_runs_for_days_remembers_its_last_sessions_only() -> None:
    browser, detector = Browser(), Detector()
    for _ in range(100):
        browser.log_on(A)
        browser.poll(B)
        browser.refused(OLD)
    for line in browser.lines:
        detector.feed(line)
    kept = detector._browsers[browser.user]
    held = (kept.sessions, kept.logons, kept.keys, kept.seals)
    assert max(map(len, held)) <= REMEMBERED + 1
    for session in detector.finish().sessions:
        assert session.incident is not None and session.incident.of_session is None
        assert (session.state, session.requests) == ("lost", 2)
        assert [(m.front_end, m.lost) for m in session.meetings] == [(B, False), (OLD, True)]


def test_who_deletes_another_cookie_and_renews_the_session_takes_nothing() -> None:
    browser = Browser()
    browser.log_on(A)
    browser.poll(B, set_cookies={"cadataTTL": "renewed", "UserContext": None})
    assert only(judged(browser.lines)).state == "live"


def harmless(browser: Browser) -> list[tuple[str, dict[str, object]]]:
    return [
        ("server_error", {"status": 440, "headers": {"x-beserver": OLD}}),
        ("", {"request": "GET /owa/appCacheManifestHandler.ashx?owamanifest=1", "status": 440}),
        ("canary_refused", {"status": 449}),
        ("version_mismatch", {"status": 412}),
        ("server_error", {"status": 500, "headers": {"x-owa-error": "Exception"}}),
        ("server_error", {"status": 302, "location": "/owa/auth/errorfe.aspx?httpCode=500"}),
        ("front_end_503", {"status": 503}),
        ("lb_error", {"status": 503, "node": None}),
        ("lb_error", {"status": 504, "node": None}),
        ("no_answer", {"status": None, "node": None, "error": "reset"}),
        ("truncated", {"status": 200, "error": "truncated"}),
        ("", {"status": None, "node": None, "error": "abandoned", "ended": "abandoned"}),
        ("", {"status": None, "node": None, "error": "closed", "reused": True}),
        ("throttled", {"status": 200, "body": Evidence(is_="json", code="ErrorServerBusy")}),
    ]


@pytest.mark.parametrize("number", range(len(harmless(Browser()))))
def test_what_is_wrong_without_refusing_cookies_is_a_finding_or_nothing(number: int) -> None:
    browser = Browser()
    browser.log_on(A)
    kind, fields = harmless(browser)[number]
    hop = browser.poll(**{"node": OLD, **fields})  # type: ignore[arg-type]
    browser.poll(A)
    found = judged(browser.lines)
    assert (only(found).state, only(found).requests) == ("live", 2)
    assert [(f.kind, f.seq, f.session) for f in found.findings] == (
        [(kind, hop.seq, "17.1")] if kind else []
    )


def test_errors_and_anonymous_pages_are_no_meetings() -> None:
    browser = Browser()
    browser.log_on(A)
    browser.poll(B, status=503)
    browser.hop("GET /owa/auth/logon.aspx", B)
    browser.hop("GET /owa/HealthCheck.htm", B)
    browser.log_off(B)
    assert only(judged(browser.lines)).meetings == []


def test_a_hang_is_a_finding() -> None:
    browser = Browser()
    browser.log_on(A)
    browser.mark("hang", number=1, step="sessiondata", waited=60)
    found = judged(browser.lines)
    assert only(found).state == "live"
    assert [(f.kind, f.session, f.step, f.detail) for f in found.findings] == [
        ("hang", "17.1", "sessiondata", "waited 60")
    ]


def test_a_wrong_mailbox_is_kept_apart_and_the_session_lives_on() -> None:
    browser = Browser()
    browser.log_on(A)
    wrong = browser.poll(B, body=Evidence(is_="json", owner="stranger"))
    browser.poll(B, body=Evidence(is_="json", owner="own"))
    browser.poll(B)
    found = judged(browser.lines)
    assert only(found).state == "live"
    assert [(f.seq, f.front_end, f.detail) for f in found.wrong_mailbox] == [
        (wrong.seq, B, "stranger")
    ]
    assert found.identity == {"stranger": 1, "own": 1, "silent": 1}


def test_answers_that_say_nothing_are_told_apart_by_the_sid_they_were_taken_for() -> None:
    first, second = Browser(17), Browser(18)
    for browser, sid in ((first, "1111"), (second, "2222")):
        browser.mark("user", account=f"{browser.user}@example.com")
        browser.log_on(A)
        browser.poll(B, sid=sid)
    before = list(first.lines)
    crossed = first.poll(B, sid="2222")
    first.poll(B, sid="1111")
    found = judged(before, second.lines, first.lines[len(before) :])
    assert [(f.seq, f.front_end, f.detail) for f in found.wrong_mailbox] == [
        (crossed.seq, B, "other, by the SID in X-BackEndCookie")
    ]
    assert found.identity == {"own": 3, "other": 1}


def test_a_control_session_is_its_own_and_is_counted_nowhere_else() -> None:
    browser = Browser(control=True)
    browser.log_on(A, origin=A)
    browser.poll(A, origin=A)
    browser.poll(A, origin=A, status=503)
    browser.refused(A, origin=A)
    detector = Detector()
    assert [detector.feed(line) for line in browser.lines] == [[]] * len(browser.lines)
    assert detector.changed() == []
    found = detector.finish()
    session = only(found)
    assert (session.control, session.origin, session.state) == (True, A, "lost")
    assert session.account == "user17@example.com"
    assert (found.hops, found.attributed, found.identity, found.findings) == (0, 0, {}, [])


def test_a_replay_of_a_lost_sessions_cookies_only_tells_the_culprits_reason() -> None:
    browser = Browser()
    browser.log_on(A)
    copy = dict(browser.jar)
    browser.refused(OLD)
    shown = {"control": True, "cookies": copy, "step": "proof"}
    deletes = {
        "location": "https://m/owa/auth/logon.aspx?reason=0",
        "set_cookies": dict.fromkeys(copy),
    }
    browser.log_on(B)  # the user is back before the proof is over
    number, jar = browser.logons, dict(browser.jar)
    browser.hop("GET /owa/", A, **shown, session="17.1")
    browser.hop(
        "GET /owa/", B, 302, **shown, **deletes | {"location": "/owa/auth/logon.aspx?reason=3"}
    )
    browser.hop("GET /owa/", OLD, 302, **shown, **deletes, session="17.1")
    browser.hop("POST /owa/sessiondata.ashx", OLD, 440, **shown, set_cookies=dict.fromkeys(copy))
    browser.hop(
        "GET /owa/", B, 302, control=True, cookies={}, location="/owa/auth/logon.aspx?reason=0"
    )
    browser.jar = jar
    browser.poll(B)
    found = judged(browser.lines)
    first, second = found.sessions
    assert first.incident is not None
    assert (first.incident.reason, first.incident.aftermath) == ("0", [])
    assert (second.id, second.state, second.requests) == (f"17.{number}", "live", 1)
    assert found.hops == 4


def test_forced_meetings_are_not_natural() -> None:
    browser = Browser()
    browser.log_on(A)
    browser.poll(A)
    browser.poll(B, forced=True)
    browser.poll(A, forced=True)
    session = only(judged(browser.lines))
    assert [(m.front_end, m.natural) for m in session.meetings] == [(A, True), (B, False)]


@pytest.mark.parametrize("steered", [{"marked": {"forced": True}}, {"forced": True}])
def test_a_session_that_was_begun_on_purpose_has_no_natural_meetings(
    steered: dict[str, Any],
) -> None:
    browser = Browser()
    browser.log_on(A, **steered)
    browser.poll(B)
    session = only(judged(browser.lines))
    assert (session.forced, [m.natural for m in session.meetings]) == (True, [False])


@pytest.mark.parametrize(
    ("node", "origin", "reason"),
    [(None, OLD, "3"), (OLD, None, "3"), (None, B, None), (B, A, None), (B, OLD, "3")],
)
def test_a_replay_is_the_culprits_by_the_address_that_was_asked_or_by_its_own_word(
    node: str | None, origin: str | None, reason: str | None
) -> None:
    browser = Browser()
    browser.log_on(A)
    copy = dict(browser.jar)
    browser.refused(OLD)
    browser.bounced(node, reason=3, control=True, cookies=copy, origin=origin)
    incident = only(judged(browser.lines)).incident
    assert incident is not None and incident.reason == reason


def test_the_back_end_of_an_earlier_session_of_the_account_stands_for_one_that_saw_none() -> None:
    browser = Browser()
    browser.log_on(A)
    browser.poll(A, back_end=OLD)
    browser.log_off(A)
    browser.log_on(A)
    browser.refused(OLD)
    session = judged(browser.lines).sessions[1]
    assert session.incident is not None
    assert (session.back_end, session.incident.back_end) == (OLD, OLD)


def test_a_back_end_that_is_known_only_later_is_filled_in_at_the_end() -> None:
    browser = Browser()
    browser.log_on(A)
    browser.refused(OLD)
    browser.log_on(A)
    browser.poll(A, back_end=B)
    first = judged(browser.lines).sessions[0]
    assert first.incident is not None
    assert (first.back_end, first.incident.back_end) == (B, B)


def test_an_answer_without_evidence_is_unattributed_and_the_balancers_own_is_not() -> None:
    browser = Browser()
    browser.log_on(A)
    browser.poll(None)
    browser.poll(None, status=503)
    browser.poll(None, status=None, error="reset")
    found = judged(browser.lines)
    assert (found.hops, found.attributed, found.unattributed) == (4, 1, 1)


def test_the_end_may_be_asked_for_twice() -> None:
    browser = Browser()
    browser.log_on(A)
    browser.poll(A, body=Evidence())
    browser.refused(OLD, body=REFUSAL)
    detector = Detector()
    for line in browser.lines:
        detector.feed(line)
    assert detector.finish() == detector.finish()
