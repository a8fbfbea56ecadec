"""Falls if: the live matrix counts a session twice, keeps a cell that is no longer true, or loses one in a sum."""

from __future__ import annotations

from exsim.session.detector import Detector
from exsim.session.tally import TOTAL, Tally, combination, key_of, merged
from tests.session.dialogue import OLD, A, B, Browser


def row(sessions: int, lost: int) -> dict[str, int]:
    return {"sessions": sessions, "lost": lost}


def test_the_matrix_fills_as_the_run_goes_on() -> None:
    browser, detector, tally = Browser(), Detector(), Tally()
    browser.log_on(A)
    browser.poll(A)
    browser.poll(B, back_end=OLD)
    browser.refused(OLD)
    browser.refused(B)
    seen = []
    for line in browser.lines:
        detector.feed(line)
        tally.update(detector.changed())
        seen.append({key: dict(counts) for key, counts in tally.counts.items()})
    assert seen[0] == {TOTAL: row(0, 0)}
    assert seen[1] == {TOTAL: row(1, 0)}
    assert seen[2] == {TOTAL: row(1, 0), key_of(A, A, None): row(1, 0)}
    assert seen[3] == {
        TOTAL: row(1, 0),
        key_of(A, A, OLD): row(1, 0),
        key_of(A, B, OLD): row(1, 0),
    }
    assert seen[4] == {**seen[3], TOTAL: row(1, 1), key_of(A, OLD, OLD): row(1, 1)}
    assert seen[5] == seen[4]


def test_telling_the_same_sessions_again_changes_nothing() -> None:
    browser, detector, tally = Browser(), Detector(), Tally()
    browser.log_on(A)
    browser.poll(B)
    for line in browser.lines:
        detector.feed(line)
    sessions = detector.changed()
    assert detector.changed() == []
    tally.update(sessions)
    once = {key: dict(counts) for key, counts in tally.counts.items()}
    tally.update(sessions)
    assert tally.counts == once


def test_control_sessions_and_forced_meetings_stay_out() -> None:
    control, forced = Browser(1, control=True), Browser(2)
    tally = Tally()
    for browser, fields in ((control, {}), (forced, {"forced": True})):
        browser.log_on(A, **fields)
        browser.poll(B, **fields)
        detector = Detector()
        for line in browser.lines:
            detector.feed(line)
        tally.update(detector.finish().sessions)
    assert tally.counts == {TOTAL: row(1, 0)}


def test_workers_add_up() -> None:
    one = {TOTAL: row(3, 1), key_of(A, B, OLD): row(2, 1)}
    two = {TOTAL: row(4, 0), key_of(A, B, OLD): row(1, 0), key_of(A, A, None): row(1, 0)}
    assert merged([one, two]) == {
        TOTAL: row(7, 1),
        key_of(A, B, OLD): row(3, 1),
        key_of(A, A, None): row(1, 0),
    }
    assert merged([]) == {TOTAL: row(0, 0)}
    assert one[TOTAL] == row(3, 1)


def test_a_key_is_read_back_and_says_what_is_not_known() -> None:
    assert combination(key_of(A, None, OLD)) == (A, "?", OLD)
