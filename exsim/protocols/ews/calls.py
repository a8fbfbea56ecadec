"""What a client asks of its mailbox: to begin with, and again and again afterwards."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from msgspec.structs import replace

from exsim.protocols.ews import bodies, reading
from exsim.protocols.ews.session import Session
from exsim.protocols.flow import OWN_MAILBOX, Connection, Flow, Lease, Mark, Release
from exsim.wire import names

DAY = 86400.0
DRAFT = "exsim draft"
Headers = Sequence[tuple[str, str]]
# Of a client's calls, as the dice have it; the rest lists (*assumed*)
WRITING, AVAILABILITY, FOLDER, READING = 0.15, 0.15, 0.1, 0.3


def begin(session: Session) -> Flow[None]:
    """The first calls: a probe without credentials, what lies in the inbox, the inbox itself.

    The list comes first because it carries the marker: from then on every id tells whose mailbox it is.
    """
    yield from _connect(session)
    for step in (find_items, folder):
        if session.ended:
            return
        yield from step(session)


def _connect(session: Session) -> Flow[None]:
    """New connections, as a program that was started anew has them; on the first a question of nobody's.

    A server is to ask for credentials there, and whatever it tells is told on.
    """
    settings = session.settings
    origin = settings.origin or session.client.origin
    held: list[Connection] = []
    for _ in range(settings.connections):
        held.append((yield from Lease(origin, fresh=True)))
    if not settings.preemptive:
        request = session.request(bodies.find_item(), "probe")
        yield from session.client.send(replace(request, on=held[0]))
    for connection in reversed(held):
        yield Release(connection)


def folder(session: Session) -> Flow[None]:
    """The inbox, by its well-known name alone."""
    yield from session.ask(session.request(bodies.get_folder(), "get_folder"))


def find_items(session: Session) -> Flow[None]:
    """The list of the inbox, with subjects: the marker is among them; and the server's version."""
    response = yield from session.ask(session.request(bodies.find_item(), "find_item"))
    if response.status != 200:
        return
    session.items = reading.ids_in(response.body, "ItemId")
    build = reading.build_in(response.body)
    if build is not None:
        session.schema = bodies.schema_for(build)


def read_item(session: Session, identity: str) -> Flow[None]:
    yield from session.ask(session.request(bodies.get_item(identity), "get_item"))


def ask_availability(session: Session) -> Flow[None]:
    """Who is free in the next day; of oneself, as Outlook asks of its own calendar (*assumed*)."""
    start, end = (_iso(session.client.clock + seconds) for seconds in (0.0, DAY))
    inside = bodies.availability(session.account.address, start, end)
    yield from session.ask(session.request(inside, "availability", anchored=True))


def write_and_delete(session: Session) -> Flow[None]:
    """A draft that is made and deleted for good; marked before it exists, and when it is gone."""
    facts = {"number": session.number, "account": session.account.address, "what": "draft"}
    request = session.request(
        bodies.create_item(DRAFT), "create_item", anchored=True, writes=OWN_MAILBOX
    )
    yield Mark("creating", facts)
    response = yield from session.ask(request)
    made = reading.ids_in(response.body, "ItemId") if response.status == 200 else []
    if not made:
        if response.status is not None or response.error == "not_allowed":
            yield Mark("not_created", facts)
        return
    inside = bodies.delete_item(made[0], reading.change_key_of(response.body, made[0]))
    request = session.request(inside, "delete_item", anchored=True, writes=OWN_MAILBOX)
    response = yield from session.ask(request)
    if response.status == 200 and reading.code_in(response.body) == reading.NO_ERROR:
        yield Mark("removed", facts)


def once(session: Session) -> Flow[None]:
    """One call as the dice have it; what is not wanted, or not to be had, is a list."""
    settings, dice = session.settings, session.client.dice
    share = dice.random()
    if share < WRITING:
        if settings.writes and not session.is_stranger:
            return (yield from write_and_delete(session))
    elif share < WRITING + AVAILABILITY:
        if settings.availability:
            return (yield from ask_availability(session))
    elif share < WRITING + AVAILABILITY + FOLDER:
        return (yield from folder(session))
    elif share < WRITING + AVAILABILITY + FOLDER + READING and session.items:
        chosen = session.items[dice.randrange(0, len(session.items))]
        return (yield from read_item(session, chosen))
    return (yield from find_items(session))


def subscribe(session: Session) -> Flow[None]:
    """A streaming subscription to the inbox, the first of its group."""
    affinity = session.settings.affinity
    request = session.request(bodies.subscribe(), "subscribe", anchored=True, affinity=affinity)
    if affinity:
        request.headers = with_override(session, request.headers)
    response = yield from session.ask(request)
    if response.status == 200:
        session.subscription = reading.text_in(response.body, "SubscriptionId")


def unsubscribe(session: Session) -> Flow[None]:
    name, session.subscription = session.subscription, ""
    inside = bodies.unsubscribe(name)
    affinity = session.settings.affinity
    request = session.request(inside, "unsubscribe", anchored=True, affinity=affinity)
    request.headers = with_override(session, request.headers)
    yield from session.ask(request)


def with_override(session: Session, headers: Headers) -> Headers:
    """The override cookie as a header of its own too, as EXLIB sends it beside the cookie."""
    value = session.client.jar.line(names.EWS, session.client.clock).values.get(
        names.OVERRIDE_COOKIE
    )
    return headers if value is None else (*headers, (names.OVERRIDE_COOKIE, value))


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(max(0.0, seconds), UTC).strftime("%Y-%m-%dT%H:%M:%S")
