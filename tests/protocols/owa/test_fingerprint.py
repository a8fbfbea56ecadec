"""What a node's answers say of it.

Falls if: a build, a length, an attribute, a scheme or a clock is read wrong, a back end's word is taken for
the front end's, or a node that does not answer is taken for one that does.
"""

from __future__ import annotations

import pytest

from exsim.protocols.owa.fingerprint import (
    Fingerprint,
    Issued,
    build_of_page,
    clock,
    directories,
    health_of,
    issued,
    schemes,
    skew_of,
    take_headers,
)
from exsim.protocols.owa.way import Way
from tests.protocols.scripted import Scripted, answer


@pytest.mark.parametrize(
    ("page", "build"),
    [
        (b'<link href="/owa/auth/15.1.2507/themes/resources/logon.css">', "15.1.2507"),
        (b'<link href="/owa/14.3.123.4/themes/resources/favicon.ico">', "14.3.123.4"),
        (b'<link href="/OWA/AUTH/15.0.1497/x.css"><img src="/owa/auth/15.0.1/">', "15.0.1497"),
        (b"<html>no address of its own</html>", ""),
        (b"", ""),
    ],
)
def test_the_build_is_that_of_the_pages_own_addresses(page, build):
    assert build_of_page(page) == build


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ((), Issued()),
        (("cadata=abc; path=/; HttpOnly",), Issued(0, 0, False)),
        (
            ("cadata=a; path=/;SameSite=None; secure; HttpOnly", f"cadataKey={'k' * 344}; path=/",
             f"cadataSig={'s' * 44}; path=/"),
            Issued(44, 344, True, "None"),
        ),
        (("sessionid=x; path=/; secure", "cadata=y; path=/; secure"), Issued(0, 0, True)),
        (("cadata=; expires=Thu, 15-Aug-1991 03:08:59 GMT; path=/",), Issued()),
    ],
)  # fmt: skip
def test_cookies_are_measured_and_not_kept(lines, expected):
    assert issued(answer(302, *(("Set-Cookie", line) for line in lines))) == expected


@pytest.mark.parametrize(
    ("date", "before", "after", "skew"),
    [
        ("Sun, 06 Nov 1994 08:49:37 GMT", 784111777.0, 784111778.0, 0.0),
        ("Sun, 06 Nov 1994 09:19:37 GMT", 784111777.0, 784111778.0, 1800.0),
        ("Sun, 06 Nov 1994 08:48:37 GMT", 784111777.4, 784111777.6, -60.0),
        ("yesterday", 1.0, 2.0, None),
    ],
)
def test_a_clock_is_compared_with_the_middle_of_the_wait(date, before, after, skew):
    assert skew_of(answer(200, ("Date", date)), before, after) == skew
    assert skew_of(answer(200), before, after) is None


@pytest.mark.parametrize(
    ("response", "said"),
    [
        (answer(200), "200"),
        (answer(404), "404"),
        (answer(None, error="closed"), "closed"),
        (answer(None, error="reset"), "closed"),
        (answer(None, error="timeout"), "timeout"),
    ],
)
def test_a_component_that_is_switched_off_closes_the_connection(response, said):
    assert health_of(response) == said


def test_schemes_are_named_once_and_without_their_tokens():
    asking = answer(
        401, ("WWW-Authenticate", "Negotiate"), ("WWW-Authenticate", "NTLM"),
        ("WWW-Authenticate", 'Basic realm="mail"'), ("WWW-Authenticate", "NTLM abc"),
    )  # fmt: skip
    assert list(schemes(asking)) == ["Negotiate", "NTLM", "Basic"]


def test_a_back_ends_version_is_not_taken_for_the_front_ends():
    print_ = Fingerprint()
    behind = (("X-BEServer", "EX2"), ("X-OWA-Version", "15.1.1"), ("X-FEServer", "EX1"))
    take_headers(print_, answer(200, *behind))
    assert (print_.owa_version, print_.says) == ("", "")
    take_headers(print_, answer(302, ("X-OWA-Version", "15.2.986.5"), ("X-FEServer", "ex1")))
    assert (print_.owa_version, print_.says) == ("15.2.986.5", "EX1")


def served(request):
    if request.target.endswith("HealthCheck.htm"):
        return answer(None, error="closed") if "/ecp/" in request.target else answer(200)
    if "logon.aspx" in request.target:
        return answer(
            200, ("Server", "Microsoft-IIS/10.0"), body=b'href="/owa/auth/15.1.2507/a.css"'
        )
    return answer(401, ("WWW-Authenticate", "NTLM")) if "/EWS/" in request.target else answer(404)


def test_a_node_is_asked_without_cookies_and_its_directories_by_name():
    rig, print_ = Scripted(lambda request, now: served(request)), Fingerprint()
    way = Way("EX1", origin="EX1")
    rig.run(clock(print_, way))
    rig.run(directories(print_, way))
    assert (print_.build, print_.server, print_.reached) == (
        "15.1.2507",
        "Microsoft-IIS/10.0",
        True,
    )
    assert print_.authentication == {"EWS": ["NTLM"]}
    assert print_.health["ecp"] == "closed" and print_.health["owa"] == "200"


def test_a_node_that_does_not_answer_is_told_of():
    print_ = Fingerprint()
    Scripted(lambda request, now: answer(None, error="refused")).run(
        clock(print_, Way("A", origin="A"))
    )
    assert (print_.reached, print_.error) == (False, "refused")
