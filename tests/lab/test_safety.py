"""Runs on a farm that is somebody else's: what they ask of it, when they stop, and what they leave alone.

Falls if: a refused password is tried again beyond what was in flight, a run goes on when it must stop, says
nothing of why, asks for more than its limits in any phase or across two, leaves a live session behind, or tells nobody who it was.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from datetime import datetime

import pytest

from exsim.runs.directory import open_run
from exsim.session.hop import Hop, Mark
from tests.lab.outside import Stranger, stranger

pytestmark = [pytest.mark.lab, pytest.mark.slow]
WRONG = "not-the-Password-1"


@pytest.fixture(scope="module")
def farm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stranger]:
    with stranger(tmp_path_factory.mktemp("safety"), changing=(0, 3)) as made:
        yield made


def test_a_run_checks_its_accounts_first_says_who_it_is_and_logs_off(farm: Stranger) -> None:
    accounts = farm.of("2013", 2)
    wrong_home = {accounts[1].address: "2016"}
    path = farm.scenario(
        accounts, homes=wrong_home, population={"mailbox": "2013", "users": 1},
        session={"polls": 40, "logons": 1}, limits={"requests_per_second": 20, "users": 2},
    )  # fmt: skip
    told = farm.run(path)
    assert told.code == 3 and "0 of 1 session were lost" in told.out, told.everything
    assert "Each node directly" not in told.out, "a check is no control session at a node"
    run = told.directory.read_run()
    checked = {str(mark.facts["address"]): mark for mark in told.marks("account_checked")}
    assert [mark.facts["status"] for mark in checked.values()] == ["accepted"] * 2
    assert {mark.facts["home"] for mark in checked.values()} == {"2013"}
    assert any(accounts[1].address in note and "lives on 2013" in note for note in run.notes)
    assert {one["home"] for one in run.accounts} == {"2013"}
    # the check is over before the load begins
    load = told.marks("load_started")[0]
    assert all(mark.t < load.t for mark in checked.values())
    # the pace: never more than twenty in any second
    sent = sorted(hop.t for hop in told.hops)
    assert all(later - sooner >= 0.99 for sooner, later in zip(sent, sent[20:], strict=False))
    # the session that was alive at the end was given back
    assert told.marks("logged_off")[0].facts == {"sessions": 1, "unanswered": 0}
    assert [hop.step for hop in told.hops if hop.t > told.marks("load_ended")[0].t] == ["logoff"]


def test_check_and_load_together_keep_to_the_logons_a_minute_by_the_nodes_own_word(
    farm: Stranger,
) -> None:
    """Six of the check and four of the load are more than eight: two of the check have to be a minute ago."""
    before = {one.client_request_id for one in farm.confessions()}
    path = farm.scenario(
        farm.of("2016", 6), population={"users": 4}, session={"polls": 8, "logons": 1},
        limits={"logons_per_minute": 8},
    )  # fmt: skip
    reports = path.parent / "reports"
    with farm.started("run", path, "--reports", reports) as process:
        out, said = process.communicate(timeout=150)
    assert "0 of 4 sessions were lost" in words(out), out + said
    assert "By the schedule" not in out, "a load that begins later is not late"
    assert re.search(r"waits \d+ s for logons_per_minute", said), said
    at = sorted(
        datetime.fromisoformat(one.utc).timestamp()
        for one in farm.confessions()
        if one.path == "/owa/auth.owa" and one.client_request_id not in before
    )
    assert len(at) == 6 + 4
    assert all(later - sooner >= 59.9 for sooner, later in zip(at, at[8:], strict=False))
    lines = list(open_run(str(reports / "mail")).history())
    logons = [line for line in lines if isinstance(line, Hop) and line.step == "logon"]
    assert max(hop.late for hop in logons) < 1.0
    begun = [line.t for line in lines if isinstance(line, Mark) and line.what == "load_started"]
    assert begun and sum(hop.t > begun[0] for hop in logons) == 4


def test_two_wrong_passwords_in_the_file_end_it_before_any_load(farm: Stranger) -> None:
    accounts = farm.of("2016", 4)
    before = farm.bad_passwords()
    path = farm.scenario(accounts, secrets={one.address: WRONG for one in accounts[1:3]})
    told = farm.run(path)
    assert told.code == 5, told.everything
    assert "2 accounts were refused (wrong password or locked)" in words(told.out)
    assert not told.marks("load_started")
    assert len(told.marks("account_checked")) == 3, "the fourth is not even tried"
    bad = farm.bad_passwords() - before
    assert bad == {one.address: 1 for one in accounts[1:3]}


def test_a_password_that_changes_in_mid_run_and_a_wrong_one_in_the_file(farm: Stranger) -> None:
    """At most two bad attempts an account beyond what was in flight, then exit 5."""
    changing, other, wrong = farm.accounts[0], farm.accounts[1], farm.accounts[4]
    before = farm.bad_passwords()
    path = farm.scenario(
        [changing, other, wrong], secrets={wrong.address: WRONG}, load={"duration": "30s"},
        session={"polls": 60, "think": "300ms"}, population={"mailbox": "2016"},
    )  # fmt: skip
    reports = path.parent / "reports"
    with farm.started("run", path, "--reports", reports, "--quiet") as process:
        history = _wait_for(reports, process)
        time.sleep(1.0)
        farm.lab.change_passwords()
        out, said = process.communicate(timeout=60)
    assert process.returncode == 5, out + said
    assert "STOPPED" in out and "2 accounts were refused" in words(out), "and no node is blamed"
    bad = farm.bad_passwords() - before
    assert bad[wrong.address] == 1 and set(bad) == {wrong.address, changing.address}
    in_flight = 6  # connections of one browser
    assert bad[changing.address] <= in_flight + 2, bad
    assert history.exists()


def words(text: str) -> str:
    """A report's sentences without their line ends."""
    return " ".join(text.split())


