"""A run with known secrets, and every file of its directory searched for each of them.

Falls if: a password, a cookie's value, a canary, a balancer's password or key, or the salt of the run
stands in any file that the run leaves, in what it tells its terminal, or in the arguments of a process.
"""

from __future__ import annotations

import base64
import json
import re
import shlex
import sys
from collections import defaultdict
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import quote, quote_plus, unquote

import psutil
import pytest

from exsim.conduct import loading
from exsim.conduct.running import Options, finish, measure, rig_for
from exsim.runs.scenario import load_scenario
from tests.lab.runs import BALANCERS, ROOT, scenario

pytestmark = pytest.mark.lab

OF_THE_BALANCER = {
    "stats auth": "hunter2-stats",
    "userlist": "hunter2-userlist",
    "dynamic-cookie-key": "hunter2-cookie-key",
    "in a comment": "hunter2-comment",
}
CONFIG = """
userlist people
    user anna insecure-password hunter2-userlist

backend bk_with_a_key
    mode http
    cookie WHO insert dynamic
    dynamic-cookie-key hunter2-cookie-key

listen watching
    bind 127.0.0.1:9000
    mode http
    # the old password: hunter2-comment
    stats enable
    stats uri /watching
    stats auth admin:hunter2-stats
"""
# Open to everybody; LB01 is the balancer's own cookie, and stands in clear so that it can be read.
HARMLESS = {"ClientId", "PBack", "logondata", "cookieTest", "PrivateComputer", "LB01"}
SHORTEST = 12  # characters: a shorter value is found anywhere


@dataclass
class Left:
    """What one run left and showed."""

    directory: Path
    secrets: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    arguments: set[str] = field(default_factory=set)
    told: str = ""
    text: str = ""
    json: str = ""


@pytest.fixture(scope="module")
def left(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Left]:
    folder = tmp_path_factory.mktemp("secrets")
    path = scenario(
        folder,
        users=3,
        session={"think": "5s", "relogin_after": "5s", "keep_alive": "30s"},
        load={"duration": "140s", "control": 1},
        lab={"time_scale": 0.05},  # the balancer logs a long poll when it is over
    )
    (folder / "secret.cfg").write_text((BALANCERS / "cookie.cfg").read_text() + CONFIG)
    path.write_text(path.read_text().replace(str(BALANCERS / "roundrobin.cfg"), "secret.cfg"))
    overheard = folder / "overheard.jsonl"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EXSIM_OVERHEARD", str(overheard))
        patch.setattr(loading, "sys", SimpleNamespace(executable=str(witness(folder))))
        yield carried_out(path, overheard)


def witness(folder: Path) -> Path:
    """What is started instead of Python: the load with somebody who listens."""
    script = folder / "load-with-a-witness"
    command = shlex.join([sys.executable, "-m", "tests.lab.overheard"])
    script.write_text(f"#!/bin/sh\ncd {shlex.quote(str(ROOT))} && exec {command}\n")
    script.chmod(0o700)
    return script


def carried_out(path: Path, overheard: Path) -> Left:
    events: list[object] = []
    read = load_scenario(path)
    options = Options(reports=path.parent / "reports", live=False)
    with rig_for(path, read, options) as (book, plan, _):
        found = Left(book.directory.path)

        def show(event: object) -> None:
            events.append(event)
            for process in psutil.Process().children(recursive=True):
                with suppress(psutil.NoSuchProcess):  # one that has just ended, waited for or not
                    found.arguments.update(process.cmdline())

        assert not measure(plan, book, show)
        book.ended()
    done = finish(book.directory)
    found.told, found.text, found.json = repr(events), done.text(False), done.json().decode()
    found.secrets["password"] = {account.password for account in plan.assignment.accounts}
    for name, value in OF_THE_BALANCER.items():
        found.secrets[name] = {value}
    for line in overheard.read_text().splitlines():
        kind, value = json.loads(line)
        if kind not in HARMLESS and len(value) >= SHORTEST:
            found.secrets[kind].add(value)
    return found


def forms(secret: str) -> set[bytes]:
    """A secret as it may be disguised: quoted for a URL once or more, unquoted, Base64 of itself."""
    once = {secret, quote(secret, safe=""), quote_plus(secret), unquote(secret)}
    every = once | {quote(one, safe="") for one in once}
    return {one.encode() for one in every} | {base64.b64encode(secret.encode())}


def searched(secrets: dict[str, set[str]], text: bytes) -> list[str]:
    return [
        f"{kind}: {secret[:24]}"
        for kind, values in secrets.items()
        for secret in values
        if any(form in text for form in forms(secret))
    ]


def test_every_kind_of_secret_was_there_to_be_leaked(left: Left) -> None:
    kinds = {"password", "salt", "cadata", "cadataKey", "cadataIV", "X-OWA-CANARY", "target"}
    assert kinds | set(OF_THE_BALANCER) <= set(left.secrets), sorted(left.secrets)
    assert len(left.secrets["cadata"]) >= 3
    assert searched(left.secrets, next(iter(left.secrets["cadata"])).encode())


def test_no_file_of_the_run_holds_a_secret(left: Left) -> None:
    files = [path for path in left.directory.rglob("*") if path.is_file()]
    names = {path.name for path in files}
    assert {"lb.log", "haproxy.cfg", "report.html", "run.json", "w0.jsonl"} <= names
    found = {
        str(path): hits for path in files if (hits := searched(left.secrets, path.read_bytes()))
    }
    assert found == {}
    for path in files:
        assert b"PRIVATE KEY" not in path.read_bytes(), path


def test_the_kept_configuration_shows_that_something_was_taken_out(left: Left) -> None:
    kept = (left.directory / "haproxy.cfg").read_text()
    for word in ("stats auth", "insecure-password", "dynamic-cookie-key"):
        assert word in kept


def test_the_balancers_log_has_the_urls_without_their_canaries(left: Left) -> None:
    log = (left.directory / "lb.log").read_text()
    canaries = set(re.findall(r"X-OWA-CANARY=([^& ]*)", log))
    assert canaries == {"\\xe2\\x80\\xa6"}, "the log repeats what the long poll asks"


def test_neither_terminal_nor_results_nor_processes_show_one(left: Left) -> None:
    assert len(left.arguments) > 6
    shown = "\n".join([*left.arguments, left.told, left.text, left.json])
    assert searched(left.secrets, shown.encode()) == []
