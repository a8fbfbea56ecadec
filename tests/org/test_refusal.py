"""The refusal by method, and what it deletes.

Falls if: the 302/440 rule, a `reason`, a body's length, the reason phrase, the address of the logon page,
or the choice of deleted cookies is not as on the wire.
"""

from __future__ import annotations

import pytest

from exsim.org.incoming import Incoming
from exsim.org.refusal import asked_url, escape, refuse
from exsim.wire import names
from exsim.wire.message import Request
from tests.org.farm import HOST, START, set_cookie_lines

FIVE = "; ".join(f"{name}=x" for name in names.LOGON_COOKIES)


def incoming(method: str, target: str, **headers: str) -> Incoming:
    fields = [("Host", headers.pop("host", HOST))]
    fields += [(name.replace("_", "-"), value) for name, value in headers.items()]
    return Incoming(Request(method, target, fields), START)


@pytest.mark.parametrize(
    "method, target, cause, status, length, reason",
    [
        ("GET", "/owa/", "absent", 302, None, "0"),
        ("GET", "/owa/", "incomplete", 302, None, "0"),
        ("GET", "/owa/", "unreadable", 302, None, "0"),
        ("GET", "/owa/", "credentials", 302, None, "2"),
        ("GET", "/owa/", "expired", 302, None, "3"),
        ("GET", "/owa/ev.owa?oeh=1&ns=a", "expired", 440, 43, None),
        ("GET", "/owa/ev.owa?ns=a&oeh=1&", "expired", 302, None, "3"),
        ("GET", "/owa/ev.owa?oeh=1&ns=a", "unreadable", 302, None, "0"),
        ("GET", "/owa/ev.owa2?ev=PendingNotificationRequest", "absent", 302, None, "0"),
        ("POST", "/owa/service.svc", "absent", 440, 154, None),
        ("POST", "/owa/service.svc", "unreadable", 440, 154, None),
        ("POST", "/owa/service.svc", "expired", 440, 154, None),
        ("POST", "/owa/service.svc", "credentials", 440, 154, None),
        ("HEAD", "/owa/", "absent", 440, 43, None),
        ("OPTIONS", "/owa/", "absent", 440, 43, None),
        ("PUT", "/owa/", "unreadable", 440, 43, None),
        ("POST", "/owa/auth.owa", "credentials", 302, None, "2"),
        ("POST", "/ecp/auth.owa", "credentials", 440, 154, None),
        ("POST", "/owa/auth/owaauth.dll", "credentials", 440, 154, None),
        ("GET", "/ecp/nothing", "not_found", 302, None, "0"),
        ("POST", "/ecp/nothing", "not_found", 440, 154, None),
    ],
)
def test_the_method_decides_the_form_of_a_refusal(
    method: str, target: str, cause: str, status: int, length: int | None, reason: str | None
) -> None:
    answer = refuse(incoming(method, target), cause, HOST).answer
    assert answer.status == status
    if status == 440:
        assert answer.reason == "Login Timeout"
        assert len(answer.body) == length
        assert answer.close and answer.header("Connection") == "close"
    else:
        assert (answer.header("Location") or "").endswith(f"&reason={reason}")
        assert not answer.close


def test_the_location_is_https_and_in_lower_case() -> None:
    answer = refuse(
        incoming("GET", "/owa/?a=Ü b&c=1", host="mail.example:80"), "absent", HOST
    ).answer
    assert answer.header("Location") == (
        "https://mail.example/owa/auth/logon.aspx"
        "?url=https%3a%2f%2fmail.example%2fowa%2f%3fa%3d%c3%9c+b%26c%3d1&reason=0"
    )


@pytest.mark.parametrize(
    "target, headers, url",
    [
        ("/owa", {}, f"https://{HOST}/owa"),
        ("/owa/auth.owa", {}, f"https://{HOST}/owa"),
        ("/ecp/", {"host": "10.0.0.1:8443"}, "https://10.0.0.1:8443/ecp/"),
        ("/owa/", {"x_owa_explicitlogonuser": "b@lab"}, f"https://{HOST}/owa/b@lab/"),
    ],
)
def test_the_address_asked_for_is_carried_along(
    target: str, headers: dict[str, str], url: str
) -> None:
    assert asked_url(incoming("GET", target, **headers), HOST) == url


@pytest.mark.parametrize("text, escaped", [("a/b:c", "a%2fb%3ac"), ("A-_.!*()~", "A-_.!*()%7e")])
def test_escaping_is_aspnets(text: str, escaped: str) -> None:
    assert escape(text) == escaped


@pytest.mark.parametrize(
    "cookies, wiped, class_",
    [
        ("", (), "refused_bare"),
        (FIVE, ("cadata", "cadataKey", "cadataIV", "cadataSig", "cadataTTL"), "refused"),
        ("UC=1; cadataTTL=x", ("cadataTTL",), "refused"),
        ("UC=1; X-OWA-CANARY=2; TargetServer=b", ("TargetServer",), "refused_bare"),
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST", "HEAD"])
def test_only_what_was_carried_is_deleted(
    cookies: str, wiped: tuple[str, ...], class_: str, method: str
) -> None:
    outcome = refuse(incoming(method, "/owa/", Cookie=cookies), "unreadable", HOST)
    lines = set_cookie_lines(outcome.answer)
    assert outcome.wiped == tuple(lines) == wiped
    assert outcome.class_ == class_
    for name, line in lines.items():
        assert line == f"{name}=; expires=Fri, 20-Mar-1987 08:53:20 GMT; path=/"


def test_a_node_that_never_wipes_deletes_nothing() -> None:
    outcome = refuse(incoming("GET", "/owa/", Cookie=FIVE), "unreadable", HOST, wipes=False)
    assert outcome.wiped == () and not set_cookie_lines(outcome.answer)
    assert outcome.class_ == "refused"
