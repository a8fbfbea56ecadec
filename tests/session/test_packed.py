"""Falls if: a session that is over is kept in full, is read back otherwise than it was, or out of its order; if a
change made in the end is lost; what is judged of many sessions differs from what is judged of the same in a list; or
a load that goes on for days holds the sessions of days, or counts otherwise because it does not.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import IO

import msgspec
import pytest

from exsim.session import packed
from exsim.session.browser import REMEMBERED
from exsim.session.detector import Detector
from exsim.session.hop import Line
from exsim.session.packed import Packed, Passing
from exsim.session.records import Findings, Incident, Meeting, Session
from exsim.session.tally import Tally
from tests.session.calls import Caller
from tests.session.dialogue import OLD, A, B, Browser, judged

BLOCK = 8


@pytest.fixture(params=["memory", "file"])
def file(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[IO[bytes] | None]:
    if request.param == "memory":
        yield None
        return
    with (tmp_path / "sessions").open("w+b") as opened:
        yield opened


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packed, "BLOCK", BLOCK)
    monkeypatch.setattr(packed, "FEW", 0)


def made(number: int, lost: bool = False) -> Session:
    one = Session(f"1.{number}", 1, "owa", number / 3, account="ä@example.com", requests=number)
    one.meetings.append(Meeting(A, number / 3, number, lost, natural=False))
    if lost:
        one.incident = Incident(
            one.id, 1, 0.1, "", number, "login_timeout", "poll", "GET /", A, B, None, refusers=[B]
        )
    return one


def test_sessions_are_read_back_as_they_are_and_in_the_order_in_which_they_began(
    file: IO[bytes] | None,
) -> None:
    whole = [made(number, lost=number % 3 == 0) for number in range(5 * BLOCK + 3)]
    kept = Packed(file)
    for session in whole:
        kept.append(session)
    assert list(kept) == whole
    for session in [*whole[::-2], *whole[1::4]]:  # in any order
        kept.settle(session)
        assert len(kept) == len(whole)
    assert list(kept) == whole == list(kept), "as often as wanted"
    assert [kept[number] for number in range(-len(whole), len(whole))] == whole * 2
    assert kept[3:-2:5] == whole[3:-2:5] and not kept[2:2]
    with pytest.raises(IndexError):
        kept[len(whole)]


def test_what_is_not_settled_may_still_change_and_what_is_may_be_amended(
    file: IO[bytes] | None,
) -> None:
    whole = [made(number) for number in range(3 * BLOCK + 2)]
    kept = Packed(file)
    for session in whole:
        kept.append(session)
    for session in whole[: BLOCK + 2]:
        kept.settle(session)
    whole[-1].requests = 99
    assert kept[-1].requests == 99

    def change(session: Session) -> bool:
        if session.requests % 2:
            session.state = "ended"
        return session.requests % 2 == 1

    kept.amend(change)
    states = ["ended" if session.requests % 2 else "live" for session in whole]
    assert [session.state for session in kept] == states
    for session in whole[BLOCK + 2 :]:
        kept.settle(session)
    kept.amend(lambda session: False)
    assert [session.state for session in kept] == states


def test_sessions_that_are_over_before_the_next_begins_are_kept_too(file: IO[bytes] | None) -> None:
    whole = [made(number) for number in range(2 * BLOCK + 3)]
    kept = Packed(file)
    for session in whole:
        kept.append(session)
        kept.settle(session)
    assert list(kept) == whole


def test_what_is_amended_while_it_is_followed_may_go_on_changing(file: IO[bytes] | None) -> None:
    whole = [made(number) for number in range(BLOCK - 2)]
    kept = Packed(file)
    for session in whole:
        kept.append(session)
    kept.settle(whole[0])
    kept.amend(lambda session: not setattr(session, "home", "2016"))
    whole[1].requests = 99
    assert [(one.home, one.requests) for one in kept][:2] == [("2016", 0), ("2016", 99)]


def test_sessions_that_are_over_go_to_the_file_once_and_it_is_closed_with_them(
    tmp_path: Path,
) -> None:
    whole = [made(number) for number in range(4 * BLOCK)]
    path = tmp_path / "sessions"
    file = path.open("w+b", buffering=0)
    kept = Packed(file)
    for session in whole:
        kept.append(session)
        kept.settle(session)
    size = path.stat().st_size
    for _ in range(3):
        kept.amend(lambda session: False)
    assert path.stat().st_size == size > 0
    assert len(list(kept)) == len(whole)
    del kept
    assert file.closed


def days(user: int, lives: int) -> Browser:
    """A user who is thrown out again and again; every third session he ends himself."""
    browser = Browser(user)
    for number in range(lives):
        browser.log_on(A)
        browser.poll(B, back_end=OLD if number > lives / 2 else "")
        browser.log_off() if number % 3 == 0 else browser.refused(OLD)
    return browser


def lines() -> list[Line]:
    steady = Browser(3)
    steady.log_on(B)
    for _ in range(400):
        steady.poll(A)
    caller = Caller("ews", 4)
    for _ in range(30):
        caller.begin()
        caller.handshake(A)
        caller.call(B, auth="bound")
    everybody = [*days(1, 60).lines, *days(2, 40).lines, *steady.lines, *caller.lines]
    return sorted(everybody, key=lambda line: getattr(line, "arrived", line.t))


def test_many_sessions_are_judged_as_few_are(
    file: IO[bytes] | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    many = judged(lines(), sessions=Packed(file))
    monkeypatch.setattr(packed, "FEW", 1000)
    monkeypatch.setattr(packed, "BLOCK", 1000)
    few = judged(lines())
    assert isinstance(many.sessions, Packed) and isinstance(few.sessions, list)
    assert len(few.sessions) == 131
    assert {session.state for session in few.sessions} == {"live", "lost", "ended"}
    assert list(many.sessions) == few.sessions
    assert plain(many) == plain(few)


def plain(found: Findings) -> object:
    return msgspec.to_builtins(msgspec.structs.replace(found, sessions=list(found.sessions)))


def test_what_is_held_in_full_grows_with_the_users_and_not_with_the_run() -> None:
    detector = Detector()
    held = []
    for count, line in enumerate(lines()):
        detector.feed(line)
        if count % 50 == 0:
            held.append(len(detector.sessions._open))
    assert max(held) <= 4 * (REMEMBERED + 1)
    settled = [block for block in detector.sessions._blocks if isinstance(block, tuple)]
    assert len(settled) >= 5, "a block that waits for one session waits alone"


def test_whoever_asks_what_changed_is_told_of_sessions_that_are_settled_too() -> None:
    detector = Detector()
    for line in days(1, 40).lines:
        detector.feed(line)
    assert [session.id for session in detector.changed()] == [f"1.{n}" for n in range(1, 41)]
    assert detector.changed() == []


@pytest.mark.parametrize("seldom", [1, 7, 100])  # lines between two looks
def test_a_load_holds_no_session_that_is_over_and_counts_all_of_them(seldom: int) -> None:
    watched, whole, tally, all_ = Detector(sessions=Passing()), Detector(), Tally(), Tally()
    watched.changed()
    held = []
    for count, line in enumerate([*lines(), *lines()[-1:]]):
        watched.feed(line)
        whole.feed(line)
        if count % seldom == 0:
            tally.update(watched.changed())
            tally.forget(watched.sessions.let_go())
            held.append((len(list(watched.sessions)), len(tally._entered)))
    for detector, its in ((watched, tally), (whole, all_)):
        its.update(detector.changed())
        its.forget(detector.sessions.let_go())
    assert tally.counts == all_.counts
    assert len(all_._entered) == 131, "kept sessions may be told of again"
    assert max(map(max, held)) <= 4 * (REMEMBERED + 1) + seldom
    assert watched.sessions.let_go() == []


def test_what_passes_is_told_as_long_as_somebody_follows_it() -> None:
    passing, first, second = Passing(), made(1), made(2)
    for session in (first, second):
        passing.append(session)
    passing.amend(lambda session: bool(setattr(session, "state", "ended")))
    passing.settle(first)
    assert (passing.told(), passing.let_go(), passing.let_go()) == ([second], [first.id], [])
    assert second.state == "ended"
