"""Falls if: a file that is no TOML ends in a traceback, or one of Windows, with its byte order mark, is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from exsim.runs.document import parsed, text_of
from exsim.runs.errors import ScenarioError
from exsim.runs.scenario import load_scenario, parse_scenario
from tests.runs.scenarios import LAB

FOLDER = Path(__file__).parents[2] / "scenarios"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (
            "a = " + "[" * 3000 + "]" * 3000,
            "x.toml: is not TOML: lists or tables too deep in one another",
        ),
        ("a = " + "9" * 5000, "x.toml: is not TOML: a number has too many digits"),
        ("a." * 1000 + "a = 1", "x.toml: is not TOML: a key of more than 50 names"),
        ('"a" . ' * 1000 + "a = 1", "x.toml: is not TOML: a key of more than 50 names"),
        (
            "b = {x = 1, " + "a." * 1000 + "a = 1}",
            "x.toml: is not TOML: a key of more than 50 names",
        ),
        ("[" + "a." * 1000 + "a]", "x.toml: is not TOML: a key of more than 50 names"),
        ("#" * (4 << 20) + "#", "x.toml: has more than 4 MiB"),
    ],
)
def test_what_the_parser_itself_stumbles_over_is_one_line(text: str, line: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        parsed(text, "x.toml")
    assert str(caught.value) == line


@pytest.mark.parametrize(
    "text",
    [
        "a = [" + '"10.0.0.1", ' * 100 + "]",
        "a = [" + "0.5, " * 100 + "]",
        "# " + "." * 100,
        'a = "' + ". " * 100 + '"',
        "a = '" + ". " * 100 + "'",
        'a = "\\" ' + "." * 100 + '"',
        "a." * 49 + "a = 1",
    ],
)
def test_many_dots_are_no_deep_key(text: str) -> None:
    assert list(parsed(text, "x.toml")) == (["a"] if "=" in text else [])


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("users = 20", f"users = 0x{'f' * 4000}", "population[0].users: must be a positive whole number, not a number of more than 15 digits"),
        ("users = 20", "users = 2000000", "population: 2000000 users; at most 1000000 in all"),
        ("seed = 7", f"seed = -{'9' * 400}", "seed: must be a whole number, not a number of more than 15 digits"),
        ('mailbox = "2013"', f"mailbox = 0x{'f' * 4000}", "population[0].mailbox: a number of more than 15 digits is not a version; one of 2010, 2013, 2016, 2019, se"),
        ("spawn_rate = 5", "spawn_rate = 1e308", "load.spawn_rate: must be a number above 0, not 1e+308"),
        ("spawn_rate = 5", f"spawn_rate = {'9' * 400}", "load.spawn_rate: must be a number above 0, not a number of more than 15 digits"),
        ('"60s"', '"99999999h"', 'load.duration: "99999999h" is not a duration such as "90", "2s", "1.5m" or "8h"'),
        ('"60s"', '9' * 400, 'load.duration: a number of more than 15 digits is not a duration such as "90", "2s", "1.5m" or "8h"'),
    ],
)  # fmt: skip
def test_a_number_beyond_all_use_is_one_line(old: str, new: str, line: str) -> None:
    assert old in LAB
    with pytest.raises(ScenarioError) as caught:
        parse_scenario(LAB.replace(old, new), "x.toml")
    assert str(caught.value) == f"x.toml: {line}"


def test_an_assumption_that_is_no_text_is_a_mistake_beside_a_measured_organisation(
    tmp_path: Path,
) -> None:
    (tmp_path / "org.toml").write_text(
        'of = "x"\nmeasured = "y"\n[[nodes]]\nname = "EXCH16"\nversion = "2016"\n'
    )
    text = 'title = "x"\nassumed = 3\n[lab]\norg = "org.toml"\nbalancer = "none"\n'
    population = '[[population]]\nmailbox = "2016"\nusers = 1\n'
    with pytest.raises(ScenarioError, match=r"x\.toml: assumed: must be text in quotes, not 3"):
        parse_scenario(text + population, "x.toml", tmp_path)


def test_a_byte_order_mark_is_no_part_of_a_document_and_is_one_of_a_balancers_file(
    tmp_path: Path,
) -> None:
    path = tmp_path / "x.toml"
    path.write_bytes(b"\xef\xbb\xbf" + (FOLDER / "direct.toml").read_bytes())
    assert load_scenario(path).title == load_scenario(FOLDER / "direct.toml").title
    assert text_of(path, "utf-8").startswith("\ufeff")


def test_no_file_has_a_name_that_the_system_refuses(tmp_path: Path) -> None:
    text = LAB.replace('"haproxy/roundrobin.cfg"', f'"{"a" * 5000}"')
    path = tmp_path / "x.toml"
    path.write_text(text)
    with pytest.raises(ScenarioError, match=r"lab\.balancer: there is no file "):
        load_scenario(path)
