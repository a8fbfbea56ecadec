"""Falls if: a cut that shortened a telephone's wait is not counted, or the end of a run is taken for one."""

from __future__ import annotations

from exsim.session.detector import Detector
from exsim.session.hop import Hop, Line, Mark
from exsim.session.records import Waits


def ping(user: int, took: float, **more: object) -> Hop:
    return Hop(
        "", 0.0, took, user, f"{user}.1", 1, "activesync", "ping", "POST /x", auth="basic", **more
    )  # type: ignore[arg-type]


def cut(user: int, was: float, now: float) -> Mark:
    return Mark("", 0.0, "heartbeat_cut", user, {"number": 1, "was": was, "is": now})


def told(*lines: Line) -> Waits | None:
    detector = Detector()
    for line in lines:
        detector.feed(line)
    return detector.finish().waits


def test_nobody_waited() -> None:
    assert told(Hop("", 0.0, 1.0, 1, "1.1", 1, "activesync", "sync", "POST /x")) is None


def test_waits_that_were_not_cut_are_told_as_such() -> None:
    assert told(ping(1, 480.0, status=200)) == Waits(devices=1, mean=480.0)


def test_cuts_are_counted_by_device_from_the_first_wait_to_the_last() -> None:
    lines = [
        ping(1, 60.0, status=504),
        cut(1, 480.0, 240.0),
        ping(1, 60.0, status=504),
        cut(1, 240.0, 120.0),
        ping(2, 30.0, status=200),
    ]
    assert told(*lines) == Waits(devices=2, cut=1, cuts=2, asked=480.0, left=120.0, mean=50.0)


def test_the_end_of_the_run_and_control_sessions_count_for_nothing() -> None:
    ended = ping(1, 5.0, error="abandoned", ended="abandoned")
    assert told(ping(1, 60.0, status=200), ended, ping(2, 1.0, status=200, control=True)) == Waits(
        devices=1, mean=60.0
    )


def test_a_mark_that_says_nothing_is_no_cut() -> None:
    broken = Mark("", 0.0, "heartbeat_cut", 1, {"number": 1, "was": None, "is": "soon"})
    assert told(broken, ping(1, 60.0, status=200)) == Waits(devices=1, mean=60.0)


def test_messages_that_a_server_took_are_counted() -> None:
    detector = Detector()
    for status in (200, 503, None):
        detector.feed(
            Hop("", 0.0, 1.0, 1, "1.1", 1, "activesync", "send_mail", "POST /x", status=status)
        )
    assert detector.finish().mails == 1
