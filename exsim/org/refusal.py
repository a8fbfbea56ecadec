"""How a front end refuses: to the logon page or 440, by method; and what it deletes (E13, E16).

There is no test for scripts: a script's GET is redirected, and follows to a plain 200 logon page.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from exsim.org.answers import HTML, answer, delete_cookie, redirect
from exsim.org.incoming import Incoming
from exsim.org.outcome import Outcome
from exsim.wire import names
from exsim.wire.message import Answer, Headers

LOGOFF_SEGMENTS = {"owa": "logoff.owa", "ecp": "logoff.aspx"}
REDIRECT, SCRIPT, PLAIN = "redirect", "script", "plain"
BY_METHOD = {"GET": REDIRECT, "POST": SCRIPT}  # any other method: PLAIN
REASONS = {
    "absent": names.REASON_NONE,
    "incomplete": names.REASON_NONE,
    "unreadable": names.REASON_NONE,
    "not_found": names.REASON_NONE,
    "expired": names.REASON_TIMEOUT,
    "credentials": names.REASON_CREDENTIALS,
}
BODIES = {SCRIPT: names.REFUSAL_BODY_POST.encode(), PLAIN: names.REFUSAL_BODY_OTHER.encode()}
UNRESERVED = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.!*()")


def form_of(incoming: Incoming, cause: str) -> str:
    """REDIRECT, SCRIPT or PLAIN."""
    if incoming.path == names.LOGON_POST:
        return REDIRECT  # by this exact path only: /ecp/auth.owa with a bad password gets 440
    form = BY_METHOD.get(incoming.method, PLAIN)
    if form == REDIRECT and cause == "expired" and incoming.query_text.startswith("oeh=1&"):
        return PLAIN
    return form


def carried_wiped(incoming: Incoming, wiped: tuple[str, ...] = names.WIPED) -> tuple[str, ...]:
    """The cookies that a refusal deletes: of those it may delete, the ones that the request carried."""
    cookies = incoming.cookies
    return tuple(name for name in wiped if name in cookies)


def refuse(
    incoming: Incoming,
    cause: str,
    host: str,
    *,
    wipes: bool = True,
    logon_cookies: tuple[str, ...] = names.LOGON_COOKIES,
    user: str = "",
    target: str = "",
) -> Outcome:
    """A refusal.  `target`: where the logon is to lead, if not to what was asked for."""
    wiped = carried_wiped(incoming, (*names.WIPED, names.E14_SESSION)) if wipes else ()
    deletions = [delete_cookie(name, incoming.when) for name in wiped]
    cookies = incoming.cookies
    carried = any(name in cookies for name in logon_cookies)
    return Outcome(
        _answer(incoming, cause, host, deletions, target),
        "refused" if carried else "refused_bare",
        cause,
        user,
        wiped=wiped,
    )


def _answer(incoming: Incoming, cause: str, host: str, deletions: Headers, target: str) -> Answer:
    form = form_of(incoming, cause)
    if form == REDIRECT:
        url = escape(target or asked_url(incoming, host))
        page = f"https://{outside(incoming, host)}{names.LOGON_PAGE}"
        return redirect(f"{page}?url={url}&reason={REASONS[cause]}", deletions)
    refused = answer(names.LOGIN_TIMEOUT, BODIES[form], HTML, deletions)
    refused.headers.append(("Connection", "close"))
    refused.close = True
    return refused


def outside(incoming: Incoming, host: str) -> str:
    """The host that the client used; port 80 becomes https's own (E13)."""
    used = incoming.header("host") or host
    for port in (":80", ":443"):
        used = used.removesuffix(port)
    return used


def asked_url(incoming: Incoming, host: str) -> str:
    """What was asked for, as an absolute address: always https, without a trailing /auth.owa."""
    target = incoming.request.target
    if incoming.segment == "auth.owa":
        target = incoming.raw_path[: -len("/auth.owa")]
    explicit = incoming.header("x-owa-explicitlogonuser")
    if explicit and target.lower().startswith(names.OWA):
        target = f"{names.OWA}{explicit}/{target[len(names.OWA) :]}"  # its place: assumed
    return f"https://{outside(incoming, host)}{target}"


def escape(text: str) -> str:
    """Percent-encoding as ASP.NET writes it: lower-case digits, a space as plus."""
    return "".join(
        chr(byte) if byte in UNRESERVED else "+" if byte == 0x20 else f"%{byte:02x}"
        for byte in text.encode()
    )


def is_own(destination: str, incoming: Incoming) -> bool:
    """Whether a form's destination is a path, or an address on the host that was asked."""
    if destination.startswith("/"):
        return True
    asked = incoming.header("host").partition(":")[0].lower()
    try:
        return (urlsplit(destination).hostname or "") == asked and bool(asked)
    except ValueError:
        return False
