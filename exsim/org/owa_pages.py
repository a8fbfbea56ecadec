"""What OWA's page is made of: the start page, its files, and the way out (E13, MWC, CAP16)."""

from __future__ import annotations

import json

from exsim.org.actions import marker
from exsim.org.answers import HTML, answer, delete_cookie, page, redirect, set_cookie
from exsim.org.back_request import Asked
from exsim.org.moment import cookie_date
from exsim.org.settings import Node
from exsim.org.templates import fill, text
from exsim.wire import names
from exsim.wire.message import Answer

YEAR = 365 * 86400
SCRIPT = "application/x-javascript"
TYPES = {"js": SCRIPT, "css": "text/css", "png": "image/png", "gif": "image/gif"}
KEPT = [("Cache-Control", "public, max-age=2592000")]
FILES = {"js": b"/* */", "css": b"body{margin:0}"}
BOOT_SCRIPT = "boot.worldwide.0.mouse.js"  # the one that does something


def boot(asked: Asked, node: Node, client_id: str) -> Answer:
    """The start page, with the build in every path below it."""
    values = {"build": node.build, "client_id": client_id, "name": marker(asked.mailbox)}
    return page(fill("boot", **values), [("X-Frame-Options", "SAMEORIGIN")])


def client_id_cookie(value: str, when: float) -> tuple[str, str]:
    attributes = f"expires={cookie_date(int(when) + YEAR)}; path=/; secure; HttpOnly"
    return set_cookie(names.CLIENT_ID, value, attributes)


def app_cache_cookie(node: Node) -> tuple[str, str]:
    """Build and culture of the page that a browser keeps (CAP16; the attributes are assumed)."""
    return set_cookie(names.APP_CACHE_VERSION, f"{node.build}:en-usbase", "path=/; secure")


def static(asked: Asked, node: Node) -> Answer:
    """A file of this back end's own build; of another build there is none."""
    build = asked.incoming.path[len(names.STATIC_ROOT) :].partition("/")[0]
    if build != node.build:
        return answer(404, b"<html><body><h1>Not Found</h1></body></html>")
    ending = asked.incoming.segment.rpartition(".")[2]
    kind = TYPES.get(ending, "application/octet-stream")
    body = FILES.get(ending, b"\x89")
    if asked.incoming.segment == BOOT_SCRIPT:
        body = text("boot.js").encode()
    return answer(200, body, kind, KEPT)


def injector(asked: Asked, node: Node) -> Answer:
    """The script by which a kept page gets what is the user's own."""
    values = json.dumps({"version": node.build, "DisplayName": marker(asked.mailbox)})
    return answer(200, f"setupUserSpecificResources({values});".encode(), SCRIPT)


def manifest(asked: Asked, node: Node) -> Answer:
    """The offline manifest; without the offline cookie a 440 that refuses nothing (E13)."""
    if asked.incoming.cookies.get(names.OFFLINE) not in ("0", "1"):
        return answer(names.LOGIN_TIMEOUT, b"<html><body>No manifest</body></html>", HTML)
    lines = ["CACHE MANIFEST", f"# v. {node.build}", "NETWORK:", "*"]
    text = "\n".join(lines).encode()
    return answer(200, text, "text/cache-manifest")


def language_done(asked: Asked) -> Answer:
    """Language and time zone are set at once here: on to the start page."""
    return redirect(asked.incoming.form.get("destination") or names.OWA)


def signed_out(asked: Asked) -> Answer:
    """UC and canary deleted, where they were carried; the default kind of sign-out page."""
    carried = asked.incoming.cookies
    gone = [name for name in (names.USER_CONTEXT, names.CANARY) if name in carried]
    return redirect(names.SIGNOUT_PAGE, [delete_cookie(name, asked.when) for name in gone])
