"""Subscriptions: streams with their heartbeats, pulls with their watermarks, and how both are lost.

Falls if: an event is not told, told twice or to somebody else, a heartbeat is late, a subscription of
another node or user is found, or a stream that is torn looks whole.
"""

from __future__ import annotations

import pytest

from exsim.org.identity import token
from exsim.org.settings import EwsFaults, Mailbox
from exsim.org.work import Begin, Forward, Hangup, Peer, Piece, Wait
from exsim.wire.message import Request
from tests.org.ews.player import (
    ALICE,
    BOB,
    NODE,
    SPACES,
    Client,
    codes,
    documents,
    envelope,
    farm,
    node,
)

ALL = ("CreatedEvent", "DeletedEvent", "ModifiedEvent", "MovedEvent", "NewMailEvent")


def types(events):
    inside = "".join(f"<t:EventType>{event}</t:EventType>" for event in events)
    return f"<t:EventTypes>{inside}</t:EventTypes>"


def streaming(events=ALL, folder="inbox"):
    folders = f'<t:FolderIds><t:DistinguishedFolderId Id="{folder}"/></t:FolderIds>'
    request = "StreamingSubscriptionRequest"
    return f"<m:Subscribe><m:{request}>{folders}{types(events)}</m:{request}></m:Subscribe>"


def pulling(minutes=30):
    return (
        '<m:Subscribe><m:PullSubscriptionRequest SubscribeToAllFolders="true">'
        f"{types(ALL)}<t:Timeout>{minutes}</t:Timeout></m:PullSubscriptionRequest></m:Subscribe>"
    )


def events_of(name, minutes=2):
    return (
        f"<m:GetStreamingEvents><m:SubscriptionIds><t:SubscriptionId>{name}</t:SubscriptionId>"
        f"</m:SubscriptionIds><m:ConnectionTimeout>{minutes}</m:ConnectionTimeout>"
        "</m:GetStreamingEvents>"
    )


def pull(name, watermark):
    return (
        f"<m:GetEvents><m:SubscriptionId>{name}</m:SubscriptionId>"
        f"<m:Watermark>{watermark}</m:Watermark></m:GetEvents>"
    )


def name_in(document):
    return document.findtext(".//m:SubscriptionId", "", SPACES)


def box_of(made, mailbox=ALICE):
    return made.nodes[NODE]._back._contents.box(mailbox)


@pytest.fixture
def made(certificates):
    return farm(certificates)


@pytest.fixture
def alice(made):
    return Client(made)


def streamed(client, name, minutes=2, schema="Exchange2013"):
    """A whole stream: (seconds since its head, status, events) of each document."""
    start, client.farm.stream = client.farm.now, None
    client.post(envelope(events_of(name, minutes), schema))
    assert client.farm.stream is not None, client.answer.body
    found = []
    for at, data in client.farm.stream.pieces:
        for document in documents(data):
            status = document.findtext(".//m:ConnectionStatus", "", SPACES)
            told = [
                event.tag.partition("}")[2]
                for note in document.iterfind(".//m:Notification", SPACES)
                for event in note
                if event.tag.endswith("Event")
            ]
            found.append((round(at - start), status, told))
    return found


def test_a_quiet_stream_beats_and_is_closed_when_its_time_is_over(alice):
    name = name_in(alice.ask(streaming()))
    told = [(at, status) for at, status, _ in streamed(alice, name)]
    assert told == [(0, "OK"), (30, "OK"), (60, "OK"), (90, "OK"), (120, "OK"), (120, "Closed")]


def test_the_time_scale_shortens_all_of_it(certificates):
    alice = Client(farm(certificates, scale=0.1))
    name = name_in(alice.ask(streaming()))
    start = alice.farm.now
    alice.post(envelope(events_of(name)))
    times = [round(at - start, 1) for at, _ in alice.farm.stream.pieces]
    assert times == [0, 3.0, 6.0, 9.0, 12.0, 12.0]


