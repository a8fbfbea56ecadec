"""What a visit would do, before it does anything.

Falls if: a plan sends or starts something, asks for a password, names other accounts than would be used, or
says nothing for a change ticket; or a mistake of the operator is more than a line.
"""

from __future__ import annotations

import pytest

from exsim.conduct.doctor_patient import Asked, chosen
from exsim.conduct.doctor_plan import counted, plan
from exsim.runs.accounts import Account
from exsim.runs.errors import OperatorError

TARGET = """
title = "mail"
[target]
url = "https://mail.example.com"
accounts = "accounts.csv"
confirm = "mail.example.com"
{more}
[[population]]
mailbox = "2016"
users = 1
"""
PEOPLE = """email,logon,home,secret
a@example.com,CORP\\a,2016,prompt
b@example.com,CORP\\b,2016,prompt
c@example.com,CORP\\c,2013,prompt
"""


@pytest.fixture
def target(tmp_path, monkeypatch):
    """A target that nothing may reach, and a terminal that must not be asked."""

    def never(*arguments, **more):
        raise AssertionError("a plan sends nothing and asks for nothing")

    monkeypatch.setattr("exsim.conduct.doctor_patient.target_rig", never)
    monkeypatch.setattr("exsim.conduct.doctor_patient.lab_for", never)
    monkeypatch.setattr("getpass.getpass", never)
    (tmp_path / "accounts.csv").write_text(PEOPLE)

    def write(more=""):
        path = tmp_path / "mail.toml"
        path.write_text(TARGET.format(more=more))
        return path

    return write


NODES = 'nodes = {EX1 = "10.0.1.13:443", EX2 = "10.0.1.14:443"}'


def test_the_plan_of_a_target_says_what_whom_and_how_often(target):
    text = plan(Asked(target(NODES)))
    flat = " ".join(text.split())
    counts = counted(2, "nodes")
    assert f"about {counts.requests} in all" in flat and "EX2 by itself at 10.0.1.14:443" in flat
    assert f"at most {counts.attempts} times a password is sent or shown" in flat
    assert "For the change ticket:" in text and "mail.example.com" in flat.partition("ticket:")[2]


def test_the_accounts_are_those_of_as_many_homes_as_there_are(target):
    text = plan(Asked(target(NODES)))
    assert "CORP\\a" in text and "CORP\\c" in text and "CORP\\b" not in text


def test_without_addresses_it_goes_through_the_balancer(target):
    assert "through the balancer alone" in plan(Asked(target()))
    assert "through the balancer alone" in plan(Asked(target(NODES), through_balancer=True))


def test_the_plan_of_a_lab_needs_no_ticket(target):
    text = plan(Asked(presets=("hmac_skew", "clock_skew")))
    assert "hmac_skew, clock_skew" in text and "None is needed" in text


@pytest.mark.parametrize(
    ("asked", "problem"),
    [
        (Asked(), "say which scenario"),
        (Asked(presets=("nonsense",)), '"nonsense" is not a preset'),
        (Asked(presets=("healthy", "healthy")), "is there twice"),
        (Asked(presets=("cert_split", "e14_no_affinity")), "cert_split"),
    ],
)
def test_a_mistake_is_one_line(asked, problem):
    with pytest.raises(OperatorError, match=problem) as caught:
        plan(asked)
    assert "\n" not in str(caught.value)


def test_accounts_of_different_homes_come_first():
    people = [Account(f"{n}@x", str(n), home, "", node) for n, (home, node) in enumerate(
        (("2016", "A"), ("2016", "A"), ("2016", "B"), ("2013", "C")))]  # fmt: skip
    assert [one.node for one in chosen(people, 3)] == ["A", "B", "C"]
    assert [one.address for one in chosen(people, 9)] == ["0@x", "2@x", "3@x", "1@x"]


@pytest.mark.parametrize(("nodes", "attempts"), [(1, 3), (2, 10), (3, 21), (6, 78)])
def test_attempts_grow_with_the_square_of_the_nodes(nodes, attempts):
    assert counted(nodes, "nodes").attempts == attempts
    assert counted(nodes, "balancer").attempts == attempts + 2 * nodes


def test_what_is_asked_of_the_balancer_before_is_counted_too() -> None:
    assert counted(3, "balancer", 50).requests == counted(3, "balancer").requests + 50
    assert counted(3, "balancer", 50).attempts == counted(3, "balancer").attempts
