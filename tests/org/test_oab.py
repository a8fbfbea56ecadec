"""The offline address book, and HealthCheck.htm of every directory.

Falls if: Autodiscover names an address book that is not there, a stranger is given it, or a directory has no HealthCheck.
"""

import base64
from xml.etree import ElementTree

import pytest

from exsim.org.settings import Organisation
from exsim.wire.message import Request
from tests.org.autodiscover.test_service import POX, ask, pox
from tests.org.ews.player import ALICE, NODE
from tests.org.farm import HOST, Farm, changed, server

DIRECTORIES = ("owa", "ecp", "ews", "mapi", "Microsoft-Server-ActiveSync", "oab", "autodiscover",
               "rpc", "powershell")  # fmt: skip
METHODS = {"autodiscover": ("basic",), "oab": ("basic",)}


@pytest.fixture
def farm(certificates):
    made = Organisation((server(NODE, "2016"),), (ALICE,), certificates)
    return Farm(changed(made, "*", authentication=METHODS))


def test_the_manifest_is_where_autodiscover_says_and_for_those_who_signed_in(farm):
    told = ElementTree.fromstring(ask(farm, POX, pox()).body).findtext(".//{*}OABUrl")
    path = told.removeprefix(f"https://{HOST}") + "oab.xml"
    pair = base64.b64encode(f"{ALICE.logon}:{ALICE.password}".encode()).decode()
    fields = [("Host", HOST), ("Authorization", f"Basic {pair}")]
    answer = farm.ask(NODE, Request("GET", path, fields, b"", "http"))
    assert (answer.status, ElementTree.fromstring(answer.body).tag) == (200, "OAB")
    assert farm.ask(NODE, Request("GET", path, fields[:1], b"", "http")).status == 401
    assert farm.ask(NODE, Request("GET", path + "x", fields, b"", "http")).status == 404


@pytest.mark.parametrize("directory", DIRECTORIES)
def test_every_directory_has_a_health_check_that_asks_for_no_credentials(farm, directory):
    request = Request("GET", f"/{directory}/HealthCheck.htm", [("Host", HOST)], b"", "http")
    assert farm.ask(NODE, request).body == f"200 OK<br/>{NODE.lower()}.lab.example".encode()
