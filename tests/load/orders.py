"""Orders for the tests of the load's rooms."""

from __future__ import annotations

from pathlib import Path

from exsim.runs.assignment import assign, make_lab_accounts
from exsim.runs.dice import Source
from exsim.runs.order import Order
from exsim.runs.plan import Plan, shared_out
from exsim.runs.rig import Rig
from exsim.runs.scenario import parse_scenario
from tests.runs.scenarios import LAB

TWO = LAB.replace("users = 20", "users = 5") + (
    '\n[[population]]\nmailbox = "2016"\nusers = 4\nsession = { change_mailbox = ["2013"] }\n'
)
NODES = {"EXCH13": "http://127.0.0.1:8013", "EXCH16-SYD-01": "https://127.0.0.1:8443"}


def orders(workers: int = 1, url: str = "https://exchange.isp.com.au") -> list[Order]:
    """One order for each worker, of nine users in two populations."""
    return shared_out(a_plan(workers, url).order())


def a_plan(workers: int = 1, url: str = "https://exchange.isp.com.au") -> Plan:
    """What those orders are for."""
    load = f"[load]\nworkers = {workers}"
    scenario = parse_scenario(TWO.replace("[load]", load), "x")
    assignment = assign(scenario, make_lab_accounts(scenario, Source(7)))
    rig = Rig(url, "127.0.0.1:9443", NODES, dict.fromkeys(NODES, "2013"), "system")
    return Plan("x", scenario, rig, assignment, Path("reports/x"), 1795324323.5, "00" * 16)
