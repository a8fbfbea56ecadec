"""What the README says, held against the code.

Falls if: the README's map is not the tree; a table of exit codes, signs, presets or run files differs from
its registry; the README names a verb or an option that exsim has not; a link leads nowhere; the example
run cannot be judged, comes to another result than it says, or tells of the machine it was made on.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from exsim.cli import build_parser, main
from exsim.judgement.results import Results
from exsim.runs.directory import RunDirectory
from exsim.runs.exits import MEANINGS
from exsim.runs.presets import PRESETS
from exsim.runs.scenario import load_scenario, parse_scenario
from exsim.session.machine import IDENTIFIED, State, after
from exsim.session.meaning import SIGNS, Meaning, Sign

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
REPORTS = (ROOT / "reports" / "README.md").read_text(encoding="utf-8")
EXAMPLE = ROOT / "reports" / "example"
NOT_YET = "not there yet"
MADE_HERE = {"build", "dist", "__pycache__"}  # by tools, and ignored by git
MOST_BYTES = 300_000  # of the example


# What the tables must say, from the registries.


def exit_rows() -> list[str]:
    return [f"| {int(code)} | {meaning} |" for code, meaning in MEANINGS.items()]


def effect(sign: Sign, meaning: Meaning) -> str:
    """What a sign does to a live session, in the table's words."""
    state = after(State.LIVE, sign)
    if state is not State.LIVE:
        return f"**{state}**" if state is State.LOST else str(state)
    if sign is Sign.WRONG_MAILBOX:
        return "**fails the run**"
    if after(State.LIVE, sign, IDENTIFIED) is State.LOST:
        return f"**{State.LOST}**"
    return "a finding" if meaning.finding else ""


def sign_rows() -> list[str]:
    return [
        f"| `{sign}` | {meaning.sentence} | {effect(sign, meaning)} | {meaning.source} |"
        for sign, meaning in SIGNS.items()
    ]


def preset_rows() -> list[str]:
    return [
        f"| `{preset.name}` | {preset.sentence} | {preset.source} |" for preset in PRESETS.values()
    ]


def run_files() -> dict[str, Path]:
    """Every place in a run directory, by the name that the README gives it."""
    places = [path for path in vars(RunDirectory(Path("run"))).values() if path != Path("run")]
    return {path.name + ("" if path.suffix else "/"): path for path in places}


def tree() -> set[str]:
    """The top level as it would be after a clone, and exsim's rooms below it."""
    top = {
        path.name + ("/" if path.is_dir() else "")
        for path in ROOT.iterdir()
        if path.name == ".ci" or not path.name.startswith(".")
        if path.name not in MADE_HERE and path.suffix != ".egg-info"
    }
    rooms = {f"  {path.name}/" for path in (ROOT / "exsim").iterdir() if any(path.glob("*.py"))}
    return top | rooms


# What the README says.


def block_with(text: str, beginning: str) -> list[str]:
    """The lines of the one code block that has a line beginning so."""
    blocks = re.findall(r"^```\w*\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    found = [
        lines
        for lines in map(str.splitlines, blocks)
        if any(line.startswith(beginning) for line in lines)
    ]
    assert len(found) == 1, f"{len(found)} blocks have a line that begins {beginning!r}"
    return found[0]


def names_in(lines: list[str]) -> list[str]:
    """The first column of lines that have two, with its indentation."""
    return [found[1] for line in lines if (found := re.match(r"( *\S+) {2,}\S", line))]


def table_after(text: str, heading: str) -> list[str]:
    """The rows of the first table after `heading`, without its two first lines."""
    rest = text[text.index(heading) :]
    table = re.search(r"(?:^\|.*\n)+", rest, re.MULTILINE)
    assert table is not None
    return table[0].splitlines()[2:]


def commands() -> Iterator[tuple[str, str, str]]:
    """Every `exsim VERB …` of the README: the verb, what follows it within the code, and the line."""
    for line in README.splitlines():
        code = re.findall(r"`([^`]+)`", line)  # in prose; a line of a block begins with the command
        if line.startswith("exsim "):
            code.append(line.partition("#")[0])
        for each in code:
            for verb, rest in re.findall(r"(?<![./\w])exsim ([a-z]+)(.*)", each):
                yield verb, rest, line


def verbs() -> dict[str, argparse.ArgumentParser]:
    action = next(
        one for one in build_parser()._actions if isinstance(one, argparse._SubParsersAction)
    )
    return dict(action.choices)


def test_the_map_is_the_tree() -> None:
    shown = names_in(block_with(README, "pyproject.toml "))
    assert sorted(shown) == sorted(tree())


