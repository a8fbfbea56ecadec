"""Falls if: what the balancer's log says of cut requests is lost or told without when, how long and why, or noise counts."""

from __future__ import annotations

from pathlib import Path

import pytest

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
