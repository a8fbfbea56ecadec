"""What is told while a run goes on, where there is no terminal.

Falls if: losses that were steered are told as the load's; a rate is told before there is one, or one of a phase that is over;
or whoever watches is not told which load process has fallen silent, or what a load waits for.
"""

from exsim.conduct.view import LiveView, Progress
from exsim.session.tally import TOTAL


def news(phase, t, hops, sessions=0, lost=0):
    return {
        "event": "live", "worker": 0, "phase": phase, "t": t, "hops": hops, "users": 3, "lag": 0.0,
        "counts": {TOTAL: {"sessions": sessions, "lost": lost}},
    }  # fmt: skip


def test_steered_sessions_are_told_as_such():
    progress = Progress("the same behind cookie persistence")
    progress.take(news("main", 1.0, 10))
    assert progress.heading() == "the same behind cookie persistence"
    progress.take(news("unmask", 20.0, 10, 18, 6))
    assert progress.heading().startswith("the same behind cookie persistence, steered across")


def test_a_rate_is_told_only_where_there_is_one():
    progress = Progress("a run")
    progress.take(news("main", 1.0, 10))
    assert "requests/s" not in progress.line()
    progress.take(news("main", 2.0, 40))
    assert "30 requests/s" in progress.line()
    progress.take(news("unmask", 3.0, 5))
    assert "requests/s" not in progress.line()


def test_a_load_process_that_fell_silent_is_told_at_once_and_until_it_speaks_again(capsys):
    view = LiveView({"r": "a run"})
    for t in (1.0, 2.0):
        for worker in (0, 1):
            view.show({**news("main", t, 10 * t), "worker": worker, "run": "r"})
    capsys.readouterr()
    view.show({"event": "silent", "run": "r", "worker": 1, "since": 2.0})
    said = capsys.readouterr().err
    assert said.endswith("0 lost   load process 2 silent since 2 s\n")
    assert "10 requests/s" in said, "what one tells no news of is no rate"
    view.show({**news("main", 14.0, 400), "worker": 1, "run": "r"})
    assert "silent" not in view.runs["r"].line()


def test_what_a_load_waits_for_is_told_while_it_does():
    progress = Progress("a run")
    progress.take({**news("main", 4.0, 10), "waits": 38.2})
    assert progress.line().endswith("0 lost   waits 38 s for logons_per_minute")
    progress.take({**news("main", 43.0, 10), "waits": 0.0})
    assert "waits" not in progress.line()
