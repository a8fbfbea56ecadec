"""What is kept of clients that sign in by HTTP, however long and however many of them run.

Falls if: an answer that comes long after its session begins another or hides a wrong mailbox, or who challenged a
connection is forgotten for other clients' sake.
"""

from __future__ import annotations

import pytest

from exsim.session.browser import REMEMBERED
from exsim.session.detector import Detector
from exsim.session.hop import Evidence
from exsim.session.identified import MOST_CONNECTIONS
from tests.session.calls import Caller
from tests.session.dialogue import A, B, judged

OTHER = Evidence(is_="answer", owner="other")


@pytest.mark.parametrize("later", [3, REMEMBERED, 3 * REMEMBERED])
def test_a_late_answer_of_a_session_long_gone_is_nobodys_but_for_a_wrong_mailbox(
    later: int,
) -> None:
    caller = Caller("ews")
    for _ in range(1 + later):
        caller.begin()
        caller.call(A)
    caller.call(A, session="17.1", body=OTHER)
    if later >= REMEMBERED:
        caller.call(A, session="17.1")
    caller.refused(B)
    detector = Detector()
    told = [one.session for line in caller.lines for one in detector.feed(line)]
    found = detector.finish()
    assert told == [found.sessions[-1].id]
    assert [one.session for one in found.wrong_mailbox] == ["17.1"]
    assert len(found.sessions) == 1 + later and found.sessions[-1].state == "lost"


@pytest.mark.parametrize("number", ["", "x", "²", "١", "-1", "9" * 5000])
def test_a_name_that_no_client_gives_its_session_is_read_as_any_other(number: str) -> None:
    caller = Caller("ews")
    for _ in range(2 + REMEMBERED):
        caller.begin()
        caller.call(A)
    caller.call(A, session=f"17.{number}")
    found = judged(caller.lines)
    assert [one.id for one in found.sessions][-1] == f"17.{number}"


def test_who_challenged_is_known_of_a_clients_last_connections_however_many_clients_there_are() -> (
    None
):
    callers = [Caller("outlook_anywhere", user) for user in range(1, 60)]
    for caller in callers:
        caller.begin()
        for conn in range(3 + MOST_CONNECTIONS):
            caller.challenged(A if conn < 3 else B, "ntlm_1", conn=conn)
    for caller in callers:
        caller.in_channel(None, conn=2 + MOST_CONNECTIONS)
        caller.in_channel(None, conn=2)
        caller.connect(A)
    lines = [line for caller in callers for line in caller.lines]
    found = judged(sorted(lines, key=lambda line: line.t))
    assert [[m.front_end for m in one.meetings] for one in found.sessions] == [[B]] * 59
    detector = Detector()
    for line in lines:
        detector.feed(line)
    held = {len(browser.challengers) for browser in detector._browsers.values()}
    assert held == {MOST_CONNECTIONS}
