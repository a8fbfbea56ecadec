"""Falls if: a lost session is missed, an innocent node is called the culprit, or its aftermath is incomplete."""

from __future__ import annotations

import pytest

from exsim.session.detector import Detector
from exsim.session.hop import Evidence
from exsim.session.records import Incident
from tests.session.dialogue import LOGON, OLD, A, B, Browser, judged, only


def lost(browser: Browser, **settings: float) -> Incident:
    session = only(judged(browser.lines, **settings))
    assert session.state == "lost"
    assert session.incident is not None
    return session.incident


def test_a_post_refused_with_live_cookies_is_an_incident() -> None:
    browser = Browser()
    browser.log_on(A)
    browser.poll(A, back_end=OLD)
    culprit = browser.refused(OLD, request_id="rid", client_request_id="crid", step="poll")
    found = lost(browser)
    assert (found.seq, found.sign, found.front_end) == (culprit.seq, "login_timeout", OLD)
    assert (found.login_front_end, found.back_end, found.step) == (A, OLD, "poll")
    assert (found.took_cookies, found.of_session, found.reason) == (True, None, None)
    assert (found.request_id, found.client_request_id, found.evidence) == ("rid", "crid", "header")
    assert found.age == pytest.approx(2.0)
    assert found.t == pytest.approx(culprit.arrived)


def test_a_redirect_to_the_logon_page_is_an_incident_though_its_end_is_a_plain_200() -> None:
    browser = Browser()
    browser.log_on(A)
    culprit = browser.bounced(OLD)
    browser.hop("GET /owa/auth/logon.aspx?reason=0", B, body=Evidence(is_="logon_page"))
    found = lost(browser)
    assert (found.seq, found.sign, found.reason) == (culprit.seq, "logon_redirect", "0")
    assert found.aftermath == []


@pytest.mark.parametrize(
    ("headers", "back_end"),
    [
        ({}, ""),
        ({"x-beserver": "EX16-01"}, "EX16-01"),
        ({"x-calculatedbetarget": "ex16-01.example.com"}, "EX16-01"),
        ({"x-calculatedbetarget": "ex16-01.example.com", "x-beserver": "EX16-02"}, "EX16-01"),
    ],
)
def test_a_refusal_that_names_a_back_end_was_passed_on_to_it(
    headers: dict[str, str], back_end: str
) -> None:
    for how in ("refused", "bounced"):
        browser = Browser()
        browser.log_on(A)
        getattr(browser, how)(OLD, headers=headers)
        assert lost(browser).passed_on == back_end, how


def test_data_that_is_a_logon_page_is_no_refusal_of_a_back_end() -> None:
    browser = Browser()
    browser.log_on(A)
    browser.poll(OLD, back_end=A, body=Evidence(is_="logon_page"))
    assert lost(browser).passed_on == ""


def test_a_logon_page_instead_of_data_is_an_incident() -> None:
    browser = Browser()
    browser.log_on(A)
    browser.poll(OLD, body=Evidence(is_="logon_page"))
    assert lost(browser).sign == "logon_page_as_data"


def test_one_bad_node_is_the_culprit_of_a_440_from_each() -> None:
    browser = Browser()
    browser.log_on(A)
    browser.poll(A)
    browser.refused(OLD)
    after = [browser.refused(node) for node in (A, B, OLD, B)]
    found = lost(browser)
    assert found.front_end == OLD
    assert found.aftermath == [hop.seq for hop in after]
    assert found.refusers == [OLD, A, B]


def test_requests_in_flight_with_the_same_cookies_are_aftermath_and_tell_the_reason() -> None:
    browser = Browser()
    browser.log_on(A)
    in_flight = browser.bounced(OLD, keep=False, conn=2)
    culprit = browser.refused(OLD)
    browser.arrive(in_flight)
    found = lost(browser)
    assert (found.seq, found.aftermath, found.reason) == (culprit.seq, [in_flight.seq], "0")


def test_of_two_answers_in_swapped_order_the_one_that_carried_cookies_is_the_culprit() -> None:
    browser = Browser()
    browser.log_on(A)
    culprit = browser.refused(OLD, keep=False)
    bare = browser.refused(B, cookies={}, set_cookies={})
    browser.arrive(culprit)
    found = lost(browser)
    assert (found.seq, found.front_end) == (culprit.seq, OLD)
    assert (found.aftermath, found.refusers) == ([bare.seq], [OLD, B])


def test_a_bare_redirect_from_before_the_logon_is_neither_loss_nor_aftermath() -> None:
    browser = Browser()
    opening = browser.bounced(B, keep=False)
    browser.log_on(A)
    browser.arrive(opening)
    browser.poll(A)
    assert only(judged(browser.lines)).state == "live"


