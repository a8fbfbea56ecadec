"""ConvertId: between the id forms of EWS.  Only EwsId is known here; others are answered as malformed."""

from __future__ import annotations

from xml.etree.ElementTree import Element
from xml.sax.saxutils import quoteattr

from exsim.org.contents import Box
from exsim.org.ews import identifier
from exsim.org.ews.soap import SPACES, failure, success


def convert(box: Box, body: Element) -> str:
    """One message for each id.  A client's first question carries one that is none (EXLIB)."""
    messages = []
    for source in body.iterfind("m:SourceIds/*", SPACES):
        named = identifier.read(source.get("Id", ""))
        formats = (source.get("Format"), body.get("DestinationFormat"))
        if named is None or named.guid != box.guid or formats != ("EwsId", "EwsId"):
            messages.append(
                failure("ConvertId", "ErrorInvalidIdMalformed", "That id cannot be read.")
            )
            continue
        inside = (
            f'<m:AlternateId xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
            f' xsi:type="t:AlternateIdType" Format="EwsId" Id={quoteattr(source.get("Id", ""))}'
            f" Mailbox={quoteattr(box.address)}/>"
        )
        messages.append(success("ConvertId", inside))
    return "".join(messages)
