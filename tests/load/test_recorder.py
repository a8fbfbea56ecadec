"""Where every line of a history passes.

Falls if: a line is judged before it is written, a control hop reaches Locust's statistics, a loss is not
told with the cookies that its culprit was shown, or more copies are made of one combination than are meant.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from exsim.load.proving import EACH, Proving
from exsim.load.recorder import Loss, NoAnswer, Recorder, SessionLost
from exsim.load.worker import Worker
from exsim.protocols.flow import CookieLine
from exsim.runs.history import HistoryWriter, read_history
from exsim.session.browser import REMEMBERED
from exsim.session.detector import Detector
from exsim.session.hop import Evidence, Hop
from exsim.session.packed import Passing
from exsim.session.tally import TOTAL
from tests.conduct.made_run import TO_LOGON, hop, kept, lost
from tests.load.orders import orders
from tests.session.calls import Caller


@pytest.fixture
def recorder(tmp_path: Path) -> Iterator[Recorder]:
    with HistoryWriter(tmp_path / "w0.jsonl") as history:
        yield Recorder(history, Detector())


def written(recorder: Recorder) -> list[Any]:
    recorder.history.flush()
    return list(read_history(recorder.history.path.parent))


def test_every_line_is_kept_as_it_came(recorder: Recorder) -> None:
    lines = [*lost(), *kept()]
    for line in lines:
        recorder.take(line)
    assert len(written(recorder)) == len(lines)
    assert recorder.hops == sum(isinstance(line, Hop) for line in lines)
    assert recorder.lost == 1
    assert recorder.counts()[TOTAL] == {"sessions": 2, "lost": 1}


def test_a_load_counts_sessions_that_were_over_before_it_first_looked(tmp_path: Path) -> None:
    with HistoryWriter(tmp_path / "w0.jsonl") as history:
        recorder = Recorder(history, Detector(sessions=Passing()))
        caller = Caller("ews")
        for _ in range(3 * REMEMBERED):
            caller.begin()
            caller.call("EX16")
        for line in caller.lines:
            recorder.take(line)
        assert recorder.counts()[TOTAL] == {"sessions": 3 * REMEMBERED, "lost": 0}
        assert len(recorder.tally._entered) <= REMEMBERED + 1


def test_a_line_is_written_before_anything_judges_it(recorder: Recorder) -> None:
    def breaks(line: object) -> None:
        raise RuntimeError("the detector broke")

    recorder.detector.hop = breaks  # type: ignore[assignment, method-assign]
    with pytest.raises(RuntimeError):
        recorder.take(hop(1, 1, 0.1, "GET /owa/", 302))
    assert len(written(recorder)) == 1


def test_locust_is_told_of_losses_and_of_silence_and_never_of_control_hops(
    recorder: Recorder,
) -> None:
    told: list[dict[str, Any]] = []
    recorder.fire = lambda **facts: told.append(facts)
    for line in [*lost(), hop(9, 1, 3.0, "GET /owa/", None, None, error="reset")]:
        recorder.take(line)
    failures = [one["exception"] for one in told if one["exception"]]
    assert [type(one) for one in failures] == [SessionLost, NoAnswer]
    assert str(failures[0]) == "EXCH13: login_timeout"
    assert "proof" not in {one["name"] for one in told}
    assert {one["request_type"] for one in told} == {"OWA"}
    assert told[0]["response_time"] == pytest.approx(20.0)  # milliseconds


def test_where_only_locust_counts_it_is_fired_for_failures_alone(recorder: Recorder) -> None:
    told: list[dict[str, Any]] = []
    noted: list[Hop] = []
    recorder.fire, recorder.note = lambda **facts: told.append(facts), noted.append
    lines = [*lost(), hop(9, 1, 3.0, "GET /owa/", None, None, error="reset")]
    for line in lines:
        recorder.take(line)
    assert [type(one["exception"]) for one in told] == [SessionLost, NoAnswer]
    counted = [line for line in lines if isinstance(line, Hop) and not line.control]
    assert len(noted) + len(told) == len(counted)


def passed(recorder: Recorder, line: Any, cookies: CookieLine, client: object = None) -> None:
    """A line as the driver passes it on: a hop with its exchange, where the sink of hops asks for more."""
    followed: Any = SimpleNamespace()
    recorder.follow(followed)
    if not isinstance(line, Hop):
        recorder.take(line)
    elif followed.hop_sink(line):
        request = SimpleNamespace(cookies=cookies, account="user01@isp.com.au")
        exchange: Any = SimpleNamespace(request=request, task=SimpleNamespace(client=client))
        followed.on_more(exchange, line)


def test_a_loss_is_told_with_the_cookies_that_its_culprit_was_shown(recorder: Recorder) -> None:
    losses: list[Loss] = []
    recorder.on_loss = losses.append
    for line in lost():
        seq = line.seq if isinstance(line, Hop) else 0
        passed(recorder, line, CookieLine({"cadata": f"of hop {seq}"}))
    (one,) = losses
    assert (one.incident.seq, one.incident.front_end) == (3, "EXCH13")
    assert one.cookies.values == {"cadata": "of hop 3"}
    assert one.account == "user01@isp.com.au"


def test_a_logon_is_told_of_whether_it_was_accepted_or_refused(recorder: Recorder) -> None:
    accepted: list[tuple[int, str]] = []
    refused: list[str] = []
    recorder.on_logon = lambda user, account: accepted.append((user, account))
    recorder.on_refusal = refused.append
    for line in lost():
        passed(recorder, line, CookieLine({}))
    again = hop(1, 9, 3.0, "POST /owa/auth.owa", 302, step="logon_again", location=TO_LOGON)
    passed(recorder, again, CookieLine({}))
    assert (accepted, refused) == ([(1, "user01@isp.com.au")], ["user01@isp.com.au"])


def test_a_few_losses_of_each_pair_of_front_ends_are_proved() -> None:
    started: list[str] = []
    client: Any = SimpleNamespace(run=lambda flow, name: started.append(name) or flow.close())
    worker: Any = SimpleNamespace(order=orders()[0])
    proving = Proving(worker)

    def lose(login: str | None, culprit: str | None) -> None:
        incident: Any = SimpleNamespace(login_front_end=login, front_end=culprit, session="7.1")
        proving.prove(Loss(incident, client, CookieLine({}), ""))

    for _ in range(EACH + 4):
        lose("EXCH16", "EXCH13")
    assert len(started) == EACH
    lose("EXCH13", "EXCH16")
    assert len(started) == EACH + 1
    lose(None, "EXCH13")
    lose("EXCH16", None)
    assert len(started) == EACH + 1, "nothing can be shown where a front end is not known"


def test_an_answer_from_another_users_mailbox_ends_the_run_unless_it_is_told_to_go_on(
    tmp_path: Path,
) -> None:
    for goes_on, told in (
        (False, "an answer by EX16-01 came from another user's mailbox"),
        (True, ""),
    ):
        order = orders()[0]
        load = msgspec.structs.replace(order.load, stop_at_wrong_mailbox=not goes_on)
        worker = Worker(msgspec.structs.replace(order, load=load, directory=str(tmp_path)))
        caller = Caller("ews", authentication="none")
        caller.hop("EX16-01", body=Evidence(is_="answer", owner="own"))
        for line in caller.lines:
            worker.recorder.take(line)
        assert (worker.why, worker.by_rule, worker.stopping.is_set()) == (told, not goes_on, not goes_on)  # fmt: skip
        worker.close()


def test_only_browsers_cookies_are_shown_to_other_nodes(recorder: Recorder) -> None:
    shown: list[Loss] = []
    recorder.on_loss = shown.append
    caller = Caller("mapi_http")
    caller.begin()
    caller.connect("EX16-01")
    caller.refused("EX16-02", "bound")
    for line in caller.lines:
        recorder.take(line)
        if isinstance(line, Hop):
            recorder._after(SimpleNamespace(request=None, task=None), line)  # type: ignore[arg-type]
    assert (recorder.lost, shown) == (1, [])
