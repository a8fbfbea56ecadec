"""The headers of a browser, built once: a current Chromium on Windows.

The driver adds Host, client-request-id and Connection.  No Accept-Encoding: bodies are read as they come,
and a hop's size is to be the body's own.
"""

from __future__ import annotations

from exsim.wire import names

Lines = tuple[tuple[str, str], ...]

USER_AGENT = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/142.0.0.0 Safari/537.36"
)
_LANGUAGE = ("Accept-Language", "en-GB,en;q=0.9")
_AGENT = ("User-Agent", USER_AGENT)
_PAGE = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"
_FORM = ("Content-Type", "application/x-www-form-urlencoded")

NAVIGATION: Lines = (
    _AGENT,
    ("Accept", _PAGE),
    _LANGUAGE,
    ("Upgrade-Insecure-Requests", "1"),
)
LOGON_FORM: Lines = (*NAVIGATION, _FORM)
RESOURCE: Lines = (_AGENT, ("Accept", "*/*"), _LANGUAGE)
SCRIPT_CALL: Lines = (*RESOURCE, ("X-Requested-With", "XMLHttpRequest"))
BACKGROUND_CALL: Lines = (*SCRIPT_CALL, (names.USER_ACTIVITY, "0"))
JSON = ("Content-Type", "application/json; charset=utf-8")
PLAIN = ("Content-Type", "text/plain;charset=UTF-8")
XML = ("Content-Type", "text/plain; charset=UTF-8")  # OWA 2010 posts its XML so (*assumed*)
