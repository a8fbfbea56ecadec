"""The clients of the flow benchmark: how each is started, and why one is absent.

All do the same session of 25 requests, with a browser's headers and bodies (`tests.bench.session`): /owa/ (sent to the
logon page), the page, the form, /owa/, 18 calls of service.svc, two of ev.owa2, log-off; each checks status, front
end and body of every answer as far as it can.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.bench import session
from tests.bench.artillery import write_artillery
from tests.bench.tsung import write_tsung

HERE = Path(__file__).parent
USERS = "20"


@dataclass(frozen=True, slots=True)
class Place:
    """Where the target is, and where a client may write."""

    port: int
    scheme: str
    folder: Path
    seconds: float
    parallel: int = 1

    @property
    def url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}"


@dataclass(frozen=True, slots=True)
class Tool:
    """One client.  `command` makes its command line; `program`: what must be installed for it."""

    name: str
    command: Callable[[Place], list[str]]
    program: str = ""
    six_at_a_time: bool = False
    tls: bool = True

    def found(self) -> str | None:
        """Where its program is; None: absent."""
        if not self.program:
            return sys.executable
        beside = Path(sys.executable).with_name(self.program)
        return str(beside) if beside.exists() else shutil.which(self.program)


def _python(module: str, *more: str) -> Callable[[Place], list[str]]:
    def command(place: Place) -> list[str]:
        asked = ["--port", str(place.port), "--scheme", place.scheme, "--users", USERS]
        asked += ["--seconds", str(place.seconds + 4), "--parallel", str(place.parallel)]
        asked += ["--folder", str(place.folder)]
        return [sys.executable, "-m", module, *asked, *more]

    return command


def _k6(place: Place, *more: str) -> list[str]:
    settings = {"URL": place.url, "PARALLEL": str(place.parallel), "USERS": USERS}
    settings["SECONDS"] = str(int(place.seconds + 6))
    settings["SESSION"] = str(session.write_json(place.folder))
    pairs = [word for name, value in settings.items() for word in ("-e", f"{name}={value}")]
    program = K6.found() or "k6"
    return [
        *(program, "run", "--quiet", "--no-usage-report", "--insecure-skip-tls-verify", *more),
        *(*pairs, str(HERE / "flow_k6.js")),
    ]


def _recording_k6(place: Place) -> list[str]:
    """As exsim does, it writes down each request; k6 does so metric by metric."""
    return _k6(place, "--out", f"csv={place.folder / 'k6.csv'}")


def _wrk(place: Place) -> list[str]:
    duration = f"{int(place.seconds + 6)}s"
    script = str(HERE / "flow_wrk.lua")
    asked = ["wrk", "-t1", f"-c{USERS}", f"-d{duration}", "-s", script, place.url]
    return [*asked, "--", str(session.write_lua(place.folder))]


def _tsung(place: Place) -> list[str]:
    path = place.folder / "tsung.xml"
    write_tsung(path, place.port, place.scheme)
    return ["tsung", "-f", str(path), "-l", str(place.folder / "tsung"), "-n", "start"]


def _artillery(place: Place) -> list[str]:
    path = place.folder / "artillery.json"
    write_artillery(path, int(USERS))
    program = ARTILLERY.found() or "artillery"
    return [
        *("env", f"SESSION={session.write_json(place.folder)}"),
        *(program, "run", "--quiet", "--insecure", "--target", place.url, str(path)),
    ]


EXSIM = Tool("exsim", _python("tests.bench.flow_exsim"), six_at_a_time=True)
FAST = Tool("FastHttpUser", _python("tests.bench.flow_locust"), six_at_a_time=True)
HTTP = Tool("HttpUser", _python("tests.bench.flow_locust", "--kind", "http"), six_at_a_time=True)
K6 = Tool("k6", _k6, "k6", six_at_a_time=True)
RECORDING_K6 = Tool("k6 --out csv", _recording_k6, "k6", six_at_a_time=True)
WRK = Tool("wrk", _wrk, "wrk")
TSUNG = Tool("Tsung", _tsung, "tsung")
ARTILLERY = Tool("artillery", _artillery, "artillery")
TOOLS = (EXSIM, FAST, HTTP, K6, RECORDING_K6, WRK, TSUNG, ARTILLERY)
