"""Clients of a dozen lines that sign in by HTTP, one TLS connection each, by pyspnego and http.client alone."""

from __future__ import annotations

import base64
import http.client
import re
import socket
import ssl

import spnego

from exsim.wire import names, one_leg

SOAP = (
    '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"'
    ' xmlns:t="http://schemas.microsoft.com/exchange/services/2006/types"'
    ' xmlns:m="http://schemas.microsoft.com/exchange/services/2006/messages"><s:Body>'
    '<m:FindItem Traversal="Shallow"><m:ItemShape><t:BaseShape>Default</t:BaseShape></m:ItemShape>'
    '<m:ParentFolderIds><t:DistinguishedFolderId Id="inbox"/></m:ParentFolderIds></m:FindItem>'
    "</s:Body></s:Envelope>"
)
MARKER = re.compile(re.escape(names.MARKER) + r"([^<\s]+)")


def owner(body: str) -> str:
    """Whose inbox an answer shows; "" for nobody's."""
    found = set(MARKER.findall(body))
    assert len(found) < 2, found
    return found.pop() if found else ""


class Caller:
    """One client's one connection to `place` ("host:port"); TLS where `ca` says whom to trust."""

    def __init__(self, place: str, ca: str = "", host: str = "exchange.isp.com.au") -> None:
        self.host = host
        address, _, port = place.rpartition(":")
        if ca:
            context = ssl.create_default_context(cafile=ca)
            self.line = http.client.HTTPSConnection(host, timeout=5, context=context)
        else:
            self.line = http.client.HTTPConnection(host, timeout=5)
        self.line._create_connection = lambda *_: socket.create_connection((address, int(port)), 5)
        self.statuses: list[int] = []

    def ask(self, authorization: str = "", body: str = SOAP) -> tuple[int, str, str]:
        """One request: status, the NTLM or Negotiate challenge, and whose inbox the answer shows."""
        headers = {"Content-Type": "text/xml; charset=utf-8"}
        if authorization:
            headers["Authorization"] = authorization
        self.line.request("POST", "/EWS/Exchange.asmx", body.encode(), headers)
        answer = self.line.getresponse()
        text = answer.read().decode()
        asked = [line for line in answer.headers.get_all("WWW-Authenticate") or [] if " " in line]
        self.statuses.append(answer.status)
        return answer.status, (asked or [""])[0], owner(text) if answer.status == 200 else ""

    def ntlm(self, logon: str, password: str) -> tuple[int, str]:
        """Both legs, the first unasked; the last status, and who was served."""
        own = spnego.NegotiateOptions.use_ntlm
        client = spnego.client(logon, password, protocol="ntlm", options=own)
        status, challenge, served = self.ask(f"NTLM {_text(client.step())}", "")
        if status != 401 or not challenge.startswith("NTLM "):
            return status, served
        status, _, served = self.ask(f"NTLM {_text(client.step(base64.b64decode(challenge[5:])))}")
        return status, served

    def token(self, logon: str, password: str) -> tuple[int, str]:
        """The one-leg stand-in."""
        status, _, served = self.ask(f"Negotiate {_text(one_leg.token(logon, password))}")
        return status, served

    def bare(self) -> tuple[int, str]:
        """A request without credentials."""
        status, _, served = self.ask()
        return status, served

    def close(self) -> None:
        self.line.close()


def _text(message: bytes | None) -> str:
    return base64.b64encode(message or b"").decode()
