"""Falls if: some order of answers makes the detector count a loss twice, miss one, or stumble."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from exsim.session.detector import Detector
from exsim.session.hop import Evidence, Hop, Line, Mark
from exsim.session.records import Findings
from exsim.session.signs import hop_class, read
from exsim.session.tally import TOTAL, Tally
from tests.session.dialogue import OLD, A, B, Browser, only, shared

NODES = st.sampled_from([A, B, OLD, None])
ACTS = st.sampled_from(["log_on", "poll", "refused", "bounced", "log_off", "renewed", "replay"])
STEPS = st.lists(st.tuples(ACTS, NODES, st.integers(0, 4), st.booleans()), max_size=30)


def dialogue(steps: list[tuple[str, str | None, int, bool]]) -> list[Line]:
    """A browser's life: each answer arrives up to four requests late, and refusals wipe or do not."""
    browser = Browser()
    waiting: list[tuple[int, Hop]] = []
    for number, (act, node, late, wipes) in enumerate(steps):
        for hop in [hop for due, hop in waiting if due <= number]:
            browser.arrive(hop)
        waiting = [(due, hop) for due, hop in waiting if due > number]
        fields: dict[str, Any] = {"keep": late == 0}
        if act in ("refused", "bounced"):
            fields["wipes"] = wipes
        if act == "renewed":
            act, fields["set_cookies"] = "poll", {"cadataTTL": f"renewed-{number}"}
        if act == "replay":
            act, fields["control"] = "bounced", True
            fields["set_cookies"] = {}
        hop = getattr(browser, act)(node, **fields)
        if late:
            waiting.append((number + late, hop))
    return browser.lines


def run(lines: list[Line]) -> tuple[Findings, list[str]]:
    detector = Detector()
    told = [incident.session for line in lines for incident in detector.feed(line)]
    return detector.finish(), told


@settings(max_examples=100, deadline=None)
@given(STEPS)
def test_answers_that_share_their_headers_are_judged_as_if_they_did_not(
    steps: list[tuple[str, str | None, int, bool]],
) -> None:
    usual = [("poll", A, 0, True), ("poll", A, 0, True)]  # among what is not
    lines = dialogue([("log_on", A, 0, True), *(one for step in steps for one in (step, *usual))])
    assert run(shared(lines)) == run(lines)


def test_a_renewal_in_an_answer_that_shares_its_headers_moves_the_end() -> None:
    browser = Browser()
    browser.log_on(A, private=False)
    browser.poll(A)
    browser.t += 1000
    browser.poll(A, set_cookies={"cadataTTL": "renewed"})
    browser.t += 1000
    browser.refused(A)
    assert only(run(shared(browser.lines))[0]).state == "lost"


@settings(max_examples=60, deadline=None)
@given(STEPS)
def test_live_and_later_agree_and_no_session_is_lost_twice(
    steps: list[tuple[str, str | None, int, bool]],
) -> None:
    lines = dialogue(steps)
    found, told = run(lines)
    assert (found, told) == run(lines)
    lost = [session for session in found.sessions if session.state == "lost"]
    assert sorted(told) == sorted(session.id for session in lost)
    assert len(set(told)) == len(told)
    assert [s for s in found.sessions if s.incident is not None] == lost
    assert len({session.id for session in found.sessions}) == len(found.sessions)


@settings(max_examples=60, deadline=None)
@given(STEPS)
def test_what_is_kept_of_a_session_is_consistent(
    steps: list[tuple[str, str | None, int, bool]],
) -> None:
    lines = dialogue(steps)
    found, _ = run(lines)
    hops = {line.seq: line for line in lines if isinstance(line, Hop)}
    tally = Tally()
    tally.update(found.sessions)
    assert tally.counts[TOTAL]["sessions"] == len(found.sessions)
    for session in found.sessions:
        met = [meeting.front_end for meeting in session.meetings]
        assert len(set(met)) == len(met)
        lost = [meeting for meeting in session.meetings if meeting.lost]
        assert len(lost) <= (session.incident is not None)
        if (found_loss := session.incident) is not None:
            culprit = hops[found_loss.seq]
            assert not culprit.control
            assert found_loss.seq not in found_loss.aftermath
            assert len(set(found_loss.aftermath)) == len(found_loss.aftermath)
            assert [m.front_end for m in lost] in ([], [found_loss.front_end])
            assert session.over == culprit.arrived
            if found_loss.took_cookies:
                assert None in culprit.set_cookies.values()


