"""Virtual directories without a logon form: who is let in, what a refusal says, who serves.

Falls if: a wrong password is served, a 401 lacks one of the directory's methods or speaks in a back end's
name, credentials reach a back end, or a class is confessed that the answer does not bear out.
"""

from __future__ import annotations

import base64

import msgspec
import pytest

from exsim.org.services import SERVICES
from exsim.org.settings import Mailbox, Organisation
from exsim.wire import names
from exsim.wire.message import Answer, Request, headers_named
from tests.org.farm import HOST, Farm, behind, changed, server
from tests.org.naming import Naming

NEW, OLD = "EXCH16-SYD-01", "EXCH13"
ALL_THREE = ("negotiate", "ntlm", "basic")
DIRECTORIES = ("ews", "microsoft-server-activesync", "rpc", "mapi", "autodiscover", "oab")


@pytest.fixture(autouse=True)
def naming(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(SERVICES, "ews", Naming)


@pytest.fixture
def farm(organisation: Organisation) -> Farm:
    return Farm(changed(organisation, "*", authentication={"ews": ("basic",)}))


def basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def of(box: Mailbox) -> str:
    return basic(box.logon, box.password)


def ask(
    farm: Farm, node: str, authorization: str = "", target: str = "/EWS/Exchange.asmx"
) -> Answer:
    fields = [("Host", HOST)] + ([("Authorization", authorization)] if authorization else [])
    return farm.ask(node, Request("POST", target, fields, b"", "http"))


def challenges(answer: Answer) -> list[str]:
    return list(headers_named(answer.headers, names.WWW_AUTHENTICATE))


@pytest.mark.parametrize("node", [NEW, OLD])
def test_the_mailboxes_own_node_serves_whoever_the_front_end_is(farm: Farm, node: str) -> None:
    for box in farm.organisation.mailboxes:
        answer = ask(farm, node, of(box))
        assert (answer.status, answer.header("X-FEServer")) == (200, node)
        assert answer.body.decode() == f"{box.home} {names.MARKER}{box.address}"
        assert answer.header("X-BEServer") == box.home and answer.header("X-OWA-Version") is None
        confession = farm.confessions[-1]
        assert (confession.class_, confession.user, confession.back_end) == (
            "served",
            box.address,
            box.home,
        )


def test_no_credentials_reach_a_back_end(farm: Farm) -> None:
    ask(farm, NEW, of(farm.organisation.mailboxes[0]))
    assert all(not request.header("Authorization") for _, request in farm.forwarded)


@pytest.mark.parametrize(
    ("authorization", "class_", "cause"),
    [
        ("", "challenged", "absent"),
        ("Bearer", "challenged", "absent"),  # what Outlook asks modern authentication with
        ("Basic", "challenged", "absent"),
        (basic("LAB\\user01", "wrong"), "refused", "credentials"),
        (basic("LAB\\nobody", "x"), "refused", "credentials"),
        ("Basic not-base64!", "refused", "credentials"),
        ("Basic " + "é" * 9, "refused", "credentials"),
        ("Basic bm9jb2xvbg==", "refused", "credentials"),
    ],
)
def test_a_401_is_the_front_ends_own(
    farm: Farm, authorization: str, class_: str, cause: str
) -> None:
    answer = ask(farm, NEW, authorization)
    assert answer.status == 401 and challenges(answer) == [f'Basic realm="{HOST}"']
    assert answer.header("X-FEServer") == NEW and answer.header("request-id")
    assert answer.header("X-BEServer") is None and not farm.forwarded
    assert (farm.confessions[-1].class_, farm.confessions[-1].cause) == (class_, cause)


def test_a_probes_401_says_which_side_failed(farm: Farm) -> None:
    fields = [("Host", HOST), ("X-ClientApplication", "MapiHttpClient/15.1")]
    answer = farm.ask(NEW, Request("POST", "/EWS/Exchange.asmx", fields, b"", "http"))
    assert answer.header("X-FailureContext") == "FrontEnd;401;VW5hdXRob3JpemVk;;;;"


def test_each_directory_offers_its_own_methods(organisation: Organisation) -> None:
    farm = Farm(changed(organisation, NEW, authentication={"oab": ALL_THREE}))
    offered = {vdir: challenges(ask(farm, NEW, target=f"/{vdir}/x")) for vdir in DIRECTORIES}
    realm = f'Basic realm="{HOST}"'
    assert offered["ews"] == offered["mapi"] == ["Negotiate", "NTLM"]
    assert offered["microsoft-server-activesync"] == [realm]
    assert offered["oab"] == ["Negotiate", "NTLM", realm]


def test_basic_is_refused_where_it_is_not_offered(organisation: Organisation) -> None:
    farm = Farm(organisation)
    answer = ask(farm, NEW, of(organisation.mailboxes[0]))
    assert answer.status == 401 and challenges(answer) == ["Negotiate", "NTLM"]
    assert (farm.confessions[-1].class_, farm.confessions[-1].cause) == ("refused", "not_offered")


def test_a_directory_without_a_service_is_not_found(farm: Farm) -> None:
    box = farm.organisation.mailboxes[0]
    answer = ask(farm, NEW, of(box), "/Microsoft-Server-ActiveSync/nothing")
    if "microsoft-server-activesync" not in SERVICES:
        assert answer.status == 404 and answer.header("X-BEServer") == box.home
    assert ask(farm, NEW, of(box), "/exchweb/").status == 404


def test_health_is_told_without_credentials(farm: Farm) -> None:
    request = Request("GET", "/EWS/HealthCheck.htm", [("Host", HOST)], b"", "http")
    assert farm.ask(NEW, request).body.startswith(b"200 OK<br/>")


def test_a_back_end_that_is_down_is_a_503(organisation: Organisation) -> None:
    offers = changed(organisation, "*", authentication={"ews": ("basic",)})
    farm = Farm(behind(offers, OLD, down=True))
    assert ask(farm, NEW, of(organisation.mailboxes[0])).status == 503


def test_a_back_end_confides_why_and_no_client_sees_it(farm: Farm) -> None:
    answer = ask(farm, NEW, of(farm.organisation.mailboxes[0]), "/EWS/lost")
    assert (farm.confessions[-1].class_, farm.confessions[-1].cause) == (
        "lost_context",
        "no_context",
    )
    assert not [name for name, _ in answer.headers if name.lower().startswith("x-exsim")]


def test_2010_authenticates_and_serves_in_one(organisation: Organisation) -> None:
    ten = server("EXCH10", "2010")
    box = msgspec.structs.replace(organisation.mailboxes[0], home="EXCH10")
    with_2010 = msgspec.structs.replace(
        organisation, nodes=(*organisation.nodes, ten), mailboxes=(box,)
    )
    farm = Farm(changed(with_2010, "*", authentication={"ews": ("basic",)}))
    refused = ask(farm, "EXCH10")
    assert refused.status == 401 and refused.header("X-FEServer") is None
    assert refused.header("X-DiagInfo") == "EXCH10"
    served = ask(farm, "EXCH10", of(box))
    assert served.status == 200 and not farm.forwarded
    assert ask(farm, "EXCH10", target="/EWS/HealthCheck.htm").status == 404


def test_a_newer_front_end_passes_on_to_2010(organisation: Organisation) -> None:
    ten = server("EXCH10", "2010")
    box = msgspec.structs.replace(organisation.mailboxes[0], home="EXCH10")
    mixed = msgspec.structs.replace(
        organisation, nodes=(*organisation.nodes, ten), mailboxes=(box,)
    )
    farm = Farm(changed(mixed, "*", authentication={"ews": ("basic",)}))
    answer = ask(farm, NEW, of(box))
    assert (answer.status, answer.header("X-FEServer")) == (200, NEW)
    assert answer.body.startswith(b"EXCH10 ")
