"""Falls if: a rule cannot be read in full, one is missing from the list, or a wrong name is more than one line."""

from __future__ import annotations

import pytest

from exsim.cli import main
from exsim.judgement.diagnosis import RULES


@pytest.mark.parametrize("name", RULES)
def test_a_rule_is_printed_in_full(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", name]) == 0
    out = capsys.readouterr().out
    said, rule = " ".join(out.split()), RULES[name]
    lines = (rule.name, rule.sentence, rule.advice, rule.settle, *rule.speaks_for, *rule.against)
    for text in lines:
        assert " ".join(text.split()) in said.replace(" - ", " ")
    assert max(map(len, out.splitlines())) <= 80 + len(name)


def test_without_a_rule_all_of_them_are_listed(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    assert main(["explain"]) == 0
    out = capsys.readouterr().out
    lines = [line for line in out.splitlines() if not line.startswith(" ")]
    assert [line.split()[0] for line in lines] == list(RULES)
    assert all(" ".join(rule.name.split()) in " ".join(out.split()) for rule in RULES.values())
    assert max(map(len, out.splitlines())) < 80


def test_an_unknown_rule_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "gremlins"]) == 2
    said = capsys.readouterr()
    assert said.out == "" and len(said.err.splitlines()) == 1 and "'gremlins'" in said.err
