"""The doctor against real nodes: each cause that a few dozen requests can tell apart is named first.

Falls if: another cause is named first, a healthy organisation is given one, the balancer alone leads to
another finding than the nodes' own addresses, a target is not examined as a stranger would have to, or a
refused password, a foreign page or an address where nobody is ends in more than one line and exit 4.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import pytest

from exsim.conduct.rig import lab_for, lab_rig, plan_for
from exsim.runs.assignment import make_lab_accounts
from exsim.runs.dice import Source
from exsim.runs.scenario import load_scenario
from exsim.runs.sections import Lab
from tests.lab.runs import NODES, NODES_2010, ROOT, scenario
from tests.runs.opening import expected_matrix

pytestmark = pytest.mark.lab

LIMIT = 90.0  # seconds for one visit, its lab included
NAMED = ("authcert_asymmetry", "cng_node", "hmac_skew", "auth_cert_expired", "e14_no_affinity",
         "clock_skew", "be_kerberos_broken", "drained")  # fmt: skip
BALANCER = ("hmac_skew", "e14_no_affinity")
QUICK = {
    *(("authcert_asymmetry",), ("hmac_skew",), ("clock_skew",)),
    *(("healthy",), ("hmac_skew", "balancer")),
}
MATRIX = {"authcert_asymmetry", "cng_node", "hmac_skew", "e14_no_affinity", "cert_split", "healthy"}


@dataclass
class Told:
    """One visit that is over."""

    code: int
    document: dict[str, Any]
    people: str


def doctor(*arguments: str) -> Told:
    done = subprocess.run(
        [sys.executable, "-m", "exsim", "doctor", *arguments, "--json"],
        capture_output=True, text=True, timeout=LIMIT, cwd=ROOT, check=False,
    )  # fmt: skip
    return Told(done.returncode, json.loads(done.stdout or "{}"), done.stderr)


@pytest.fixture(scope="module")
def visits(request: pytest.FixtureRequest) -> Iterator[dict[tuple[str, ...], Future[Told]]]:
    """Three at a time: a visit waits for its lab more than it works."""
    mine = [item for item in request.session.items if item.path == request.path]
    everything = any(item.get_closest_marker("slow") for item in mine)
    wanted = [(preset,) for preset in (*NAMED, "cert_split", "healthy")]
    wanted += [(preset, "balancer") for preset in BALANCER]
    pool = ThreadPoolExecutor(3)
    yield {
        key: pool.submit(
            doctor, "--lab", "--preset", key[0], *(("--through", *key[1:]) if key[1:] else ())
        )
        for key in wanted
        if everything or key in QUICK
    }
    pool.shutdown(cancel_futures=True)


def readable(document: dict[str, Any]) -> dict[tuple[str, str], bool]:
    return {
        (cell["from"], cell["to"]): cell["get"] == "readable"
        for cell in document["cookie_matrix"]
        if not cell["public"]
    }


def expected(preset: str) -> dict[tuple[str, str], bool]:
    nodes = NODES_2010 if preset == "e14_no_affinity" else NODES
    lab = {"balancer": "none", "preset": preset}
    lab["nodes"] = [{"name": name, "version": version} for name, version in nodes]
    return expected_matrix(msgspec.convert(lab, Lab))


@pytest.mark.parametrize(
    "key",
    [
        pytest.param(key, marks=() if key in QUICK else pytest.mark.slow, id="-".join(key))
        for key in [*((p,) for p in NAMED), *((p, "balancer") for p in BALANCER)]
    ],
)
def test_the_cause_is_named_first(visits, key):
    told = visits[key].result()
    assert told.code == 1, told.people
    assert told.document["diagnosis"][0]["rule"] == key[0]
    assert told.document["diagnosis"][0]["evidence"]
    assert told.document["format"] == "exsim-doctor/1"
    if key[0] in MATRIX:
        assert readable(told.document) == expected(key[0])


def test_a_healthy_organisation_is_given_no_cause(visits):
    told = visits["healthy",].result()
    assert told.code == 0, told.people
    assert told.document["diagnosis"] == []
    assert readable(told.document) == expected("healthy")


@pytest.mark.slow
def test_what_a_visit_cannot_tell_apart_is_a_class_with_the_step_that_decides(visits):
    first = visits["cert_split",].result().document["diagnosis"][0]
    assert {first["rule"], *first["alike"]} == {"cert_split", "stale_cert"}
    assert "ecycle" in first["decides"]


def test_fingerprints_hold_what_the_nodes_are(visits):
    nodes = {node["name"]: node for node in visits["hmac_skew",].result().document["nodes"]}
    assert {name: node["signature_length"] for name, node in nodes.items()} == {
        "EXCH16-SYD-01": 44, "EXCH16-SYD-02": 44, "EXCH13": 344,
    }  # fmt: skip
    assert all(abs(node["skew"]) < 3 for node in nodes.values())
    assert all(node["certificate"]["key"] == "EC 256" for node in nodes.values())
    assert all(node["secure"] for node in nodes.values())
    skewed = visits["clock_skew",].result().document["nodes"]
    assert {round(node["skew"] / 600) for node in skewed} == {0, 3}


def test_a_few_dozen_requests_are_sent(visits):
    assert all(visit.result().document["requests"] <= 100 for visit in visits.values())


# As a stranger --------------------------------------------------------------------------------------
@dataclass
class Standing:
    """A lab of which a stranger is told addresses, a certificate and two accounts, and nothing else."""

    folder: Path
    balancer: str
    nodes: dict[str, str]
    ca: str
    people: list[tuple[str, str, str, str]]
    made = 0

    def target(self, nodes: dict[str, str] | None = None, **changes: str) -> Path:
        values = {"secret": "", "address": self.balancer, "ca": self.ca, **changes}
        self.made += 1
        name = f"target-{self.made}"
        rows = [",".join((*who[:3], values["secret"] or who[3])) for who in self.people]
        accounts = self.folder / f"{name}.csv"
        accounts.write_text("\n".join(("email,logon,home,secret", *rows)) + "\n")
        accounts.chmod(0o600)
        path = self.folder / f"{name}.toml"
        where = ", ".join(f'{node} = "{at}"' for node, at in (nodes or {}).items())
        path.write_text(
            f'title = "mail"\n[target]\nurl = "https://exchange.isp.com.au"\n'
            f'address = "{values["address"]}"\naccounts = "{name}.csv"\nca = "{values["ca"]}"\n'
            f"cleartext = true\nnodes = {{{where}}}\n"
            '[[population]]\nmailbox = "2016"\nusers = 1\n'
        )
        return path


@pytest.fixture(scope="module")
def standing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Standing]:
    folder = tmp_path_factory.mktemp("stranger")
    path = scenario(folder / "farm", balancer="cookie")
    read = load_scenario(path)
    accounts = make_lab_accounts(read, Source(1))
    with lab_for(read, folder / "farm", accounts, plan_for(read, path)) as lab:
        rig = lab_rig(lab, read)
        two = [one for one in accounts if one.home in ("2013", "2016")][:6:4]
        people = [(one.address, one.logon, one.home, one.password) for one in two]
        yield Standing(folder, rig.address, dict(rig.nodes), rig.ca, people)


def test_a_target_is_examined_at_its_nodes_and_one_that_is_gone_is_told_of(standing):
    gone = {**standing.nodes, "EXCH-GONE": "http://127.0.0.1:1"}
    told = doctor(str(standing.target(gone)))
    assert told.code == 1, told.people
    assert told.document["diagnosis"][0]["rule"] == "authcert_asymmetry"
    nodes = {node["name"]: node for node in told.document["nodes"]}
    assert nodes["EXCH13"]["build"] == "15.0.1263"
    assert nodes["EXCH-GONE"]["problems"] == ["does not answer: refused"]
    assert "imulated" not in told.people


def test_a_target_is_examined_through_a_balancer_that_keeps_its_clients(standing):
    told = doctor(str(standing.target()))
    assert told.code == 1, told.people
    assert told.document["through"] == "balancer"
    assert told.document["diagnosis"][0]["rule"] == "authcert_asymmetry"
    assert readable(told.document) == expected("authcert_asymmetry")
    assert any("its cookie" in note for note in told.document["notes"])


def one_line(told: Told) -> str:
    assert told.code == 4 and told.document == {}
    assert told.people.count("\n") == 1 and "Traceback" not in told.people
    return told.people


def test_a_refused_password_is_one_line_and_nothing_is_tried_again(standing):
    assert "Nothing is concluded, and no further logon was tried" in one_line(
        doctor(str(standing.target(standing.nodes, secret="wrong")))
    )


def test_nobody_there_is_one_line(standing):
    assert "nobody answers" in one_line(doctor(str(standing.target(address="127.0.0.1:1"))))


def test_a_plan_reaches_nobody(standing):
    path = standing.target({"EX1": "http://127.0.0.1:1"}, address="127.0.0.1:1")
    done = subprocess.run(
        [sys.executable, "-m", "exsim", "doctor", str(path), "--plan"],
        capture_output=True, text=True, timeout=LIMIT, cwd=ROOT, check=False,
    )  # fmt: skip
    assert done.returncode == 0 and "For the change ticket" in done.stdout, done.stderr
