"""MAPI over HTTP at a node, request by request in memory.

Falls if: a request that MS-OXCMAPIHTTP refuses is answered, or with another code or another status than 200; a
context serves somebody whom it does not belong to, or two requests at a time; PENDING does not come.
"""

from __future__ import annotations

import base64

import pytest

from exsim.org.settings import BackEnd, Mapi, Organisation
from exsim.wire import mapi, names, rop
from exsim.wire.message import Request
from tests.org.ews.player import ALICE, BOB, NODE
from tests.org.farm import HOST, Farm, changed, server

STORE, BOOK = "/mapi/emsmdb/?MailboxId=x", "/mapi/nspi/?MailboxId=x"
CONNECT = mapi.Connect("/o=a/cn=alice").encode()
EXECUTE = mapi.Execute(rop.pack(rop.get_properties(rop.OWNER_NAME), (rop.NO_OBJECT,))).encode()
WAIT, GONE = mapi.Flagged().encode(), mapi.Disconnect().encode()


class Outlook:
    """Sends requests with the cookies of the last answers."""

    def __init__(self, farm, who=ALICE):
        self.farm, self.who, self.cookies, self.answer = farm, who, {}, None

    def ask(self, kind, body, target=STORE, method="POST", cookies=None, **headers):
        """The response code, and the body behind its frame where there is one."""
        pair = base64.b64encode(f"{self.who.logon}:{self.who.password}".encode()).decode()
        fields = {"Host": HOST, "Authorization": f"Basic {pair}", "X-RequestId": "{g}:1",
                  "Content-Type": names.MAPI_KIND, "X-RequestType": kind, "X-ClientInfo": "{g}:1"}  # fmt: skip
        fields.update({name.replace("_", "-"): value for name, value in headers.items()})
        sent = self.cookies if cookies is None else cookies
        if sent:
            fields["Cookie"] = "; ".join("=".join(pair) for pair in sent.items())
        there = [pair for pair in fields.items() if pair[1] is not None]
        self.farm.stream = None
        self.answer = self.farm.ask(NODE, Request(method, target, there, body, "http"))
        head = self.farm.stream.answer if self.farm.stream else self.answer
        self.head = head
        for name, value in head.headers:
            if name == "Set-Cookie" and value.startswith("Mapi"):
                key, _, content = value.partition(";")[0].partition("=")
                self.cookies[key] = content
        assert head.status == 200
        return int(head.header(names.MAPI_CODE) or 0)

    @property
    def octets(self):
        return b"".join(data for _, data in self.farm.stream.pieces)


def farm(certificates, version="2016", scale=1.0, **faults):
    node = server(NODE, version, back_end=BackEnd(mapi=Mapi(**faults)))
    made = Organisation((node,), (ALICE, BOB), certificates, time_scale=scale)
    return Farm(changed(made, "*", authentication={"mapi": ("basic",)}))


@pytest.fixture
def outlook(certificates):
    made = Outlook(farm(certificates))
    assert made.ask(mapi.CONNECT, CONNECT) == 0
    return made


def test_connect_tells_the_name_and_opens_a_context(outlook):
    found = mapi.Connected.decode(mapi.unframe(outlook.octets).body)
    assert found.display_name == f"exsim-marker:{ALICE.address}"
    assert set(outlook.cookies) == {names.MAPI_CONTEXT, names.MAPI_SEQUENCE, names.MAPI_ROUTING}
    head = outlook.head
    assert head.header("Content-Type") == "application/mapi-http"
    assert head.header("X-RequestType") == "Connect" and head.header("X-RequestId") == "{g}:1"
    assert head.header(names.MAPI_PENDING) == "30000" and head.header(names.MAPI_EXPIRATION) == "300000"  # fmt: skip
    assert head.header(names.MAPI_SERVER) == "Exchange/15.01.0669.032"


def test_an_execute_tells_whose_mailbox_it_is_and_moves_the_sequence(outlook):
    before = dict(outlook.cookies)
    assert outlook.ask(mapi.EXECUTE, EXECUTE) == 0
    done = mapi.Executed.decode(mapi.unframe(outlook.octets).body)
    assert rop.done(rop.unpack(done.data)[0])[0].texts == (f"exsim-marker:{ALICE.address}",)
    assert outlook.cookies[names.MAPI_CONTEXT] == before[names.MAPI_CONTEXT]
    assert outlook.cookies[names.MAPI_SEQUENCE] != before[names.MAPI_SEQUENCE]


@pytest.mark.parametrize(
    ("kind", "body", "more", "code"),
    [
        (mapi.EXECUTE, EXECUTE, {"method": "PUT"}, 2),
        (mapi.EXECUTE, EXECUTE, {"Content_Type": "text/xml"}, 4),
        (mapi.EXECUTE, EXECUTE, {"Content_Type": "application/octet-stream"}, 0),
        ("Frobnicate", b"", {}, 5),
        (mapi.BIND, mapi.Bind().encode(), {}, 5),  # is the address book's
        (mapi.EXECUTE, EXECUTE, {"X_RequestId": None}, 7),
        (None, b"", {}, 7),
        (mapi.EXECUTE, EXECUTE[:-1], {}, 12),
        (mapi.EXECUTE, EXECUTE, {"cookies": {}}, 13),
        (mapi.EXECUTE, EXECUTE, {"cookies": {"MapiContext": "x"}}, 13),
        (mapi.EXECUTE, EXECUTE, {"cookies": {"MapiContext": "x", "MapiSequence": "y"}}, 10),
        (mapi.PING, b"", {"target": BOOK}, 10),  # a context of the store
        (mapi.PING, b"", {}, 0),
        (mapi.PING, b"", {"cookies": {}}, 0),
        (mapi.DISCONNECT, GONE, {}, 0),
    ],
)
def test_each_request_has_its_code_and_its_status_is_200_all_the_same(
    outlook, kind, body, more, code
):
    assert outlook.ask(kind, body, **more) == code
    if code:
        assert outlook.head.header("Content-Type").startswith("text/html")
    told = outlook.farm.confessions[-1]
    assert told.class_ == ("lost_context" if code == 10 else "served")


