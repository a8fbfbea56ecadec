"""Autodiscover as SOAP: GetUserSettings, which clients of EWS post to autodiscover.svc (ADSOAP)."""

from __future__ import annotations

from xml.sax.saxutils import escape

from exsim.org.answers import answer
from exsim.org.attribution import build_of
from exsim.org.autodiscover.addresses import Addresses
from exsim.org.ews import soap
from exsim.org.settings import Autodiscover, Node
from exsim.wire import names
from exsim.wire.message import Answer

SPACE = names.AUTODISCOVER_SPACE
INSTANCE = "http://www.w3.org/2001/XMLSchema-instance"
ADDRESSING = "http://www.w3.org/2005/08/addressing"
OPERATION = "GetUserSettings"
MOST_USERS = 90  # of one question (assumed)
VERSIONS = {"2013": "Exchange2013_SP1"}  # later: 2016's (assumed)


class Writer:
    """Answers questions at one node."""

    def __init__(self, node: Node, addresses: Addresses) -> None:
        self._node = node
        self._addresses = addresses
        self._faults: Autodiscover = node.back_end.autodiscover

    def answer(self, body: bytes) -> Answer:
        """One question of any number of users."""
        try:
            call = soap.read(body)
        except soap.Refused as refused:
            return self._fault("InvalidRequest", refused.text)
        if call.operation != f"{OPERATION}RequestMessage":
            return self._fault("ActionNotSupported", "This operation is not served here.")
        request = f"{{{SPACE}}}Request"
        users = call.body.findall(f"{request}/{{{SPACE}}}Users/{{{SPACE}}}User/{{{SPACE}}}Mailbox")
        wanted = call.body.findall(f"{request}/{{{SPACE}}}RequestedSettings/{{{SPACE}}}Setting")
        if not users or len(users) > MOST_USERS:
            return self._told("InvalidRequest", "The request names no user, or too many.", "")
        asked = [(setting.text or "").strip() for setting in wanted]
        each = "".join(self._user((user.text or "").strip(), asked) for user in users)
        return self._told("NoError", "", f"<UserResponses>{each}</UserResponses>")

    def _user(self, address: str, asked: list[str]) -> str:
        faults = self._faults
        if faults.redirect_url:
            return _one("RedirectUrl", "Ask there.", faults.redirect_url)
        if faults.redirect_address.lower() not in ("", address.lower()):
            return _one("RedirectAddress", "Ask for that address.", faults.redirect_address)
        mailbox = self._addresses.find(address)
        if mailbox is None:
            return _one("InvalidUser", "There is no such user.")
        known = self._addresses.settings(mailbox)
        values = "".join(
            f'<UserSetting i:type="StringSetting"><Name>{name}</Name>'
            f"<Value>{escape(known[name])}</Value></UserSetting>"
            for name in dict.fromkeys(asked)
            if known.get(name)
        )
        errors = "".join(
            "<UserSettingError><ErrorCode>SettingIsNotAvailable</ErrorCode>"
            f"<ErrorMessage>It is not set.</ErrorMessage><SettingName>{escape(name)}</SettingName>"
            "</UserSettingError>"
            for name in dict.fromkeys(asked)
            if not known.get(name)
        )
        return _one("NoError", "No error.", "", errors, values)

    def _told(self, code: str, text: str, inside: str) -> Answer:
        return self._document(
            200,
            f'<GetUserSettingsResponseMessage xmlns="{SPACE}"><Response xmlns:i="{INSTANCE}">'
            f"<ErrorCode>{code}</ErrorCode><ErrorMessage>{escape(text)}</ErrorMessage>{inside}"
            "</Response></GetUserSettingsResponseMessage>",
        )

    def _fault(self, code: str, text: str) -> Answer:
        return self._document(
            500,
            f'<s:Fault><faultcode xmlns:a="{SPACE}">a:{code}</faultcode>'
            f'<faultstring xml:lang="en-US">{escape(text)}</faultstring></s:Fault>',
        )

    def _document(self, status: int, inside: str) -> Answer:
        """In this header the version is a list of elements, in EWS's one of attributes (ADSOAP)."""
        parts = ("MajorVersion", "MinorVersion", "MajorBuildNumber", "MinorBuildNumber")
        version = "".join(
            f"<h:{name}>{part}</h:{name}>"
            for name, part in zip(parts, build_of(self._node), strict=False)
        )
        named = VERSIONS.get(self._node.version, "Exchange2016")
        text = (
            '<?xml version="1.0" encoding="utf-8"?>'
            f'<s:Envelope xmlns:s="{soap.SOAP}" xmlns:a="{ADDRESSING}"><s:Header>'
            f'<a:Action s:mustUnderstand="1">{SPACE}/Autodiscover/{OPERATION}Response</a:Action>'
            f'<h:ServerVersionInfo xmlns:h="{SPACE}" xmlns:i="{INSTANCE}">{version}'
            f"<h:Version>{named}</h:Version></h:ServerVersionInfo></s:Header>"
            f"<s:Body>{inside}</s:Body></s:Envelope>"
        )
        return answer(status, text.encode("utf-8", "replace"), soap.XML)


def _one(code: str, text: str, target: str = "", errors: str = "", values: str = "") -> str:
    """What is said of one user."""
    redirect = (
        f"<RedirectTarget>{escape(target)}</RedirectTarget>"
        if target
        else '<RedirectTarget i:nil="true"/>'
    )
    return (
        f"<UserResponse><ErrorCode>{code}</ErrorCode><ErrorMessage>{text}</ErrorMessage>{redirect}"
        f"<UserSettingErrors>{errors}</UserSettingErrors><UserSettings>{values}</UserSettings></UserResponse>"
    )
