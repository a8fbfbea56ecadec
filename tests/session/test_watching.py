"""What a load remembers while it goes on for days.

Falls if: answers that are wrong, or clients that are never let in, take memory without end; a finding of the worst kind
is not told at once because of that; or a judged history forgets one of them, or whose it was.
"""

from __future__ import annotations

from typing import Any

import pytest

from exsim.session import browser
from exsim.session.detector import Detector
from exsim.session.hop import Evidence, Hop, Line, Mark
from exsim.session.packed import Passing
from exsim.session.records import Finding

TRIES = 100
HEADERS = {"x-feserver": "EX1"}


def hop(name: str, t: float, status: int, **more: Any) -> Hop:
    return Hop(
        utc="", t=t, took=0.1, user=1, session=name, seq=1, protocol="ews", step="call",
        request="POST /EWS/Exchange.asmx", status=status, headers=HEADERS, conn=1, **more,
    )  # fmt: skip


def lines() -> list[Line]:
    """A client that tries again and again, and is never let in; some answers are errors, some another user's."""
    found: list[Line] = []
    for number in range(1, TRIES + 1):
        name, t = f"1.{number}", float(number)
        account = {"account": f"a{number}@isp.com.au", "number": number, "protocol": "ews"}
        found.append(Mark("", t, "logon", 1, account))
        found += [hop(name, t, 503), hop(name, t + 0.2, 401, auth="basic")]
        found.append(
            hop(name, t + 0.4, 401, auth="basic", body=Evidence(9, "answer", owner="other"))
        )
        found.append(Mark("", t + 0.6, "gave_up", 1, {"step": "call", "number": number}))
    return found


def test_a_load_remembers_the_last_of_them_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("exsim.session.identified.MOST_ATTEMPTS", 4)
    detector = Detector(sessions=Passing(), findings=False)
    told: list[Finding] = []
    detector.on_wrong_mailbox(told.append)
    for line in lines():
        detector.feed(line)
    assert len(told) == TRIES
    assert len(detector._identified._attempts) == 4
    assert len(detector._browsers[1].logons) == browser.MOST_LOGONS
    found = detector.finish()
    assert (found.findings, found.wrong_mailbox) == ([], [])


def test_a_history_that_is_judged_forgets_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("exsim.session.identified.MOST_ATTEMPTS", 4)
    detector = Detector()
    for line in lines():
        detector.feed(line)
    found = detector.finish()
    assert len(found.wrong_mailbox) == TRIES and len(found.findings) >= 2 * TRIES
    assert [one.account for one in found.shut_out] == [
        f"a{number}@isp.com.au" for number in range(1, TRIES + 1)
    ]
