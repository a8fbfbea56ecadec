"""The pages: the names, markers and structure that clients look for, in our own words.

Falls if: a field or marker is missing, the first step does not lead to the second, or a value of the
query gets into the page unescaped.
"""

from __future__ import annotations

import re
from urllib.parse import parse_qs

import pytest

from exsim.wire import names
from tests.org.farm import HOST, Browser, Farm

NEW = "EXCH16-SYD-01"
URL = f"https%3a%2f%2f{HOST}%2fowa%2f"


def variable(page: str, name: str) -> str:
    found = re.search(rf'var {name} = "([^"]*)";', page)
    assert found is not None, name
    return found[1]


def test_the_first_step_leads_to_the_form(farm: Farm) -> None:
    browser = Browser(farm)
    first = browser.get(NEW, f"/owa/auth/logon.aspx?url={URL}&reason=2")
    page = first.body.decode()
    assert names.LOGON_PAGE_MARKER in page and names.LOGON_ASP_MARKER in page
    assert "var a_fRC = 0;" in page and "<form" not in page and variable(page, "a_sCW") == ""
    following = variable(page, "a_sLgn") + variable(page, "a_sUrl")
    assert following == f"logon.aspx?replaceCurrent=1&reason=2&url={URL}"
    form = browser.get(NEW, f"/owa/auth/{following}").body.decode()
    assert "<form" in form and f'name="destination" value="https://{HOST}/owa/"' in form


def test_the_form_has_the_real_ones_fields(farm: Farm) -> None:
    answer = Browser(farm).get(NEW, f"/owa/auth/logon.aspx?replaceCurrent=1&url={URL}")
    page = answer.body.decode()
    fields = re.findall(r'<input[^>]* name="(\w+)"', page)
    assert fields == [
        "destination", "flags", "forcedownlevel", "username", "password", "passwordText", "isUtf8",
    ]  # fmt: skip
    assert 'action="/owa/auth.owa" method="POST" name="logonForm"' in page
    assert 'name="flags" value="4"' in page
    assert "/owa/auth/15.1.669/themes/resources/favicon.ico" in page
    for part in ("signInErrorDiv", "expltxt", "cookieMsg", "PBack=0; path=/", "cookieTest"):
        assert part in page
    assert (
        answer.header("X-Frame-Options") == "SAMEORIGIN" and answer.header("Pragma") == "no-cache"
    )


@pytest.mark.parametrize(
    "reason, refused, explained",
    [("0", "none", "none"), ("2", "block", "none"), ("3", "none", "block"), ("1", "none", "block")],
)
def test_the_reason_is_shown(farm: Farm, reason: str, refused: str, explained: str) -> None:
    target = f"/owa/auth/logon.aspx?replaceCurrent=1&reason={reason}&url={URL}"
    page = Browser(farm).get(NEW, target).body.decode()
    assert re.search(rf'signInErrorDiv"[^>]*display: {refused}"', page)
    assert re.search(rf'expltxt"[^>]*display: {explained}"', page)


def test_a_down_level_client_is_given_the_form_at_once(farm: Farm) -> None:
    answer = Browser(farm).get(NEW, f"/owa/auth/logon.aspx?url={URL}&reason=0", User_Agent="curl/8")
    assert b"<form" in answer.body


@pytest.mark.parametrize("step", ["", "replaceCurrent=1&"])
def test_values_of_the_query_are_escaped(farm: Farm, step: str) -> None:
    bad = '</script><script>"x'
    answer = Browser(farm).get(NEW, f"/owa/auth/logon.aspx?{step}url={bad}&reason={bad}")
    assert b'<script>"x' not in answer.body and b"</script><script>" not in answer.body


def test_the_error_page_names_both_sides(farm: Farm) -> None:
    target = "/owa/auth/errorfe.aspx?httpCode=500&owaError=Some.Exception&be=EXCH13"
    answer = Browser(farm).get(NEW, target)
    assert (
        answer.header("X-OWA-Error") == "Some.Exception" and answer.header("X-BEServer") == "EXCH13"
    )
    assert names.ERROR_PAGE_MARKERS[0].encode() in answer.body


def test_a_redirects_query_reads_back(farm: Farm) -> None:
    location = Browser(farm).get(NEW, "/owa/?bO=1&x=a%20b").header("Location") or ""
    assert parse_qs(location.partition("?")[2])["url"] == [f"https://{HOST}/owa/?bO=1&x=a%20b"]
