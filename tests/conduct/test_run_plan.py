"""What a run would do, before it does anything; and the script that makes its mailboxes.

Falls if: a plan sends something, runs a command or asks for a password, keeps back who logs on, where, how
often, from how many machines, who will see it or what it cannot show, counts sessions that there will not be or
leaves out others, passes a balancer's file that a run would refuse, or has nothing for a change ticket; or the script makes an
accounts file that exsim does not read.
"""

from __future__ import annotations

import re
import socket
import subprocess
from itertools import pairwise
from pathlib import Path

import pytest

from exsim.cli import main
from exsim.conduct.accounts_script import script
from exsim.conduct.run_plan import CLIENTS, plan
from exsim.protocols import PROTOCOLS
from exsim.runs.accounts import COLUMNS

TARGET = """
title = "our farm"
[target]
url = "https://mail.example.com"
address = "10.0.0.50:443"
accounts = "accounts.csv"
confirm = "mail.example.com"
nodes = { EX13-01 = "10.0.1.13:443", EX16-01 = "10.0.1.16:443" }
[[population]]
mailbox = "2016"
users = 2
[load]
duration = "3m"
[expect]
lost = [{ max = 0.05 }]
"""
CANDIDATE = """
frontend fe
    bind :443 ssl crt /etc/ssl/mail.pem
    default_backend be
backend be
    server EX13-01 10.0.1.13:443 ssl verify none
    server EX16-01 10.0.1.16:443 ssl verify none
"""
LAB = """
title = "a lab"
[lab]
balancer = "x.cfg"
nodes = [{name = "EX16-01", version = "2016"}]
[[population]]
mailbox = "2016"
users = 2
"""
PEOPLE = """email,logon,home,secret
a@example.com,CORP\\a,2016,cmd:touch ran
b@example.com,CORP\\b,2016,prompt
c@example.com,CORP\\c,2016,env:NOT_SET
"""


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A scenario whose farm nothing may reach, and a terminal that must not be asked."""

    def never(*arguments: object, **more: object) -> None:
        raise AssertionError("a plan sends nothing, runs nothing and asks for nothing")

    monkeypatch.setattr(socket, "create_connection", never)
    monkeypatch.setattr(subprocess, "run", never)
    monkeypatch.setattr("getpass.getpass", never)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "accounts.csv").write_text(PEOPLE)
    (tmp_path / "mail.toml").write_text(TARGET)
    return tmp_path / "mail.toml"


def words(path: Path) -> str:
    return " ".join(plan(path).split())


def test_it_names_addresses_accounts_rates_and_whoever_will_see_it(path: Path) -> None:
    told = words(path)
    for wanted in (
        "https://mail.example.com, at 10.0.0.50:443 (pinned)", "EX13-01 by itself at 10.0.1.13:443",
        "2 accounts, one user each: CORP\\a, CORP\\b", "Spare 1, for control and steered sessions: CORP\\c",
        "first of all 3 logons, one after the other", "(limit 30)", "(limit 50)", "(limit 900 s)",
        "User-Agent ends in exsim/", "run=TIME", "what a password spray looks like", "Nothing was sent",
        "nothing: no mail, no item, no setting", "those of the environment are ignored",
    ):  # fmt: skip
        assert wanted in told, wanted


@pytest.mark.parametrize(
    ("protocols", "told_of_all", "told_of_phones"),
    [("owa", "ends in", None), ("activesync", "is exsim-phone/", None), ("owa activesync", "ends in", "is exsim-phone/")],
)  # fmt: skip
def test_a_telephone_has_the_same_name_in_every_run(
    path: Path, protocols: str, told_of_all: str, told_of_phones: str | None
) -> None:
    head, population = TARGET.split("[[population]]", 1)
    population, rest = population.split("[load]", 1)
    each = "".join(
        f'[[population]]\nprotocol = "{name}"{population.replace("users = 2", "users = 1")}'
        for name in protocols.split()
    )
    path.write_text(f"{head}{each}[load]{rest}")
    told = words(path)
    assert f"whose User-Agent {told_of_all}" in told
    assert ("a telephone's " + (told_of_phones or "")) in told or told_of_phones is None


def test_it_says_what_each_expectation_takes_in_sessions_and_accounts(path: Path) -> None:
    told = words(path)
    assert "at most 5 % lost: needs 59 sessions with none lost" in told
    assert "over accounts, 59 accounts. This scenario has 2 accounts" in told
    assert "max_lost_sessions = 0: with none lost of about" in told
    assert "min_sessions_per_combination = 10: 2 servers and 1 home make 4 combinations" in told


def test_it_ends_with_a_paragraph_for_the_change_ticket(path: Path) -> None:
    ticket = words(path).partition("For the change ticket:")[2]
    assert "mail.example.com" in ticket and "no wrong password is sent on purpose" in ticket
    assert "no more than 50 a second and 30 logons a minute" in ticket


def test_the_ticket_says_why_the_nodes_are_asked_directly(path: Path) -> None:
    first = "for health checks, copies of a lost session's cookies"
    assert f"{first}, control sessions and steered sessions, EX13-01 and EX16-01 di" in words(path)
    path.write_text(TARGET.replace("[load]", "[load]\ncontrol = 0"))
    assert f"{first} and steered sessions, EX13-01" in words(path)
    path.write_text(TARGET.replace("[load]", "[load]\ncontrol = 0\nunmask = false"))
    assert f"{first.replace(',', ' and')}, EX13-01" in words(path)


CONTROLS, FORCED, UNMASKED = 4 * 2, 2 * 2 * 10, 2  # two nodes, mailboxes of one home
OTHERS = 'users = 2\nprotocol = "ews"'


@pytest.mark.parametrize(
    ("load", "population", "more", "spare"),
    [
        ("", "", CONTROLS + UNMASKED, "for control and steered sessions"),
        ("control = 0", "", UNMASKED, "for steered sessions"),
        ("unmask = false", "", CONTROLS, "for control sessions"),
        ("control = 0\nunmask = false", "", 0, "checked, and then not used"),
        ("force = true", "", CONTROLS + FORCED + UNMASKED, "for control and steered sessions"),
        ("force = true\ncontrol = 0", "", FORCED + UNMASKED, "for steered sessions"),
        # only a browser's cookies can be carried across, and one control session of others is enough
        ("force = true", OTHERS, 2, "for control sessions"),
        ("", OTHERS + '\news = {authentication = "none"}', 0, "checked, and then not used"),
    ],
)
def test_logons_and_spare_accounts_are_those_of_the_sessions_that_there_will_be(
    path: Path, load: str, population: str, more: int, spare: str
) -> None:
    def logons(load: str) -> tuple[int, str]:
        text = TARGET.replace("[load]", f"[load]\n{load}")
        path.write_text(text.replace("users = 2", population) if population else text)
        told = words(path)
        return int(re.findall(r"Logons about (\d+) in all", told)[0]), told

    none, _ = logons("control = 0\nunmask = false")
    found, told = logons(load)
    assert found - none == more
    assert f"Spare 1, {spare}: CORP\\c" in told


def test_without_an_account_to_spare_there_are_no_sessions_beside_the_load(path: Path) -> None:
    (path.parent / "accounts.csv").write_text(PEOPLE.rpartition("c@")[0])
    assert "Steered" not in words(path) and "control sessions" not in words(path)


def test_several_workers_are_several_machines_to_whoever_sees_them(path: Path) -> None:
    alone = words(path)
    assert "from one address, this machine's; that is" in alone and "Workers" not in alone
    assert "run by hand from one machine for about" in alone
    assert "at most 36 times a copy of cookies is shown" in alone
    path.write_text(TARGET.replace("[load]", "[load]\nworkers = 2"))
    several = words(path)
    assert "this machine's, or with --master from 3, the workers' and this one; that is" in several
    assert (
        "run by hand from one machine (with --master from 3: one that leads and 2 that" in several
    )
    assert "Workers 2, on this machine; with --master as many machines" in several
    assert "at most 72 times a copy of cookies is shown" in several, "each worker shows its own"


def test_the_ticket_of_a_candidate_does_not_say_that_production_s_balancer_is_loaded(
    path: Path,
) -> None:
    (path.parent / "candidate.cfg").write_text(CANDIDATE)
    path.write_text(TARGET.replace('address = "10.0.0.50:443"', 'balancer = "candidate.cfg"'))
    ticket = words(path).partition("For the change ticket:")[2]
    assert (
        "through a load balancer on the tester's machine (candidate.cfg; the one in production is"
        in ticket
    )
    assert "through the load balancer" not in ticket


def test_a_minute_has_no_more_logons_than_the_whole_run(path: Path) -> None:
    short = TARGET.replace('"3m"', '"9s"').replace(
        "users = 2", 'users = 1\nsession = { polls = 3, think = "500ms" }'
    )
    path.write_text(short)
    (all_of_them, busiest) = re.findall(
        r"Logons about (\d+) in all, (\d+) in the busiest", words(path)
    )[0]
    assert int(busiest) <= int(all_of_them)


@pytest.mark.parametrize(("most", "waits"), [(12, True), (13, False), (None, False)])
def test_a_load_that_waits_for_room_is_foretold(path: Path, most: int | None, waits: bool) -> None:
    """Three logons of the check, eight of control sessions, two of users."""
    limits = f"[limits]\nlogons_per_minute = {most}\n[load]" if most else "[load]"
    population = "users = 2\nsession = { polls = 100 }"
    path.write_text(TARGET.replace("[load]", limits).replace("users = 2", population))
    wanted = (
        f"the load waits, a minute at most, until {most} logons a minute leave room for its users"
    )
    assert (wanted in words(path)) == waits == ("the load waits" in words(path))


def test_a_paragraph_is_filled_before_it_goes_on(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    told = plan(path).splitlines()
    for line, after in pairwise(told):
        if after.startswith(" " * 12) and line[1:11].strip() in ("Attempts", "Stops", "Seen"):
            first = after.split()[0]
            assert len(line) + 1 + len(first) >= 80, (line, after)


def test_a_name_that_does_not_resolve_is_said_and_the_rest_is_told(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nobody(*arguments: object, **more: object) -> None:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", nobody)
    path.write_text(TARGET.replace('address = "10.0.0.50:443"\n', ""))
    assert "mail.example.com: no address: Name or service not known" in words(path)


def test_a_lab_needs_no_ticket(capsys: pytest.CaptureFixture[str]) -> None:
    root = Path(__file__).parents[2]
    assert main(["plan", str(root / "scenarios" / "roundrobin.toml")]) == 0
    assert "this machine's own loopback" in " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize(
    ("scenario", "file", "line"),
    [
        (LAB, CANDIDATE, "x.cfg:6: server EX13-01 is none of the nodes EX16-01: say which one it is in [lab] servers"),
        (LAB, "events {}\nhttp {\n  include more;\n}\n", "x.cfg:3: include: write it out, it cannot be moved"),
        (
            TARGET.replace('address = "10.0.0.50:443"', 'balancer = "x.cfg"'),
            CANDIDATE.replace("EX13-01", "a"),
            "x.cfg:6: server a is none of the nodes EX13-01, EX16-01: say which one it is in [target.map]",
        ),
    ],
    ids=["lab", "nginx", "shadow"],
)  # fmt: skip
def test_a_balancers_file_that_a_run_refuses_is_refused_by_its_plan(
    path: Path, scenario: str, file: str, line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (path.parent / "x.cfg").write_text(file)
    path.write_text(scenario)
    for words in (
        ["plan", str(path)],
        ["run", str(path), "--reports", str(path.parent / "reports")],
    ):
        assert main(words) == 2
        assert capsys.readouterr().err.startswith(f"exsim: {line}")
    assert not (path.parent / "reports").exists(), "a mistake leaves no run behind"


def test_the_script_makes_a_file_that_can_be_read_and_removes_what_it_made() -> None:
    made = script(7, "corp.example")
    assert ",".join(COLUMNS) in made and "$Count  = 7" in made and '"corp.example"' in made
    for wanted in ("New-Mailbox", "Remove-Mailbox -Confirm", "Set-MailboxRegionalConfiguration",
                   "-HiddenFromAddressListsEnabled $true", "FineGrainedPasswordPolicy", "icacls"):  # fmt: skip
        assert wanted in made, wanted
    assert made.count("{") == made.count("}") and "{{" not in made
    (kind,) = re.findall(r'-match "(.+)"', made)
    (prefix,) = re.findall(r'"(\w+)\{0:d3\}" -f \$number', made)
    for number, its in ((1, True), (999, True), (1008, True), ("1 of sales", False)):
        name = f"{prefix}{number:03d}" if isinstance(number, int) else f"{prefix}{number}"
        assert bool(re.match(kind, name)) is its, "what was made is removed, and nothing else"


def test_a_count_that_is_none_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["accounts", "script", "--count", "0"]) == 2
    assert capsys.readouterr().err == "exsim: --count 0: is not between 1 and 500\n"


def test_a_telephone_leaves_a_partnership_and_a_logon_of_ones_own_is_said(path: Path) -> None:
    assert "device partnership" not in words(path)
    path.write_text(TARGET.replace("users = 2", 'users = 2\nprotocol = "activesync"'))
    assert words(path).count("each telephone leaves a device partnership") == 2, "the ticket, too"
    path.write_text(TARGET.replace("[[pop", 'logon = "portal:log_on"\n[[pop', 1))
    assert "not exsim's own: portal:log_on" in words(path)


@pytest.mark.parametrize(
    ("protocols", "seen", "refusals"),
    [
        (("owa",), "a Chromium, whose", "440 or 302 to logon.aspx"),
        (("mapi_http", "ews"), "Outlook by MAPI/HTTP, a client of Exchange Web Services,", "401"),
        (("owa", "oab"), "a Chromium, the download of an", "440, 302 to logon.aspx or 401"),
    ],
)
def test_each_kind_of_client_is_named_as_a_log_shows_it(
    path: Path, protocols: tuple[str, ...], seen: str, refusals: str
) -> None:
    one = '[[population]]\nmailbox = "2016"\nusers = 1\n'
    before, _, _ = TARGET.partition("[[population]]")
    kinds = "".join(f'{one}protocol = "{protocol}"\n' for protocol in protocols)
    path.write_text(before + kinds)
    told = words(path)
    assert f"in IIS logs: {seen}" in told and f"refusals as {refusals} by" in told


def test_every_protocol_has_its_name_in_a_plan() -> None:
    assert set(CLIENTS) == set(PROTOCOLS)
