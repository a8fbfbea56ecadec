"""Two load processes against a target that keeps its own record, ended in the middle of their work.

Falls if: a request that the target saw is no hop or two, a hop has a status that the target did not send,
an answer that had arrived before the end is not in the history, or a hop without a status says neither an
error nor that it was abandoned.
"""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import msgspec
import pytest

from exsim.runs.history import History, read_history
from exsim.runs.order import WORKER_STRIDE, Order
from exsim.session.hop import Hop, Mark
from tests.lab.counting import CountingServer
from tests.load.orders import orders

pytestmark = pytest.mark.lab

ENOUGH = 150  # requests until it is in the middle of its work
ON_THE_WAY = 0.5  # seconds before the end: an answer so late may find nobody who reads it
BUSY = {"polls": 200, "think": 0.05, "logon_retries": 0}


def busy(order: Order, folder: Path, port: int, duration: float) -> Order:
    """The order for a target on `port`, with users that hardly think."""
    replace = msgspec.structs.replace
    return replace(
        order,
        directory=str(folder),
        url=f"http://mail.example:{port}",
        address=f"127.0.0.1:{port}",
        nodes={},
        started=time.time(),
        population=tuple(
            replace(one, session=msgspec.convert({**msgspec.to_builtins(one.session), **BUSY}, type(one.session)))
            for one in order.population
        ),
        load=replace(order.load, duration=duration, spawn_rate=50.0, control=0),
        lab=True,
    )  # fmt: skip


def start(order: Order) -> subprocess.Popen[bytes]:
    process = subprocess.Popen(
        [sys.executable, "-m", "exsim.load"],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
    )
    assert process.stdin is not None
    process.stdin.write(order.as_json() + b"\n")
    process.stdin.flush()  # and it stays open: a lifeline
    return process


@pytest.mark.parametrize(
    ("ended", "code"),
    [pytest.param("by its time", 0, marks=pytest.mark.slow), ("by SIGTERM", 130)],
)
def test_every_request_is_one_hop_and_every_status_was_sent(
    tmp_path: Path, ended: str, code: int
) -> None:
    duration = 2.0 if ended == "by its time" else 60.0
    with CountingServer() as target:
        both = [start(busy(one, tmp_path, target.port, duration)) for one in orders(workers=2)]
        try:
            limit = time.monotonic() + 40
            while len(target.came) < ENOUGH and time.monotonic() < limit:
                time.sleep(0.05)
            if ended == "by SIGTERM":
                for one in both:
                    one.send_signal(signal.SIGTERM)
            codes = [one.wait(30) for one in both]
        finally:
            for one in both:
                one.kill()
                one.wait()
                assert one.stdin is not None
                one.stdin.close()
    assert codes == [code, code]
    assert len(list((tmp_path / "history").glob("w*.jsonl"))) == 2
    judge(tmp_path, target)


def phase_ends(history: History) -> list[Mark]:
    return [one for one in history if isinstance(one, Mark) and one.what == "phase_ended"]


def judge(folder: Path, target: CountingServer) -> None:
    history = read_history(folder / "history")
    hops = {hop.client_request_id: hop for hop in history if isinstance(hop, Hop)}
    assert history.torn == history.unreadable == 0
    assert len(target.came) == len(set(target.came)) >= ENOUGH
    sent = {number for number, hop in hops.items() if hop.error != "refused"}
    assert set(target.came) == sent, "every request that left is one hop, and no other is"
    with_status = {number for number, hop in hops.items() if hop.status is not None}
    assert with_status <= set(target.answered)
    # Who was kept from its processor, by its own word, read nothing meanwhile
    lag = {one.facts["worker"]: float(one.facts["lag"] or 0.0) for one in phase_ends(history)}
    end = max(hop.arrived for hop in hops.values())
    began = min(target.answered[one] - hops[one].arrived for one in with_status)
    for number in set(target.answered) - with_status:
        hop = hops[number]
        late = ON_THE_WAY + lag[hop.user // WORKER_STRIDE]
        assert hop.ended == "abandoned" and target.answered[number] > began + end - late
    without = [hop for hop in hops.values() if hop.status is None]
    assert without and all(hop.error or hop.ended == "abandoned" for hop in without)
    assert any(hop.ended == "abandoned" for hop in without), "it ended with requests in flight"
