"""One session told hop by hop.

Falls if: hops of others are told, or of its own left out; the culprit, the aftermath or the evidence go
unmarked; any kind of session cannot be shown; a server's words reach the terminal; a typing mistake is
more than a line.
"""

import pytest

from exsim.conduct import screen
from exsim.conduct.hop_lines import answer_words, columns_for, hop_line, shortened
from exsim.conduct.showing import as_text
from exsim.conduct.tale import ToldHop, tell
from exsim.runs.errors import RunError
from exsim.session.hop import Evidence
from tests.conduct import made_run
from tests.conduct.made_run import hop, kept, logged_on, lost, run_directory


def shown(folder, session="1.1", lines=None, **more):
    return as_text(run_directory(folder, lines, **more), session)


def test_a_lost_session_is_told_from_its_logon_to_the_proof(tmp_path):
    told = tell(run_directory(tmp_path), "1.1")
    assert [(one.hop.seq, one.front_end, one.mark) for one in told.hops] == [
        (1, "EXCH16", ""),
        (2, "EXCH16", ""),
        (3, "EXCH13", "culprit"),
        (4, "EXCH16", "aftermath"),
        (5, "EXCH16", "control"),
        (6, "EXCH13", "control"),
    ]


def test_the_header_says_who_when_where_and_what_became_of_it(tmp_path):
    text = " ".join(shown(tmp_path).split())
    assert text.startswith("Simulated Exchange, preset authcert_asymmetry. Session 1.1: user01@isp")
    assert "logged on at EXCH16, 2026-11-22 08:35:18.020 UTC; the mailbox is on 2016." in text
    assert "LOST after 0.20 s: EXCH13 took it (440 by a front end: no session was seen)." in text
    assert "EXCH13 could not read it (reason=0: not expired, not refused)." in text


def test_each_hop_is_a_line_and_the_culprits_says_so(tmp_path):
    lines = shown(tmp_path).splitlines()
    assert lines[-1].startswith(" next:  exsim show 1.1 ")
    assert all(len(line) <= screen.WIDEST for line in lines[:-1])  # the last holds a path
    start = next(i for i, line in enumerate(lines) if line.lstrip().startswith("time"))
    told = " ".join(" ".join(lines[start + 1 :]).split())
    assert "+0.000s logon POST /owa/auth.owa EXCH16 11 302 to /owa/; accepted" in told
    assert (
        "+0.200s service POST /owa/service.svc?action=FindItem EXCH13 12 440, and deletes" in told
    )
    assert told.count("◄ took the session") == 1
    assert "EXCH16 11 440 (aftermath)" in told
    assert "302 to the logon page (reason=0) (evidence: a copy)" in told
    assert "client-request-id c-1-3" in told and "request-id r-1-3" in told


@pytest.mark.parametrize("columns", [72, 79, 90, 98, 200])
def test_no_line_is_longer_than_the_terminal(tmp_path, monkeypatch, columns):
    monkeypatch.setenv("COLUMNS", str(columns + 1))
    for lines in (None, kept(1, 1.0)):
        said = shown(tmp_path / str(bool(lines)), lines=lines).splitlines()
        assert max(map(len, said[:-1])) <= min(columns, screen.WIDEST)  # the last holds a path


LOGGED_OFF = hop(
    1, 9, 2.0, "GET /owa/logoff.owa", 302, location="/owa/auth/signout.aspx", cookies=made_run.cookies(1)
)  # fmt: skip


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (kept(1, 1.0), "It was alive when the run ended."),
        (logged_on(1, 1.0, control=True, origin="EXCH16"), "A control at EXCH16 by itself"),
        (logged_on(1, 1.0, forced=True), "It was steered by the run"),
        ([*kept(1, 1.0), LOGGED_OFF], "It ended as its user wished, 1.0 s later."),
        (lost(culprit=""), "a node that no witness names took it"),
    ],
)
def test_any_kind_of_session_can_be_shown(tmp_path, lines, said):
    assert said in " ".join(shown(tmp_path, lines=lines).split())


def test_hops_of_other_users_are_not_kept(tmp_path):
    directory = run_directory(tmp_path)
    assert {one.hop.user for one in tell(directory, "2.1").hops} == {2}


def test_a_number_that_was_used_again_is_another_session(tmp_path):
    """A user who comes again is a new browser: it counts sessions and requests from one."""
    directory = run_directory(tmp_path, [*lost(1), *lost(1, t=5.0)])
    first, second = tell(directory, "1.1"), tell(directory, "1.1+")
    assert {one.hop.t < 5 for one in first.hops} == {True}
    assert {one.hop.t < 5 for one in second.hops} == {False}
    assert len(first.hops) == len(second.hops) == 6


def test_an_unknown_session_is_one_line_that_names_lost_ones_first(tmp_path):
    with pytest.raises(RunError) as caught:
        as_text(run_directory(tmp_path), "99.9")
    said = str(caught.value)
    assert "\n" not in said
    assert said.endswith("has no such session; lost: 1.1; not lost: 2.1")


def test_a_servers_words_do_not_steer_the_terminal(tmp_path):
    lines = [*logged_on(1, 1.0, "EX\x1b[2J13"), hop(1, 2, 1.1, "GET /owa/\x9b2J", 200)]
    text = shown(tmp_path, lines=lines)
    assert not {"\x1b", "\x9b"} & set(text)


@pytest.mark.parametrize(
    ("status", "answer", "words"),
    [
        (200, {}, "200"),
        (None, {"error": "reset", "ended": "unanswered"}, "no answer (reset)"),
        (302, {"location": "https://other.example/"}, "302 to /"),
        (449, {}, "449; 449: the canary was refused"),
        (200, {"error": "truncated", "ended": "truncated"}, "200; the answer broke off"),
        (200, {"ended": "closed"}, "200; closed by the page itself"),
    ],
)
def test_an_answer_in_words(status, answer, words):
    assert answer_words(hop(1, 2, 1.0, "POST /owa/service.svc", status, **answer)) == words


def test_the_channels_of_outlook_in_words():
    values = {"protocol": "outlook_anywhere", "ended": "closed"}
    into = hop(1, 2, 1.0, "RPC_IN_DATA /rpc/rpcproxy.dll", None, **values)
    assert answer_words(into) == "no answer, which is well; closed by the client itself"
    out = hop(
        1, 3, 1.0, "RPC_OUT_DATA /rpc/rpcproxy.dll", 200, body=Evidence(is_="accepted"), **values
    )
    assert answer_words(out) == "200: here the session begins; closed by the client itself"


def test_a_long_request_keeps_its_method_and_its_end():
    assert shortened("GET /owa/prem/15.1/scripts/boot.js", 16) == "GET …pts/boot.js"
    told = ToldHop(hop(1, 2, 1.0, "GET /" + "x" * 500 + "/end", 200), "N" * 40)
    line = hop_line(told, 0.0, columns_for([told]))
    assert "/end" in line and "GET …" in line
