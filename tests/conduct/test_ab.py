"""Falls if: twins behind two balancers are not of the same kind, a user has two sessions or shares his account, pairs
are judged in the order in which they ended, a line is read before it is whole, or a mistake is not one line.
"""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from exsim.cli import main
from exsim.conduct import ab
from exsim.conduct.ab_rig import AbSides, Half, dealt_out, halves, limits_of
from exsim.conduct.ab_watch import Tail, Watch
from exsim.judgement.compare.ab import AbResults, Ended, results
from exsim.judgement.compare.comparison import compared
from exsim.judgement.paired import Limits, Pairs
from exsim.runs.accounts import Account
from exsim.runs.assignment import assign
from exsim.runs.exits import Exit
from exsim.runs.order import Order
from exsim.runs.parts import compress, part
from exsim.runs.plan import Plan
from exsim.runs.rig import Rig
from exsim.runs.runfile import RunFile, Versions
from exsim.runs.scenario import load_scenario
from exsim.session.hop import Line, Mark
from tests.conduct.made_run import kept, logged_on, lost, utc
from tests.judgement.compare.sides import side as compare_side
from tests.lab.runs import BALANCERS, scenario

LIMITS = Limits(logon=5.0, session=5.0)


def made(folder: Path, text: str = "", **sides) -> list[Half]:
    path = scenario(folder, users=6)
    path.write_text(path.read_text() + (text or f'[ab]\nb = "{BALANCERS}/cookie.cfg"\n'))
    return halves(load_scenario(path), path, AbSides(**sides))


def test_both_sides_have_the_same_users_and_nobody_shares_an_account(tmp_path: Path) -> None:
    both = made(tmp_path, max_pairs=10)
    users = []
    for half in both:
        assert [population.users for population in half.scenario.population] == [5, 5]
        assert all(p.session.logons == 1 for p in half.scenario.population)
        load = half.scenario.load
        assert (load.control, load.force, load.unmask, load.workers) == (0, False, False, 1)
        assignment = assign(half.scenario, half.accounts)
        users.append([user[0] for population in assignment.users for user in population])
    assert [one.node for one in users[0]] == [one.node for one in users[1]]
    addresses = [one.address for side in users for one in side]
    assert len(set(addresses)) == 20
    assert "cookie LB01" in both[1].balancer.text and "cookie LB01" not in both[0].balancer.text
    assert (both[0].name, both[1].name) == ("scenario-a", "scenario-b")
    assert both[0].scenario.seed == both[1].scenario.seed


def test_the_command_line_comes_before_the_scenario(tmp_path: Path) -> None:
    today = BALANCERS / "roundrobin-today.cfg"
    both = made(tmp_path, a=today, b=today)
    assert both[0].balancer.text == both[1].balancer.text == today.read_text()
    assert both[0].scenario.lab and both[0].scenario.lab.balancer == str(today)


MISTAKES = [
    ("", [], "ab.b: is missing: the other balancer's file; or say it with --b"),
    ("", ["--b", "nosuch.cfg"], "nosuch.cfg: cannot be read: No such file or directory"),
    ('[ab]\nb = "nosuch.cfg"\n', [], "ab.b: there is no file"),
    ("[ab]\nmax_pairs = 0\n", [], "ab.max_pairs"),
    ('[ab]\nother = "x"\n', [], "ab.other"),
]


@pytest.mark.parametrize(("text", "arguments", "words"), MISTAKES)
def test_a_mistake_is_one_line_and_nothing_is_begun(
    text, arguments, words, tmp_path, monkeypatch, capsys
) -> None:
    monkeypatch.chdir(tmp_path)
    path = scenario(tmp_path)
    path.write_text(path.read_text() + text)
    assert main(["ab", str(path), *arguments]) == 2
    err = capsys.readouterr().err
    assert len(err.splitlines()) == 1 and words in err
    assert not Path("reports").exists()


@pytest.mark.parametrize(
    "arguments", [["--max-pairs", "0"], ["--max-pairs", "x"], ["--margin", "2"]]
)
def test_what_no_trial_can_have_is_a_matter_of_usage(arguments, capsys) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["ab", "x.toml", *arguments])
    assert ended.value.code == 2


