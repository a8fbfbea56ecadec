"""exchangelib, a client of EWS that nobody here wrote, through the incident's balancer and straight at a node.

Falls if: it cannot do what it did against a recording server (18 requests), is answered for another
mailbox, or its notifications do not come while the stream is open.
"""

import threading

import pytest
from exchangelib import (
    BASIC,
    DELEGATE,
    NTLM,
    Account,
    Configuration,
    Credentials,
    EWSDateTime,
    EWSTimeZone,
    FailFast,
    Message,
)
from exchangelib.autodiscover.protocol import AutodiscoverProtocol
from exchangelib.errors import ErrorItemNotFound, ErrorSubscriptionNotFound, UnauthorizedError
from exchangelib.properties import CreatedEvent, NewMailEvent
from exchangelib.protocol import BaseProtocol

from exsim.lab.lab import Lab
from exsim.runs.assignment import lab_accounts
from exsim.runs.dice import Source
from exsim.runs.organisation import organisation_nodes
from exsim.runs.scenario import parse_scenario
from tests.lab.dialling import adapter_to
from tests.lab.rig import plan

pytestmark = pytest.mark.lab
SCENARIO = """
title = "made by hand"

[lab]
balancer = "haproxy/roundrobin.cfg"
nodes = [
  {name = "EXCH16", version = "2016", front_end = {authentication = {ews = ["ntlm", "basic"]}}},
  {name = "EXCH13", version = "2013", front_end = {authentication = {ews = ["ntlm", "basic"]}}},
]

[[population]]
mailbox = "2016"
users = 2
"""
HOST = "exchange.isp.com.au"


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    section = parse_scenario(SCENARIO, "made").lab
    accounts = lab_accounts(4, section.nodes, Source(7))
    directory = tmp_path_factory.mktemp("lab")
    mailboxes = [account.as_mailbox() for account in accounts]
    lab = Lab(
        directory, organisation_nodes(section), mailboxes, [plan("roundrobin")],
        redact=lambda line: line, time_scale=0.025,
    )  # fmt: skip
    with lab:
        yield lab, accounts


@pytest.fixture(params=["balancer", "EXCH13"])
def way(lab, request, monkeypatch):
    """Which URL leads through the balancer, or to a node itself; exchangelib is told where that is."""
    made, _ = lab
    straight = request.param != "balancer"
    address = made.nodes[request.param]["http"] if straight else made.addresses["roundrobin"]
    host, _, port = address.rpartition(":")
    adapter = adapter_to((host, int(port)), made.ca_pem_path)
    monkeypatch.setattr(BaseProtocol, "HTTP_ADAPTER_CLS", adapter)
    return "http" if straight else "https"


@pytest.mark.parametrize("number", [0, 1], ids=["2016", "2013"])
def test_it_finds_its_mailbox_by_autodiscover(lab, way, number):
    account = lab[1][number]
    configuration = Configuration(
        service_endpoint=f"{way}://{HOST}/autodiscover/autodiscover.svc",
        credentials=Credentials(account.logon, account.password), retry_policy=FailFast(),
    )  # fmt: skip
    told = AutodiscoverProtocol(config=configuration).get_user_settings(user=account.address)
    assert told.autodiscover_smtp_address == account.address
    assert told.ews_url == f"https://{HOST}/EWS/Exchange.asmx"


def mailbox(lab, scheme, number, password=None, auth=None):
    account = lab[1][number]
    configuration = Configuration(
        service_endpoint=f"{scheme}://{HOST}/EWS/Exchange.asmx",
        credentials=Credentials(account.logon, password or account.password),
        auth_type=auth, retry_policy=FailFast(), max_connections=2,
    )  # fmt: skip
    zone = EWSTimeZone("UTC")
    return Account(
        account.address, config=configuration, autodiscover=False, access_type=DELEGATE,
        default_timezone=zone,
    )  # fmt: skip


@pytest.mark.parametrize(("number", "auth"), [(0, None), (1, BASIC)], ids=["2016", "2013"])
def test_all_that_it_did_against_the_recording_server(lab, way, number, auth):
    mine = mailbox(lab, way, number, auth=auth)
    assert mine.protocol.auth_type == (
        auth or NTLM
    )  # NTLM is what it prefers, where both are offered
    inbox = mine.inbox
    marker = f"exsim-marker:{mine.primary_smtp_address}"
    assert marker in {item.subject for item in inbox.all().only("subject")}
    assert {folder.name for folder in mine.root.walk()} >= {"Inbox", "Calendar", "Sent Items"}
    assert inbox in list(mine.msg_folder_root.children)
    before = inbox.all().count()
    message = Message(account=mine, folder=inbox, subject=f"hello {way} {number}")
    message.save()
    (found,) = inbox.filter(subject=message.subject)
    assert (found.id, found.is_read) == (message.id, False)
    found.is_read = True
    found.save(update_fields=["is_read"])
    assert inbox.get(subject=message.subject).is_read is True
    assert inbox.all().count() == before + 1
    message.delete()
    assert inbox.all().count() == before
    with pytest.raises(ErrorItemNotFound):
        found.refresh()
    sent = mine.sent.all().count()
    Message(account=mine, subject="one", to_recipients=["bob@isp.com.au"]).send()
    Message(account=mine, folder=mine.sent, subject="two", to_recipients=["a@b.c"]).send_and_save()
    assert mine.sent.all().count() == sent + 2


@pytest.mark.parametrize("way", ["balancer"], indirect=True)
@pytest.mark.parametrize("auth", [BASIC, NTLM])
def test_mail_is_told_while_the_stream_is_open(lab, way, auth):
    mine = mailbox(lab, way, 0, auth=auth)
    told = []
    with mine.inbox.streaming_subscription() as name:
        mail = Message(account=mine, subject="news", to_recipients=[mine.primary_smtp_address])
        threading.Timer(0.5, mail.send).start()
        for notification in mine.inbox.get_streaming_events(name, connection_timeout=1):
            assert notification.subscription_id == name
            told += notification.events
        assert mine.affinity_cookie.partition("~")[0].startswith("exch16.")
    assert {type(event) for event in told} == {CreatedEvent, NewMailEvent}
    with pytest.raises(ErrorSubscriptionNotFound):
        list(mine.inbox.get_streaming_events(name, connection_timeout=1))


def test_what_happened_can_be_pulled(lab, way):
    mine = mailbox(lab, way, 0, auth=BASIC)
    with mine.inbox.pull_subscription() as (name, watermark):
        Message(account=mine, folder=mine.inbox, subject="pulled").save()
        (notification,) = mine.inbox.get_events(name, watermark)
        assert [type(event) for event in notification.events] == [CreatedEvent]


@pytest.mark.parametrize("auth", [BASIC, NTLM])
def test_a_wrong_password_is_refused(lab, way, auth):
    with pytest.raises(UnauthorizedError):
        mailbox(lab, way, 2, password="not it", auth=auth).inbox.refresh()


def test_who_is_free(lab, way):
    mine, zone = mailbox(lab, way, 0), EWSTimeZone("UTC")
    start, end = (
        EWSDateTime(2026, 11, 23, 9, tzinfo=zone),
        EWSDateTime(2026, 11, 23, 12, tzinfo=zone),
    )
    (view,) = mine.protocol.get_free_busy_info(
        [(mine, "Organizer", False)], start, end, merged_free_busy_interval=60
    )
    assert view.merged == "000"
