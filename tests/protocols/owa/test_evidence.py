"""Falls if: a body is taken for another kind than it is, an owner is missed or invented, or garbage raises."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exsim.protocols.flow import Request
from exsim.protocols.owa import evidence
from exsim.protocols.owa.evidence import observe
from exsim.session.hop import KINDS, Evidence
from exsim.wire import names
from tests.protocols.scripted import answer
from tests.protocols.toy import BOOT, FORM, FORM_2010, JSON, STEP_A

ACCOUNTS = frozenset(("u@example.com", "v@example.com"))
HTML = "text/html; charset=utf-8"
CAS_REDIRECT = ("X-OWA-FEError", "CasRedirect")


def seen(
    body: bytes,
    kind: str = HTML,
    target: str = "/x",
    status: int = 200,
    account: str = "u@example.com",
    *more: tuple[str, str],
) -> Evidence:
    request = Request("GET", target, account=account)
    return observe(request, answer(status, ("Content-Type", kind), *more, body=body), ACCOUNTS)


@pytest.mark.parametrize(
    ("body", "content", "target", "status", "kind"),
    [
        (names.REFUSAL_BODY_POST.encode(), HTML, "/x", 440, "refusal_440"),
        (names.REFUSAL_BODY_OTHER.encode(), HTML, "/x", 440, "refusal_440"),
        (b"no manifest", HTML, "/owa/appCacheManifestHandler.ashx", 440, ""),
        (STEP_A, HTML, "/x", 200, "logon_page"),
        (FORM, HTML, "/x", 200, "logon_page"),
        (FORM_2010, HTML, "/x", 200, "logon_page"),
        (BOOT, HTML, "/owa/", 200, "boot_page"),
        (b"<html><body>Mail</body></html>", HTML, "/owa/", 200, "boot_page"),  # 2010
        (b"<html><body>Mail</body></html>", HTML, "/ecp/", 200, ""),
        (JSON % b"u@example.com", "application/json", "/x", 200, "json"),
        (b"[]", "application/json; charset=utf-8", "/x", 200, "json"),
        (b"[section]", "text/plain", "/x", 200, ""),
        (b'{cid:"1"}', "text/plain", "/x", 200, "json"),  # keys without quotes: CAPSE
        (b"var a = 1;", "application/x-javascript", "/x", 200, "script"),
        (b"a {}", "text/css", "/x", 200, "script"),
        (b"\x89PNG", "image/png", "/x", 200, "script"),
        (b"<title>Object moved</title>", HTML, "/x", 302, "object_moved"),
        (b"<!-- 698798E9-889B-4145-ACFC-474C378C7B4F -->", HTML, "/x", 200, "error_page"),
        (b"<script>{id:'pg',data:'alive1'}</script>", HTML, "/x", 200, "notifications"),
        (b"200 OK<br/>ex16.example.com", HTML, "/owa/HealthCheck.htm", 200, "health"),
        (b'<form action="/owa/lang.owa" method=post><select name=lcid></form>', HTML, "/x", 200, "language_page"),
        (b'<form action="/adfs/ls"><input type="password" name="p"></form>', HTML, "/owa/", 200, "foreign_logon"),
        (b'<form action="https://b.example.com/owa/auth.owa"><input type=hidden name=password></form>', HTML, "/x", 200, "auto_submit"),
        (b"", HTML, "/x", 200, "empty"),
        (b"", HTML, "/owa/ev.owa2?ev=PendingNotificationRequest&UA=0", 200, "notifications"),
        (b"", HTML, "/owa/ev.owa2?ev=PendingNotificationRequest&UA=0", 302, "empty"),
        (b"\x00\xff" * 400, "", "/x", 200, ""),
    ],
)  # fmt: skip
def test_a_body_is_what_it_says(
    body: bytes, content: str, target: str, status: int, kind: str
) -> None:
    evidence = seen(body, content, target, status)
    assert evidence.is_ == kind and evidence.is_ in KINDS
    assert evidence.bytes == len(body)


def test_a_page_that_sends_the_credentials_on_says_so_in_a_header() -> None:
    assert seen(b"<html>", HTML, "/x", 200, "", CAS_REDIRECT).is_ == "auto_submit"


@pytest.mark.parametrize(
    ("markers", "owner"),
    [
        ([], None),
        (["u@example.com"], "own"),
        (["U@Example.com"], "own"),
        (["u@example.com", "u@example.com"], "own"),
        (["v@example.com"], "other"),
        (["u@example.com", "v@example.com"], "other"),
        (["someone@example.com"], "stranger"),
        (["v@example.com", "someone@example.com"], "stranger"),
        (["u@example.com.evil.org"], "stranger"),
        (["xu@example.com"], "stranger"),
        (["not an address"], None),
    ],
)
def test_whose_mailbox_it_is_and_the_worst_counts(markers: list[str], owner: str | None) -> None:
    body = "".join(f'"Subject":"{names.MARKER}{address}",' for address in markers)
    assert seen(b"{" + body.encode() + b"}", "application/json").owner == owner
    assert seen(f"<p>{body}</p>".encode()).owner == owner


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b'{"ResponseCode":"NoError"}', "NoError"),
        (
            b'{"a":[{"ResponseCode" : "NoError"},{"ResponseCode":"ErrorItemNotFound"}]}',
            "ErrorItemNotFound",
        ),
        (b'{"Body":{"ErrorCode":500}}', "500"),
        (b"{}", None),
        (b"{" + b'"ResponseCode":"NoError",' * 5000 + b"}", "NoError"),
    ],
)
def test_an_applications_own_code(body: bytes, code: str | None) -> None:
    assert seen(body, "application/json").code == code


def test_the_back_ends_build_stands_in_the_body() -> None:
    assert seen(JSON % b"u@example.com", "application/json").build == "15.1.669.32"
    assert seen(b'{"ServerVersionInfo":{"MajorVersion":15}}', "application/json").build is None


def test_where_nobody_is_expected_nobody_is_wrong() -> None:
    assert seen(JSON % b"v@example.com", "application/json", account="").owner is None


CRUMBS = st.sampled_from(
    [b"<form", b"<input type=password", b">", b"{", b'"', names.MARKER.encode(), b"@", b"<![CDATA[", b"<!", b"\xff",
     b"a_sLgn", b'"ServerVersionInfo"', b'"ResponseCode":', b"&#x110000;", b"</form>", b"<?xml", b"\x00"]
)  # fmt: skip


@given(st.lists(st.one_of(CRUMBS, st.binary(max_size=8)), max_size=30).map(b"".join))
def test_no_body_raises(body: bytes) -> None:
    assert seen(body).bytes == len(body)
    assert seen(body, "application/json").is_ in KINDS


def test_an_answer_that_came_before_is_read_for_whoever_it_came_to_now() -> None:
    body = JSON % b"v@example.com"
    whose = [
        observe(Request("GET", "/x", account=account), answer(200, body=body), accounts).owner
        for account in ("u@example.com", "v@example.com", "")
        for accounts in ({"v@example.com"}, {"w@example.com"})
    ]
    assert whose == ["other", "stranger", "own", "own", None, None]


def test_a_server_that_never_repeats_itself_is_not_held_on_to() -> None:
    for number in range(evidence.MOST_TOLD + 10):
        seen(b'{"a":"%b"}' % (b"x" * number), "application/json")
    long = b'{"a":"%b"}' % (b"x" * evidence.LONGEST_TOLD)
    seen(long, "application/json")
    assert 0 < len(evidence._told) <= evidence.MOST_TOLD
    assert not any(body == long for body, _ in evidence._told.values())
    for number in range(evidence.MOST_PAGES + 10):
        seen(b"<html>" + b"x" * number)
    long = b"<html>" + b"x" * evidence.LONGEST_REMEMBERED
    seen(long)
    assert 0 < len(evidence._pages) <= evidence.MOST_PAGES
    assert not any(page == long for page, _ in evidence._pages.values())


def test_a_page_as_long_as_the_one_before_it_is_another_page() -> None:
    other = b"<html>".ljust(len(FORM), b"x")
    kinds = [seen(body).is_ for body in (FORM, other, FORM, FORM, other)]
    assert kinds == ["logon_page", "", "logon_page", "logon_page", ""]