@settings(max_examples=50, deadline=None)
@given(STEPS)
def test_control_hops_change_nothing_that_is_counted(
    steps: list[tuple[str, str | None, int, bool]],
) -> None:
    lines = dialogue(steps)
    without = [line for line in lines if not (isinstance(line, Hop) and line.control)]
    all_found, told = run(lines)
    found, told_without = run(without)
    for findings in (all_found, found):
        for session in findings.sessions:
            if session.incident is not None:
                session.incident.reason = None  # all that a replay may tell
    assert (all_found, told) == (found, told_without)


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from([A, B]), st.lists(st.sampled_from([A, B, OLD]), max_size=6)))
)
def test_one_node_that_cannot_read_is_found_behind_every_loss(
    sessions: list[tuple[str, list[str]]],
) -> None:
    browser = Browser()
    expected = []
    for login, visits in sessions:
        browser.log_on(login)
        for node in visits:
            if "cadata" in browser.jar and node != OLD:
                browser.poll(node)
            else:
                browser.refused(node)
        expected.append("lost" if OLD in visits else "ended")
    found, _ = run(browser.lines)
    if expected and expected[-1] == "ended":
        expected[-1] = "live"
    assert [session.state for session in found.sessions] == expected
    for session, (login, visits) in zip(found.sessions, sessions, strict=True):
        assert session.login_front_end == login
        if session.incident is not None:
            after = visits[visits.index(OLD) :]
            assert session.incident.front_end == OLD
            assert session.incident.refusers == list(dict.fromkeys(after))
            assert [m.front_end for m in session.meetings if m.lost] == [OLD]


TEXT = st.text(max_size=12)
NAMES = st.sampled_from(["cadata", "cadataTTL", "sessionid", "UC", "LB01"])
HOPS = st.builds(
    Hop,
    utc=st.just(""),
    t=st.floats(0, 100),
    took=st.floats(0, 10),
    user=st.integers(0, 2),
    session=st.sampled_from(["0.0", "1.1", "2.7", "", "x"]),
    seq=st.integers(0, 50),
    protocol=st.just("owa"),
    step=TEXT,
    request=st.sampled_from(["POST /owa/auth.owa", "GET /owa/", "GET /owa/logoff.owa", "POST /x"])
    | TEXT,
    status=st.none() | st.sampled_from([200, 302, 440, 449, 500, 503]) | st.integers(-5, 1000),
    location=st.none() | TEXT | st.just("https://x/owa/auth/logon.aspx?reason=3"),
    cookies=st.dictionaries(NAMES, st.sampled_from(["a", "b", ""]), max_size=4),
    set_cookies=st.dictionaries(NAMES, st.sampled_from(["a", "b", "", None]), max_size=4),
    headers=st.dictionaries(
        st.sampled_from(["x-feserver", "x-diaginfo", "x-beserver", "x-lb-server"]), TEXT
    ),
    body=st.builds(Evidence, is_=TEXT | st.just("logon_page"), owner=st.none() | st.just("other")),
    head=st.none() | st.floats(0, 5),
    error=st.none() | st.just("reset"),
    origin=st.none() | TEXT,
    control=st.booleans(),
)
MARKS = st.builds(
    Mark,
    utc=st.just(""),
    t=st.floats(0, 100),
    what=st.sampled_from(["user", "logon", "logoff", "hang", "redirect_loop", "reload", "x"]),
    user=st.integers(0, 2),
    facts=st.dictionaries(
        st.sampled_from(["session", "number", "control", "private", "account", "step"]),
        st.none() | st.integers(0, 3) | st.booleans() | st.sampled_from(["1.1", "a"]),
    ),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(HOPS | MARKS, max_size=25))
def test_no_history_however_absurd_makes_the_detector_raise(lines: list[Line]) -> None:
    found, told = run(lines)
    assert sum(s.state == "lost" and not s.control for s in found.sessions) == len(told)
    for line in lines:
        if isinstance(line, Hop):
            read(line)
            assert hop_class(line) in {"served", "refused", "refused_bare", "benign", "none"}
