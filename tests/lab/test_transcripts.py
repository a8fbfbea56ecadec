"""Every transcript, played by `http.client` against node processes: an outside witness of the wire.

Falls if: what a node process puts on a socket differs from what its node said, or from a transcript.
"""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections import OrderedDict
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import groupby
from pathlib import Path
from typing import Any

import msgspec
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from cryptography.x509.oid import NameOID

from exsim.org.settings import Organisation
from exsim.protocols.conversation import Conversation
from exsim.protocols.transcript import Ask, Dialogue, Pause
from exsim.wire.message import Answer, Request
from tests.org.casting import FILES, cast, load, variables
from tests.org.conftest import NAMES, make_pem

pytestmark = pytest.mark.lab
LIMIT = 10.0  # seconds, for anything
SHARED = 3  # transcripts that share an organisation: worth its start each time
KEPT = 1  # organisations that stay up for the next transcript


def tls_pem(key_pem: str) -> str:
    """The key with a certificate of its own signing."""
    key = load_pem_private_key(key_pem.encode(), None)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "exchange.isp.com.au")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name)
        .public_key(key.public_key())  # type: ignore[arg-type]
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())  # type: ignore[arg-type]
    )
    return key_pem + certificate.public_bytes(serialization.Encoding.PEM).decode()


class Stage:
    """The node processes of one organisation."""

    def __init__(self, organisation: Organisation, certificate: str, folder: Path) -> None:
        self.organisation = organisation
        self.doors: dict[str, dict[str, int]] = {}
        self.processes: list[subprocess.Popen[bytes]] = []
        sockets = {
            node.name: {door: bound() for door in ("front", "front_tls", "back")}
            for node in organisation.nodes
        }
        back_ends = {name: f"127.0.0.1:{port(doors['back'])}" for name, doors in sockets.items()}
        orders = {
            "organisation": msgspec.to_builtins(organisation),
            "back_ends": back_ends,
            "tls": {"certificate": certificate},
        }
        line = json.dumps(orders).encode() + b"\n"
        for name, doors in sockets.items():
            self.doors[name] = {door: port(socket) for door, socket in doors.items()}
            self.processes.append(start(name, doors, folder / f"{name}.jsonl", line))
        for process in self.processes:
            assert process.stdout is not None
            assert b"ready" in process.stdout.readline()

    def close(self) -> None:
        for process in self.processes:
            process.send_signal(signal.SIGTERM)
        for process in self.processes:
            with process:
                process.communicate(timeout=LIMIT)

    def ask(self, node: str, request: Request) -> Answer | None:
        """One request on a connection of its own; None when it ends without an answer."""
        connection = self._connection(node, request.scheme)
        try:
            connection.putrequest(request.method, request.target, True, True)
            for name, value in request.headers:
                connection.putheader(name, value)
            if request.body and request.header("Content-Length") is None:
                connection.putheader("Content-Length", str(len(request.body)))
            connection.endheaders(request.body or None)
            response = connection.getresponse()
            body = response.read()
            return Answer(response.status, response.reason, response.getheaders(), body)
        except http.client.RemoteDisconnected:
            return None
        finally:
            connection.close()

    def _connection(self, node: str, scheme: str) -> http.client.HTTPConnection:
        doors = self.doors[node]
        if scheme == "http":
            return http.client.HTTPConnection("127.0.0.1", doors["front"], timeout=LIMIT)
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        tls = doors["front_tls"]
        return http.client.HTTPSConnection("127.0.0.1", tls, timeout=LIMIT, context=context)


def bound() -> socket.socket:
    door = socket.create_server(("127.0.0.1", 0))
    door.set_inheritable(True)
    return door


def port(door: socket.socket) -> int:
    return int(door.getsockname()[1])


def start(
    name: str, doors: dict[str, socket.socket], confession: Path, line: bytes
) -> subprocess.Popen[bytes]:
    words = [sys.executable, "-m", "exsim.org", "--name", name, "--confession", str(confession)]
    for door, listening in doors.items():
        words += ["--listen", f"{door}={listening.fileno()}"]
    numbers = tuple(listening.fileno() for listening in doors.values())
    process = subprocess.Popen(
        words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, pass_fds=numbers, env=os.environ
    )
    assert process.stdin is not None
    process.stdin.write(line)
    process.stdin.flush()  # it stays open: the lifeline
    for listening in doors.values():
        listening.close()
    return process


class Theatre:
    """Stages by what a transcript asks for; a few stay up."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._certificates = {name: make_pem() for name in NAMES}
        self._tls = tls_pem(self._certificates["ssl"])
        self._stages: OrderedDict[str, Stage] = OrderedDict()

    def stage(self, dialogue: Dialogue) -> Stage:
        organisation = cast(dialogue, self._certificates)
        key = repr((organisation.nodes, organisation.mailboxes, organisation.time_scale))
        if key not in self._stages:
            if len(self._stages) >= KEPT:
                self._stages.popitem(last=False)[1].close()
            self._stages[key] = Stage(organisation, self._tls, self._folder)
        self._stages.move_to_end(key)
        return self._stages[key]

    def close(self) -> None:
        for stage in self._stages.values():
            stage.close()


def needs(path: Path) -> str:
    """What it asks for, as text: transcripts with the same needs follow each other."""
    dialogue = load(path)
    return repr((dialogue.nodes, dialogue.settings, dialogue.scale, dialogue.home))


def by_needs() -> Iterator[Any]:
    """The transcripts in the order of their needs; an organisation of their own makes them slow to play (in memory all are played)."""
    for _, paths in groupby(sorted(FILES, key=needs), needs):
        alike = list(paths)
        marks = () if len(alike) >= SHARED else pytest.mark.slow
        yield from (pytest.param(path, marks=marks, id=path.stem) for path in alike)


@pytest.fixture(scope="module")
def theatre(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Theatre]:
    found = Theatre(tmp_path_factory.mktemp("confessions"))
    yield found
    found.close()


@pytest.mark.parametrize("path", [*by_needs()])
def test_a_node_process_answers_as_the_transcript_says(path: Path, theatre: Theatre) -> None:
    dialogue = load(path)
    stage = theatre.stage(dialogue)
    conversation = Conversation(variables(stage.organisation), dialogue.scheme)
    for step in dialogue.steps:
        if isinstance(step, Pause):
            time.sleep(step.seconds * dialogue.scale)
        elif isinstance(step, Ask):
            answer = stage.ask(step.node, conversation.request(step))
            assert not conversation.compare(step, answer), f"{path.name}:{step.line}"
        else:
            conversation.change(step)
