"""What is kept of an answer's headers: who answered, what it said of itself, what joins the nodes' own logs.

Facts only, no judgement, and no value of a cookie: lines that set one are pointed at, for whoever hashes them.
"""

from __future__ import annotations

from exsim.wire.ntlm import computer_in
from exsim.wire.redact import redact_url

RawHeaders = list[tuple[bytes, bytes]]  # names in lower case, as the transport hands them over

KEPT = {
    name: name.decode()
    for name in (
        b"x-feserver",
        b"x-calculatedbetarget",
        b"x-beserver",
        b"x-diaginfo",
        b"x-lb-server",
        b"x-owa-version",
        b"x-owa-error",
        b"x-owa-feerror",
        b"x-owa-extendederrorcode",
        b"x-caserrorcode",
        b"x-failurecontext",
        b"x-owa-destination",
        b"retry-after",
        b"www-authenticate",
        b"server",
        b"date",
        b"content-type",
        b"connection",
    )
}
LONGEST_SCHEME = 60  # characters of a WWW-Authenticate that cannot hold a challenge
LONGEST = 200  # characters kept of a header's value: a server may be hostile
LONGEST_LOCATION = 2000
MOST_KNOWN = 2048  # headers whose text is remembered
ALONE = ("", "")  # what has a place of its own in a hop, and is not among its headers
REQUEST_ID = b"request-id"
_ALONE = frozenset((REQUEST_ID, b"location", b"set-cookie"))


class _Texts(dict[tuple[bytes, bytes], tuple[str, str] | None]):
    """A header -> its name and text, where it is kept; `ALONE`; None where it is not kept."""

    def __missing__(self, header: tuple[bytes, bytes]) -> tuple[str, str] | None:
        name = KEPT.get(header[0])
        text = None if name is None else (name, header[1][:LONGEST].decode("latin-1"))
        if header[0] in _ALONE:
            text = ALONE
            if header[0] == REQUEST_ID and header[1]:
                return text  # it never comes again
        if len(self) >= MOST_KNOWN:
            self.clear()
        self[header] = text
        return text


_text_of = _Texts().__getitem__


class HeadFacts:
    """What a hop keeps of an answer's headers; nobody changes it.

    `set_cookies`: values of Set-Cookie, in order.  `kept`: who answered, and the like.  `request_id_at`:
    where among the headers the server's own id stands, -1 where nowhere.
    """

    __slots__ = ("challenger", "kept", "location", "request_id_at", "set_cookies")

    def __init__(self, headers: RawHeaders) -> None:
        self.location: str | None = None
        self.request_id_at = -1
        cookies: list[bytes] = []
        self.kept: dict[str, str] = {}
        for place, text in enumerate(map(_text_of, headers)):
            if text is ALONE:
                name, value = headers[place]
                if name == b"set-cookie":
                    cookies.append(value)
                elif name == REQUEST_ID:
                    self.request_id_at = place
                else:
                    self.location = redact_url(value[:LONGEST_LOCATION].decode("latin-1"))
            elif text is not None:
                self.kept[text[0]] = text[1]
        self.set_cookies = tuple(cookies)
        self.challenger = ""
        if len(self.kept.get("www-authenticate", "")) > LONGEST_SCHEME:
            self.challenger = challenger_in(headers)


def challenger_in(headers: RawHeaders) -> str:
    """The name of the server that sent an NTLM challenge, or ""."""
    values = (value for key, value in headers if key == b"www-authenticate")
    return next(filter(None, (computer_in(value.decode("latin-1")) for value in values)), "")
