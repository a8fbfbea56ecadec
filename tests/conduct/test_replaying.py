"""What a lost session is played again with.

Falls if: a request is left out or put in another order, a control hop or one after the culprit is played, a
session that was not lost is played, or another user's mailbox is taken without need.
"""

from __future__ import annotations

import json

import pytest

from exsim.conduct.environment import EnvironmentProblem
from exsim.conduct.replay_words import FORMAT, as_json, as_text
from exsim.conduct.replaying import Replayed, Wanted, account_of, replay, steps_of
from exsim.conduct.tale import tell
from exsim.protocols.owa.again import Trial
from exsim.runs.accounts import Account
from exsim.runs.errors import OperatorError, RunError
from tests.conduct.made_run import TARGET, run_directory

KEPT = Trial("accepted", asked=2)
LOST = Trial("accepted", "", 2, "EXCH13", 2, "POST /owa/service.svc", 440)
ELSEWHERE = Trial("accepted", "", 1, "EXCH16", 1, "GET /owa/", 302, "0")


@pytest.fixture
def run(tmp_path):
    return run_directory(tmp_path)


def test_the_steps_are_the_sessions_own_up_to_the_culprit(run):
    steps, left_out = steps_of(tell(run, "1.1"))
    assert [(one.method, one.target, one.node) for one in steps] == [
        ("GET", "/owa/", "EXCH16"),
        ("POST", "/owa/service.svc?action=FindItem&EP=1", "EXCH13"),
    ]
    assert left_out == 0
    assert [round(one.after, 3) for one in steps] == [0.0, 0.1]


def test_a_session_that_was_not_lost_is_not_played(run):
    with pytest.raises(RunError, match=r"2\.1: was not lost"):
        steps_of(tell(run, "2.1"))


@pytest.mark.parametrize("times", [0, -1, 51])
def test_a_number_of_times_is_a_number_of_times(run, times):
    with pytest.raises(OperatorError, match="-n"):
        replay(run, Wanted("1.1", times))


def test_without_a_standing_lab_one_line_says_how_to_have_one(run):
    with pytest.raises(
        EnvironmentProblem, match="the lab of made does not stand; start it with: exsim lab"
    ):
        replay(run, Wanted("1.1"))


def target_run(tmp_path, more=""):
    return run_directory(tmp_path, scenario=TARGET.format(more=more), rig="target",
                         url="https://mail.example.com")  # fmt: skip


def test_a_targets_accounts_are_asked_for(tmp_path):
    with pytest.raises(OperatorError, match="--scenario FILE"):
        replay(target_run(tmp_path), Wanted("1.1"))


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("https://mail.example.com", "gives no node's own address"),
        ("https://other.example.com", "target"),
    ],
)
def test_a_target_without_addresses_cannot_be_asked(tmp_path, url, problem):
    file = tmp_path / "mail.toml"
    text = TARGET.format(more="").replace("https://mail.example.com", url)
    file.write_text(text.replace('confirm = "mail.example.com"', f'confirm = "{url[8:]}"'))
    (tmp_path / "accounts.csv").write_text("email,logon,home,secret\n")
    with pytest.raises((OperatorError, EnvironmentProblem), match=problem):
        replay(target_run(tmp_path), Wanted("1.1", scenario=file))


def accounts(*pairs):
    return [Account(address, address, "2016", "x", node) for address, node in pairs]


@pytest.mark.parametrize(
    ("claimed", "there", "taken"),
    [
        ("EXCH16", [("user02@isp.com.au", "EXCH16"), ("user01@isp.com.au", "EXCH16")], "user01@isp.com.au"),
        ("EXCH16", [("user01@isp.com.au", "EXCH13"), ("user09@isp.com.au", "EXCH16")], "user09@isp.com.au"),
        ("", [("user02@isp.com.au", ""), ("user01@isp.com.au", "")], "user01@isp.com.au"),
        ("", [("user07@isp.com.au", "")], "user07@isp.com.au"),
    ],
)  # fmt: skip
def test_the_same_mailbox_is_taken_or_one_that_lives_likewise(tmp_path, claimed, there, taken):
    known = [
        {"address": "user01@isp.com.au", "home": "2016", **({"node": claimed} if claimed else {})}
    ]
    tale = tell(run_directory(tmp_path, accounts=known), "1.1")
    assert account_of(tale, accounts(*there)).address == taken


@pytest.mark.parametrize(
    ("trials", "says"),
    [
        ((LOST, LOST), "Always lost: 2 of 2 times, by EXCH13"),
        ((LOST, KEPT, KEPT), "A race: lost 1 of 3 times"),
        ((KEPT, KEPT), "Not lost again: 0 of 2 times"),
        ((Trial("error", "500"),), "Nothing can be said"),
        ((LOST, Trial("error", "500")), "Always lost: 1 of 1 time"),
    ],
)
def test_the_sentence_tells_a_race_from_a_rule(run, trials, says):
    tale = tell(run, "1.1")
    done = Replayed(tale, steps_of(tale)[0], trials)
    assert as_text(done).strip().startswith(says)
    assert json.loads(as_json(done))["conclusion"].startswith(says)


def test_a_long_path_goes_on_below(run, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    tale = tell(run, "1.1")
    there = "GET /owa/prem/15.1.669.32/scripts/globalize/preboot.js"
    text = as_text(
        Replayed(tale, steps_of(tale)[0], (Trial("accepted", "", 1, "EXCH16", 1, there, 302, "0"),))
    )
    assert there.partition(" ")[2] in text
    assert max(map(len, text.splitlines())) < 80


def test_a_loss_at_another_request_is_told_as_such(run):
    tale = tell(run, "1.1")
    done = Replayed(tale, steps_of(tale)[0], (LOST, ELSEWHERE))
    assert "lost, as before: EXCH13" in as_text(done)
    assert "lost, at request 1: EXCH16 answered GET /owa/ with 302, reason=0" in as_text(done)
    found = json.loads(as_json(done))
    assert found["format"] == FORMAT and found["lost"] == 2
    assert [one["as_before"] for one in found["trials"]] == [True, False]
