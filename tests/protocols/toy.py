"""A toy farm that answers as Exchange's front ends do in the few ways that a browser's flow depends on.

Nodes read a logon's cookies or do not (`readers`: issuer -> who can read it); a refusal deletes the cookies
that the request carried.  `route(request)` is the balancer: a node's name for each request.
"""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import parse_qs

from exsim.protocols.flow import Request, Response
from exsim.wire import names
from tests.protocols.scripted import Answer, Late, Stream, answer

HOST = "mail.example.com"
GONE = "expires=Thu, 15-Aug-1991 03:08:59 GMT; path=/"
HTML = ("Content-Type", "text/html; charset=utf-8")
STEP_A = b"""<!-- {57A118C6-2DA9-419d-BE9A-F92B0F9A418B} --><script>var a_fRC = 0;
var a_sUrl = "\\u0026url=https%3a%2f%2fmail.example.com%2fowa%2f"; var a_sCW = "";
var a_sLgn = "logon.aspx?replaceCurrent=1\\u0026reason=0";</script>"""
FORM = b"""<!-- OwaPage = ASP.auth_logon_aspx --><form action="/owa/auth.owa" method="POST" name="logonForm">
<input type="hidden" name="destination" value="https://mail.example.com/owa/">
<input type="hidden" name="flags" value="4"><input type="hidden" name="forcedownlevel" value="0">
<input id="username" name="username"><input type="password" id="password" name="password">
<input id="passwordText" name="passwordText" style="display:none">
<input type="hidden" name="isUtf8" value="1"></form>"""
FORM_2010 = b"""<form action="/owa/auth.owa" method="POST"><input type="hidden" name="destination" value="https://mail.example.com/owa/">
<input type="hidden" name="flags" value="0">
<input id="rdoPblc" type="radio" name="trusted" value="0" checked><input id="rdoPrvt" type="radio" name="trusted" value="4">
<input name="username"><input type="password" name="password"></form>"""
BOOT = b"""<html><script>window.clientId = '00112233445566778899AABBCCDDEEFF';</script>
<link rel="stylesheet" href="/owa/prem/15.1.669.32/resources/styles/a.css">
<script src="/owa/prem/15.1.669.32/scripts/boot.js"></script><body onload="StartPage.start()"></body></html>"""
JSON = (
    b'{"Header":{"ServerVersionInfo":{"MajorVersion":15,"MinorVersion":1,"MajorBuildNumber":669,'
    b'"MinorBuildNumber":32,"Version":"V2017_07_16"}},"Body":{"ResponseMessages":{"Items":'
    b'[{"ResponseCode":"NoError","Subject":"exsim-marker:%s"}]}}}'
)


class Toy:
    """`special(request)` may answer in the farm's place; `seen` are (node, request) in order."""

    def __init__(
        self,
        route: Callable[[Request], str] = lambda request: "A",
        readers: dict[str, str] | None = None,
        special: Callable[[Request], Answer | None] = lambda request: None,
        password: str = "right",
    ) -> None:
        self.route = route
        self.readers = readers
        self.special = special
        self.password = password
        self.form = FORM
        self.legacy = False
        self.lb_cookie = ""  # what the balancer inserts, as HAProxy does
        self.logons = 0
        self.canaries = 0
        self.seen: list[tuple[str, Request]] = []

    def __call__(self, request: Request, now: float) -> Answer:
        node = request.origin or self.route(request)
        self.seen.append((node, request))
        said = self.special(request) or self.serve(node, request)
        response = said.response if isinstance(said, Late) else said
        response.headers.append((b"x-feserver", node.encode()))
        if self.lb_cookie and self.lb_cookie not in request.cookies.values:
            response.headers.append((b"set-cookie", f"{self.lb_cookie}={node}; path=/".encode()))
        return said

    def steps(self) -> list[str]:
        return [request.step for _, request in self.seen]

    def serve(self, node: str, request: Request) -> Answer:
        path = request.target.partition("?")[0]
        if path == names.LOGON_PAGE:
            second = "replaceCurrent=1" in request.target or self.legacy
            return answer(200, HTML, body=self.form if second else STEP_A)
        if path == names.LOGON_POST:
            return self.log_on(node, request)
        if path == names.LOGOFF:
            gone = [("Set-Cookie", f"{name}=; {GONE}") for name in (names.CADATA, names.CANARY)]
            return answer(302, ("Location", names.SIGNOUT_PAGE), *gone)
        if path == names.SIGNOUT_PAGE:
            return answer(200, HTML, body=b"bye")
        if not self.readable(node, request):
            return self.refuse(request)
        return self.as_mailbox(path, request)

    def readable(self, node: str, request: Request) -> bool:
        issuer = request.cookies.values.get(names.CADATA, "").partition(".")[0]
        return bool(issuer) and (self.readers is None or node in self.readers[issuer])

    def refuse(self, request: Request) -> Response:
        gone = (
            [("Set-Cookie", f"{names.CADATA}=; {GONE}")]
            if names.CADATA in request.cookies.values
            else []
        )
        if request.method == "GET":
            where = f"https://{HOST}{names.LOGON_PAGE}?url=https%3a%2f%2f{HOST}%2fowa%2f&reason=0"
            return answer(302, ("Location", where), *gone, body=b"Object moved")
        return answer(440, HTML, *gone, body=names.REFUSAL_BODY_POST.encode())

    def log_on(self, node: str, request: Request) -> Response:
        fields = parse_qs((request.body or b"").decode())
        if fields["password"] != [self.password]:
            return answer(
                302, ("Location", f"https://{HOST}{names.LOGON_PAGE}?reason=2&replaceCurrent=1")
            )
        self.logons += 1
        cookie = ("Set-Cookie", f"{names.CADATA}={node}.{self.logons}; path=/; HttpOnly")
        return answer(302, ("Location", f"https://{HOST}/owa/"), cookie)

    def as_mailbox(self, path: str, request: Request) -> Answer:
        self.canaries += 1
        name = names.E14_USER_CONTEXT if self.legacy else names.CANARY
        fresh = ("Set-Cookie", f"{name}=canary-{self.canaries}; path=/; secure")
        if path == names.OWA:
            return answer(200, HTML, fresh, body=BOOT)
        if path == names.NOTIFICATION and request.method == "GET":
            return Stream([(40.0, b"<script>{id:'pg',data:'alive1'}</script>")] * 8)
        if path == names.NOTIFICATION:
            return answer(200, body=b'{cid:"0a1b-22","syncFnshRq":0}')
        if path == names.PING:
            return answer(242)
        return answer(
            200,
            ("Content-Type", "application/json; charset=utf-8"),
            fresh,
            body=JSON % b"u@example.com",
        )
