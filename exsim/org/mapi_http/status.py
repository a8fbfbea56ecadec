"""The page for people that a MAPI over HTTP endpoint answers to a GET: who the server takes them for (E13, E16).

How the caller signed in stands there too, on a real one; a back end here is not told.
"""

from __future__ import annotations

from html import escape

from exsim.org.answers import HTML, answer
from exsim.org.back_request import Asked
from exsim.org.settings import Node
from exsim.wire import names
from exsim.wire.message import Answer


def status_page(asked: Asked, node: Node, endpoint: str) -> Answer:
    """The page of one endpoint, in the caller's name."""
    box = asked.mailbox
    lines = {
        "User": box.logon,
        "UPN": box.address,
        "SID": box.sid,
        "Cafe": asked.incoming.header(names.SOURCE_FRONT_END.lower()).lower(),
        "Mailbox": node.fqdn.lower(),
    }
    told = "".join(f"<p><b>{name}:</b> {escape(value)}</p>\n" for name, value in lines.items())
    title = names.MAPI_STATUS_TITLE
    text = (
        f"<html><head><title>{title}</title></head><body>\n<p>{title}</p>\n"
        f"<p>Version: {node.build}<br>Vdir Path: /mapi/{endpoint}/</p>\n{told}</body></html>"
    )
    return answer(200, text.encode(), HTML)