def test_what_happens_is_told_once_and_only_of_the_folder_asked_for(made, alice):
    name = name_in(alice.ask(streaming()))
    box = box_of(made)
    item = box.create("inbox", "news", made.now, arrives=True)
    box.create("drafts", "elsewhere", made.now)
    box.update(item.number, made.now, read=True)
    box.move(item.number, "deleteditems", made.now)
    box.delete(item.number, made.now)
    told = [events for _, _, events in streamed(alice, name) if events]
    assert told == [["CreatedEvent", "NewMailEvent", "ModifiedEvent", "MovedEvent"]]


def test_only_the_events_asked_for_are_told(made, alice):
    name = name_in(alice.ask(streaming(["NewMailEvent"])))
    box_of(made).create("inbox", "news", made.now, arrives=True)
    assert [events for _, _, events in streamed(alice, name) if events] == [["NewMailEvent"]]


def test_a_stream_of_an_unknown_subscription_is_confessed_as_lost(made, alice):
    assert codes(alice.ask(events_of("bm9uZQ=="))) == ["ErrorSubscriptionNotFound"]
    assert (made.confessions[-1].class_, made.confessions[-1].cause) == (
        "lost_context",
        "no_context",
    )


def test_nobody_hears_what_another_subscribed_to(made, alice):
    name, bob = name_in(alice.ask(streaming())), Client(made, BOB)
    assert codes(bob.ask(events_of(name))) == ["ErrorSubscriptionNotFound"]
    unsubscribe = f"<m:Unsubscribe><m:SubscriptionId>{name}</m:SubscriptionId></m:Unsubscribe>"
    assert codes(bob.ask(unsubscribe)) == ["ErrorSubscriptionNotFound"]
    assert codes(alice.ask(unsubscribe)) == ["NoError"]
    assert codes(alice.ask(unsubscribe)) == ["ErrorSubscriptionNotFound"]


def test_on_2010_a_subscription_is_known_to_its_own_server_alone(certificates):
    one, other = node("EXCH10A", "2010"), node("EXCH10B", "2010")
    box = Mailbox("alice@exlab.test", "LAB\\alice", "pw", "EXCH10A", "S-1-5-21-9-9-9-1")
    made = farm(certificates, one, other, mailboxes=(box,))
    here, there = Client(made, box, "EXCH10A"), Client(made, box, "EXCH10B")
    name = name_in(here.ask(streaming(), "Exchange2010_SP2"))
    assert codes(there.ask(events_of(name), "Exchange2010_SP2")) == ["ErrorSubscriptionNotFound"]
    assert streamed(here, name, 1, "Exchange2010_SP2")[0][:2] == (0, "OK")


def test_a_node_that_forgets_loses_the_subscriptions(certificates):
    alice = Client(farm(certificates, node(faults=EwsFaults(forget=1.0))))
    name = name_in(alice.ask(streaming()))
    assert codes(alice.ask(events_of(name))) == ["ErrorSubscriptionNotFound"]


def test_a_subscription_that_nobody_asks_for_ends(made, alice):
    name = name_in(alice.ask(streaming()))
    made.now += 29 * 60
    assert streamed(alice, name, 1)[-1][1] == "Closed"
    made.now += 31 * 60
    assert codes(alice.ask(events_of(name))) == ["ErrorSubscriptionNotFound"]


def work_of(made, client, name):
    """A stream that a test drives by itself, at the back end."""
    headers = [token(client.mailbox.sid, 4)]
    request = Request("POST", "/EWS/Exchange.asmx", headers, envelope(events_of(name)), "http")
    return made.nodes[NODE].back(request, Peer(1))


def test_a_user_may_hold_only_so_many_streams_and_a_closed_one_counts_no_more(certificates):
    made = farm(certificates, node(faults=EwsFaults(connections=2)))
    alice = Client(made)
    name = name_in(alice.ask(streaming()))
    open_ones = [work_of(made, alice, name) for _ in range(2)]
    for work in open_ones:
        assert isinstance(next(work), Begin) and isinstance(next(work), Piece)
    assert codes(alice.ask(events_of(name))) == ["ErrorExceededConnectionCount"]
    bob = Client(made, BOB)
    assert streamed(bob, name_in(bob.ask(streaming())), 1)[-1][1] == "Closed"
    open_ones[0].close()
    assert streamed(alice, name, 1)[-1][1] == "Closed"