NODES = 'nodes = {EX1 = "127.0.0.1:1", EX2 = "127.0.0.1:2"}\n'
ONE = "email,logon,home,secret\na@example.com,a,2016,x\n"


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ("", "target.nodes: is missing: both balancers are run here"),
        (NODES, "target.accounts: a pair takes two accounts with a mailbox on 2016"),
        (NODES + 'map = {s = "EX1"}\n', "target.accounts: a pair takes two accounts"),
    ],
)
def test_a_target_that_cannot_be_compared_is_one_line(more, words, tmp_path, capsys) -> None:
    path = tmp_path / "target.toml"
    file = tmp_path / "accounts.csv"
    file.write_text(ONE)
    file.chmod(0o600)
    path.write_text(
        'title = "x"\n[target]\nurl = "https://mail.example.com"\naccounts = "accounts.csv"\n'
        f'confirm = "mail.example.com"\n{more}[[population]]\nmailbox = "2016"\nusers = 1\n'
    )
    cfg = str(BALANCERS / "cookie.cfg")
    assert main(["ab", str(path), "--a", cfg, "--b", cfg]) == 2
    err = capsys.readouterr().err
    assert len(err.splitlines()) == 1 and words in err


def test_the_accounts_of_a_target_are_dealt_out_so_that_twins_have_the_same_kind_of_mailbox() -> (
    None
):
    people = [
        Account(f"{home}-{n}@example.com", "x", home, "x")
        for n, home in enumerate(("2013", "2016", "2016", "2016", "2013", "2010", "2016"))
    ]
    first, second = dealt_out(people)
    assert [one.home for one in first] == [one.home for one in second] == ["2013", "2016", "2016"]
    assert not {one.address for one in first} & {one.address for one in second}


def test_users_who_go_past_the_balancer_are_refused(tmp_path: Path, capsys) -> None:
    users = [{"mailbox": "2013", "users": 1, "node": "EXCH13"}]
    path = scenario(tmp_path, populations=users)
    assert main(["ab", str(path), "--b", str(BALANCERS / "cookie.cfg")]) == 2
    assert "population[0].node" in capsys.readouterr().err


# Reading while it is written ----------------------------------------------------------------------


class Side:
    """One side of a trial: its history, written line by line by the test."""

    def __init__(self, half: Half, folder: Path) -> None:
        folder.joinpath("history").mkdir(parents=True)
        rig = Rig("https://exchange.isp.com.au", "127.0.0.1:1", {}, {})
        assignment = assign(half.scenario, half.accounts)
        self.plan = Plan(half.name, half.scenario, rig, assignment, folder, 0.0, "00")
        self.tail = Tail(self.plan)
        self.file = folder / "history" / "w0.jsonl"

    def write(self, *lines: Line, torn: bytes = b"") -> None:
        with self.file.open("ab") as file:
            file.write(msgspec.json.Encoder().encode_lines(lines) + torn)


@pytest.fixture
def sides(tmp_path: Path) -> list[Side]:
    return [Side(half, tmp_path / half.name) for half in made(tmp_path / "made", max_pairs=4)]


def watch(sides: list[Side], order: list[int]) -> Watch:
    return Watch([side.tail for side in sides], order, Pairs(len(order)), LIMITS)


def later(t: float) -> Mark:
    return Mark(utc(t), t, "clock")


def test_pairs_wait_for_those_that_were_to_begin_before(sides: list[Side]) -> None:
    """The second pair is over first, because both its sessions are lost: it does not count first."""
    watching = watch(sides, [2, 1])
    for side in sides:
        side.write(*kept(2), *lost(1))
    assert not watching.look() and watching.pairs.taken == 0
    for side in sides:
        side.write(later(20.0))
    assert watching.look()
    assert watching.pairs.taken == 2
    assert (watching.pairs.test.a.lost, watching.pairs.test.b.lost) == (1, 1)


@pytest.mark.parametrize("compressed", [False, True])
def test_a_history_in_parts_is_read_to_its_end(sides: list[Side], compressed: bool) -> None:
    watching = watch(sides, [1])
    lines = lost(1)
    for side in sides:
        first = side.file
        side.write(*lines[:3])
        if side is sides[0]:
            watching.look()
        side.write(*lines[3:5])
        side.file = part(first, 1)
        side.write(*lines[5:])
        if compressed:
            compress(first)
        watching.look()
        side.file = part(first, 2)
        side.write(later(20.0))
    assert watching.look()
    assert (watching.pairs.test.a.lost, watching.pairs.test.b.lost) == (1, 1)
    assert [side.tail.now for side in sides] == [20.0, 20.0], "to the last part"


def test_a_line_counts_when_it_is_whole(sides: list[Side]) -> None:
    watching = watch(sides, [1])
    encoded = msgspec.json.Encoder().encode_lines(lost(1))
    half = encoded.index(b'"status":440')
    sides[0].write(torn=encoded[:half])
    sides[1].write(*kept(1), later(20.0))
    assert not watching.look()
    sides[0].write(torn=encoded[half:])
    sides[0].write(later(20.0))
    assert watching.look()
    assert (watching.pairs.only_a, watching.pairs.only_b) == (1, 0)


