"""Files of an operator that have no end, at every door: one line, exit code 2, and soon.

Falls if: one of them is read whole, or by OpenSSL itself.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from exsim.cli import main
from tests.cli.test_mistakes import GOOD, USAGE, a_scenario, a_target

ENDLESS = "/dev/zero"
TOO_MUCH = "cannot be read: it has more than 16 MiB"
NO_FILE = "it is no ordinary file"
PROBE = ("probe", "https://127.0.0.1:1", "--user", "x", "--password-env", "PATH")
SECRET = ("worker", "127.0.0.1:1", "--wait", "0", "--secret")
BY_WORDS = [
    (("plan", ENDLESS), TOO_MUCH),
    (("gate", "--table", ENDLESS), TOO_MUCH),
    ((*PROBE, "--node", "A=127.0.0.1:1", "--balancer", ENDLESS), TOO_MUCH),
    ((*PROBE, "--transcript", ENDLESS), TOO_MUCH),
    ((*PROBE, "--ca", ENDLESS), NO_FILE),
    ((*SECRET, ENDLESS), "it has more than 16 MiB"),
    ((*SECRET, "secret.txt", "--ca", ENDLESS), NO_FILE),
]


def complaint(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    assert main([str(one) for one in arguments]) == USAGE
    (line,) = capsys.readouterr().err.splitlines()
    return line


@pytest.mark.parametrize(("words", "why"), BY_WORDS)
def test_a_file_without_an_end_is_refused_on_the_command_line(
    capsys, monkeypatch, tmp_path, words, why
):
    monkeypatch.chdir(tmp_path)
    Path("secret.txt").write_text("a secret of both sides")
    line = complaint(capsys, *words)
    assert ENDLESS in line and line.endswith(why)


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ('accounts = "/dev/zero"', TOO_MUCH),
        ('ca = "/dev/zero"', NO_FILE),
        ('client_cert = "/dev/zero"', NO_FILE),
        (
            'balancer = "/dev/zero"\nnodes = { A = "127.0.0.1:1" }',
            TOO_MUCH,
        ),  # and nobody answers there
    ],
)
def test_a_file_without_an_end_is_refused_in_a_target(capsys, monkeypatch, tmp_path, said, why):
    monkeypatch.chdir(tmp_path)
    path = a_target(tmp_path, GOOD, more="" if "accounts" in said else said)
    if "accounts" in said:
        path.write_text(path.read_text().replace('accounts = "accounts.csv"', said))
    assert why in complaint(capsys, "run", path)


@pytest.mark.parametrize("door", [("--table", "S", "--config", ENDLESS), ("--table", "S")])
def test_a_balancers_file_without_an_end_is_refused(capsys, monkeypatch, tmp_path, door):
    monkeypatch.chdir(tmp_path)
    path = a_scenario(tmp_path)
    if "--config" not in door:
        named = next(line for line in path.read_text().splitlines() if line.startswith("balancer"))
        path.write_text(path.read_text().replace(named, f'balancer = "{ENDLESS}"'))
    words = [path if word == "S" else word for word in door]
    assert complaint(capsys, "gate", *words).endswith(TOO_MUCH)
