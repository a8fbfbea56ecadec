"""What a scenario may say of each protocol's client: one table a protocol, `[population.ews]` and so on.

A field of a table is a field of that protocol's `Settings`, by the same name; what all clients share is in
`sections.Session`.  OWA's browser has no table: `Session` is its own.
"""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from exsim.runs.shape import Count, Interval, Seconds, Section

Heartbeat = Annotated[float, Meta(ge=1, le=3540, extra={"duration": True})]
Authentication = Literal["basic", "ntlm", "negotiate", "none"]
# What NTLM names as the server's certificate, for Extended Protection: the one it was shown, none, a wrong one
Binding = Literal["auto", "none", "wrong"]


class HttpClient(Section, frozen=True):
    """What every client has that signs in by HTTP itself.

    `authentication`: how; "none" is a stranger, who sends no credentials and must never be told anything
    of any mailbox (its requests name an account all the same, whose answers are then looked for).
    "negotiate" is an opaque token in one leg, a stand-in for Kerberos.  `preemptive`: credentials, or the
    first leg, are sent before anybody asked for them.  `channel_binding`: what NTLM names as the server's
    certificate, which Extended Protection compares.
    """

    authentication: Authentication = "ntlm"
    preemptive: bool = False
    channel_binding: Binding = "auto"


class Ews(HttpClient, frozen=True):
    """A client of Exchange Web Services.

    `stream_minutes`: how long each stream of notifications is asked to last (`session.notifications` False:
    none).  `affinity`: its subscriptions ask to be kept at one back end.  `availability`: it asks now and
    then who is free.  `writes`: it makes drafts and deletes them again.
    """

    stream_minutes: Annotated[int, Meta(ge=1, le=30)] = 30
    affinity: bool = True
    availability: bool = True
    writes: bool = False


class ActiveSync(HttpClient, frozen=True):
    """A telephone.  Telephones sign in by Basic, unasked.

    `heartbeat`: seconds of the first long wait; `growth`: how much longer the next one is that was not cut;
    `shortest_heartbeat` and `longest_heartbeat` bound it.  `folders`: how many are fetched and watched.
    `version`: "" for the newest that both speak.  `binary_query`: the query in base64.  `mail_every`: seconds
    between two messages that the user sends to himself; 0, and nothing is written.
    """

    authentication: Authentication = "basic"
    preemptive: bool = True
    heartbeat: Heartbeat = 480.0
    shortest_heartbeat: Heartbeat = 60.0
    longest_heartbeat: Heartbeat = 1800.0
    growth: Seconds = 300.0
    folders: Annotated[int, Meta(ge=1, le=20)] = 3
    version: Literal["", "12.1", "14.0", "14.1", "16.0", "16.1"] = ""
    binary_query: bool = False
    mail_every: Seconds = 0.0


class OutlookAnywhere(HttpClient, frozen=True):
    """Outlook up to 2013: RPC over HTTP.

    `calls` one after the other in each of the session's `polls` rounds; `idle`: how long it then does
    nothing before it leaves.  A PING every `ping_every` of silence (half of what servers allow).  `echo`:
    probes come before the channels.  `server` and `port`: what the proxy is asked for ("" for the URL's host).
    `join_limit`, `answer_limit`: how long it waits for its channels to be joined, and for a call.
    """

    calls: Count = 4
    idle: Seconds = 0.0
    ping_every: Interval = 60.0
    echo: bool = True
    server: str = ""
    port: Annotated[int, Meta(ge=6001, le=6004)] = 6001
    join_limit: Interval = 60.0
    answer_limit: Interval = 60.0


class MapiHttp(HttpClient, frozen=True):
    """Outlook since 2013: MAPI over HTTP.

    `calls` one after the other in each of the session's `polls` rounds, a NotificationWait beside them
    (`session.notifications` False: none); `idle`: how long it then does nothing but PING each `ping_every`
    before it leaves.  `address_book`: it binds to the address book too.  `answer_limit`: how long it waits.
    `status_page`: once a session it asks for the endpoint's page for people, which names whom the server
    takes it for: a witness of identity where no marker is.
    """

    calls: Count = 4
    idle: Seconds = 0.0
    status_page: bool = False
    ping_every: Interval = 300.0
    address_book: bool = True
    answer_limit: Interval = 60.0


class Autodiscover(HttpClient, frozen=True):
    """Whoever asks where a mailbox is served.

    `form`: "pox" as Outlook, "soap" as clients of EWS (who take the other form of the same host next), or
    "phone".  `joined`: the computer is in the domain, whose directory names the scenario's own host: it is
    asked first.  `mapi_http`: it says that it can speak MAPI over HTTP.
    """

    form: Literal["pox", "soap", "phone"] = "pox"
    joined: bool = True
    mapi_http: bool = True


class Oab(HttpClient, frozen=True):
    """Outlook fetching the manifest of the offline address book.

    `path`: its directory, like "/OAB/…/"; "" asks Autodiscover.
    """

    path: str = ""


# Protocol -> its table; the key of a population is the protocol's own name.
CLIENTS: dict[str, type[HttpClient]] = {
    "ews": Ews,
    "activesync": ActiveSync,
    "outlook_anywhere": OutlookAnywhere,
    "mapi_http": MapiHttp,
    "autodiscover": Autodiscover,
    "oab": Oab,
}
