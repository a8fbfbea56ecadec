"""One session over MAPI/HTTP: what the client knows, how it asks, and what an answer means for it.

A session lives until the client leaves, or until an answer ends it: credentials refused, the context not
known (10), or an answer that broke off, after which a client opens a new context (MS-OXCMAPIHTTP 3.1.5).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from msgspec.structs import replace

from exsim.protocols.agent import Account, Agent
from exsim.protocols.flow import UNAUTHORIZED, Channel, Flow, Request, Response
from exsim.protocols.mapi_http import evidence
from exsim.protocols.mapi_http.evidence import Said
from exsim.protocols.mapi_http.settings import Settings
from exsim.protocols.negotiate import Signer, authenticated
from exsim.session.hop import Evidence
from exsim.wire import mapi, names, rop
from exsim.wire.errors import WireError

KNOWN_AS = "mapi_mailbox"  # what the client's memory calls its mailbox's GUID
BITS = 128  # of a GUID
AGENT = "Microsoft Office/16.0 (Windows NT 10.0; Microsoft Outlook 16.0.4266; Pro)"  # haproxy/haproxy issue 561
APPLICATION = "Outlook/16.0.4266.1001"
HEADERS = (
    ("Cache-Control", "no-cache"),
    ("Pragma", "no-cache"),
    ("Content-Type", names.MAPI_KIND),
    ("Accept", names.MAPI_KIND),
    ("User-Agent", AGENT),
    ("X-ClientApplication", APPLICATION),
)
PLAIN = (("Accept", "*/*"), ("User-Agent", AGENT))
KINDS = {
    "connect": mapi.CONNECT,
    "execute": mapi.EXECUTE,
    "wait": mapi.WAIT,
    "ping": mapi.PING,
    "disconnect": mapi.DISCONNECT,
    "bind": mapi.BIND,
    "unbind": mapi.UNBIND,
}
BOOK = ("bind", "unbind")


@dataclass(slots=True)
class Session:
    """`ended`: "" while it lives, else refused, unmeasured, lost, fault, broken or left."""

    client: Agent
    account: Account
    settings: Settings
    signer: Signer
    number: int
    name: str = ""  # this client's own GUID, in X-ClientInfo and X-RequestId
    requests: int = 0
    accepted: bool = False
    bound: bool = False
    ended: str = ""
    wait: tuple[Channel, Callable[[], Evidence]] | None = None  # the parked one

    def request(self, step: str, body: bytes) -> Request:
        """One request."""
        self.requests += 1
        settings, number = self.settings, self.requests
        end = names.MAPI_BOOK if step in BOOK else names.MAPI_STORE
        domain = self.account.address.partition("@")[2]
        mailbox = self.client.memory.get(KNOWN_AS, "")
        # Outlook has the GUID from Autodiscover; that the address is taken until it is known is *assumed*.
        box = f"{guid_text(mailbox)}@{domain}" if mailbox else self.account.address
        return Request(
            "POST",
            f"{end}?MailboxId={box}",
            HEADERS,
            body,
            step,
            self.number,
            self.account.address,
            origin=settings.origin,
            timeout=settings.answer_limit,
            control=settings.control,
            forced=settings.forced,
            own=(
                (names.MAPI_REQUEST_TYPE, KINDS[step]),
                (names.MAPI_REQUEST_ID, f"{{{self.name}}}:{number}"),
                (names.MAPI_CLIENT_INFO, f"{{{self.name}}}:{self.number}"),
            ),
            mailbox=mailbox,
        )

    def look(self) -> Flow[None]:
        """Ask for the endpoint's page for people; whatever comes, the session goes on."""
        plain = replace(
            self.request("ping", b""),
            method="GET",
            target=names.MAPI_STORE,
            headers=PLAIN,
            step=evidence.STATUS,
            own=(),
        )
        response = yield from authenticated(self.client, plain, self.signer)
        if response.status == UNAUTHORIZED:
            self.end("unmeasured" if self.signer.unmeasured else "refused")

    def ask(self, step: str, body: bytes) -> Flow[Said | None]:
        """Send it, signing in as far as that takes; what was answered, or None."""
        request = self.request(step, body)
        response = yield from authenticated(self.client, request, self.signer)
        return self.note(step, response)

    def note(self, step: str, response: Response) -> Said | None:
        """What an answer means for the session."""
        if response.status == UNAUTHORIZED:
            self.end("unmeasured" if self.signer.unmeasured else "refused")
            return None
        if response.status is None or response.error is not None:
            self.end("broken")
            return None
        code = evidence.code_of(response)
        if code is None:  # somebody between, or a front end: the context is as it was
            return None
        if code != evidence.OK:
            self.end("lost" if code == evidence.LOST else "broken")
            return None
        try:
            said = evidence.read(step, response.body)
        except WireError:
            self.end("broken")
            return None
        if said.error:
            self.end("fault")
        self._learn(said)
        return said

    def end(self, why: str) -> None:
        """The session is over; the first reason counts."""
        self.ended = self.ended or why

    def _learn(self, said: Said) -> None:
        """The mailbox's GUID: from the first answer that names no other account's marker."""
        own = names.MARKER + self.account.address
        marked = [text for text in said.texts if names.MARKER in text]
        if said.mailbox and all(text.startswith(own) for text in marked):
            self.client.memory.setdefault(KNOWN_AS, said.mailbox)


def start(client: Agent, account: Account, settings: Settings, signer: Signer) -> Session:
    """The next session of a client."""
    client.number += 1
    client.account = account
    name = guid_text(f"{client.dice.randrange(0, 1 << BITS):032x}").upper()
    return Session(client, account, settings, signer, client.number, name)


def guid_text(digits: str) -> str:
    """Thirty-two hexadecimal digits in the writing of a GUID."""
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def operations(account: Account, first: bool) -> bytes:
    """An Execute that asks whose mailbox this is; the first logs on to it."""
    before = rop.logon(account.distinguished_name) if first else b""
    data = rop.pack(before + rop.get_properties(rop.OWNER_NAME), (rop.NO_OBJECT,))
    return mapi.Execute(data).encode()
