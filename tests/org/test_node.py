"""A node as a whole: one confession an answer, nothing that breaks it, and its cost.

Falls if: an odd request raises, an answer is confessed twice or not at all, a header could not go on the
wire, or a cached service call becomes dear.
"""

from __future__ import annotations

import time

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from exsim.org.confession import CAUSES, CLASSES
from exsim.org.settings import FrontEnd, Organisation
from exsim.org.work import Hangup, Peer
from exsim.wire import names
from exsim.wire.message import Request
from tests.org.farm import HOST, START, Browser, Farm, changed, mailbox, server

NODES = ("EXCH16-SYD-01", "EXCH13", "EXCH10")
LATIN = st.characters(max_codepoint=255, exclude_characters="\r\n\0")
PATHS = st.sampled_from(
    [names.LOGON_POST, names.LOGON_PAGE, names.OWA, names.SERVICE, names.SESSION_DATA, names.ECP,
     names.NOTIFICATION, names.E14_EVENTS, names.LOGOFF, names.ERROR_PAGE, "/ecp/auth.owa",
     "/owa/auth/owaauth.dll", "/", "*", "", "/owa/HealthCheck.htm", "/owa/lang.owa"]
)  # fmt: skip
COOKIES = st.dictionaries(
    st.sampled_from([*names.WIPED, names.E14_SESSION, names.CANARY, names.BACK_END_COOKIE]),
    st.text(LATIN, max_size=12) | st.sampled_from(["", "%%", "QUJD", '"QUJD"', "A" * 344]),
)
BODIES = st.binary(max_size=60) | st.sampled_from(
    [b"destination=%0d%0aX:1&username=a&password=b&flags=4",
     f"destination=https://{HOST}/%0d%0aX:1&username=LAB%5Cuser01&password=Correct-1&flags=4".encode(),
     b"destination=//[&username=a:b&password=&flags=\xff"]
)  # fmt: skip


@pytest.fixture(scope="module")
def mixed(certificates: dict[str, str]) -> Farm:
    nodes = tuple(
        server(name, version) for name, version in zip(NODES, ("2016", "2013", "2010"), strict=True)
    )
    return Farm(
        Organisation(nodes=nodes, mailboxes=(mailbox(1, "EXCH13"),), certificates=certificates)
    )


@given(
    node=st.sampled_from(NODES),
    method=st.sampled_from(["GET", "POST", "HEAD", "PUT"]),
    path=PATHS | st.text(LATIN, max_size=20).map("/owa/".__add__),
    query=st.text(LATIN, max_size=30) | st.sampled_from(["url=%ff&reason=%3c", "oeh=1&", "EP=1"]),
    cookies=COOKIES,
    body=BODIES,
    authorization=st.sampled_from(
        ["", "Basic !", "Basic TEFCXHVzZXIwMTpDb3JyZWN0LTE=", "Negotiate x"]
    ),
)
@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@example(
    "EXCH13", "POST", names.LOGON_POST, "", {}, b"destination=%0d%0a&username=&password=&flags=", ""
)
def test_no_request_breaks_a_node(
    mixed: Farm, node: str, method: str, path: str, query: str,
    cookies: dict[str, str], body: bytes, authorization: str,
) -> None:  # fmt: skip
    before = len(mixed.confessions)
    line = "; ".join(f"{name}={value}" for name, value in cookies.items())
    fields = {"Host": HOST, "Cookie": line, "Authorization": authorization}
    headers = [(name, value) for name, value in fields.items() if value]
    answer = mixed.ask(node, Request(method, f"{path}?{query}", headers, body))
    assert len(mixed.confessions) == before + 1
    confession = mixed.confessions[-1]
    assert confession.status == answer.status and confession.class_ in CLASSES
    assert confession.cause == "" or confession.cause in CAUSES
    for name, value in answer.headers:
        (name + value).encode("latin-1")
        assert not set(value) & set("\r\n"), name


def test_a_destination_cannot_add_a_header(farm: Farm) -> None:
    box = farm.organisation.mailboxes[0]
    answer = Browser(farm).logon(NODES[0], box, destination=f"https://{HOST}/\r\nX-Evil: 1")
    assert answer.header("Location") == f"https://{HOST}/%0D%0AX-Evil:%201"


def test_every_kind_of_answer_is_confessed_once(farm: Farm) -> None:
    browser = Browser(farm)
    node = NODES[0]
    count = 0
    for target in ("/", "/owa/", "/owa/auth/logon.aspx", "/nowhere", "/owa/HealthCheck.htm"):
        browser.get(node, target, client_request_id=f"id-{count}")
        count += 1
        assert len(farm.confessions) == count
        assert farm.confessions[-1].client_request_id == f"id-{count - 1}"
    browser.logon(node, farm.organisation.mailboxes[0])
    assert len(farm.confessions) == count + 1
    assert farm.confessions[-1].user == "user01@lab.example"
    assert farm.confessions[-1].utc == "2017-03-20T08:53:20.000Z"


def test_a_stream_is_confessed_when_its_head_goes_out(farm: Farm) -> None:
    browser = Browser(farm)
    browser.logon(NODES[0], farm.organisation.mailboxes[0])
    browser.get(NODES[0], "/owa/")
    target = "/owa/ev.owa2?ns=PendingRequest&ev=PendingNotificationRequest"
    browser.get(NODES[0], target, X_OWA_CANARY=browser.cookies[names.CANARY])
    assert farm.now > START + 300
    assert farm.confessions[-1].utc == "2017-03-20T08:53:20.000Z"


def test_a_hangup_is_no_answer(organisation: Organisation) -> None:
    farm = Farm(changed(organisation, NODES[0], inactive=("OWA",)))
    with pytest.raises(Hangup):
        next(farm.nodes[NODES[0]].front(Request("GET", "/owa/healthcheck.htm"), Peer(1)))
    assert not farm.confessions


def test_a_request_without_a_token_is_nobodys_to_a_back_end(farm: Farm) -> None:
    work = farm.nodes[NODES[0]].back(Request("GET", "/owa/"), Peer(1))
    with pytest.raises(StopIteration) as stop:
        next(work)
    assert stop.value.value.status == 401


def test_a_cached_service_call_costs_little(farm: Farm) -> None:
    browser = Browser(farm)
    browser.logon(NODES[0], farm.organisation.mailboxes[0])
    browser.get(NODES[0], "/owa/")
    browser.serve(NODES[0])
    best = 1.0
    for _ in range(10):
        begun = time.thread_time()
        for _ in range(20):
            browser.serve(NODES[0])
        best = min(best, (time.thread_time() - begun) / 20)
    assert best < 600e-6  # twice the budget: the machine is shared, and the browser is counted too


def test_what_the_servers_own_monitoring_asks_is_told_and_is_nobodys_request(
    certificates: dict[str, str],
) -> None:
    node = server("EXCH13", "2013", front_end=FrontEnd(monitoring=3.0))
    farm = Farm(Organisation(nodes=(node,), mailboxes=(), certificates=certificates))
    assert farm.nodes["EXCH13"].monitoring == 3.0
    farm.nodes["EXCH13"].monitored()
    (told,) = farm.confessions
    assert (told.class_, told.path, told.status) == ("noise", names.POWERSHELL, 500)
    assert told.client_request_id == ""
