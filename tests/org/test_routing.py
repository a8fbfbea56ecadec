"""Which version's front end passes on to which version's mailboxes, and what a version does not have.

Falls if: a pair that Microsoft's documents allow is refused, 2010 passes up, or 2010 (or 2013 before its
first service pack) answers for MAPI over HTTP.
"""

from __future__ import annotations

import base64

import pytest

from exsim.org.routing import PASSES_ON, can_pass_on, has
from exsim.org.services import SERVICES
from exsim.org.settings import Mailbox, Organisation
from exsim.wire import names
from exsim.wire.message import Answer, Request
from tests.org.farm import HOST, Browser, Farm, changed, mailbox, server
from tests.org.naming import Naming

# front end -> the mailboxes it reaches, of those that may live in one organisation with it
REACHED = {
    "2010": "2010",
    "2013": "2010 2013 2016 2019",
    "2016": "2010 2013 2016 2019 se",
    "2019": "2013 2016 2019 se",
    "se": "2016 2019 se",
}


@pytest.fixture(autouse=True)
def naming(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(SERVICES, "ews", Naming)


def farm_of(certificates: dict[str, str], front: str, home: str, **more: object) -> Farm:
    nodes = (server("FRONT", front), server("HOME", home))
    made = Organisation(nodes=nodes, mailboxes=(mailbox(1, "HOME"),), certificates=certificates)
    return Farm(changed(made, "*", authentication={"ews": ("basic",)}, **more))


def ask(farm: Farm, target: str = "/EWS/x") -> Answer:
    box: Mailbox = farm.organisation.mailboxes[0]
    basic = base64.b64encode(f"{box.logon}:{box.password}".encode()).decode()
    fields = [("Host", HOST), ("Authorization", f"Basic {basic}")]
    return farm.ask("FRONT", Request("POST", target, fields, b"", "http"))


@pytest.mark.parametrize("home", names.VERSIONS)
@pytest.mark.parametrize("front", names.VERSIONS)
def test_who_reaches_whom(certificates: dict[str, str], front: str, home: str) -> None:
    answer = ask(farm_of(certificates, front, home))
    if home in REACHED[front].split():
        assert answer.status == 200 and names.MARKER in answer.body.decode()
    else:
        assert answer.status == 503 and answer.header("X-BEServer") is None


def test_the_table_is_that_of_the_versions_there_are() -> None:
    assert set(PASSES_ON) == set(names.VERSIONS) == set(REACHED)
    assert all(can_pass_on(server("A", one), server("B", one)) for one in names.VERSIONS)


def test_what_is_answered_where_it_is_unknown_can_be_set(certificates: dict[str, str]) -> None:
    assert ask(farm_of(certificates, "2010", "2016", out_of_reach=451)).status == 451
    assert ask(farm_of(certificates, "2010", "2016", out_of_reach=0)).status == 200


@pytest.mark.parametrize("front", ["2010", "2019"])
def test_outlook_on_the_web_is_bound_by_it_too(certificates: dict[str, str], front: str) -> None:
    farm = farm_of(certificates, front, "2016" if front == "2010" else "2010")
    browser = Browser(farm)
    browser.logon("FRONT", farm.organisation.mailboxes[0])
    assert browser.get("FRONT", "/owa/").status == 503
    assert farm.confessions[-1].class_ == "served", "the session itself is not refused"


@pytest.mark.parametrize(
    ("build", "there"),
    [("14.3.123.4", False), ("15.0.775.38", False), ("15.0.847.32", True), ("15.1.669.32", True)],
)
def test_mapi_over_http_is_there_since_2013_sp1(build: str, there: bool) -> None:
    node = server("A", "2016")
    node = type(node)(name="A", version=node.version, build=build, fqdn=node.fqdn)
    assert has(node, "mapi") is there and has(node, "ews")


def test_a_directory_that_a_version_lacks_is_not_found(certificates: dict[str, str]) -> None:
    farm = farm_of(certificates, "2010", "2010")
    assert ask(farm, "/mapi/emsmdb/").status == 404
    assert ask(farm_of(certificates, "2016", "2016"), "/mapi/emsmdb/").status != 404
