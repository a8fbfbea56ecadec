"""What a real client does, protocol by protocol, as flows that yield commands.

No socket, clock, dice or Locust: a flow runs over a bare socket, through a balancer, or straight into a
simulated node in memory.  May import `wire` and `session`.  `PROTOCOLS` is the plug-in point: one entry
a protocol, and nothing finds a protocol but by it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

from exsim.protocols.activesync import evidence as activesync_evidence
from exsim.protocols.activesync import life as activesync
from exsim.protocols.activesync import settings as activesync_settings
from exsim.protocols.agent import Account, Agent
from exsim.protocols.autodiscover import client as autodiscover
from exsim.protocols.autodiscover import evidence as autodiscover_evidence
from exsim.protocols.autodiscover import settings as autodiscover_settings
from exsim.protocols.checked import Checked
from exsim.protocols.ews import client as ews
from exsim.protocols.ews import evidence as ews_evidence
from exsim.protocols.ews.settings import Settings as EwsSettings
from exsim.protocols.flow import Flow, Request, Response
from exsim.protocols.mapi_http import client as mapi_http
from exsim.protocols.mapi_http import evidence as mapi_http_evidence
from exsim.protocols.mapi_http import settings as mapi_http_settings
from exsim.protocols.oab import client as oab
from exsim.protocols.oab import evidence as oab_evidence
from exsim.protocols.oab import settings as oab_settings
from exsim.protocols.outlook_anywhere import client as outlook_anywhere
from exsim.protocols.outlook_anywhere import evidence as outlook_anywhere_evidence
from exsim.protocols.outlook_anywhere import settings as outlook_anywhere_settings
from exsim.protocols.owa.browser import browse
from exsim.protocols.owa.check import check
from exsim.protocols.owa.evidence import observe
from exsim.protocols.owa.leave import give_back
from exsim.protocols.owa.settings import Settings
from exsim.session.hop import Evidence


@dataclass(frozen=True, slots=True)
class Protocol:
    """One protocol's client.

    `flow(client, account, settings)` is one client's life; `settings(**values)` makes its settings from a
    scenario's; `observe(request, response, accounts)` reads a body once.  `connections`: how many a real
    client opens to one host.  `steps`: the names its requests may carry.  `give_back`: what ends a live
    session when the run ends; None where the server keeps nothing of one.  `check`: one logon of one
    account; OWA's, by the form, where a protocol has none of its own.
    """

    name: str
    flow: Callable[[Agent, Account, Any], Flow[None]]
    settings: type[Any]
    observe: Callable[[Request, Response, Collection[str]], Evidence]
    connections: int
    steps: tuple[str, ...]
    give_back: Callable[[Agent, Account, Any], Flow[None]] | None = None
    check: Callable[[Agent, Account], Flow[Checked]] = check


PROTOCOLS: dict[str, Protocol] = {
    "owa": Protocol(
        name="owa",
        flow=browse,
        settings=Settings,
        observe=observe,
        connections=6,  # of a browser to one host over HTTP/1.1 (Chromium)
        steps=(
            "open",
            "logon_page",
            "logon_form",
            "logon",
            "logon_again",
            "boot",
            "sessiondata",
            "subscribe",
            "service",
            "activity",
            "channel_finish",
            "channel_wait",
            "keep_alive",
            "ping",
            "ecp",
            "logoff",
            "draft",
            "late",
            "find",
            "proof",
        ),
        give_back=give_back,
    ),
    "ews": Protocol(
        name="ews",
        flow=ews.live,
        settings=EwsSettings,
        observe=ews_evidence.observe,
        connections=2,  # one for calls, one for the stream (EWSMA)
        steps=(
            "probe",
            "get_folder",
            "find_item",
            "get_item",
            "create_item",
            "delete_item",
            "availability",
            "subscribe",
            "stream",
            "unsubscribe",
        ),
    ),
    "outlook_anywhere": Protocol(
        name="outlook_anywhere",
        flow=outlook_anywhere.connect,
        settings=outlook_anywhere_settings.Settings,
        observe=outlook_anywhere_evidence.observe,
        # One virtual connection, and a third while its OUT channel is replaced; that Outlook has more, for
        # other mailboxes, is *assumed*.
        connections=3,
        steps=("echo_out", "echo_in", "out_channel", "in_channel", "out_successor"),
    ),
    "activesync": Protocol(
        name="activesync",
        flow=activesync.live,
        settings=activesync_settings.Settings,
        observe=activesync_evidence.observe,
        connections=2,  # one that waits, one for all else (*assumed*)
        steps=(
            "options",
            "provision",
            "acknowledge",
            "settings",
            "folder_sync",
            "sync",
            "ping",
            "send_mail",
        ),
    ),
    "autodiscover": Protocol(
        name="autodiscover",
        flow=autodiscover.live,
        settings=autodiscover_settings.Settings,
        observe=autodiscover_evidence.observe,
        connections=1,  # one question at a time (*assumed*)
        steps=("smoke", "directory", "domain", "subdomain", "redirect"),
    ),
    "mapi_http": Protocol(
        name="mapi_http",
        flow=mapi_http.live,
        settings=mapi_http_settings.Settings,
        observe=mapi_http_evidence.observe,
        connections=2,  # one that waits, one for all else (*assumed*)
        steps=("connect", "execute", "wait", "ping", "disconnect", "bind", "unbind", "status"),
    ),
    "oab": Protocol(
        name="oab",
        flow=oab.live,
        settings=oab_settings.Settings,
        observe=oab_evidence.observe,
        connections=1,  # one thing at a time (*assumed*)
        steps=("locate", "manifest"),
    ),
}