def test_too_many_subscriptions_are_refused(certificates):
    alice = Client(farm(certificates, node(faults=EwsFaults(subscriptions=1))))
    assert codes(alice.ask(streaming())) == ["NoError"]
    assert codes(alice.ask(streaming())) == ["ErrorExceededSubscriptionCount"]


def test_a_torn_stream_is_a_hangup_and_not_an_end(certificates):
    made = farm(certificates, node(faults=EwsFaults(truncate=2)))
    alice = Client(made)
    work, pieces = work_of(made, alice, name_in(alice.ask(streaming()))), []
    with pytest.raises(Hangup):
        while True:
            asked = next(work)
            assert not isinstance(asked, Forward)
            if isinstance(asked, Piece):
                pieces.append(asked.data)
            elif isinstance(asked, Wait):
                made.now += asked.seconds
    assert len(pieces) == 2


def test_a_stream_ends_with_an_error_when_its_subscription_does(made, alice):
    name = name_in(alice.ask(streaming()))
    work = work_of(made, alice, name)
    next(work), next(work)
    alice.ask(f"<m:Unsubscribe><m:SubscriptionId>{name}</m:SubscriptionId></m:Unsubscribe>")
    rest = [asked.data for asked in work if isinstance(asked, Piece)]
    assert [codes(document) for document in documents(b"".join(rest))] == [
        ["ErrorSubscriptionNotFound"]
    ]


def test_a_pull_tells_what_came_after_the_watermark(made, alice):
    document = alice.ask(pulling())
    name, mark = name_in(document), document.findtext(".//m:Watermark", "", SPACES)
    quiet = alice.ask(pull(name, mark))
    assert [one.tag for one in quiet.iterfind(".//t:StatusEvent", SPACES)] != []
    box_of(made).create("calendar", "x", made.now)
    first = alice.ask(pull(name, mark))
    later = first.findtext(".//t:CreatedEvent/t:Watermark", "", SPACES)
    assert later and later != mark
    assert first.findtext(".//t:PreviousWatermark", "", SPACES) == mark
    assert alice.ask(pull(name, later)).find(".//t:StatusEvent", SPACES) is not None
    assert alice.ask(pull(name, mark)).find(".//t:CreatedEvent", SPACES) is not None


def test_more_events_than_one_answer_holds_come_with_the_next(made, alice):
    document = alice.ask(pulling())
    name, mark = name_in(document), document.findtext(".//m:Watermark", "", SPACES)
    for number in range(150):
        box_of(made).create("inbox", str(number), made.now)
    counts, more = [], "true"
    while more == "true":
        answer = alice.ask(pull(name, mark))
        marks = [one.text for one in answer.iterfind(".//t:CreatedEvent/t:Watermark", SPACES)]
        counts.append(len(marks))
        mark, more = marks[-1], answer.findtext(".//t:MoreEvents", "", SPACES)
    assert counts == [100, 50]


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        (pull("bm9uZQ==", "AAAAAAAAAAA="), "ErrorSubscriptionNotFound"),
        (pulling(0), "fault"),
        (pulling(9999), "fault"),
        (streaming(["Nonsense"]), "fault"),
        (streaming([]), "fault"),
        ("<m:Subscribe><m:PushSubscriptionRequest/></m:Subscribe>", "fault"),
        (events_of("x", 31), "fault"),
        (events_of("x", "x"), "fault"),
        (streaming(folder="nowhere"), "ErrorFolderNotFound"),
    ],
)
def test_what_cannot_be_done_says_why(alice, asked, code):
    document = alice.ask(asked)
    if code == "fault":
        assert alice.answer.status == 500
    else:
        assert codes(document) == [code]


def test_a_watermark_that_is_none_is_refused(made, alice):
    name = name_in(alice.ask(pulling()))
    for mark in ("", "x", "AAAA", "/////////w8="):
        assert codes(alice.ask(pull(name, mark))) == ["ErrorInvalidWatermark"]


def test_only_the_first_subscription_of_a_group_that_asks_for_it_sets_the_override_cookie(alice):
    def cookies(**headers):
        alice.post(envelope(streaming()), **headers)
        return "X-BackEndOverrideCookie" in str(alice.answer.headers)

    assert not cookies()
    assert cookies(X_PreferServerAffinity="true")
    assert not cookies(X_PreferServerAffinity="true")
