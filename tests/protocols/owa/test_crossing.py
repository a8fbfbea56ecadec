"""What an answer to a copy says, and what a copy holds.

Falls if: a refusal is read as a service or the reverse, the reason of a redirect is lost, a balancer's own
error is taken for a node's, or a copy carries anything but logon cookies.
"""

from __future__ import annotations

import pytest

from exsim.protocols.flow import Request
from exsim.protocols.owa.crossing import log_on, reply, show
from exsim.protocols.owa.way import Farm, Way
from exsim.wire.message import Answer
from tests.conduct.surgery import E14, theatre
from tests.protocols.scripted import answer

FE = ("X-FEServer", "EX1")
BE = ("X-BEServer", "EX2")
LOGON = "https://mail.example.com/owa/auth/logon.aspx?url=x&reason="
PAGE = b'<form action="/owa/auth.owa"><input type="password" name="password"></form>'


@pytest.mark.parametrize(
    ("response", "says", "detail"),
    [
        (answer(200, FE, BE, body=b"{}"), "readable", ""),
        (answer(440, FE), "login_timeout", ""),
        (answer(440, FE, BE), "readable", "440"),
        (answer(449, FE, BE), "readable", ""),
        (answer(412, FE, BE), "readable", "412"),
        (answer(242, FE, BE), "readable", "242"),
        (answer(302, FE, ("Location", LOGON + "0")), "reason_0", ""),
        (answer(302, FE, ("Location", LOGON + "2")), "reason_2", ""),
        (answer(302, FE, ("Location", LOGON + "3")), "reason_3", ""),
        (answer(302, FE, ("Location", LOGON + "9")), "error", "reason=9"),
        (answer(302, FE, BE, ("Location", "/owa/languageselection.aspx")), "readable", "302"),
        (answer(302, FE, ("Location", "https://sts.example.com/adfs/ls")), "error", "302"),
        (
            answer(302, FE, ("Location", "/owa/auth/errorFE.aspx?x=1")),
            "error",
            "302 to the error page",
        ),
        (answer(200, FE, body=PAGE), "reason_0", "the logon page, as a 200"),
        (
            answer(503, FE, ("X-CalculatedBETarget", "ex2.example.com")),
            "error",
            "503, for back end EX2",
        ),
        (answer(500, FE, BE), "error", "500 of back end EX2"),
        (answer(500, FE), "error", "500 of the front end"),
        (answer(503), "error", "503, not of a node"),
        (answer(None, error="refused"), "error", "refused"),
    ],
)
def test_an_answer_to_a_copy_is_read(response, says, detail):
    found = reply(Request("GET", "/owa/"), response, "EX1")
    assert (found.says, found.detail, found.front_end) == (says, detail, "EX1")


def copied(private=True, nodes=None, node="EXCH13"):
    made = theatre("healthy", **({"nodes": nodes} if nodes else {}))
    account, farm = made.people[0], Farm((node,), (node,))
    attempt = made.run(
        log_on(made.browser(account), account, private, Way(node, origin=node), farm)
    )
    return made, attempt


def test_a_copy_holds_the_logon_cookies_and_nothing_else():
    _, attempt = copied()
    assert attempt.status == "accepted" and attempt.copy.issuer == "EXCH13"
    assert list(attempt.copy.cookies.values) == [
        *("cadata", "cadataTTL", "cadataKey", "cadataIV", "cadataSig")
    ]


@pytest.mark.parametrize("private", [True, False])
def test_a_logon_says_which_kind_of_computer_it_is(private):
    made, attempt = copied(private)
    assert attempt.copy.private is private
    assert ("PrivateComputer" in made.hops[-1].cookies) is private


def test_a_copy_of_2010_is_shown_as_2010_is_asked():
    made, attempt = copied(nodes=E14, node="EXCH10-01")
    assert attempt.copy.legacy and set(attempt.copy.cookies.values) == {"sessionid", "cadata"}
    way, farm = Way("EXCH10-01", origin="EXCH10-01"), Farm(("EXCH10-01",), ("EXCH10-01",))
    found = made.run(show(attempt.copy, "POST", way, farm))
    assert found.says == "readable" and made.hops[-1].path == "/owa/ev.owa"


def test_the_balancers_cookie_goes_with_a_copy_and_is_no_part_of_it():
    made, attempt = copied()
    way = Way("EXCH13", persistence="s3")
    made.run(show(attempt.copy, "GET", way, Farm(("EXCH13",), (), "LB01")))
    assert "LB01" in made.hops[-1].cookies and "LB01" not in attempt.copy.cookies.values


def test_a_page_without_a_form_gets_no_password():
    made = theatre("healthy")
    account = made.people[0]
    made.network.nodes["EXCH13"].front = lambda request, peer: blank()
    farm, way = Farm(("EXCH13",), ("EXCH13",)), Way("EXCH13", origin="EXCH13")
    attempt = made.run(log_on(made.browser(account), account, True, way, farm))
    assert attempt.status == "no_form" and not attempt.tried
    assert [hop.method for hop in made.hops] == ["GET"]


def blank():
    return Answer(404, "Not Found", [("Content-Type", "text/html")], b"<html>nothing</html>")
    yield
