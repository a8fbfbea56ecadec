"""Autodiscover as plain XML: what Outlook and telephones post to autodiscover.xml (MS-OXDSCLI, MS-ASCMD)."""

from __future__ import annotations

from dataclasses import dataclass
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from exsim.org.actions import marker
from exsim.org.answers import answer
from exsim.org.autodiscover.addresses import Addresses, legacy_dn
from exsim.org.settings import Autodiscover, Mailbox
from exsim.wire import names
from exsim.wire.message import Answer

XML = "text/xml; charset=utf-8"
MOST = 64 * 1024  # bytes of a question that are read (assumed)
INVALID = (names.INVALID_REQUEST, "Invalid Request")
UNKNOWN = ("500", "The email address can't be found.")
NO_PROVIDER = ("601", "Provider is not available.")
ASKED = {names.AUTODISCOVER_ASKED: names.AUTODISCOVER_OUTLOOK,
         names.AUTODISCOVER_PHONE_ASKED: names.AUTODISCOVER_PHONE}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Question:
    """`schema` is the answer's that the client takes."""

    address: str
    schema: str


def read(body: bytes) -> Question | None:
    """What is asked; None for what is no question.  Nothing with a document type is parsed."""
    if len(body) > MOST:
        return None
    try:
        text = body.decode("utf-8-sig").lstrip()
        root = None if "<!DOCTYPE" in text else ElementTree.fromstring(text)
    except (UnicodeDecodeError, ElementTree.ParseError, ValueError):
        return None
    if root is None:
        return None
    space, _, name = root.tag.lstrip("{").rpartition("}")
    address = root.findtext(f"{{{space}}}Request/{{{space}}}EMailAddress")
    schema = root.findtext(f"{{{space}}}Request/{{{space}}}AcceptableResponseSchema", "")
    if space not in ASKED or name != "Autodiscover" or not address:
        return None
    return Question(address.strip(), schema.strip())


def error(clock: str, code: str, text: str) -> Answer:
    """The page that a GET sees, and everybody whose question is none (ADSOAP).  `clock`: time of day."""
    inside = (
        f'<Response><Error Time="{clock}" Id="4130155072"><ErrorCode>{code}</ErrorCode>'
        f"<Message>{escape(text)}</Message><DebugData /></Error></Response>"
    )
    return _document(inside)


def told(addresses: Addresses, mailbox: Mailbox, schema: str, capability: str) -> Answer:
    """Where `mailbox` is served."""
    if schema == names.AUTODISCOVER_PHONE:
        return _document(_phone(addresses, mailbox))
    offered = addresses.mapi_offered(mailbox, capability)
    mapi = _mapi(addresses, mailbox) if offered else ""
    account = (
        "<Account><AccountType>email</AccountType><Action>settings</Action>"
        f"<MicrosoftOnline>False</MicrosoftOnline>{mapi}{_others(addresses, mailbox)}</Account>"
    )
    return _document(_response(_user(mailbox) + account))


def redirected(faults: Autodiscover, address: str) -> Answer | None:
    """The answer that sends a client on; None where it stays."""
    if faults.redirect_url:
        action, element, target = "redirectUrl", "RedirectUrl", faults.redirect_url
    elif faults.redirect_address.lower() not in ("", address.lower()):
        action, element, target = "redirectAddr", "RedirectAddr", faults.redirect_address
    else:
        return None
    inside = f"<Action>{action}</Action><{element}>{escape(target)}</{element}>"
    return _document(_response(f"<Account>{inside}</Account>"))


def _document(inside: str) -> Answer:
    text = (
        '<?xml version="1.0" encoding="utf-8"?>'
        f'<Autodiscover xmlns="{names.AUTODISCOVER_TOLD}">{inside}</Autodiscover>'
    )
    return answer(200, text.encode("utf-8", "replace"), XML, [("Cache-Control", "private")])


def _response(inside: str) -> str:
    return f'<Response xmlns="{names.AUTODISCOVER_OUTLOOK}">{inside}</Response>'


def _user(mailbox: Mailbox) -> str:
    return (
        f"<User><DisplayName>{escape(marker(mailbox))}</DisplayName>"
        f"<LegacyDN>{escape(legacy_dn(mailbox))}</LegacyDN>"
        f"<AutoDiscoverSMTPAddress>{escape(mailbox.address)}</AutoDiscoverSMTPAddress></User>"
    )


def _mapi(addresses: Addresses, mailbox: Mailbox) -> str:
    store, book = (escape(addresses.mapi(mailbox, end)) for end in ("emsmdb", "nspi"))
    return (
        '<Protocol Type="mapiHttp" Version="1">'
        f"<MailStore><InternalUrl>{store}</InternalUrl><ExternalUrl>{store}</ExternalUrl></MailStore>"
        f"<AddressBook><InternalUrl>{book}</InternalUrl><ExternalUrl>{book}</ExternalUrl></AddressBook>"
        "</Protocol>"
    )


def _others(addresses: Addresses, mailbox: Mailbox) -> str:
    ews, oab = escape(addresses.url("EWS", "/Exchange.asmx")), escape(addresses.oab())
    urls = f"<ASUrl>{ews}</ASUrl><EwsUrl>{ews}</EwsUrl><OABUrl>{oab}</OABUrl>"
    inside = escape(addresses.mailbox_id(mailbox))
    return (
        f"<Protocol><Type>EXCH</Type><Server>{inside}</Server>{urls}</Protocol>"
        f"<Protocol><Type>EXPR</Type><Server>{addresses.host}</Server><SSL>On</SSL>{urls}</Protocol>"
    )


def _phone(addresses: Addresses, mailbox: Mailbox) -> str:
    url = escape(addresses.url("Microsoft-Server-ActiveSync", ""))
    return (
        f'<Response xmlns="{names.AUTODISCOVER_PHONE}"><Culture>en:us</Culture>'
        f"<User><DisplayName>{escape(marker(mailbox))}</DisplayName>"
        f"<EMailAddress>{escape(mailbox.address)}</EMailAddress></User>"
        "<Action><Settings><Server><Type>MobileSync</Type>"
        f"<Url>{url}</Url><Name>{url}</Name></Server></Settings></Action></Response>"
    )