def test_an_organisation_that_never_wipes_loses_the_session_once_and_leaves_its_cookies() -> None:
    browser = Browser()
    browser.log_on(A)
    culprit = browser.refused(OLD, wipes=False)
    again = browser.refused(OLD, wipes=False)
    browser.poll(A)
    browser.poll(A)
    found = judged(browser.lines)
    incident = only(found).incident
    assert incident is not None
    assert (incident.seq, incident.took_cookies) == (culprit.seq, False)
    assert incident.aftermath == [again.seq]
    assert [(f.kind, f.front_end) for f in found.findings] == [("rescued", A)]


def test_a_session_is_lost_once_and_a_new_logon_in_the_same_browser_can_be_lost_again() -> None:
    browser = Browser()
    for _ in range(2):
        browser.log_on(A)
        browser.refused(OLD)
        browser.refused(B)
        browser.bounced(A)
    sessions = judged(browser.lines).sessions
    assert [session.id for session in sessions] == ["17.1", "17.2"]
    for session in sessions:
        assert session.incident is not None
        assert len(session.incident.aftermath) == 2


def test_a_late_answer_that_deletes_the_new_sessions_cookies_names_the_old_session() -> None:
    browser = Browser()
    browser.log_on(A)
    late = browser.refused(OLD, keep=False)  # sent while the first session was live
    browser.log_off(A)
    browser.log_on(A)
    browser.poll(A)
    browser.arrive(late)
    after = browser.refused(B)
    first, second = judged(browser.lines).sessions
    assert (first.state, second.state) == ("ended", "lost")
    found = second.incident
    assert found is not None
    assert (found.seq, found.of_session, found.took_cookies) == (late.seq, "17.1", True)
    assert (found.front_end, found.aftermath) == (OLD, [after.seq])
    assert [m.front_end for m in second.meetings] == [A]
    assert not any(meeting.lost for meeting in second.meetings)


def test_the_log_off_that_arrives_after_the_next_logon_takes_that_one_away() -> None:
    browser = Browser()
    browser.log_on(A)
    late = browser.log_off(A, keep=False)
    browser.log_on(B)
    browser.arrive(late)
    second = judged(browser.lines).sessions[1]
    assert second.incident is not None
    assert (second.incident.sign, second.incident.of_session) == ("cookies_taken", "17.1")


def test_a_late_answer_to_what_is_aftermath_of_the_old_session_can_take_the_new_ones_cookies() -> (
    None
):
    browser = Browser()
    browser.log_on(A)
    late = browser.refused(OLD, keep=False, conn=2)
    browser.refused(OLD)
    browser.log_on(A)
    browser.arrive(late)
    first, second = judged(browser.lines).sessions
    assert first.incident is not None and second.incident is not None
    assert first.incident.aftermath == [late.seq]
    assert (second.incident.seq, second.incident.of_session) == (late.seq, "17.1")


def test_a_late_answer_takes_the_cookies_of_nobody_who_is_lost_already() -> None:
    browser = Browser()
    browser.log_on(A)
    late = browser.refused(OLD, keep=False)
    browser.log_off(A)
    browser.log_on(B)
    culprit = browser.refused(OLD, wipes=False)  # the jar still has them
    browser.arrive(late)
    detector = Detector()
    told = [one.seq for line in browser.lines for one in detector.feed(line)]
    assert told == [culprit.seq]


def test_cookies_that_are_set_for_nobody_begin_nothing() -> None:
    browser = Browser()
    browser.hop("GET /owa/", A, set_cookies={"cadata": "x", "cadataTTL": "y"})
    browser.poll(B)
    found = judged(browser.lines)
    assert (found.sessions, found.findings) == ([], [])


def test_one_deleted_cookie_of_the_five_is_enough() -> None:
    browser = Browser()
    browser.log_on(A)
    browser.hop(
        "POST /owa/x",
        OLD,
        440,
        body=Evidence(is_="refusal_440"),
        cookies={"cadataTTL": "an older one"},
        set_cookies={"cadataTTL": None},
        session="17.0",
    )
    found = lost(browser)
    assert (found.of_session, found.took_cookies) == ("17.0", True)


def test_a_renewed_expiry_of_the_old_session_among_the_new_cookies_excuses_the_refuser() -> None:
    browser = Browser()
    browser.log_on(A)
    late = browser.poll(A, keep=False, set_cookies={"cadataTTL": "renewed by the first"})
    browser.log_off(A)
    browser.log_on(B)
    browser.arrive(late)
    browser.refused(B)
    found = judged(browser.lines)
    second = found.sessions[1]
    assert second.incident is not None
    assert second.incident.of_session == "17.1"
    assert second.meetings == []
    assert [(f.kind, f.seq) for f in found.findings] == [("mixed_cookies", late.seq)]


def test_an_answer_that_deletes_without_refusing_takes_the_session_too() -> None:
    browser = Browser()
    browser.log_on(A)
    browser.poll(OLD, set_cookies={"cadata": None})
    assert lost(browser).sign == "cookies_taken"


