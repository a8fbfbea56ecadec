"""Falls if: a page is read otherwise than a browser reads it: the step to the form, the form, the start page."""

from __future__ import annotations

from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exsim.protocols.agent import Agent
from exsim.protocols.owa import markup
from exsim.protocols.owa.logon import action_of
from tests.protocols.scripted import dice
from tests.protocols.toy import BOOT, FORM, FORM_2010, HOST, STEP_A

PAGE = "/owa/auth/logon.aspx?url=x&reason=0"
CHECKBOX = FORM.replace(
    b"</form>", b'<input type="checkbox" id="chkPrvt" name="trusted" value="4"></form>'
)


@pytest.mark.parametrize(
    ("body", "target"),
    [
        (
            STEP_A,
            "/owa/auth/logon.aspx?replaceCurrent=1&reason=0&url=https%3a%2f%2fmail.example.com%2fowa%2f",
        ),
        (
            b"a_sLgn = 'logon.aspx?replaceCurrent=1&reason=2'",
            "/owa/auth/logon.aspx?replaceCurrent=1&reason=2",
        ),
        (
            b'var a_sLgn="logon.aspx?a=1\\x26b=2"; var a_sUrl="\\x26url=u"',
            "/owa/auth/logon.aspx?a=1&b=2&url=u",
        ),
        (b'var a_sLgn="";', None),
        (b"nothing", None),
        (b'a_sLgn="//[::1"', None),
    ],
)
def test_the_first_step_leads_to_the_second_as_its_script_does(
    body: bytes, target: str | None
) -> None:
    assert markup.next_step(body, PAGE) == target


def test_every_field_that_a_browser_submits_is_submitted_in_order() -> None:
    form = markup.read_logon_form(FORM)
    assert form is not None and not form.legacy and form.action == "/owa/auth.owa"
    assert parse_qsl(form.encode("LAB\\ü", "p&=w%", True).decode(), keep_blank_values=True) == [
        ("destination", "https://mail.example.com/owa/"),
        ("flags", "4"),
        ("forcedownlevel", "0"),
        ("username", "LAB\\ü"),
        ("password", "p&=w%"),
        ("passwordText", ""),
        ("isUtf8", "1"),
    ]


@pytest.mark.parametrize(
    ("page", "private", "trusted", "flags"),
    [
        (FORM, True, None, "4"),
        (FORM, False, None, "0"),
        (FORM_2010, True, "4", "4"),
        (FORM_2010, False, "0", "0"),
        (CHECKBOX, True, "4", "4"),
        (CHECKBOX, False, None, "0"),
        (FORM.replace(b'value="4"', b'value="rubbish"'), True, None, "4"),
        (FORM.replace(b'value="4"', b'value="5"'), False, None, "1"),
    ],
)
def test_private_or_public_is_chosen_as_the_page_offers_it(
    page: bytes, private: bool, trusted: str | None, flags: str
) -> None:
    form = markup.read_logon_form(page)
    assert form is not None
    fields = dict(parse_qsl(form.encode("u", "p", private).decode()))
    assert (fields.get("trusted"), fields["flags"]) == (trusted, flags)


def test_2010_is_known_by_its_radio_buttons() -> None:
    form = markup.read_logon_form(FORM_2010)
    assert form is not None and form.legacy


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<form>",
        b'<form action="/adfs/ls"><input type="password" name="p"></form>',
        b'<form action="/owa/auth.owa"><input name="username"></form>',
        b"<form" * 100_000,
        b"<form><![if" + b"<!" * 100,
    ],
    ids=range(6),
)
def test_what_is_not_exchanges_form_is_none(body: bytes) -> None:
    assert markup.read_logon_form(body) is None


@pytest.mark.parametrize(
    "action", ["https://evil.example.org/owa/auth.owa", "http://mail.example.com/owa/auth.owa"]
)
def test_a_password_never_goes_to_another_host(action: str) -> None:
    form = markup.LogonForm(action, ())
    assert action_of(Agent(HOST, dice()), form) == "/owa/auth.owa"


def test_the_start_page_names_its_build_its_browser_and_its_scripts() -> None:
    page = markup.read_boot_page(BOOT)
    assert page.build == "15.1.669.32" and page.client_id == "00112233445566778899AABBCCDDEEFF"
    assert page.resources == (
        "/owa/prem/15.1.669.32/resources/styles/a.css",
        "/owa/prem/15.1.669.32/scripts/boot.js",
    )


def test_a_page_cannot_make_the_browser_fetch_without_end() -> None:
    body = b"".join(b'<script src="/owa/%d.js"></script>' % number for number in range(1000))
    assert len(markup.read_boot_page(body).resources) == markup.MOST_RESOURCES


@given(st.binary(max_size=200))
def test_no_page_raises(body: bytes) -> None:
    for page in (body, b"<form>" + body, b"a_sLgn='" + body + b"'"):
        markup.read_logon_form(page)
        markup.read_boot_page(page)
        markup.next_step(page, PAGE)