def _wait_for(reports, process):
    """Until the load sends; the history of its main phase."""
    end = time.monotonic() + 40
    while time.monotonic() < end and process.poll() is None:
        for path in reports.glob("mail/*/history/w0.jsonl"):
            if b'"sessiondata"' in path.read_bytes():
                return path
        time.sleep(0.1)
    raise AssertionError(process.communicate(timeout=5))


def test_every_request_says_whose_it_is(farm: Stranger) -> None:
    """Seen by a listener of our own, since the nodes keep no log of it."""
    from tests.lab.leading import Server

    with Server(lambda request: (200, [], b"<html>not a logon page</html>")) as server:
        path = farm.scenario(farm.of("2016", 1), target=server.target())
        told = farm.run(path)
        asked = len(server.seen)
        assert farm.exsim("probe", path).code == 4
        probed = {one.header("user-agent").rpartition(" ")[2] for one in server.seen[asked:]}
        assert probed == {"run=probe"}
        del server.seen[asked:]
    assert told.code == 4, told.everything
    run = re.escape(told.directory.path.name)
    agents = {request.header("user-agent") for request in server.seen}
    assert len(agents) == 1
    assert re.search(rf"^Mozilla/5\.0 .* exsim/\S+ run={run}$", agents.pop())


def test_a_health_check_that_turns_red_ends_the_run(farm: Stranger) -> None:
    nodes = {name: f"http://{places['http']}" for name, places in farm.lab.nodes.items()}
    path = farm.scenario(
        farm.of("2016", 2), nodes=nodes, load={"duration": "40s"}, session={"polls": 100}
    )
    reports = path.parent / "reports"
    with farm.started("run", path, "--reports", reports, "--quiet") as process:
        _wait_for(reports, process)
        time.sleep(1.5)
        farm.lab.kill("EXCH13")
        try:
            out, said = process.communicate(timeout=60)
        finally:
            farm.lab.restart("EXCH13")
    assert process.returncode == 5, out + said
    assert "EXCH13's health check of owa turned red" in words(out)
    told = open_run(str(reports / "mail"))
    left = [one for one in told.history() if isinstance(one, Mark) and one.what == "logged_off"]
    assert sum(int(one.facts["sessions"] or 0) for one in left) >= 1


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        ({"users": 1}, "limits.users: 1: the scenario asks for 2 users; have fewer in [[population]]"),
        ({"window": "2s"}, "limits.window: 2: the scenario asks for 4 s (load.duration)"),
        ({"logons_per_minute": 3}, "limits.logons_per_minute: 3: the scenario asks for about"),
        ({"requests_per_second": 1}, "limits.requests_per_second: 1: the scenario asks for about"),
    ],
)  # fmt: skip
def test_a_limit_below_what_is_asked_is_one_line_and_nothing_is_sent(
    farm: Stranger, limits: dict[str, object], words: str
) -> None:
    path = farm.scenario(farm.of("2016", 2), limits=limits)
    told = farm.run(path)
    assert told.code == 2 and words in told.said, told.everything
    assert told.directory is None, "no run was begun"


def test_accounts_check_ends_at_the_second_refusal_and_says_what_it_was(farm: Stranger) -> None:
    accounts = farm.of("2016", 4)
    path = farm.scenario(accounts, secrets={one.address: WRONG for one in accounts[:2]})
    told = farm.exsim("accounts", "check", path)
    said = words(told.out)
    assert told.code == 5, told.everything
    for one in accounts[:2]:
        assert f"{one.address} refused: the password is wrong" in said
    assert "0 of 4 can be used. Stopped: 2 accounts were refused" in said and "2 not tried" in said


def test_accounts_check_tells_each_account_and_where_it_lives(farm: Stranger) -> None:
    good, wrong = farm.of("2013", 1)[0], farm.accounts[7]
    path = farm.scenario(
        [good, wrong], homes={good.address: "2016"}, secrets={wrong.address: WRONG},
        population={"mailbox": "2016", "users": 2},
    )  # fmt: skip
    told = farm.exsim("accounts", "check", path)
    said = words(told.out)
    assert told.code == 1, told.everything
    assert f"{good.address} logged on, and off again" in said
    assert "mailbox on EXCH13 (2013); accounts.csv says 2016" in said
    assert f"{wrong.address} refused: the password is wrong" in said
    assert "1 of 2 can be used." in said
    assert not list(path.parent.glob("reports"))
