"""The addresses of virtual directories, inside and outside, and what a logon makes of them (E13, E16).

An address that is set nowhere is the organisation's one name.  Nothing else in a front end looks at
them: no cookie, no certificate and no refusal depends on an address.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from exsim.org.answers import HTML, answer, set_cookie
from exsim.org.answers import page as page_of
from exsim.org.settings import Node
from exsim.org.templates import fill
from exsim.wire import names
from exsim.wire.message import Answer

VDIR = "owa"
LOOP = b"<html><body><h1>Forbidden</h1><p>Redirect loop detected</p></body></html>"


def host_of(address: str) -> str:
    """The host of an address, in lower case; empty for what is none."""
    try:
        return urlsplit(address).hostname or ""
    except ValueError:
        return ""


def destination(node: Node, asked: str) -> str:
    """Where a logon leads whose page was asked for without a target.

    The directory's own address, outside before inside, if it is on the host that was asked (assumed);
    else that host's /owa/.
    """
    addresses = (node.front_end.external_urls, node.front_end.internal_urls)
    for address in (of.get(VDIR, "") for of in addresses):
        if address and host_of(address) == asked.partition(":")[0].lower():
            return address if address.endswith("/") else f"{address}/"
    return f"https://{asked}{names.OWA}"


def elsewhere(node: Node, home: Node, host: str) -> str:
    """The address of the site that a logon is handed on to, or "" when this front end serves it itself.

    `home` holds the mailbox; `host` is the organisation's one name.  Only another site with another
    outside name of its own is handed on to: the rest is proxied (E13, E16).
    """
    target = home.front_end.external_urls.get(VDIR, "")
    own = node.front_end.external_urls.get(VDIR, "") or f"https://{host}{names.OWA}"
    if home.site == node.site or host_of(target) in ("", host_of(own)):
        return ""
    return target


def handed_on(target: str, asked: str, form: dict[str, str]) -> Answer:
    """The page that sends the form on to `target`; 403 when that is where it comes from (E13, E16)."""
    if host_of(target) == asked.partition(":")[0].lower():
        return answer(403, LOOP, HTML)
    page = page_of(
        fill(
            "handed_on",
            action=f"https://{host_of(target)}{names.LOGON_POST}",
            destination=target,
            username=form["username"],
            password=form["password"],
            flags=form["flags"],
        )
    )
    page.reason = "200 - OK"
    page.headers.append(set_cookie(names.POST_BACK, "1", "path=/"))
    page.headers.append((names.FE_ERROR, "CasRedirect"))
    return page