@pytest.mark.parametrize(
    ("heading", "rows"),
    [
        ("**Exit codes**", exit_rows()),
        ("**Signs**", sign_rows()),
        ("**Presets**", preset_rows()),
    ],
    ids=["exit codes", "signs", "presets"],
)
def test_a_table_is_its_registry(heading: str, rows: list[str]) -> None:
    assert table_after(README, heading) == rows


@pytest.mark.parametrize("text", [README, REPORTS], ids=["README", "reports/README"])
def test_the_run_directory_is_described_file_by_file(text: str) -> None:
    lines = block_with(text, "run.json ")
    line = next(number for number, each in enumerate(lines) if each.startswith("----"))
    assert sorted(names_in(lines)) == sorted(run_files())
    again = {run_files()[name] for name in names_in(lines[line:])}
    assert again == set(RunDirectory(Path("run")).derived)


def test_every_verb_exists_or_is_marked_as_missing() -> None:
    known = verbs()
    named = list(commands())
    assert {verb for verb, _, _ in named} >= set(known), "the README shows every verb"
    for verb, _, line in named:
        assert verb in known or NOT_YET in line, line
    for line in {line for _, _, line in named if NOT_YET in line}:
        here = {verb for verb, _, each in named if each == line}
        assert here - set(known), f"all of it is there by now: {line}"


def test_every_option_exists() -> None:
    known = verbs()
    for verb, rest, line in commands():
        if verb in known:
            options = known[verb]._option_string_actions
            assert set(re.findall(r"(?<=\s)--[a-z-]+", rest)) <= set(options), line


@pytest.mark.parametrize("where", ["README.md", "reports/README.md"])
def test_every_link_leads_to_a_file(where: str) -> None:
    page = ROOT / where
    for link in re.findall(r"\]\(([^)#]+)\)", page.read_text(encoding="utf-8")):
        assert (page.parent / link).exists(), link


@pytest.mark.parametrize("beginning", ["# mail.toml", "# gate.toml"])
def test_a_scenario_of_the_readme_is_a_scenario(beginning: str) -> None:
    parse_scenario("\n".join(block_with(README, beginning)), beginning)


def test_nothing_but_plain_words_stands_before_line_25() -> None:
    beginning = "\n".join(README.splitlines()[:25])
    assert "├" not in beginning and "[![" not in beginning


# The example run.


@pytest.fixture
def example(tmp_path: Path) -> RunDirectory:
    """A copy of the example that may be judged anew."""
    return RunDirectory(Path(shutil.copytree(EXAMPLE, tmp_path / "example")))


def results_in(directory: RunDirectory) -> Results:
    return msgspec.json.decode(directory.results.read_bytes(), type=Results)


def test_the_example_comes_to_the_same_result_when_judged_anew(example: RunDirectory) -> None:
    said = results_in(example)
    for path in example.derived:
        path.unlink()
    assert main(["analyze", str(example.path)]) == 1
    found = results_in(example)
    assert found.outcome == said.outcome == "fail"
    assert found.matrix == said.matrix
    assert found.proofs == said.proofs
    assert all(path.is_file() for path in example.derived)


def test_what_the_readme_explains_is_in_the_example() -> None:
    words = " ".join((EXAMPLE / "report.txt").read_text(encoding="utf-8").split())
    said = [row.split("|")[1] for row in table_after(README, "## 6. Reading the result")]
    quoted = {part for each in said for part in re.findall(r"`([^`]+)`", each)}
    elsewhere = {  # of other runs
        *("PASS", "PASS, MASKED", "INCONCLUSIVE"),
        *("Simulated Exchange, preset …", "Each node directly"),
    }
    assert "Simulated Exchange, preset authcert_asymmetry." in words
    for part in quoted - elsewhere:
        assert " ".join(part.split()) in words, part


def test_the_example_is_small_and_complete() -> None:
    files = [path for path in EXAMPLE.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) <= MOST_BYTES
    present = {path.name for path in EXAMPLE.iterdir()}
    assert {path.name for path in run_files().values()} - {"ledger.jsonl"} <= present
    load_scenario(EXAMPLE / "made-from" / "example.toml")


def test_the_example_tells_nothing_of_the_machine_it_was_made_on() -> None:
    tops = "|".join(re.escape(name) for name in [*os.listdir("/"), "tmp", "home", "Users", "root"])
    path_here = re.compile(rf"(?<![\w.])/(?:{tops})/")
    for path in EXAMPLE.rglob("*"):
        if path.is_file():
            found = path_here.search(path.read_text(encoding="utf-8"))
            assert found is None, f"{path.relative_to(ROOT)}: {found}"
