"""ActiveSync at one node: which command, in which version, by a device that has taken the policy or not.

Order of its rules: OPTIONS, the query, the version, redirect, policy, the faults of the scenario, command.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any

from exsim.org.activesync.call import (
    Call,
    Refused,
    document,
    nothing,
    turned_down,
)
from exsim.org.activesync.device import Device
from exsim.org.activesync.folder import folder_create, folder_delete, folder_sync, folder_update
from exsim.org.activesync.information import settings
from exsim.org.activesync.mail import get_item_estimate, item_operations, move_items, send_mail
from exsim.org.activesync.ping import ping
from exsim.org.activesync.policy import Policy
from exsim.org.activesync.provision import provision
from exsim.org.activesync.sync import sync
from exsim.org.answers import answer
from exsim.org.attribution import build_of
from exsim.org.back_request import Asked, Reply
from exsim.org.entropy import Entropy
from exsim.org.incoming import Incoming
from exsim.org.settings import Node, Organisation
from exsim.org.work import Ask
from exsim.wire import activesync as names
from exsim.wire.activesync import Query, number_of, read_query
from exsim.wire.errors import WireError
from exsim.wire.message import Answer, Headers
from exsim.wire.wbxml import Element, decode

Handler = Callable[[Call], Element | None]
AT_ONCE: dict[str, Handler] = {
    "FolderSync": folder_sync,
    "FolderCreate": folder_create,
    "FolderDelete": folder_delete,
    "FolderUpdate": folder_update,
    "SendMail": send_mail,
    "ItemOperations": item_operations,
    "MoveItems": move_items,
    "GetItemEstimate": get_item_estimate,
    "Settings": settings,
}
NEEDS_NO_POLICY = ("Provision", "Ping")  # MS-ASPROV: no key is sent with them
UNDERSTANDS_REDIRECTS = 140  # older devices are served where they are
VERSIONS = {"2010": names.VERSIONS_2010, "2013": names.VERSIONS_2013}
METHODS: Headers = [("Allow", "OPTIONS,POST"), ("Public", "OPTIONS,POST")]
# What every server lists, whatever of it is implemented here (MS-ASHTTP; Find with 16.1)
LISTED = (
    "Sync,SendMail,SmartForward,SmartReply,GetAttachment,GetHierarchy,CreateCollection,"
    "DeleteCollection,MoveCollection,FolderSync,FolderCreate,FolderDelete,FolderUpdate,MoveItems,"
    "GetItemEstimate,MeetingResponse,Search,Settings,Ping,ItemOperations,Provision,"
    "ResolveRecipients,ValidateCert"
)


class ActiveSync:
    """One node's service."""

    def __init__(self, organisation: Organisation, node: Node, entropy: Entropy) -> None:
        self._settings = node.back_end.activesync
        self._scale = organisation.time_scale
        self._entropy = entropy
        self._dice = Entropy(organisation.seed, node.name, "activesync")
        self._devices: dict[tuple[str, str], Device] = {}
        major, minor = build_of(node)[:2]
        self._server = (names.SERVER_VERSION, f"{major}.{minor}")
        versions = VERSIONS.get(node.version, names.CURRENT_VERSIONS)
        self._known = frozenset(number_of(text) for text in versions.split(","))
        commands = f"{LISTED},Find" if "16.1" in versions else LISTED
        self._offers: Headers = [
            (names.PROTOCOL_VERSIONS, versions),
            (names.PROTOCOL_COMMANDS, commands),
        ]

    def answer(self, asked: Asked) -> Generator[Ask, Any, Reply]:
        """One request."""
        made = yield from self._made(asked)
        made.headers.append(self._server)
        return made, None

    def _made(self, asked: Asked) -> Generator[Ask, Any, Answer]:
        incoming = asked.incoming
        if incoming.method == "OPTIONS":
            return answer(200, headers=[("Cache-Control", "private"), *METHODS, *self._offers])
        if incoming.method != "POST":
            return answer(501)
        try:
            query = read_query(incoming.query_text)
            version = _version(incoming, query)
            call = self._call(asked, query, version)
            return (yield from self._checked(call))
        except WireError:
            return answer(400)

    def _call(self, asked: Asked, query: Query, version: int) -> Call:
        incoming = asked.incoming
        partner = asked.mailbox.sid, query.device_id.lower()
        device = self._devices.setdefault(partner, Device())
        scale, make = self._scale, self._new_key
        key = _policy_key(incoming, query)
        call = Call(asked, query, version, key, device, self._settings, scale, make)
        body = incoming.request.body
        if body and not _is_message(call):
            call.root = decode(body)
        return call

    def _new_key(self) -> str:
        return str(int.from_bytes(self._entropy.take(4), "big") or 1)

    def _checked(self, call: Call) -> Generator[Ask, Any, Answer]:
        query, version = call.query, call.version
        if version not in self._known:
            return answer(505)  # assumed: the status that MS-ASHTTP has for it
        if self._settings.redirect and version >= UNDERSTANDS_REDIRECTS:
            return answer(names.REDIRECT, headers=[(names.LOCATION, self._settings.redirect)])
        try:
            policy = self._policy(call)
            objection = policy.objection(call.policy_key) if self._settings.provisioning else None
            if objection is not None and query.command not in NEEDS_NO_POLICY:
                raise Refused(objection)
            self._stumble(query.command)
            made = yield from self._command(call, policy)
        except Refused as refused:
            return turned_down(query.command, version, refused.status)
        if query.command == "FolderSync" and call.body.text("SyncKey") == "0":
            made.headers += [(names.REMOTE_PROCESSING, self._offers[0][1]), *self._offers]
        return made

    def _policy(self, call: Call) -> Policy:
        changes = self._settings.policy_changes * self._scale
        generation = int(call.when / changes) if changes else 0
        return Policy(call.asked.mailbox.sid, call.query.device_id.lower(), generation)

    def _stumble(self, command: str) -> None:
        """The scenario's own faults: "Sync:3" and the share of Syncs that get status 3."""
        for name, share in self._settings.statuses.items():
            wanted, _, status = name.partition(":")
            if wanted == command and self._dice.share() < share:
                raise Refused(int(status))

    def _command(self, call: Call, policy: Policy) -> Generator[Ask, Any, Answer]:
        name = call.query.command
        root: Element | None
        if name == "Sync":
            root = yield from sync(call)
        elif name == "Ping":
            root = yield from ping(call)
        elif name == "Provision":
            root = provision(call, policy)
        elif name in AT_ONCE:
            root = AT_ONCE[name](call)
        else:
            raise Refused(501)
        return nothing() if root is None else document(root)


def _version(incoming: Incoming, query: Query) -> int:
    """The protocol's version in tenths; WireError when none is told."""
    told = query.version or number_of(incoming.header(names.PROTOCOL_VERSION.lower()))
    if told is None:
        raise WireError(f"no {names.PROTOCOL_VERSION}")
    return told


def _policy_key(incoming: Incoming, query: Query) -> int:
    if query.policy_key is not None:
        return query.policy_key
    text = incoming.header(names.POLICY_KEY.lower())
    return int(text) if text.isascii() and text.isdigit() else 0


def _is_message(call: Call) -> bool:
    """Whether the body is a message instead of a document: SendMail of 12.1 and before."""
    kind = call.asked.incoming.header("content-type").partition(";")[0].strip().lower()
    return kind == names.MESSAGE_TYPE
