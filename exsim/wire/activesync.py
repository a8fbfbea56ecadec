"""ActiveSync's names, and its query in both forms: plain text, and base64 of a few binary fields (MS-ASHTTP).

Shared by client and organisation, and proved by the specification's own example.  Statuses within the
documents are numbers that each side reads by itself.
"""

from __future__ import annotations

import base64
import binascii
import struct
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, quote, unquote

from exsim.wire.errors import WireError
from exsim.wire.standing import assumed, documented, observed

PATH = documented("/Microsoft-Server-ActiveSync", "ASHTTP")
VDIR = PATH[1:].lower()
WBXML_TYPE = documented("application/vnd.ms-sync.wbxml", "ASHTTP")
OLD_WBXML_TYPE = documented("application/vnd.ms-sync", "ASHTTP")  # of older devices
MESSAGE_TYPE = documented("message/rfc822", "ASHTTP")  # SendMail up to 12.1
POLICY_TYPE = documented("MS-EAS-Provisioning-WBXML", "ASPROV")

PROTOCOL_VERSION = documented("MS-ASProtocolVersion", "ASHTTP")
PROTOCOL_VERSIONS = documented("MS-ASProtocolVersions", "ASHTTP")
PROTOCOL_COMMANDS = documented("MS-ASProtocolCommands", "ASHTTP")
SERVER_VERSION = documented("MS-Server-ActiveSync", "ASHTTP")
POLICY_KEY = documented("X-MS-PolicyKey", "ASHTTP ASPROV")
REMOTE_PROCESSING = documented("X-MS-RP", "ASHTTP")  # a new list of versions and commands
LOCATION = documented("X-MS-Location", "ASHTTP")  # of a 451

NEEDS_PROVISIONING = documented(449, "ASHTTP")
NEEDS_PROVISIONING_REASON = observed("Retry after sending a PROVISION command", "ZPUSH")
REDIRECT = documented(451, "ASHTTP")
CURRENT_VERSIONS = documented("2.5,12.0,12.1,14.0,14.1,16.0,16.1", "ASHTTP")  # since 2016
VERSIONS_2013 = assumed("2.5,12.0,12.1,14.0,14.1", "ASHTTP")  # the same without what came later
VERSIONS_2010 = assumed("2.0,2.1,2.5,12.0,12.1,14.0,14.1", "ASHTTP")  # 2010 RTM's, and SP1's 14.1
LONGEST_HEARTBEAT = documented(3540, "ASCMD")  # seconds
SHORTEST_HEARTBEAT = documented(60, "ASCMD")

# Command -> its code in the base64 form
COMMANDS = {
    "Sync": 0,
    "SendMail": 1,
    "SmartForward": 2,
    "SmartReply": 3,
    "GetAttachment": 4,
    "FolderSync": 9,
    "FolderCreate": 10,
    "FolderDelete": 11,
    "FolderUpdate": 12,
    "MoveItems": 13,
    "GetItemEstimate": 14,
    "MeetingResponse": 15,
    "Search": 16,
    "Settings": 17,
    "Ping": 18,
    "ItemOperations": 19,
    "Provision": 20,
    "ResolveRecipients": 21,
    "ValidateCert": 22,
    "Find": 23,
}
_CODES = {code: command for command, code in COMMANDS.items()}
# Tag of a parameter of the base64 form -> its name in the plain one
_PARAMETERS = {
    0: "AttachmentName",
    1: "CollectionId",
    3: "ItemId",
    4: "LongId",
    6: "Occurrence",
    7: "Options",
    8: "User",
}
_TAGS = {name: tag for tag, name in _PARAMETERS.items()}
_SAVE_IN_SENT, _MULTIPART = 1, 2  # bits of Options
_OWN = frozenset(("cmd", "user", "deviceid", "devicetype"))


@dataclass(frozen=True, slots=True)
class Query:
    """What a request's query says.  `version` and `policy_key` are None where only a header can say it.

    `version` in tenths: 141 is 14.1.  `parameters`: what a command has besides, by its plain name.
    """

    command: str
    device_id: str
    device_type: str
    user: str = ""
    version: int | None = None
    policy_key: int | None = None
    locale: int = 0x0409
    parameters: dict[str, str] = field(default_factory=dict)


def read_query(text: str) -> Query:
    """The query behind the `?`, in either form.  WireError for one that is neither."""
    if "cmd=" in text.lower():
        return _read_plain(text)
    return _read_base64(text)


