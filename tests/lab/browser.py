"""A Chromium steered over its own debugging pipe: just enough to open a page, type, and hear what it was answered.

No library: commands and events are JSON texts that end in a zero byte, on descriptors 3 and 4.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import select
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

LIMIT = 30.0  # seconds for whatever is waited for
LOOK = 0.05
HIGH = 100  # descriptors from here on are nobody's until they are moved to 3 and 4
QUIET = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--no-default-browser-check",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-extensions",
    "--disable-default-apps",
    "--disable-breakpad",
    "--disable-dev-shm-usage",
    "--no-proxy-server",
    "--ignore-certificate-errors",
    "--remote-debugging-pipe",
]


def chromium() -> str | None:
    """Where a Chromium is, or None."""
    return next(
        filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
    )


@dataclass(frozen=True)
class Seen:
    """One answer that the browser got, redirects included."""

    method: str
    url: str
    status: int
    headers: dict[str, str]

    def __str__(self) -> str:
        return f"{self.method} {self.path} {self.status} {self.front_end}"

    @property
    def front_end(self) -> str | None:
        return self.headers.get("x-feserver")

    @property
    def path(self) -> str:
        return "/" + self.url.split("/", 3)[3].partition("?")[0]


@dataclass
class Page:
    """One page in a browser context of its own: cookies and connections that nobody shares."""

    chromium: Chromium
    session: str
    seen: list[Seen] = field(default_factory=list)
    _requests: dict[str, str] = field(default_factory=dict)

    def hear(self, event: dict[str, Any]) -> None:
        told = event["params"]
        if event["method"] == "Network.requestWillBeSent":
            if "redirectResponse" in told:
                self._answered(told["requestId"], told["redirectResponse"])
            self._requests[told["requestId"]] = told["request"]["method"]
        elif event["method"] == "Network.responseReceived":
            self._answered(told["requestId"], told["response"])

    def _answered(self, request: str, response: dict[str, Any]) -> None:
        headers = {name.lower(): value for name, value in response["headers"].items()}
        method = self._requests.get(request, "")
        self.seen.append(Seen(method, response["url"], response["status"], headers))

    def open(self, url: str) -> None:
        self.chromium.ask("Page.navigate", self.session, url=url)

    def look(self, expression: str) -> Any:
        """What a script's expression is in the page as it stands; None while there is none."""
        said = self.chromium.ask(
            "Runtime.evaluate", self.session, expression=expression, returnByValue=True
        )
        return said.get("result", {}).get("value")

    def wait(self, expression: str) -> Any:
        """Until `expression` is something."""
        return self.until(lambda: self.look(expression), expression)

    def until(self, happened: Callable[[], Any], what: str = "") -> Any:
        """Until something is so, with everything heard meanwhile."""
        end = time.monotonic() + LIMIT
        while not (value := happened()):
            assert time.monotonic() < end, f"never: {what}; {[str(one) for one in self.seen]}"
            time.sleep(LOOK)
            self.look("1")
        return value

    def type(self, element: str, text: str) -> None:
        self.wait(f"document.getElementById({element!r}) && 1")
        self.look(f"document.getElementById({element!r}).focus()")
        self.chromium.ask("Input.insertText", self.session, text=text)


class Chromium:
    """One browser process; `ask` sends a command and waits for its answer."""

    def __init__(self, commands: int, answers: int) -> None:
        self._commands, self._answers = commands, answers
        self._number = 0
        self._rest = b""
        self._pages: dict[str, Page] = {}

    def ask(self, command: str, session: str = "", **parameters: Any) -> dict[str, Any]:
        self._number += 1
        message: dict[str, Any] = {"id": self._number, "method": command, "params": parameters}
        if session:
            message["sessionId"] = session
        os.write(self._commands, json.dumps(message).encode() + b"\0")
        while (answer := self._read()).get("id") != self._number:
            if answer.get("sessionId") in self._pages:
                self._pages[answer["sessionId"]].hear(answer)
        if "error" in answer and command != "Runtime.evaluate":  # the page may just be going away
            raise RuntimeError(f"{command}: {answer['error']}")
        return dict(answer.get("result", {}))

    def _read(self) -> dict[str, Any]:
        end = time.monotonic() + LIMIT
        while b"\0" not in self._rest:
            left = end - time.monotonic()
            if left <= 0 or not select.select([self._answers], [], [], left)[0]:
                raise TimeoutError("the browser says nothing")
            piece = os.read(self._answers, 1 << 16)
            if not piece:
                raise EOFError("the browser went away")
            self._rest += piece
        message, _, self._rest = self._rest.partition(b"\0")
        found: dict[str, Any] = json.loads(message)
        return found

    def page(self) -> Page:
        """An empty page of a user who was never here."""
        context = self.ask("Target.createBrowserContext")["browserContextId"]
        target = self.ask("Target.createTarget", url="about:blank", browserContextId=context)
        session = self.ask("Target.attachToTarget", targetId=target["targetId"], flatten=True)[
            "sessionId"
        ]
        page = self._pages[session] = Page(self, session)
        for domain in ("Page", "Network", "Runtime"):
            self.ask(f"{domain}.enable", session)
        return page


@contextmanager
def browsing(binary: str, host: str, address: str) -> Iterator[Chromium]:
    """A Chromium for which `host` is at `address`, and nothing else is anywhere."""
    rules = f"MAP {host}:443 {address}, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"
    options = [f"--host-resolver-rules={rules}", "about:blank"]
    with (
        tempfile.TemporaryDirectory(prefix="exsim-chromium-", ignore_cleanup_errors=True) as home,
        _pipes() as (ours, theirs),
    ):
        process = subprocess.Popen(
            [binary, *QUIET, f"--user-data-dir={home}", *options],
            preexec_fn=partial(_as_three_and_four, *theirs),
            pass_fds=(3, 4),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            env={**os.environ, "HOME": home},
        )
        for descriptor in theirs:
            os.close(descriptor)
        try:
            yield Chromium(*ours)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _as_three_and_four(commands: int, answers: int) -> None:
    os.dup2(commands, 3)
    os.dup2(answers, 4)


@contextmanager
def _pipes() -> Iterator[tuple[tuple[int, int], tuple[int, int]]]:
    """(commands to write, answers to read), and the other ends of both, which the caller closes."""
    high: Callable[[int], int] = lambda fd: fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, HIGH)  # noqa: E731
    their_in, our_out = os.pipe()
    our_in, their_out = os.pipe()
    theirs = high(their_in), high(their_out)
    os.close(their_in)
    os.close(their_out)
    try:
        yield (our_out, our_in), theirs
    finally:
        os.close(our_out)
        os.close(our_in)
