"""Locust's own command on a farm that is somebody else's.

Falls if: its accounts are not checked before the load, both together are more than the limits allow, refused ones do not end it, nobody watches the servers, or a live
session is left behind.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from exsim.runs.directory import open_run
from exsim.session.hop import Hop, Mark
from tests.lab.outside import Stranger, stranger
from tests.lab.runs import ROOT

pytestmark = [pytest.mark.lab, pytest.mark.slow]
LOCUST = [sys.executable, "-m", "locust", "-f", str(ROOT / "locustfiles" / "owa.py"), "--headless"]


@pytest.fixture(scope="module")
def farm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stranger]:
    with stranger(tmp_path_factory.mktemp("locust"), count=6) as made:
        yield made


def locust(path: Path, *words: str) -> tuple[int, str, list[Hop], list[Mark]]:
    environment = {**os.environ, "EXSIM_SCENARIO": str(path), "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [*LOCUST, *words], env=environment, cwd=path.parent, capture_output=True, text=True,
        timeout=90, check=False,
    )  # fmt: skip
    assert "Traceback" not in done.stderr, done.stderr
    lines = list(open_run("mail", path.parent / "reports").history())
    hops = [line for line in lines if isinstance(line, Hop)]
    return done.returncode, done.stderr, hops, [line for line in lines if isinstance(line, Mark)]


def test_accounts_are_checked_and_sessions_given_back(farm: Stranger) -> None:
    path = farm.scenario(
        farm.of("2016", 2), session={"polls": 60, "logons": 1}, limits={"requests_per_second": 20}
    )
    code, said, hops, marks = locust(path, "-t", "6s")
    assert code in (0, 1), said
    sent = sorted(hop.t for hop in hops)
    assert all(later - sooner >= 0.99 for sooner, later in zip(sent, sent[20:], strict=False))
    load = next(mark.t for mark in marks if mark.what == "load_started")
    checked = [mark for mark in marks if mark.what == "account_checked"]
    assert [mark.facts["status"] for mark in checked] == ["accepted"] * 2
    assert all(mark.t < load for mark in checked)
    assert [mark.facts["sessions"] for mark in marks if mark.what == "logged_off"] == [2]
    assert any(hop.step == "health" for hop in hops), "the servers' health is looked at"


def test_whoever_ends_locust_in_the_midst_of_a_test_leaves_no_session_behind(
    farm: Stranger,
) -> None:
    path = farm.scenario(farm.of("2016", 2), session={"polls": 600, "logons": 1})
    environment = {**os.environ, "EXSIM_SCENARIO": str(path), "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        LOCUST, env=environment, cwd=path.parent, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True
    ) as process:  # fmt: skip
        assert process.stderr is not None
        for line in process.stderr:
            if "All users spawned" in line:
                break
        time.sleep(1.5)
        process.terminate()
        rest = process.stderr.read()
    assert "Traceback" not in rest, rest
    lines = list(open_run("mail", path.parent / "reports").history())
    given = [one.facts for one in lines if isinstance(one, Mark) and one.what == "logged_off"]
    assert given == [{"sessions": 2, "unanswered": 0}]


def test_two_wrong_passwords_end_it_with_5_before_any_load(farm: Stranger) -> None:
    accounts = farm.of("2016", 3)
    before = farm.bad_passwords()
    path = farm.scenario(
        accounts, secrets={one.address: "not-the-Password-1" for one in accounts[:2]}
    )
    code, said, _, marks = locust(path, "-t", "4s")
    assert code == 5 and "2 accounts were refused" in said
    assert not [mark for mark in marks if mark.what == "load_started"]
    assert farm.bad_passwords() - before == {one.address: 1 for one in accounts[:2]}


def test_the_window_ends_it_with_5(farm: Stranger) -> None:
    path = farm.scenario(farm.of("2016", 1), limits={"window": "8s"}, load={"duration": "7s"})
    code, said, _, marks = locust(path, "-t", "40s")
    assert code == 5 and "the window of 8 s was over" in said, said
    assert open_run("mail", path.parent / "reports").read_run().stopped.startswith("the window")
    assert [mark for mark in marks if mark.what == "load_ended"]


def test_several_processes_are_refused(farm: Stranger) -> None:
    path = farm.scenario(farm.of("2016", 1))
    environment = {**os.environ, "EXSIM_SCENARIO": str(path), "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [*LOCUST, "--master", "-t", "3s"], env=environment, cwd=path.parent, capture_output=True,
        text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 2 and "passwords travel to no other one" in done.stderr