def _read_plain(text: str) -> Query:
    pairs = parse_qsl(text, keep_blank_values=True)
    found = {name.lower(): value for name, value in pairs}
    command = {name.lower(): name for name in COMMANDS}.get(found.get("cmd", "").lower())
    if command is None:
        raise WireError(f"Cmd={found.get('cmd', '')}: no such command")
    if not found.get("deviceid") or not found.get("devicetype"):
        raise WireError("DeviceId and DeviceType are not both there")
    more = {name: value for name, value in pairs if name.lower() not in _OWN}
    return Query(
        command, found["deviceid"], found["devicetype"], found.get("user", ""), parameters=more
    )


def _read_base64(text: str) -> Query:
    try:
        data = base64.b64decode(unquote(text), validate=True)
    except (binascii.Error, ValueError) as error:
        raise WireError("a query that is neither Cmd=… nor base64") from error
    fields = _Fields(data)
    version, code, locale = struct.unpack("<BBH", fields.take(4))
    command = _CODES.get(code)
    if command is None:
        raise WireError(f"command {code}: no such command")
    device_id = fields.text()
    if not device_id:
        raise WireError("a device without an id")
    key = fields.counted()
    if len(key) not in (0, 4):
        raise WireError(f"a policy key of {len(key)} bytes; 0 or 4 are possible")
    device_type = fields.text()
    parameters: dict[str, str] = {}
    while not fields.empty:
        tag = fields.take(1)[0]
        name = _PARAMETERS.get(tag)
        if name is None:
            raise WireError(f"parameter {tag}: no such parameter")
        _keep(parameters, name, fields.counted())
    return Query(
        command,
        device_id,
        device_type,
        parameters.pop("User", ""),
        version,
        int.from_bytes(key, "little") if key else 0,
        locale,
        parameters,
    )


def _keep(parameters: dict[str, str], name: str, value: bytes) -> None:
    if name != "Options":
        parameters[name] = _decoded(value)
        return
    bits = value[0] if value else 0
    if bits & _SAVE_IN_SENT:
        parameters["SaveInSent"] = "T"
    if bits & _MULTIPART:
        parameters["AcceptMultiPart"] = "T"


def _decoded(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise WireError("a field that is not UTF-8") from error


class _Fields:
    """The binary fields, one after the other."""

    def __init__(self, data: bytes) -> None:
        self._left = data

    @property
    def empty(self) -> bool:
        return not self._left

    def take(self, count: int) -> bytes:
        if len(self._left) < count:
            raise WireError("a base64 query that ends too early")
        taken, self._left = self._left[:count], self._left[count:]
        return taken

    def counted(self) -> bytes:
        """A field behind its length of one byte."""
        return self.take(self.take(1)[0])

    def text(self) -> str:
        return _decoded(self.counted())


def plain(query: Query) -> str:
    """The query as plain text."""
    pairs = [("Cmd", query.command), ("User", query.user), ("DeviceId", query.device_id)]
    pairs += [("DeviceType", query.device_type), *query.parameters.items()]
    return "&".join(f"{name}={quote(value, safe='')}" for name, value in pairs)


def packed(query: Query) -> str:
    """The query as base64.  WireError for a field that is longer than its length can say."""
    key = struct.pack("<I", query.policy_key) if query.policy_key else b""
    head = struct.pack("<BBH", query.version or 0, COMMANDS[query.command], query.locale)
    made = head + _counted(query.device_id.encode()) + _counted(key)
    made += _counted(query.device_type.encode())
    options = 0
    fields = {**query.parameters, **({"User": query.user} if query.user else {})}
    for name, value in fields.items():
        if name == "SaveInSent":
            options |= _SAVE_IN_SENT
        elif name == "AcceptMultiPart":
            options |= _MULTIPART
        else:
            made += bytes((_TAGS[name],)) + _counted(value.encode())
    if options:
        made += bytes((_TAGS["Options"], 1, options))
    return quote(base64.b64encode(made).decode(), safe="/+=")


def _counted(data: bytes) -> bytes:
    if len(data) > 255:
        raise WireError(f"a field of {len(data)} bytes; 255 fit")
    return bytes((len(data),)) + data


def number_of(version: str) -> int | None:
    """ "14.1" as 141; None for what is no version."""
    whole, dot, part = version.strip().partition(".")
    if not dot or not (whole + part).isascii() or not (whole + part).isdigit() or len(part) != 1:
        return None
    return int(whole) * 10 + int(part)