def test_a_request_that_is_sent_twice_is_out_of_sequence(outlook):
    old = dict(outlook.cookies)
    assert outlook.ask(mapi.EXECUTE, EXECUTE) == 0
    assert outlook.ask(mapi.EXECUTE, EXECUTE, cookies=old) == 15
    assert outlook.ask(mapi.EXECUTE, EXECUTE) == 0


def test_a_context_is_unknown_to_everybody_but_its_owner(outlook):
    bob = Outlook(outlook.farm, BOB)
    assert bob.ask(mapi.EXECUTE, EXECUTE, cookies=outlook.cookies) == 10
    assert outlook.ask(mapi.EXECUTE, EXECUTE) == 0


def test_connecting_anew_with_the_old_cookies_ends_the_old_context(outlook):
    old = dict(outlook.cookies)
    assert outlook.ask(mapi.CONNECT, CONNECT) == 0
    assert outlook.ask(mapi.EXECUTE, EXECUTE, cookies=old) == 10
    assert outlook.ask(mapi.EXECUTE, EXECUTE) == 0


def test_a_context_that_rested_too_long_is_gone_and_a_ping_keeps_it(outlook):
    assert outlook.ask(mapi.EXECUTE, EXECUTE) == 0
    assert outlook.head.header(names.MAPI_EXPIRATION) == "900000"
    for rest, code in ((899, 0), (899, 0), (901, 10)):
        outlook.farm.now += rest
        assert outlook.ask(mapi.PING, b"") == code


def test_a_context_that_nobody_used_is_gone_after_five_minutes(outlook):
    outlook.farm.now += 301
    assert outlook.ask(mapi.EXECUTE, EXECUTE) == 10


@pytest.mark.parametrize(
    ("version", "faults", "period"),
    [("2016", {}, 30.0), ("2013", {}, 15.0), ("2016", {"pending_period": 60.0}, 60.0)],
)
def test_a_wait_lasts_five_minutes_and_says_that_it_is_pending(
    certificates, version, faults, period
):
    outlook = Outlook(farm(certificates, version, **faults))
    outlook.ask(mapi.CONNECT, CONNECT)
    assert outlook.ask(mapi.WAIT, WAIT) == 0
    times = [when for when, _ in outlook.farm.stream.pieces]
    assert times[1] - times[0] == period and times[-1] - times[0] == 300.0
    framed = mapi.unframe(outlook.octets)
    assert framed.pendings == 300 / period - 1
    assert not mapi.Waited.decode(framed.body).pending
    assert outlook.ask(mapi.EXECUTE, EXECUTE) == 0  # the sequence is as it was


def test_a_wait_ends_with_news(certificates):
    made = farm(certificates)
    outlook = Outlook(made)
    outlook.ask(mapi.CONNECT, CONNECT)
    contents = made.nodes[NODE]._back._contents  # the mailbox, as another protocol sees it
    contents.box(ALICE).create("inbox", "news", made.now)
    assert outlook.ask(mapi.WAIT, WAIT) == 0
    assert mapi.Waited.decode(mapi.unframe(outlook.octets).body).pending


def test_the_address_book_has_contexts_of_its_own(outlook):
    store = dict(outlook.cookies)
    assert outlook.ask(mapi.BIND, mapi.Bind().encode(), BOOK, cookies={}) == 0
    assert outlook.cookies[names.MAPI_CONTEXT] != store[names.MAPI_CONTEXT]
    assert outlook.ask(mapi.UNBIND, WAIT, BOOK) == 0
    assert outlook.ask(mapi.UNBIND, WAIT, BOOK) == 10
    assert outlook.ask(mapi.EXECUTE, EXECUTE, cookies=store) == 0


def test_faults_on_purpose(certificates):
    assert Outlook(farm(certificates, enabled=False)).ask(mapi.CONNECT, CONNECT) == 16
    outlook = Outlook(farm(certificates, forget=1.0, silent=True, execute=70.0))
    outlook.ask(mapi.CONNECT, CONNECT)
    outlook.ask(mapi.WAIT, WAIT)
    assert mapi.unframe(outlook.octets).pendings == 0
    assert outlook.ask(mapi.EXECUTE, EXECUTE) == 10
    slow = Outlook(farm(certificates, execute=70.0))
    slow.ask(mapi.CONNECT, CONNECT)
    assert slow.ask(mapi.EXECUTE, EXECUTE) == 0
    framed = mapi.unframe(slow.octets)
    assert framed.pendings == 2 and framed.headers["x-elapsedtime"] == "70000"


def test_a_get_is_answered_by_a_page_that_names_the_caller_and_both_servers(outlook):
    assert outlook.ask(None, b"", "/mapi/emsmdb/?showdebug=yes", "GET", cookies={}) == 0
    page = outlook.answer.body.decode()
    assert f"<title>{names.MAPI_STATUS_TITLE}</title>" in page
    assert (
        f"{names.MAPI_STATUS_USER} {ALICE.address}<" in page and f"<b>SID:</b> {ALICE.sid}<" in page
    )
    fqdn = server(NODE, "2016").fqdn.lower()
    assert f"<b>Cafe:</b> {fqdn}<" in page and f"<b>Mailbox:</b> {fqdn}<" in page
