"""What the machine refuses: a disk that is full, a reader that went away, a stream that nobody opened, a folder in a file's place.

Falls if: a pipe in the place of a file that is made again holds somebody; or one of them ends in a traceback, in a code that means something else (1 is a verdict, 70 is our
fault), or in more than one line; or if a mistake's line can steer the terminal.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from exsim.cli import main
from tests.conduct.made_run import run_directory

EXAMPLE = Path(__file__).parents[2] / "reports" / "example"
FAIL, USAGE, ENVIRONMENT, INTERRUPTED = 1, 2, 4, 130


@pytest.fixture(autouse=True)
def signals() -> Iterator[None]:
    before = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)
    yield
    signal.signal(signal.SIGTERM, before[0])
    signal.signal(signal.SIGINT, before[1])


LITTLE_ROOM = "ulimit -f 4;"  # no file may have more than 4 KiB, which a disk that is full comes to


def shell(words: str, first: str = "") -> tuple[int, str]:
    """`exsim` with these words, in a shell that did `first`: its code, and what stood on standard error."""
    done = subprocess.run(
        ["bash", "-c", f'{first} "$0" -B -m exsim.cli {words}', sys.executable],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    return done.returncode, done.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs Linux")
@pytest.mark.parametrize(
    ("words", "code", "error"),
    [
        ("explain > /dev/full", ENVIRONMENT, "exsim: output: No space left on device\n"),
        ("report no.such 2> /dev/full", USAGE, ""),
        (f"report {EXAMPLE} >&-", 0, ""),
        ("report no.such 2>&-", USAGE, ""),
        ("explain | true; exit ${PIPESTATUS[0]}", INTERRUPTED, ""),
    ],
)
def test_a_stream_that_takes_nothing_does_not_change_what_the_code_says(words, code, error):
    assert shell(words) == (code, error)


def test_ctrl_c_while_the_verb_is_loaded_is_no_traceback(monkeypatch, capsys):
    def interrupted(words):
        signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr("exsim.cli.build_parser", interrupted)
    assert main(["explain"]) == INTERRUPTED
    assert capsys.readouterr().err == "exsim: interrupted\n"


@pytest.mark.skipif(sys.platform != "linux", reason="needs Linux")
def test_a_report_that_finds_no_room_names_the_run_and_the_former_one_stays_whole(tmp_path):
    directory = run_directory(tmp_path)
    directory.report_html.write_text("the former one")
    code, error = shell(f"analyze {directory.path}", LITTLE_ROOM)
    assert (code, error) == (ENVIRONMENT, f"exsim: {directory.path}: File too large\n")
    assert directory.report_html.read_text() == "the former one"
    assert not [path for path in directory.path.iterdir() if path.name.startswith(".")]


DERIVED = [
    "incidents.jsonl",
    "results.json",
    "report.txt",
    "report.html",
    "junit.xml",
    "matrix.csv",
]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no such pipes")
def test_a_pipe_in_the_place_of_what_is_made_again_holds_nobody(tmp_path, capsys):
    directory = run_directory(tmp_path)
    gates = ["gate.json", "gate.xml", "gate.md", "gate.txt"]
    places = [
        *(directory.path / name for name in [*DERIVED, *gates]),
        directory.path.parent / "latest.txt",
    ]
    for place in places:
        place.unlink(missing_ok=True)
        os.mkfifo(place)
    with limited(20):
        assert main(["runs", str(tmp_path)]) == 0
        assert "not judged" in capsys.readouterr().out
        assert main(["report", str(directory.path)]) == USAGE
        assert main(["report", "made", "--reports", str(tmp_path)]) == USAGE, "by latest.txt"
        assert main(["analyze", str(directory.path)]) == FAIL
        assert main(["gate", str(directory.path)]) == FAIL
        run_directory(tmp_path)
    assert all(place.is_file() and place.stat().st_size for place in places)


@contextmanager
def limited(seconds: int) -> Iterator[None]:
    """Whoever waits for so long is woken up, and has failed."""

    def fail(number, frame):
        raise AssertionError("it waits for a pipe")

    before = signal.signal(signal.SIGALRM, fail)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


@pytest.mark.parametrize("name", ["incidents.jsonl", "results.json", "history/w0.jsonl"])
def test_a_folder_in_a_files_place_is_one_line(tmp_path, capsys, name):
    directory = run_directory(tmp_path)
    place = directory.path / name
    place.unlink(missing_ok=True)
    place.mkdir()
    assert main(["analyze", str(directory.path)]) == USAGE
    assert capsys.readouterr().err == f"exsim: {place}: Is a directory\n"


def test_a_kept_scenario_that_is_no_text_is_one_line(tmp_path, capsys):
    place = run_directory(tmp_path).scenario_file
    place.write_bytes(b"# \xe9\n" + place.read_bytes())
    assert main(["analyze", str(place.parent)]) == USAGE
    assert capsys.readouterr().err == f"exsim: {place}: is not UTF-8 text\n"


def test_a_kept_balancers_file_that_is_no_text_takes_nothing_from_the_verdict(tmp_path, capsys):
    copied = Path(shutil.copytree(EXAMPLE, tmp_path / "run"))
    place = copied / "haproxy.cfg"
    place.write_bytes(b"# \xe9\n" + place.read_bytes())
    assert main(["analyze", str(copied)]) == FAIL, "the losses that were seen"
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("damage", [b'{"format": "\xc5"}', b"[" * 5000, b"\xff"])
def test_results_that_cannot_be_read_are_a_run_that_nobody_has_judged(tmp_path, capsys, damage):
    directory = run_directory(tmp_path)
    directory.results.write_bytes(damage)
    assert main(["runs", str(directory.path)]) == 0
    assert "not judged" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("key", "value"),
    [("started", ""), ("ended", "2017-03-09"), ("ended", "soon"), ("started", "9" * 99)],
)
def test_a_time_that_is_none_in_a_run_file_is_one_line(tmp_path, capsys, key, value):
    directory = run_directory(tmp_path)
    run = directory.read_run()
    setattr(run, key, value)
    directory.write_run(run)
    assert main(["analyze", str(directory.path)]) == USAGE
    wanted = f'exsim: {directory.run_file}: {key}: "{value}" is not a time in UTC\n'
    assert capsys.readouterr().err == wanted


def test_an_account_without_an_address_in_a_run_file_is_left_out(tmp_path):
    directory = run_directory(tmp_path)
    run = directory.read_run()
    run.accounts = [*run.accounts, {"node": "EXCH16"}]
    directory.write_run(run)
    assert main(["analyze", str(directory.path)]) == FAIL


@pytest.mark.parametrize("name", ["a\x1b[31mb", "a\nb", "a\x9b31mb", "a\u202eb"])
def test_a_mistakes_line_is_one_line_and_steers_no_terminal(capsys, name):
    assert main(["report", name]) == USAGE
    line = capsys.readouterr().err
    assert line.count("\n") == 1
    assert line.rstrip("\n").isprintable()


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["plan", "sc\udce9ne.toml"], "sc\\udce9ne.toml: is not UTF-8; a file of another name is expected"),
        (["worker", "--wait", "nan"], "--wait nan: not a duration such as"),
        (["worker", "--wait", "9" * 12], "--wait 999999999999: longer than anybody can wait"),
        (["gate", str(EXAMPLE), "--accept", "9" * 5000], "is not a line such as 40 or haproxy.cfg:40"),
    ],
)  # fmt: skip
def test_words_that_nobody_can_mean_are_one_line(capsys, words, line):
    assert main(words) == USAGE
    error = capsys.readouterr().err
    assert line in error and error.count("\n") == 1


def test_a_history_of_which_a_part_is_gone_is_no_pass(tmp_path, capsys):
    directory = run_directory(tmp_path)
    (directory.history_folder / "w0.jsonl").rename(directory.history_folder / "w0.1.jsonl")
    assert main(["analyze", str(directory.path), "--json"]) == FAIL, "the loss that was seen"
    reasons = json.loads(capsys.readouterr().out)["reasons"]
    assert any("1 part of the history cannot be read to the end, or is" in one for one in reasons)
