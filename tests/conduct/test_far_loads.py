"""Workers come to a master: waited for as long as the operator says, each told why it gets no order.

Falls if: the wait is not the scenario's or the command line's, who came too late is not counted, a worker that went away
while it waited is given a part of the load, one that is of another version, says nonsense or is one too many waits
for an order that never comes, or ends the listening for all the others.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import pytest

import exsim
from exsim.cli import build_parser, main
from exsim.conduct import far_loads, far_worker
from exsim.conduct.environment import EnvironmentProblem
from exsim.conduct.far import END, HELLO, Ended, Hello, Place
from exsim.conduct.far_loads import FarLoads
from exsim.conduct.running import Options, loads_for, read
from exsim.drive.channel import Channel, ChannelError, connected
from exsim.runs.errors import OperatorError
from exsim.runs.exits import Exit
from tests.load.orders import orders

SECRET = b"s" * 20
ROUND_ROBIN = Path(__file__).resolve().parents[2] / "scenarios" / "roundrobin.toml"


def until(happened: Callable[[], object]) -> None:
    end = time.monotonic() + 10
    while not happened():
        assert time.monotonic() < end
        time.sleep(0.01)


@dataclass
class Meeting:
    """A master on a port of its own, and who comes to it."""

    loads: FarLoads
    said: list[str]
    stack: ExitStack = field(default_factory=ExitStack)

    def come(self, hello: bytes = msgspec.json.encode(Hello(exsim.__version__))) -> Channel:
        """A worker that says `hello`, and that the master knows of when this returns."""
        heard, known = len(self.said), self.loads._came.qsize()
        channel = connected("127.0.0.1", self.loads.port, SECRET, lambda count: b"n" * count, None)
        self.stack.callback(channel.close)
        channel.send(HELLO, hello)
        until(lambda: len(self.said) > heard or self.loads._came.qsize() > known)
        return channel


@pytest.fixture
def meeting(monkeypatch: pytest.MonkeyPatch) -> Iterator[Meeting]:
    monkeypatch.setattr(far_loads, "LOOK", 0.02)
    said: list[str] = []
    with FarLoads(Place("127.0.0.1", 0, SECRET), 2, said.append, 0.1) as loads:
        one = Meeting(loads, said)
        with one.stack:
            yield one


def test_who_did_not_come_is_counted_and_how_to_wait_longer_is_said(meeting: Meeting) -> None:
    meeting.come()
    with pytest.raises(EnvironmentProblem) as problem:
        meeting.loads.take(orders(2)[0])
    assert str(problem.value) == (
        "1 of 2 workers came within 0.1 s; --wait, or load.wait_for_workers in the scenario, gives them longer"
    )


def test_the_command_line_says_how_long_before_the_scenario_does(tmp_path: Path) -> None:
    path = tmp_path / "x.toml"
    path.write_text(
        ROUND_ROBIN.read_text()
        .replace("[load]", '[load]\nwait_for_workers = "5m"')
        .replace('"haproxy/', f'"{ROUND_ROBIN.parent}/haproxy/')
    )
    there = Place("127.0.0.1", 0, SECRET)
    for said, expected in ((None, 300), ("10m", 600), ("1.5", 1.5)):
        options = Options(master=there, wait=said)
        loads = loads_for(read(path, options), options)
        assert isinstance(loads, FarLoads)
        assert loads._wait == expected
    with pytest.raises(OperatorError, match="--wait: not a duration"):
        read(path, Options(master=there, wait="soon"))
    words = ["run", "x.toml", "--master", "--wait", "10m"]
    assert build_parser().parse_args(words).wait == "10m"


def test_a_worker_that_went_away_while_it_waited_is_not_given_a_part_of_the_load(
    meeting: Meeting,
) -> None:
    meeting.come().close()
    second, third = meeting.come(), meeting.come()
    taken = [meeting.loads.take(order) for order in orders(2)]
    for load, order in zip(taken, orders(2), strict=True):
        load.begin(order)
    frames = [one.receive() for one in (second, third)]
    assert all(frame is not None and frame.kind == "o" for frame in frames)
    assert " A worker that had come went away again\n" in meeting.said


OTHER = msgspec.json.encode(Hello("0.0.1"))


@pytest.mark.parametrize(
    ("hello", "why"),
    [
        (OTHER, f"it is exsim 0.0.1, the master is {exsim.__version__}"),
        (b"{", "it did not say who it is"),
        (b"[]", "it did not say who it is"),
    ],
)
def test_who_is_turned_away_hears_why_and_the_others_may_still_come(
    meeting: Meeting, hello: bytes, why: str
) -> None:
    frame = meeting.come(hello).receive()
    assert frame is not None and frame.kind == END
    assert msgspec.json.decode(frame.body, type=Ended) == Ended(int(Exit.ENVIRONMENT), why)
    assert meeting.said[-1] == f" Turned away: a worker; {why}\n"
    meeting.come(), meeting.come()
    meeting.loads.wait()


@pytest.mark.parametrize("late", [False, True], ids=["before the load", "in the middle of it"])
def test_a_worker_too_many_does_not_wait_for_the_end_of_the_run(
    meeting: Meeting, late: bool
) -> None:
    meeting.come(), meeting.come()
    extra = None if late else meeting.come()
    meeting.loads.wait()
    extra = meeting.come() if extra is None else extra
    with pytest.raises(ChannelError, match="turned this worker away: the run has its 2 workers"):
        far_worker._order(extra)


def test_a_knock_that_says_nothing_holds_nobody_up(meeting: Meeting) -> None:
    """As a probe of whether the port is open does."""
    with socket.create_connection(("127.0.0.1", meeting.loads.port)):
        pass
    meeting.come(), meeting.come()
    meeting.loads.wait()


def test_a_worker_s_patience_is_a_duration(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "secret").write_text("x" * 20)
    words = ["worker", "127.0.0.1:1", "--secret", str(tmp_path / "secret"), "--wait"]
    assert main([*words, "10 minutes"]) == 2
    assert capsys.readouterr().err.startswith("exsim: --wait 10 minutes: not a duration such as")
    assert main([*words, "0s"]) == 4
    assert "nobody listens there" in capsys.readouterr().err