def test_a_redirect_to_another_authority_loses_a_live_session_only() -> None:
    browser = Browser()
    browser.log_on(A)
    browser.hop("GET /owa/", OLD, 302, location="https://sts.example.com/adfs/ls")
    assert lost(browser).sign == "authority_redirect"


def test_a_loss_behind_a_balancer_that_strips_every_header_is_found_and_unattributed() -> None:
    browser = Browser()
    browser.log_on(None)
    browser.poll(None)
    browser.refused(None)
    browser.refused(None)
    found = judged(browser.lines)
    incident = only(found).incident
    assert incident is not None
    assert (incident.front_end, incident.refusers, incident.evidence) == (None, [], "")
    assert (found.attributed, found.unattributed, found.hops) == (0, 4, 4)
    assert only(found).meetings == []


def test_a_2010_node_that_meets_anothers_session_loses_it() -> None:
    browser = Browser(legacy=True)
    browser.log_on("EX10-01")
    browser.poll("EX10-01", set_cookies={"cadata": "renewed"})
    browser.poll("EX10-01")
    browser.refused("EX10-02")
    session = only(judged(browser.lines))
    assert (session.login_front_end, session.requests) == ("EX10-01", 3)
    assert [(m.front_end, m.lost) for m in session.meetings] == [
        ("EX10-01", False),
        ("EX10-02", True),
    ]
    assert session.incident is not None
    assert session.incident.front_end == "EX10-02"


def test_an_expiry_before_the_sessions_own_time_is_a_loss_and_says_so() -> None:
    browser = Browser()
    browser.log_on(A, private=False)
    browser.t += 600
    browser.bounced(OLD, reason=3)  # its clock is half an hour ahead
    found = lost(browser)
    assert (found.reason, found.front_end) == ("3", OLD)


def test_the_incident_is_told_once_and_when_its_answer_arrives() -> None:
    browser = Browser()
    browser.log_on(A)
    browser.refused(OLD)
    browser.refused(B)
    detector = Detector()
    told = [detector.feed(line) for line in browser.lines]
    assert [len(incidents) for incidents in told] == [0, 0, 1, 0]
    assert only(detector.finish()).incident is told[2][0]


def test_users_do_not_share_a_jar() -> None:
    one, two = Browser(1), Browser(2)
    for browser in (one, two):
        browser.log_on(A)
    one.refused(OLD)
    two.poll(OLD)
    mixed = [line for pair in zip(one.lines, two.lines, strict=True) for line in pair]
    assert [s.state for s in judged(mixed).sessions] == ["lost", "live"]


def test_a_location_of_the_service_itself_is_no_foreign_authority() -> None:
    browser = Browser()
    browser.log_on(A)
    browser.hop("GET /owa", A, 302, location="https://mail.example.com/owa/?x")
    assert only(judged(browser.lines)).state == "live"
    assert LOGON.startswith("https://mail.example.com/")


def test_an_answer_in_flight_that_was_served_after_the_wipe_rescues_nothing() -> None:
    browser = Browser()
    browser.log_on(A)
    in_flight = browser.poll(B, keep=False)
    browser.refused(OLD)
    browser.arrive(in_flight)
    assert judged(browser.lines).findings == []


def test_a_bare_refusal_sent_before_the_culprit_is_not_its_aftermath() -> None:
    browser = Browser()
    browser.log_on(A)
    browser.refused(B, cookies={}, set_cookies={})
    browser.refused(OLD)
    found = lost(browser)
    assert (found.aftermath, found.refusers) == ([], [OLD])


def test_the_reason_of_a_bare_request_is_not_that_of_the_loss() -> None:
    browser = Browser()
    browser.log_on(A)
    browser.refused(OLD)  # its clock is ahead; but a bare request is always told "no cookie"
    browser.bounced(OLD, reason=0)
    assert lost(browser).reason is None


def test_the_first_reason_that_the_culprit_gave_stays() -> None:
    browser = Browser()
    browser.log_on(A)
    late = browser.bounced(OLD, reason=2, keep=False)
    browser.bounced(OLD, reason=0)
    browser.arrive(late)
    assert lost(browser).reason == "0"


def test_2010_renews_by_a_new_cookie_and_that_moves_the_end() -> None:
    browser = Browser(legacy=True)
    browser.log_on("EX10-01", private=False)
    browser.t += 1000
    browser.poll("EX10-01", set_cookies={"cadata": "renewed"})
    browser.t += 1000
    browser.refused("EX10-02")
    assert lost(browser).front_end == "EX10-02"


def test_a_2010_session_may_be_told_by_its_sessionid_alone() -> None:
    browser = Browser(legacy=True)
    browser.log_on("EX10-01", set_cookies={"sessionid": "s"})
    browser.poll("EX10-01")
    browser.refused("EX10-02")
    assert (lost(browser).front_end, lost(browser).of_session) == ("EX10-02", None)
