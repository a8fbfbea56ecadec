"""One session of a telephone: how it asks, and what an answer means for it.

Commands are answered by a document or by an HTTP status; either may send the device to fetch the policy
first, or to another address.  Everything that a server answers is taken; nothing raises.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import urlsplit

import msgspec

from exsim.protocols.activesync import documents, reading
from exsim.protocols.activesync.device import Device
from exsim.protocols.activesync.settings import Settings
from exsim.protocols.agent import Account, Agent
from exsim.protocols.flow import (
    NO_COOKIES,
    OWN_MAILBOX,
    UNAUTHORIZED,
    Flow,
    Mark,
    Request,
    Response,
)
from exsim.protocols.negotiate import Signer, authenticated
from exsim.wire import activesync as names
from exsim.wire import names as common
from exsim.wire.activesync import Query, number_of, packed, plain
from exsim.wire.wbxml import Element, encode

PATIENCE = 60.0  # seconds that a telephone waits for an ordinary answer (*assumed*)
USER_AGENT = (
    "User-Agent",
    "exsim-phone/1.0",
)  # a server may block a device whose name changes (ASHTTP), so no run's name is put behind it
NEEDS_POLICY = frozenset({"142", "143", "144"})
WITHOUT_POLICY_KEY = ("Ping", "OPTIONS")  # ASPROV: no key is sent with them
FIRST_PHASE_TELLS = 141  # protocol 14.1: the device says what it is
MOST_REDIRECTS = 3  # of one command
MOST_POLICIES = 3  # fetched one after the other; then the server and the device do not agree
_encoded = lru_cache(maxsize=64)(encode)  # most documents are sent over and over
# 500s in a row, after which a device drops what it has and begins anew (HT203719; how many is *assumed*)
MOST_ERRORS = 3
STEPS = {
    "FolderSync": "folder_sync",
    "Sync": "sync",
    "Ping": "ping",
    "Provision": "provision",
    "Settings": "settings",
    "SendMail": "send_mail",
}
Lines = tuple[tuple[str, str], ...]
Document = Element | bytes | None  # bytes: encoded before
# What path, query and headers follow from: path, command, policy's key, version, and whether there is a body
Asked = tuple[str, str, int, str, bool]


@lru_cache(maxsize=64)
def _lines(with_body: bool, version: str, plain: bool) -> Lines:
    """The headers that all telephones send alike; `plain`: what is asked stands in words, and the version here."""
    headers: Lines = (USER_AGENT, (common.RETURN_CLIENT_REQUEST_ID, "true"))
    if with_body:
        headers = (*headers, ("Content-Type", names.WBXML_TYPE))
    return (*headers, (names.PROTOCOL_VERSION, version)) if plain else headers


class Said(msgspec.Struct, frozen=True):
    """What came of a command: the answer, its document, and the status that decides."""

    response: Response
    root: Element | None = None
    status: str = ""

    @property
    def whole(self) -> bool:
        """Whether it is an answer of the protocol: a document, or nothing to say."""
        if self.root is not None:
            return True
        response = self.response
        return response.status == 200 and response.error is None and not response.body

    @property
    def error(self) -> bool:
        """Whether the server itself failed, and said so."""
        return self.response.status is not None and self.response.status >= 500


@dataclass(slots=True)
class Phone:
    """One session.  `ended`: "" while it lives, else refused, unmeasured, gave_up or left."""

    client: Agent
    account: Account
    settings: Settings
    signer: Signer
    device: Device
    number: int
    path: str = names.PATH
    ended: str = ""
    accepted: bool = False
    policies: int = 0  # fetched since a command was last let through
    errors: int = 0  # of the server in a row
    last: tuple[Asked, str, Lines] = (("", "", 0, "", False), "", ())

    @property
    def is_stranger(self) -> bool:
        return self.settings.authentication == "none"

    def gone(self) -> bool:
        """Whether the session is over."""
        return bool(self.ended)

    def end(self, why: str) -> None:
        """The session is over; the first reason counts."""
        self.ended = self.ended or why

    # Asking -------------------------------------------------------------------------------------
    def request(self, command: str, root: Document, timeout: float = PATIENCE) -> Request:
        """One command, with its query in the form of this telephone."""
        device = self.device
        key = 0 if command in WITHOUT_POLICY_KEY else device.policy_key
        asked = self.path, command, key, device.version, root is not None
        if asked != self.last[0]:  # a telephone that waits asks the same over and over
            self.last = asked, *self._opening(*asked)
        _, target, headers = self.last
        if root is None:
            body = b""
        else:
            body = root if isinstance(root, bytes) else _encoded(root)
        made = self.bare("POST", target, STEPS[command], headers, timeout, body)
        if command == "SendMail":
            made.writes = OWN_MAILBOX
        return made

    def _opening(
        self, path: str, command: str, key: int, version: str, with_body: bool
    ) -> tuple[str, Lines]:
        """Path and query, and the headers."""
        binary = self.settings.binary_query
        query = Query(
            command,
            self.device.device_id,
            documents.DEVICE_TYPE,
            self.account.logon or self.account.address,
            number_of(version) if binary else None,
            key,
        )
        if binary:
            return f"{path}?{packed(query)}", _lines(with_body, "", False)
        headers = _lines(with_body, version, True)
        if command not in WITHOUT_POLICY_KEY:
            headers = (*headers, (names.POLICY_KEY, str(key)))
        return f"{path}?{plain(query)}", headers

    def bare(
        self,
        method: str,
        target: str,
        step: str,
        headers: Lines,
        timeout: float = PATIENCE,
        body: bytes | None = None,
    ) -> Request:
        settings = self.settings
        made = Request(  # in the order of its fields: by name it takes several times as long
            method,
            target,
            headers,
            body,
            step,
            self.number,
            self.account.address,
            NO_COOKIES,
            settings.origin,
            None,
            timeout,
            None,
            settings.control,
            settings.forced,
        )
        made.path = self.path
        return made

    def ask(self, command: str, root: Document, timeout: float = PATIENCE) -> Flow[Said]:
        """A command until it is let through: where the server leads to, with the policy that it asks for."""
        led = 0
        while True:
            request = self.request(command, root, timeout)
            said = self._heard((yield from authenticated(self.client, request, self.signer)))
            status = said.response.status
            if status == names.REDIRECT:
                led += 1
                yield from self._led(command, said, led)
            elif status == names.NEEDS_PROVISIONING or said.status in NEEDS_POLICY:
                led = 0
                yield from self._provided(command)
            else:
                if self.policies and said.whole:
                    self.policies = 0
                return said
            if self.ended:
                return said

    def _led(self, command: str, said: Said, times: int) -> Flow[None]:
        """Go to the address that a 451 names."""
        location = said.response.header(names.LOCATION.lower().encode()) or ""
        target = self.client.target_of(location, self.path) if location else None
        if target is not None and times < MOST_REDIRECTS:
            self.path = urlsplit(target).path or names.PATH
            return
        yield Mark("other_host" if target is None else "redirect_loop", self._facts(command))
        self.end("gave_up")

    def _provided(self, command: str) -> Flow[None]:
        """Fetch the policy that is asked for, unless that was done in vain too often."""
        if self.policies >= MOST_POLICIES:
            yield Mark("policy_loop", self._facts(command))
            self.end("gave_up")
        else:
            self.policies += 1
            yield from self.provision()

    def _once(self, request: Request) -> Flow[Said]:
        return self._heard((yield from authenticated(self.client, request, self.signer)))

    def _heard(self, response: Response) -> Said:
        """What an answer means for the session."""
        said = Said(response, *reading.document_of(response))
        status = response.status
        if said.whole:
            self.accepted = True
        elif status == UNAUTHORIZED:
            if self.signer.unmeasured:
                self.end("unmeasured")
            elif not self.is_stranger:
                self.end("refused")
        if status is not None:
            self.errors = self.errors + 1 if status == 500 else 0
        return said

    def _facts(self, command: str) -> dict[str, str | int | float | bool | None]:
        return {"number": self.number, "step": STEPS.get(command, command.lower())}

    # What begins a session ------------------------------------------------------------------------
    def options(self) -> Flow[None]:
        """Which versions the server speaks."""
        request = self.bare("OPTIONS", self.path, "options", (USER_AGENT,))
        said = yield from self._once(request)
        offered = said.response.header(names.PROTOCOL_VERSIONS.lower().encode()) or ""
        if not self.settings.version:
            self.device.choose_version(offered)
        self.device.version = (
            self.device.version or "14.1"
        )  # who says nothing is asked all the same

    def provision(self) -> Flow[None]:
        """Both phases; without a key at their end nothing has changed."""
        device = self.device
        device.policy_key = 0
        tells = (number_of(device.version) or 0) >= FIRST_PHASE_TELLS
        wanted = documents.ask_policy() if tells else documents.ask_bare_policy()
        first = yield from self._once(self.request("Provision", wanted))
        temporary = reading.policy_key_in(first.root)
        if self.gone() or not temporary:
            return
        device.policy_key = temporary
        taken = self.request("Provision", documents.take_policy(str(temporary)))
        taken.step = "acknowledge"
        second = yield from self._once(taken)
        device.policy_key = reading.policy_key_in(second.root)

    def who_am_i(self) -> Flow[None]:
        """Whose mailbox the server takes this for; the answer's evidence says whether it is right."""
        yield from self.ask("Settings", documents.who_am_i())
