"""What an operator gets wrong: one clear line each, an exit code that says whose it is, and no traceback.

Falls if: a mistake ends in a traceback or in more than one line, names neither the place nor what was
expected, ends with another code than 2 (yours) or 4 (nothing could be tested), or leaves a process behind.
"""

from __future__ import annotations

import json
import os
import re
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from exsim.cli import main
from tests.conduct.made_run import run_directory
from tests.lab.runs import BALANCERS, scenario

USAGE, INCONCLUSIVE, ENVIRONMENT = 2, 3, 4
TARGET = """
title = "a farm"
[target]
url = "https://127.0.0.1:{port}"
accounts = "accounts.csv"
{more}
[[population]]
mailbox = "2016"
users = 1
"""


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Where the test stands, so that relative names mean its own files; signals as they were."""
    monkeypatch.chdir(tmp_path)
    before = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, before)


@pytest.fixture
def said(capsys: pytest.CaptureFixture[str]):
    """Run one verb: its code, and the one line that it complains with."""

    def say(*arguments: object) -> tuple[int, str]:
        capsys.readouterr()
        code = main([str(one) for one in arguments])
        out, err = capsys.readouterr()
        assert "Traceback" not in out + err
        lines = err.splitlines()
        assert len(lines) == 1, err
        assert lines[0].startswith("exsim: ")
        return code, lines[0].removeprefix("exsim: ")

    return say


def a_scenario(folder: Path, before: str = "", after: str = "") -> Path:
    path = scenario(folder)
    text = path.read_text()
    assert before in text
    path.write_text(text.replace(before, after, 1) if before else text)
    return path


SCENARIOS = [  # what stands there, what is written instead, what the line must say
    ("spawn_rate", "spwan_rate", ("load.spwan_rate", "spawn_rate")),
    ('"2016"}', '"exch13"}', ("lab.nodes[", "version", '"exch13"', "2016")),
    ("users = 4", "users = -3", ("population[0].users", "-3")),
    ("users = 4", 'users = "four"', ("population[0].users", '"four"')),
    ('duration = "6s"', 'duration = "banana"', ("load.duration", '"banana"')),
    ('preset = "authcert_asymmetry"', 'preset = "nosuch"', ("lab.preset", '"nosuch"', "healthy")),
    ("roundrobin.cfg", "nosuch.cfg", ("lab.balancer", "there is no file", "nosuch.cfg")),
    ("[load]", "[lode]", ("lode",)),
    ('title = "', "title = ", ("is not TOML", "line 1")),
    ("[expect]", "[target]\n[expect]", ("target",)),
]


@pytest.mark.parametrize(("before", "after", "words"), SCENARIOS)
def test_a_mistake_in_a_scenario_is_named_by_its_key(said, tmp_path, before, after, words):
    path = a_scenario(tmp_path, before, after)
    code, line = said("run", path)
    assert code == USAGE
    assert line.startswith(str(path))
    for word in words:
        assert word in line
    assert not Path("reports").exists(), "nothing was begun"


FILES = [
    (("run", "nosuch.toml"), "nosuch.toml: cannot be read: No such file or directory"),
    (("run", "."), ".: cannot be read: Is a directory"),
    (("run", "latin.toml"), "latin.toml: is not UTF-8 text"),
    (("lab", "nosuch.toml"), "nosuch.toml: cannot be read: No such file or directory"),
    (("analyze", "."), ".: there is no run; a run's directory holds run.json"),
    (("analyze",), "reports: there is no run yet"),
    (("report", "nosuch"), "nosuch: there is no run; a run's directory holds run.json"),
    (("show", "1.1", "nosuch"), "nosuch: there is no run; a run's directory holds run.json"),
    (
        ("show", "1.1", "--curl", "nosuch"),
        "nosuch: there is no run; a run's directory holds run.json",
    ),
    (("probe",), "probe: say which URL, such as https://mail.example.com"),
]


@pytest.mark.parametrize(("arguments", "line"), FILES)
def test_a_file_that_is_not_there_is_one_line(said, arguments, line):
    Path("latin.toml").write_bytes(b"title = '\xe9'")
    assert said(*arguments) == (USAGE, line)


@pytest.mark.parametrize("arguments", [[], ["nonsense"], ["run"], ["run", "a", "--jsno"]])
def test_what_is_no_verb_or_option_is_a_matter_of_usage(capsys, arguments):
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == USAGE
    error = capsys.readouterr().err
    assert "usage: exsim" in error and "Traceback" not in error


def test_a_duration_on_the_command_line_is_named_as_such(said, tmp_path):
    code, line = said("run", a_scenario(tmp_path), "--duration", "banana")
    assert (code, line.partition(":")[0]) == (USAGE, "--duration")


# A target and its accounts ------------------------------------------------------------------------


def a_target(
    tmp_path: Path, accounts: str, port: int = 1, more: str = "", mode: int = 0o600
) -> Path:
    path = tmp_path / "farm.toml"
    path.write_text(TARGET.format(port=port, more=more))
    file = tmp_path / "accounts.csv"
    file.write_text(accounts)
    file.chmod(mode)
    return path


HEAD = "email,logon,home,secret\n"
GOOD = HEAD + "anna@x.example,X\\anna,2016,hunter2-secret\n"
ACCOUNTS = [
    (GOOD + "bert@x.example,X\\bert,2016\n", 0o600, "accounts.csv:3: 3 columns, expected 4"),
    (GOOD + "bert,X\\bert,2016,hunter2-secret\n", 0o600, 'accounts.csv:3: email: "bert"'),
    (HEAD + "bert@x.example,X\\bert,exch16,x\n", 0o600, 'accounts.csv:2: home: "exch16"'),
    (HEAD + "bert@x.example,X\\bert,2016,env:NO_SUCH_NAME\n", 0o600, "accounts.csv:2: secret: "),
    (GOOD, 0o644, "accounts.csv:2: secret: a password itself needs a file"),
    ("", 0o600, "accounts.csv: holds no account"),
    ("anna@x.example,X\\anna,2016,x\n", 0o600, "accounts.csv:1: the first line must be email,"),
]


@pytest.mark.parametrize(("text", "mode", "words"), ACCOUNTS)
def test_a_bad_line_of_accounts_is_named_by_its_number(said, tmp_path, text, mode, words):
    code, line = said("run", a_target(tmp_path, text, mode=mode))
    assert code == USAGE
    assert line.startswith(words)
    assert "hunter2" not in line


def test_too_few_accounts_are_counted(said, tmp_path):
    path = a_target(tmp_path, GOOD)
    path.write_text(path.read_text().replace("users = 1", "users = 3"))
    code, line = said("run", path)
    assert code == USAGE
    assert "population[0].users: the scenario needs 3 accounts" in line and "there are 1" in line


def unused_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as door:
        return int(door.getsockname()[1])


def test_a_target_that_is_down_is_no_verdict(said, tmp_path):
    port = unused_port()
    code, line = said("run", a_target(tmp_path, GOOD, port))
    assert (code, line) == (ENVIRONMENT, f"127.0.0.1:{port}: nobody answers: Connection refused")


def test_a_target_without_an_address_is_no_verdict(said, tmp_path):
    path = a_target(tmp_path, GOOD, more='confirm = "no-such-host.invalid"')
    path.write_text(path.read_text().replace("127.0.0.1:1", "no-such-host.invalid"))
    code, line = said("run", path)
    assert code == ENVIRONMENT
    assert line.startswith("no-such-host.invalid: no address")


def test_a_file_of_authorities_stands_beside_the_scenario_and_is_looked_at_first(said, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    path = a_target(tmp_path / "elsewhere", GOOD, more='ca = "ca.pem"')
    file = path.parent / "ca.pem"
    file.write_text("no certificate")
    code, line = said("run", path)
    assert (code, line) == (USAGE, f"{path}: target.ca: {file}: a certificate is expected, in PEM")


# A run's directory --------------------------------------------------------------------------------


def test_a_session_that_there_is_not_is_named(said, tmp_path):
    directory = run_directory(tmp_path)
    code, line = said("show", "99.1", directory.path)
    assert code == USAGE
    assert "99.1" in line


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (b"{", "run.json"),
        (b"[]", "run.json"),
        (b'{"format": "exsim-run/9"}', 'format "exsim-run/9"; this exsim reads "exsim-run/1"'),
        (b'{"format": "exsim-run/1"}', "missing required field"),
    ],
)
@pytest.mark.parametrize("verb", ["analyze", "show"])
def test_a_damaged_run_file_is_one_line(said, tmp_path, verb, damage, words):
    directory = run_directory(tmp_path)
    directory.run_file.write_bytes(damage)
    arguments = ["1.1", directory.path] if verb == "show" else [directory.path]
    code, line = said(verb, *arguments)
    assert code == USAGE
    assert str(directory.run_file) in line and words in line


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("started", "monday", 'started: "monday" is not a time in UTC'),
        ("zero", 1e308, "zero: 1e+308 is not a time in seconds since 1970"),
        ("time_scale", 0, "time_scale: 0.0 is not a number above 0, up to 1"),
        ("node_addresses", {"A": ""}, 'node_addresses.A: "" is not an address such as'),
    ],
)
def test_a_run_file_with_what_no_run_can_have_written_is_one_line(
    said, tmp_path, key, value, words
):
    directory = run_directory(tmp_path)
    run = json.loads(directory.run_file.read_bytes())
    directory.run_file.write_text(json.dumps({**run, key: value}))
    code, line = said("analyze", directory.path)
    assert (code, words in line) == (USAGE, True), line


def test_a_damaged_scenario_of_a_run_is_one_line(said, tmp_path):
    directory = run_directory(tmp_path)
    directory.scenario_file.write_text("title = [")
    code, line = said("analyze", directory.path)
    assert code == USAGE
    assert line.startswith(f"{directory.scenario_file}: is not TOML")


def test_lines_that_are_no_history_are_counted_and_nothing_is_concluded(tmp_path, capsys):
    directory = run_directory(tmp_path)
    whole = main(["analyze", str(directory.path), "--json"])
    sessions = json.loads(capsys.readouterr().out)["sessions"]
    with (directory.history_folder / "w0.jsonl").open("ab") as history:
        history.write(b'garbage\n{"kind":"hop"}\n[1,2]\n\xff\xfe\n' + b'{"kind":"hop","utc":"torn')
    code = main(["analyze", str(directory.path), "--json"])
    document = json.loads(capsys.readouterr().out)
    assert document["sessions"] == sessions
    assert any("4 lines" in reason for reason in document["reasons"]), document["reasons"]
    assert whole == 1 == code, "a loss that was seen stays a loss"


def test_an_empty_history_is_no_pass(tmp_path, capsys):
    directory = run_directory(tmp_path, lines=[])
    assert main(["analyze", str(directory.path), "--json"]) == INCONCLUSIVE
    document = json.loads(capsys.readouterr().out)
    assert document["outcome"] == "inconclusive"
    assert "Nothing was measured" in document["reasons"][0]


def test_a_report_that_nobody_made_says_how_to_make_it(said, tmp_path):
    directory = run_directory(tmp_path)
    code, line = said("report", directory.path)
    assert code == USAGE
    assert f"exsim analyze {directory.path}" in line


# A lab that does not come up ----------------------------------------------------------------------


@pytest.fixture
def nothing_left() -> Iterator[None]:
    before = {one.pid for one in psutil.Process().children(recursive=True)}
    yield
    left = [one for one in psutil.Process().children(recursive=True) if one.pid not in before]
    assert left == []


@pytest.mark.parametrize(
    ("binary", "words"),
    [
        ("/nonexistent", "/nonexistent: does not run: No such file or directory"),
        ("/bin/true", "/bin/true: does not say that it is a HAProxy"),
    ],
)
def test_a_haproxy_that_is_none_is_no_verdict(said, tmp_path, binary, words):
    code, line = said("run", a_scenario(tmp_path), "--haproxy", binary)
    assert (code, line) == (ENVIRONMENT, f"the lab does not come up: {words}")


@pytest.mark.lab
def test_a_port_in_use_is_no_verdict(said, tmp_path, nothing_left):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        path = scenario(tmp_path, lab={"port": port})
        code, line = said("run", path, "--quiet")
    assert code == ENVIRONMENT
    assert line == f"the lab does not come up: port {port} on 127.0.0.1: address already in use"


@pytest.mark.lab
def test_a_server_that_is_none_of_the_nodes_is_a_mistake_in_the_file(said, tmp_path, nothing_left):
    path = a_scenario(tmp_path)
    text = (BALANCERS / "roundrobin.cfg").read_text()
    (tmp_path / "odd.cfg").write_text(text.replace("ISP_exch13", "ISP_elsewhere"))
    path.write_text(re.sub("balancer = .*", 'balancer = "odd.cfg"', path.read_text()))
    code, line = said("run", path, "--quiet")
    assert code == USAGE
    assert ": server ISP_elsewhere is none of the nodes " in line and "odd.cfg:" in line


@pytest.mark.lab
def test_a_balancer_that_refuses_its_file_is_shown_in_its_own_words(capsys, tmp_path, nothing_left):
    path = a_scenario(tmp_path)
    text = (BALANCERS / "roundrobin.cfg").read_text()
    number = 1 + text.splitlines().index(next(x for x in text.splitlines() if "mode http" in x))
    broken = tmp_path / "broken.cfg"
    broken.write_text(text.replace("mode http", "mode hpptt", 1))
    path.write_text(path.read_text().replace(str(BALANCERS / "roundrobin.cfg"), "broken.cfg"))
    assert main(["run", str(path), "--quiet"]) == ENVIRONMENT
    error = capsys.readouterr().err
    assert "refuses the configuration" in error and "hpptt" in error
    assert f"broken.cfg:{number}" in error
    assert "Traceback" not in error and os.fspath(tmp_path / "reports") not in error
