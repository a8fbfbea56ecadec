"""The clients of the flow benchmark do one and the same session.

Falls if: exsim or one of Locust's users asks for anything else than the session says, in another order, with other
headers or another body; or makes two requests of one id.  Who asks with less costs less, and is no comparison.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import ClassVar, NamedTuple

import pytest

from exsim.wire import names
from tests.bench import session
from tests.bench.target import CANARY, COOKIES, LOGON_PAGE, SERVICE_BODY

pytestmark = pytest.mark.lab

CLIENTS = {
    "exsim": ["tests.bench.flow_exsim"],
    "FastHttpUser": ["tests.bench.flow_locust"],
    "HttpUser": ["tests.bench.flow_locust", "--kind", "http"],
}
EACH_HAS_ITS_OWN = {"host", "connection", "accept-encoding", "content-length", "cookie"}


class Heard(NamedTuple):
    """One request as it came."""

    method: str
    path: str
    headers: dict[str, str]
    body: str


class Target(BaseHTTPRequestHandler):
    """Answers as the benchmark's target does, and remembers what it was asked."""

    protocol_version = "HTTP/1.1"
    wbufsize = 65536  # head and body together
    heard: ClassVar[list[Heard]] = []

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length).decode()
        headers = {name.lower(): value for name, value in self.headers.items()}
        Target.heard.append(Heard(self.command, self.path, headers, body))
        self._answer(self.path.partition("?")[0], "cadata=" in headers.get("cookie", ""))

    do_GET = do_POST

    def _answer(self, path: str, signed_in: bool) -> None:
        if path == names.LOGON_POST:
            cookies = [f"{name}={value}; path=/" for name, value in COOKIES.items()]
            self._say(302, "", [("Location", "/owa/"), *(("Set-Cookie", one) for one in cookies)])
        elif path == names.LOGON_PAGE:
            self._say(200, LOGON_PAGE)
        elif not signed_in:
            self._say(302, "", [("Location", f"{names.LOGON_PAGE}?reason=0")])
        elif path == names.SERVICE:
            self._say(200, SERVICE_BODY)
        elif path == names.LOGOFF:
            self._say(302, "", [("Location", names.SIGNOUT_PAGE)])
        else:
            self._say(200, "{cid:1}", [("Set-Cookie", f"{names.CANARY}={CANARY}; path=/")])

    def _say(self, status: int, body: str, headers: list[tuple[str, str]] | None = None) -> None:
        self.send_response(status)
        for name, value in [("X-FEServer", "EX16-01"), *(headers or [])]:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, format: str, *arguments: object) -> None:
        pass


@contextmanager
def listening() -> Iterator[int]:
    """Its port."""
    Target.heard = []
    with ThreadingHTTPServer(("127.0.0.1", 0), Target) as server:
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()


def expected(number: int, heard: Heard) -> session.Asked:
    """What stands at that place of the session; which of a user's clicks comes, exsim's dice say."""
    every = [*session.BEFORE, *session.CALLS, *session.AFTER]
    one = every[number]
    if one["step"] != "service":
        return one
    call = number - len(session.BEFORE) + 1
    name = heard.headers["action"]
    like = next(other for other in session.CALLS if other["headers"]["Action"] == name)
    path = f"{like['path'].partition('&ID=')[0]}&ID=-{call}&AC=1"
    return {**like, "path": path}


@pytest.fixture(scope="module", params=CLIENTS.values(), ids=CLIENTS)
def requests(request: pytest.FixtureRequest) -> list[Heard]:
    """What one client asked."""
    module, *more = request.param
    with listening() as port:
        asked = ["--port", str(port), "--users", "1", "--sessions", "1"]
        command = [sys.executable, "-m", module, *asked, *more]
        subprocess.run(command, check=True, capture_output=True, timeout=60)
    return Target.heard


def test_every_client_asks_what_the_session_says(requests: list[Heard]) -> None:
    assert len(requests) == 25
    for number, heard in enumerate(requests):
        one = expected(number, heard)
        body = one["body"] or ""
        assert (heard.method, heard.path, heard.body) == (one["method"], one["path"], body)
        said = {k: v for k, v in heard.headers.items() if k not in EACH_HAS_ITS_OWN}
        own = session.OWN if one["step"] == "service" else ()
        for name in (*own, session.REQUEST_ID):
            assert said.pop(name.lower()), name
        assert said == {name.lower(): value for name, value in one["headers"].items()}


def test_no_two_requests_have_one_id(requests: list[Heard]) -> None:
    ids = [heard.headers[session.REQUEST_ID] for heard in requests]
    assert len(set(ids)) == len(ids) and {len(one) for one in ids} == {36}


def test_a_call_carries_the_canary_of_the_cookie_and_its_own_number(requests: list[Heard]) -> None:
    calls = [heard.headers for heard in requests if heard.path.startswith(names.SERVICE)]
    assert len(calls) == session.SERVICE_CALLS
    for number, headers in enumerate(calls, 1):
        assert headers[names.CANARY.lower()] == CANARY
        assert headers[names.ACTION_ID.lower()] == f"-{number}"
        correlation = headers[names.CORRELATION_ID.lower()]
        assert correlation.startswith(f"{session.CLIENT_ID}_")
        assert correlation.endswith(f"{number:02d}")
        assert set(COOKIES) < {pair.partition("=")[0] for pair in headers["cookie"].split("; ")}
