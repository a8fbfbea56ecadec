"""SOAP 1.1 as EWS speaks it: a request taken apart, and the envelopes of answers and faults."""

from __future__ import annotations

from dataclasses import dataclass
from xml.etree import ElementTree
from xml.etree.ElementTree import Element
from xml.sax.saxutils import escape, quoteattr

from exsim.org.answers import NO_CACHE, answer
from exsim.org.attribution import build_of, ows_version
from exsim.org.settings import Node
from exsim.wire.message import Answer

SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
TYPES = "http://schemas.microsoft.com/exchange/services/2006/types"
MESSAGES = "http://schemas.microsoft.com/exchange/services/2006/messages"
ERRORS = "http://schemas.microsoft.com/exchange/services/2006/errors"
SPACES = {"s": SOAP, "t": TYPES, "m": MESSAGES}
XML = "text/xml; charset=utf-8"
MOST = 4 * 1024 * 1024  # bytes of a request that are read (assumed)

# What each version of the server takes as RequestServerVersion (EXLIB); later ones know the earlier.
SCHEMAS = ("Exchange2007", "Exchange2007_SP1", "Exchange2010", "Exchange2010_SP1",
           "Exchange2010_SP2", "Exchange2013", "Exchange2013_SP1", "Exchange2015",
           "Exchange2016")  # fmt: skip
NEWEST = {"2010": "Exchange2010_SP2", "2013": "Exchange2013_SP1"}  # later: all of them


class Refused(Exception):
    """A request that is answered with a SOAP fault: its code, and what is said of it."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code
        self.text = text


@dataclass(frozen=True, slots=True)
class Call:
    """One request: the operation's name and its element; `schema` is what the client asked for."""

    operation: str
    body: Element
    schema: str = ""


def local(element: Element) -> str:
    """The name of an element without its namespace."""
    return element.tag.rpartition("}")[2]


def find(element: Element, path: str) -> Element | None:
    """The first element at `path`, with the prefixes s, t and m."""
    return element.find(path, SPACES)


def text_of(element: Element, path: str, default: str = "") -> str:
    """The text at `path`, stripped."""
    found = find(element, path)
    return (found.text or "").strip() if found is not None else default


def number_of(element: Element, name: str, default: int) -> int:
    """A whole number in an attribute; Refused when it is none."""
    value = element.get(name)
    if value is None:
        return default
    if not value.isascii() or not value.isdigit() or len(value) > 9:
        raise Refused("ErrorSchemaValidation", f"{name} is not a number.")
    return int(value)


def read(body: bytes) -> Call:
    """Take a request apart.  Refused when it is no SOAP, or carries a document type.

    The text is decoded before it is parsed, so no encoding hides a declaration of entities.
    """
    if len(body) > MOST:
        raise Refused("ErrorInvalidRequest", "The request is too long.")
    try:
        text = body.decode("utf-8-sig").lstrip()
    except UnicodeDecodeError:
        raise Refused("ErrorInvalidRequest", "The request is not UTF-8.") from None
    if "<!DOCTYPE" in text:
        raise Refused("ErrorInvalidRequest", "The request carries a document type.")
    try:
        root = ElementTree.fromstring(text)
    except (ElementTree.ParseError, ValueError):
        raise Refused("ErrorInvalidRequest", "The request is not XML.") from None
    inside = find(root, "s:Body") if root.tag == f"{{{SOAP}}}Envelope" else None
    if inside is None or not len(inside):
        raise Refused("ErrorInvalidRequest", "The request has no SOAP body.")
    version = find(root, "s:Header/t:RequestServerVersion")
    schema = version.get("Version", "") if version is not None else ""
    return Call(local(inside[0]), inside[0], schema)


def check_schema(call: Call, node: Node) -> None:
    """Refused when the client speaks a newer schema than the server (code as EXLIB expects it)."""
    known = (
        SCHEMAS[: SCHEMAS.index(NEWEST[node.version]) + 1] if node.version in NEWEST else SCHEMAS
    )
    if call.schema and call.schema not in known:
        raise Refused("ErrorInvalidServerVersion", "This server does not know that version.")


class Writer:
    """Writes the answers of one server."""

    def __init__(self, node: Node) -> None:
        major, minor, build, revision = (*build_of(node), 0, 0, 0)[:4]
        version = NEWEST["2010"] if node.version == "2010" else ows_version(node)
        self._head = (
            '<?xml version="1.0" encoding="utf-8"?>'
            f'<s:Envelope xmlns:s="{SOAP}"><s:Header>'
            f'<h:ServerVersionInfo MajorVersion="{major}" MinorVersion="{minor}"'
            f' MajorBuildNumber="{build}" MinorBuildNumber="{revision}" Version="{version}"'
            f' xmlns:h="{TYPES}"/></s:Header><s:Body>'
        )

    def envelope(self, inside: str) -> bytes:
        """A whole document around `inside`, which uses the prefixes m and t."""
        return f"{self._head}{inside}</s:Body></s:Envelope>".encode("utf-8", "replace")

    def answer(self, inside: str) -> Answer:
        return answer(200, self.envelope(inside), XML, NO_CACHE)

    def fault(self, code: str, text: str, values: dict[str, str] | None = None) -> Answer:
        """500 with a SOAP fault; `values` stand in its MessageXml."""
        more = "".join(
            f"<t:Value Name={quoteattr(name)}>{escape(value)}</t:Value>"
            for name, value in (values or {}).items()
        )
        inside = (
            f'<s:Fault xmlns:t="{TYPES}"><faultcode xmlns:a="{TYPES}">a:{code}</faultcode>'
            f'<faultstring xml:lang="en-US">{escape(text)}</faultstring><detail>'
            f'<e:ResponseCode xmlns:e="{ERRORS}">{code}</e:ResponseCode>'
            f'<e:Message xmlns:e="{ERRORS}">{escape(text)}</e:Message>'
            f"{f'<t:MessageXml>{more}</t:MessageXml>' if more else ''}</detail></s:Fault>"
        )
        return answer(500, self.envelope(inside), XML, NO_CACHE)


def success(operation: str, inside: str = "") -> str:
    """One response message that says NoError."""
    return (
        f'<m:{operation}ResponseMessage ResponseClass="Success">'
        f"<m:ResponseCode>NoError</m:ResponseCode>{inside}</m:{operation}ResponseMessage>"
    )


def failure(operation: str, code: str, text: str, inside: str = "") -> str:
    """One response message that says why not."""
    return (
        f'<m:{operation}ResponseMessage ResponseClass="Error">'
        f"<m:MessageText>{escape(text)}</m:MessageText><m:ResponseCode>{code}</m:ResponseCode>"
        f"<m:DescriptiveLinkKey>0</m:DescriptiveLinkKey>{inside}</m:{operation}ResponseMessage>"
    )


def response(operation: str, messages: str) -> str:
    """The operation's answer: its response messages, in the order of the request."""
    return (
        f'<m:{operation}Response xmlns:m="{MESSAGES}" xmlns:t="{TYPES}"><m:ResponseMessages>'
        f"{messages}</m:ResponseMessages></m:{operation}Response>"
    )
