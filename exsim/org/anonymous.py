"""What a front end shows to anybody below /owa/auth/ and /ecp/auth/: logon, sign-out, error (LOGON, E13)."""

from __future__ import annotations

from exsim.org import namespace
from exsim.org.answers import answer
from exsim.org.answers import page as page_of
from exsim.org.attribution import short_build
from exsim.org.incoming import STATIC_ENDINGS, Incoming
from exsim.org.outcome import Outcome
from exsim.org.refusal import escape, outside
from exsim.org.settings import Node
from exsim.org.templates import fill
from exsim.wire import names
from exsim.wire.message import Answer, Headers

FRAMES: Headers = [("X-Frame-Options", "SAMEORIGIN")]
EXPLANATIONS = {
    names.REASON_LOGOFF: "You have left your mailbox.",
    names.REASON_TIMEOUT: "Your time was up.",
}
SCRIPT_TYPES = {
    ".js": "application/x-javascript",
    ".css": "text/css",
    ".ico": "image/x-icon",
    ".png": "image/png",
    ".gif": "image/gif",
}


def page(incoming: Incoming, node: Node, host: str) -> Outcome:
    """A page by its name; 404 for what is not there."""
    if incoming.segment == "logon.aspx":
        return Outcome(logon_page(incoming, node, host))
    if incoming.segment in ("signout.aspx", "logoff.aspx"):
        return Outcome(page_of(fill("signout"), FRAMES))
    if incoming.segment in ("errorfe.aspx", "error.aspx"):
        return Outcome(_error(incoming, node))
    if incoming.segment.endswith(STATIC_ENDINGS):
        return Outcome(_static(incoming, node))
    return Outcome(answer(404, b"<html><body><h1>Not Found</h1></body></html>"))


def logon_page(incoming: Incoming, node: Node, host: str) -> Answer:
    """The first step (a script that goes on) or the second (the form)."""
    url = incoming.query.get("url", "")
    reason = incoming.query.get("reason", names.REASON_NONE)
    destination = url or namespace.destination(node, outside(incoming, host))
    if node.version == "2010":
        return page_of(_form(node, "logon_2010", destination, reason), FRAMES)
    if "replaceCurrent" in incoming.query or is_down_level(incoming):
        return page_of(_form(node, "logon_form", destination, reason), FRAMES)
    going_on = f"logon.aspx?replaceCurrent=1&reason={escape(reason)}"
    first = fill(
        "logon_first",
        build=short_build(node),
        url=f"&url={escape(destination)}",
        logon=going_on,
    )
    return page_of(first, FRAMES)


def is_down_level(incoming: Incoming) -> bool:
    """Whether this client is given the form at once (E13); that all but Mozilla/… are: assumed."""
    return not incoming.header("user-agent").startswith("Mozilla/")


def _form(node: Node, name: str, destination: str, reason: str) -> str:
    explanation = EXPLANATIONS.get(reason, "")
    return fill(
        name,
        build=short_build(node),
        destination=destination,
        refused="block" if reason == names.REASON_CREDENTIALS else "none",
        explained="block" if explanation else "none",
        explanation=explanation,
    )


def _error(incoming: Incoming, node: Node) -> Answer:
    query = incoming.query
    error = query.get("CafeError") or query.get("owaError") or query.get("msg") or "unknown"
    back_end = query.get("be", "")
    headers = [(names.OWA_ERROR, escape(error))]
    if back_end:
        headers.append((names.BE_SERVER, escape(back_end)))
    text = fill("error", error=error, front_end=node.name.upper(), back_end=back_end)
    return page_of(text, headers)


def _static(incoming: Incoming, node: Node) -> Answer:
    """Files of this build, and of no other."""
    if f"/{short_build(node)}/" not in incoming.path:
        return answer(404, b"<html><body><h1>Not Found</h1></body></html>")
    ending = "." + incoming.segment.rpartition(".")[2]
    kind = SCRIPT_TYPES.get(ending, "application/octet-stream")
    return answer(200, b"/* */", kind, [("Cache-Control", "public, max-age=2592000")])
