"""Where passwords go and where they never go, and what is said of a farm that is not Exchange's own logon.

Falls if: a credential reaches a host outside `hosts` by any of five ways, what stands before Exchange is
called a lost session or a wrong password, or any of it is more than one line and exit 4.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from tests.lab.leading import Answer, Seen, Server
from tests.lab.outside import HOST, Stranger, one_line, stranger

pytestmark = [pytest.mark.lab, pytest.mark.slow]
ELSEWHERE = "elsewhere.example.com"
PASSWORD = "known-Secret-7"
LOGON_PAGE = "/owa/auth/logon.aspx"


@pytest.fixture(scope="module")
def farm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stranger]:
    nodes = (("EXCH16-SYD-01", "2016"),)
    with stranger(tmp_path_factory.mktemp("led"), count=2, balancers=(), nodes=nodes) as made:
        yield made


def form(action: str) -> bytes:
    """Exchange's form, with another address to post to."""
    return (
        f'<!-- OwaPage = ASP.auth_logon_aspx --><form action="{action}" method="POST" name="logonForm">'
        f'<input type="hidden" name="destination" value="https://{HOST}/owa/"><input type="hidden" name="flags" '
        'value="4"><input type="hidden" name="forcedownlevel" value="0"><input name="username"><input '
        'type="password" name="password"></form>'
    ).encode()


HTML = [("Content-Type", "text/html; charset=utf-8"), ("X-FEServer", "EX16-01")]
COOKIES = [("Set-Cookie", f"{name}=x; path=/; HttpOnly")
           for name in ("cadata", "cadataTTL", "cadataKey", "cadataIV", "cadataSig")]  # fmt: skip


class Lead:
    """Exchange's first pages, but for one: that leads to `place` on another host."""

    def __init__(self, place: str) -> None:
        self.place = place
        self.there = f"https://{ELSEWHERE}:{{port}}"

    def __call__(self, request: Seen) -> Answer:
        away = self.there
        page = (200, HTML, form("/owa/auth.owa"))
        if request.path == "/owa/auth.owa":
            if self.place == "307 of the form":
                return 307, [("Location", f"{away}/owa/auth.owa")], b""
            if self.place == "auto-submit":
                hidden = f'<form action="{away}/owa/auth.owa" method="POST"><input type="hidden" name="password" value="x"></form>'
                return 200, [*HTML, ("X-OWA-FEError", "CasRedirect")], hidden.encode()
            if self.place == "302 after the form":
                return 302, [("Location", f"{away}/owa/"), *COOKIES, ("X-FEServer", "EX16-01")], b""
            return (
                302,
                [("Location", f"https://{HOST}/owa/"), *COOKIES, ("X-FEServer", "EX16-01")],
                b"",
            )
        if request.path == LOGON_PAGE:
            return (200, HTML, form(f"{away}/owa/auth.owa")) if self.place == "action" else page
        if request.path == "/owa/" and "cadata=" in request.header("cookie"):
            return 302, [("Location", f"{away}/frame?sid=1"), ("X-FEServer", "EX16-01")], b""
        if request.path == "/owa/":
            return (
                302,
                [
                    ("Location", f"https://{HOST}{LOGON_PAGE}?url=x&reason=0"),
                    ("X-FEServer", "EX16-01"),
                ],
                b"",
            )
        return 404, HTML, b""


WAYS = (
    "307 of the form",
    "auto-submit",
    "302 after the form",
    "action",
    "a second factor after it",
)


@pytest.mark.parametrize("way", WAYS)
def test_no_credential_reaches_another_host(farm: Stranger, way: str) -> None:
    lead = Lead(way)
    with (
        Server(lambda request: (200, HTML, b"caught"), host=ELSEWHERE) as other,
        Server(lead) as server,
    ):
        port = other.address.rpartition(":")[2]
        lead.there = lead.there.format(port=port)
        path = farm.scenario(
            farm.accounts[:1], balancer="", target=server.target(), secrets={farm.accounts[0].address: PASSWORD}
        )  # fmt: skip
        told = farm.run(path)
    assert other.seen == [], "nobody was asked there, with or without a credential"
    carried = [seen for seen in server.seen if PASSWORD.encode() in seen.body]
    assert len(carried) == 1 and carried[0].path == "/owa/auth.owa"
    assert all(seen.header("host") == HOST for seen in server.seen)
    line = one_line(told)
    assert told.code == 4 and "lost" not in line.lower(), line
    for file in told.directory.path.rglob("*"):
        assert file.is_dir() or PASSWORD.encode() not in file.read_bytes(), file


FRONTS: dict[str, tuple[Answer, str]] = {
    "AD FS": ((302, [("Location", "https://adfs.example.com/adfs/ls/?x=1")], b""), "it is AD FS's"),
    "F5 APM": ((302, [("Location", "/my.policy"), ("Set-Cookie", "MRHSession=1; path=/")], b""), "it is F5 APM's"),
    "Entra ID": ((302, [("Location", "https://login.microsoftonline.com/x/oauth2")], b""), "it is Entra ID's"),
    "a captive portal": ((200, HTML, b"<h1>Please accept our terms</h1>"), "came without any logon"),
    "a challenge": ((401, [("WWW-Authenticate", "Negotiate")], b""), "it asks for Negotiate (401), not for a form"),
}  # fmt: skip


OFTEN = ("AD FS", "a captive portal")  # what each of them is read from is proved without processes


@pytest.mark.parametrize(
    "front", [one if one in OFTEN else pytest.param(one, marks=pytest.mark.slow) for one in FRONTS]
)
def test_what_is_not_exchanges_logon_page_is_named_and_ends_with_4(
    farm: Stranger, front: str
) -> None:
    answer, words = FRONTS[front]
    with Server(lambda request: answer) as server:
        told = farm.run(farm.scenario(farm.accounts[:1], balancer="", target=server.target()))
    line = one_line(told)
    assert told.code == 4 and words in line and "does not show Exchange's logon page" in line, line
    assert not any(seen.method == "POST" for seen in server.seen), "no password left"


def test_a_private_authority_that_is_not_named_is_said_in_words(farm: Stranger) -> None:
    with Server(lambda request: (200, HTML, b"")) as server:
        told = farm.run(
            farm.scenario(
                farm.accounts[:1], balancer="", target={**server.target(), "ca": "system"}
            )
        )
    line = one_line(told)
    assert told.code == 4 and "an authority of your own is named by target.ca" in line, line
    assert server.seen == []


def test_a_name_that_does_not_resolve_is_one_line_and_a_plan_says_it(farm: Stranger) -> None:
    name = "no-such-farm.invalid"
    with pytest.raises(OSError):
        socket.gethostbyname(name)
    changes = {"url": f"https://{name}", "confirm": name, "address": ""}
    path = farm.scenario(farm.accounts[:1], balancer="", target=changes)
    told = farm.run(path)
    assert told.code == 4 and f"{name}: no address" in one_line(told)
    plan = farm.exsim("plan", path)
    assert (
        plan.code == 0 and f"{name}: no address" in plan.out and "For the change ticket" in plan.out
    )
