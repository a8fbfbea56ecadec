"""Falls if: what the balancer's log says of cut requests is lost or told without when, how long and why, or noise counts,
or a log that lacks lines is read as if it were whole."""

from __future__ import annotations

from pathlib import Path

import pytest

from exsim.conduct import judging
from exsim.conduct.lb_log import CUTS, MOST_CUTS, cut, is_noise, read_log
from tests.conduct.made_run import run_directory

EAS = "POST /Microsoft-Server-ActiveSync"


def test_cut_requests_are_told_by_flag_backend_and_path_the_most_frequent_first() -> None:
    cuts = {
        ("sD", "bk_oa", "RPC_OUT_DATA /rpc/rpcproxy.dll"): [(9.0, 60.4)],
        ("sH", "bk_eas", EAS): [(70.0, 60.0), (61.2, 60.0), (130.1, 60.1)],
    }
    assert cut(cuts) == [
        f"sH: {EAS} was cut 3 times, half of them within 60.0 s, first 61 s into the run; the node was "
        "silent for longer than timeout server allows (backend bk_eas)",
        "sD: RPC_OUT_DATA /rpc/rpcproxy.dll was cut 1 time, half of them within 60.4 s, first 9 s into the "
        "run; within the answer, the node was silent for longer than timeout server allows (backend bk_oa)",
    ]


@pytest.mark.parametrize(
    ("flags", "words"),
    [("DH", "its node was marked down"), ("DD", "on-marked-down shutdown-sessions"), ("KH", "shutdown sessions")],
)  # fmt: skip
def test_what_is_cut_because_its_node_went_is_told_from_a_time_that_was_over(
    flags: str, words: str, tmp_path: Path
) -> None:
    line = (
        "127.0.0.1:51848 [22/Nov/2026:06:07:22.518] ft~ bk_eas/exch13 0/0/0/-1/7000 502 73 - - "
        f'{flags}-- 1/1/0/0/0 0/0 "{EAS} HTTP/1.1"'
    )
    directory = run_directory(tmp_path)
    directory.lb_log.write_text(line + "\n")
    (told,) = read_log(directory).findings
    assert told.startswith(f"{flags}: {EAS} was cut 1 time") and words in told


def test_a_long_list_says_that_it_is_one() -> None:
    cuts = {(flags, backend, EAS): [(1.0, 1.0)] for flags in CUTS for backend in ("a", "b")}
    found = cut(cuts)
    assert len(found) == MOST_CUTS + 1 and found[-1] == "18 further kinds of cut requests"


@pytest.mark.parametrize(
    ("path", "noise"),
    [("/powershell", True), ("/PowerShell/?serializationLevel=Full", True), ("/ews/exchange.asmx", False)],
)  # fmt: skip
def test_what_administration_and_monitoring_ask_never_counts(path: str, noise: bool) -> None:
    assert is_noise(path) is noise


SERVED = (
    "127.0.0.1:51848 [22/Nov/2026:06:07:22.518] ft~ bk/exch13 0/0/0/1/7 200 73 - - "
    '---- 1/1/0/0/0 0/0 "POST /owa/service.svc HTTP/1.1"\n'
)


def test_lines_that_are_missing_are_told_wherever_the_log_is(tmp_path: Path) -> None:
    directory = run_directory(tmp_path)
    run = directory.read_run()
    run.balancer = "haproxy/roundrobin.cfg"
    directory.write_run(run)
    directory.lb_log.write_text(f"{SERVED}exsim: 12 lines are missing from this log\n")
    log = read_log(directory)
    said = "12 lines of it are missing (they came faster than they could be kept): it shows no more than the rest"
    assert (log.lines, log.missing, log.findings) == (1, 12, [said])
    judging.write(directory, judging.judged(directory))
    for report in (directory.report_text, directory.report_html):
        told = " ".join(report.read_text().split())
        assert f"the balancer's log: {said}" in told.replace("&#39;", "'")


def test_a_log_that_is_too_long_says_how_much_of_it_was_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("exsim.conduct.lb_log.MOST_LINES", 2)
    directory = run_directory(tmp_path)
    directory.lb_log.write_text(SERVED * 5 + "exsim: 1 lines are missing from this log\n")
    assert read_log(directory).findings == [
        "1 line of it is missing (they came faster than they could be kept): it shows no more than the rest",
        "only its first 2 requests were read; 3 lines after them were not",
    ]
