"""The order in which a client looks for Autodiscover (ADSOAP), and what it posts there.

The directory's entry, for computers in the domain; the mailbox's domain; "autodiscover." before it; that
again without TLS, which is to redirect; a record of the domain's name service.  The last two, and a name
that the scenario does not know, are named and never asked: credentials go to the scenario's hosts alone,
all of them at its address.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from xml.sax.saxutils import escape

from exsim.wire import names

FORMS = {
    "pox": (names.AUTODISCOVER_POX,),
    "soap": (names.AUTODISCOVER_SOAP, names.AUTODISCOVER_POX),  # the second as EWSMA does
    "phone": (names.AUTODISCOVER_POX,),
}
SCHEMAS = {
    "phone": (names.AUTODISCOVER_PHONE_ASKED, names.AUTODISCOVER_PHONE),
    "pox": (names.AUTODISCOVER_ASKED, names.AUTODISCOVER_OUTLOOK),
}
WANTED = ("UserDisplayName", "AutoDiscoverSMTPAddress", "ExternalEwsUrl", "InternalEwsUrl",
          "ExternalOABUrl", "EwsSupportedSchemas")  # fmt: skip
SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
ADDRESSING = "http://www.w3.org/2005/08/addressing"


@dataclass(frozen=True, slots=True)
class Place:
    """One URL that is tried; `path` is empty where there is none to ask."""

    step: str
    url: str
    path: str = ""
    host: str = ""


def places(address: str, host: str, form: str, joined: bool) -> Iterator[Place]:
    """Every place in order, for a mailbox's `address`; `host` is what the directory names."""
    domain = address.rpartition("@")[2].lower()
    hosts = [("domain", domain), ("subdomain", f"autodiscover.{domain}")]
    if joined:
        hosts.insert(0, ("directory", host))
    for step, name in hosts:
        for path in FORMS[form]:
            yield Place(step, f"https://{name}{path}", path, name.partition(":")[0])
    yield Place("plain", f"http://autodiscover.{domain}{names.AUTODISCOVER_POX}")
    yield Place("record", f"_autodiscover._tcp.{domain}")


def question(path: str, address: str, form: str, url: str) -> bytes:
    """What is posted to `path`."""
    if path.lower() == names.AUTODISCOVER_SOAP:
        return _soap(address, url)
    asked, told = SCHEMAS.get(form, SCHEMAS["pox"])
    return (
        f'<?xml version="1.0" encoding="utf-8"?><Autodiscover xmlns="{asked}"><Request>'
        f"<EMailAddress>{escape(address)}</EMailAddress>"
        f"<AcceptableResponseSchema>{told}</AcceptableResponseSchema></Request></Autodiscover>"
    ).encode()


def _soap(address: str, url: str) -> bytes:
    wanted = "".join(f"<a:Setting>{name}</a:Setting>" for name in WANTED)
    space = names.AUTODISCOVER_SPACE
    return (
        f'<?xml version="1.0" encoding="utf-8"?><s:Envelope xmlns:s="{SOAP}" xmlns:a="{space}"'
        f' xmlns:w="{ADDRESSING}"><s:Header>'
        "<a:RequestedServerVersion>Exchange2013</a:RequestedServerVersion>"
        f"<w:Action>{space}/Autodiscover/GetUserSettings</w:Action><w:To>{escape(url)}</w:To>"
        "</s:Header><s:Body><a:GetUserSettingsRequestMessage><a:Request><a:Users><a:User>"
        f"<a:Mailbox>{escape(address)}</a:Mailbox></a:User></a:Users>"
        f"<a:RequestedSettings>{wanted}</a:RequestedSettings></a:Request>"
        "</a:GetUserSettingsRequestMessage></s:Body></s:Envelope>"
    ).encode()