def test_a_user_whose_logon_was_never_accepted_makes_his_pair_void(sides: list[Side]) -> None:
    watching = watch(sides, [1, 2])
    sides[0].write(logged_on(1, 1.0)[0], later(9.0))
    sides[1].write(*lost(1), *lost(2), later(9.0))
    assert not watching.look()
    assert (watching.pairs.void, watching.pairs.void_a) == (1, 1)
    assert not watching.look(), "the second user of A has not come yet"
    assert watching.look(final=True) is False and watching.pairs.pairs == 0


def test_nothing_is_left_to_wait_for_when_both_loads_are_over(sides: list[Side]) -> None:
    watching = watch(sides, [1])
    for side in sides:
        side.write(*kept(1))
    assert not watching.look()
    assert watching.look(final=True) and watching.pairs.pairs == 1


def test_sessions_are_given_time_by_their_pauses(tmp_path: Path) -> None:
    path = scenario(tmp_path, session={"polls": 10, "think": "2s"}, lab={"time_scale": 0.5})
    assert limits_of(load_scenario(path)).session == pytest.approx(15 + 3 * 10)


# How a trial ends ---------------------------------------------------------------------------------


class Book:
    """As much of a run's book as a trial writes into."""

    def __init__(self) -> None:
        self.run = RunFile(
            scenario="x", title="x", rig="lab", versions=Versions("0"), seed=0, url="", address="",
            zero=0.0, started="",
        )  # fmt: skip
        self.codes: list[int] = []

    def phase_ended(self, order: Order, code: int, words: str) -> None:
        self.codes.append(code)
        if code == Exit.STOPPED:
            self.run.stopped = "2 accounts were refused"
        elif code == Exit.BROKEN:
            self.run.crashed = words

    def interrupted(self) -> None:
        self.run.interrupted = "signal"


LIVE = {"event": "live"}
ENDINGS = [  # what A's load tells, or how carrying out ends; the codes noted, the exit code
    (
        [{"event": "done", "run": "scenario-a", "why": "2 accounts were refused"}],
        [5, 0],
        Exit.STOPPED,
    ),
    ([{"event": "done", "run": "scenario-b", "why": "crash"}], [0, 70], Exit.BROKEN),
    (KeyboardInterrupt, [130, 130], Exit.INTERRUPTED),
    ([LIVE, {"event": "done", "run": "scenario-a", "why": ""}], [0, 0], Exit.INCONCLUSIVE),
]


@pytest.mark.parametrize(("told", "codes", "exit_code"), ENDINGS)
def test_a_trial_that_was_cut_short_never_ends_with_a_verdict(
    told, codes, exit_code, sides: list[Side], monkeypatch
) -> None:
    def carried_out(orders, show):
        if told is KeyboardInterrupt:
            raise KeyboardInterrupt
        for event in told:
            show(event)
        return [(0, "")] * len(orders)

    monkeypatch.setattr(ab, "carry_out", carried_out)
    books, watching = [Book(), Book()], watch(sides, [1, 2])
    ab.measure([side.plan for side in sides], books, watching, lambda event: None)
    assert [code for book in books for code in book.codes] == codes
    document = msgspec.structs.replace(undecided(), outcome="inconclusive")
    assert ab._code(books, document) == exit_code
    assert bool(ab._broken_off(books)) == (exit_code is not Exit.INCONCLUSIVE)


def test_both_loads_are_let_go_as_soon_as_the_pairs_have_decided(sides, monkeypatch) -> None:
    seen: list[str] = []

    def carried_out(orders, show):
        for n in range(1, 9):
            sides[0].write(*lost(n), later(20.0))
            sides[1].write(*kept(n), later(20.0))
            seen.append(str(n))
            show({"event": "live", "run": orders[0].scenario})
        raise AssertionError("it was decided long ago")

    monkeypatch.setattr(ab, "carry_out", carried_out)
    books, watching = [Book(), Book()], watch(sides, list(range(1, 9)))
    ab.measure([side.plan for side in sides], books, watching, lambda event: None)
    assert watching.pairs.better == "b" and 3 <= len(seen) < 8
    assert [book.codes for book in books] == [[0], [0]]


def undecided() -> AbResults:
    found = compared(compare_side("A", []), compare_side("B", []))
    return results(Ended(Pairs(1), found, (0, 0)))
