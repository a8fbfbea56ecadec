"""One account's check, against scripted answers.

Falls if: a wrong password, a client access rule, a first logon, an expired password, a second factor, a
single sign-on in front or a page that is not Exchange's are taken for one another, or a form is posted twice.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import pytest

from exsim.protocols.agent import Account, Agent
from exsim.protocols.checked import MEANINGS, Checked
from exsim.protocols.flow import Request
from exsim.protocols.owa.check import check
from exsim.wire import names
from tests.protocols.scripted import Answer, Scripted, answer
from tests.protocols.toy import BOOT, HOST, HTML, Toy

ACCOUNT = Account("user01@example.com", "EX\\user01", "right", "2016")
ADFS = "https://adfs.example.com/adfs/ls/?wa=wsignin1.0"
LOGON = f"https://{HOST}/owa/auth/logon.aspx?url=x&reason="
Special = Callable[[Request], Answer | None]


def redirect(to: str, *more: tuple[str, str]) -> Answer:
    return answer(302, ("Location", to), *more)


def form_answers(reply: Callable[[], Answer]) -> Special:
    return lambda request: reply() if request.target == names.LOGON_POST else None


def start_page(reply: Callable[[], Answer]) -> Special:
    """What /owa/ answers to somebody who is logged on."""

    def special(request: Request) -> Answer | None:
        logged_on = names.CADATA in request.cookies.values
        return reply() if request.target.partition("?")[0] == names.OWA and logged_on else None

    return special


def everything(reply: Callable[[], Answer]) -> Special:
    return lambda request: reply()


PASSWORD_PAGE = b'<form action="/login"><input name="u"><input type="password" name="p"></form>'
LANGUAGE = b'<form action="/owa/lang.owa" method="POST"><select name="lcid"></select></form>'
CASES: dict[str, tuple[Special, str, str]] = {
    "good": (lambda request: None, "accepted", ""),
    "wrong password": (form_answers(lambda: redirect(LOGON + "2")), "refused", "2"),
    "client access rule": (form_answers(lambda: redirect(LOGON + "5")), "blocked", "5"),
    "the same, for the administration center": (form_answers(lambda: redirect(LOGON + "6")), "blocked", "6"),
    "password expired": (form_answers(lambda: redirect(f"https://{HOST}/owa/auth/expiredpassword.aspx?url=x")), "expired", "302"),
    "no cookies after the form": (form_answers(lambda: redirect(f"https://{HOST}/owa/")), "no_cookies", "302"),
    "another site": (form_answers(lambda: redirect("https://mail2.example.com/owa/")), "elsewhere", "https://mail2.example.com"),
    "a second factor": (start_page(lambda: redirect("https://api-1234.duosecurity.com/frame?sid=secret")), "elsewhere", "https://api-1234.duosecurity.com"),
    "a first logon": (start_page(lambda: redirect(names.LANGUAGE_PAGE)), "language", ""),
    "a first logon, as a page": (start_page(lambda: answer(200, HTML, body=LANGUAGE)), "language", ""),
    "AD FS in front": (everything(lambda: redirect(ADFS)), "no_form", "302"),
    "another's logon page": (everything(lambda: answer(200, HTML, body=PASSWORD_PAGE)), "no_form", "200"),
    "a captive portal": (everything(lambda: answer(200, HTML, body=b"<h1>Welcome to our network</h1>")), "no_form", "200"),
    "a challenge": (everything(lambda: answer(401, ("WWW-Authenticate", "Negotiate"))), "no_form", "401"),
    "Kerberos delegation in front": (everything(lambda: answer(200, HTML, body=BOOT)), "no_cookies", ""),
    "nobody there": (everything(lambda: answer(None, error="refused")), "error", "refused"),
    "all nodes down": (everything(lambda: answer(503)), "error", "503"),
}  # fmt: skip


def checked(special: Special) -> tuple[Checked, Toy]:
    toy = Toy(special=special)
    scripted = Scripted(toy)
    result = scripted.run(check(Agent(HOST, Random(1), ACCOUNT), ACCOUNT))
    assert isinstance(result, Checked)
    return result, toy


@pytest.mark.parametrize("name", CASES)
def test_what_stands_in_the_way_is_told_apart(name: str) -> None:
    special, status, detail = CASES[name]
    result, toy = checked(special)
    assert (result.status, result.detail) == (status, detail or result.detail)
    assert result.status in MEANINGS and "{" not in result.sentence
    assert toy.steps().count("logon") <= 1, "a password is sent once"
    assert all(HOST in (request.origin or HOST) and request.control for _, request in toy.seen)


def test_a_good_account_says_where_its_mailbox_lives_and_is_logged_off() -> None:
    result, toy = checked(lambda request: None)
    assert result.home == "2016"
    assert toy.steps()[-1] == "logoff"


def test_nothing_is_asked_of_whoever_it_was_sent_on_to() -> None:
    _, toy = checked(CASES["a second factor"][0])
    assert not [request for _, request in toy.seen if "duosecurity" in request.target]
