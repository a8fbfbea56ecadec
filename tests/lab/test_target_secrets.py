"""What a run on somebody else's farm leaves behind it in files: nothing that lets anybody in, and nothing of anybody's.

Falls if: a password, a Basic header, a cookie's value or a canary of a target stands in any file of the run, compressed
ones included, or in what is told; or an answer from a stranger's mailbox does not end the run with 5, or leaves a word.
"""

from __future__ import annotations

import base64
import gzip
import http.client
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import pytest

from exsim.conduct import loading
from exsim.judgement.results import decode
from exsim.wire import names
from tests.lab.leading import Answer, Seen, Server
from tests.lab.outside import HOST, Stranger, stranger
from tests.lab.runs import pairs
from tests.lab.searched import found_in
from tests.lab.test_secrets import Left, carried_out, searched, witness

pytestmark = [pytest.mark.lab, pytest.mark.slow]
SOMEBODY = "chairman@board.example"
WORDS = "TAKEOVER-PLAN"
HOP_BY_HOP = frozenset(
    ("connection", "transfer-encoding", "content-length", "keep-alive", "date", "server")
)


@pytest.fixture(scope="module")
def farm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stranger]:
    with stranger(tmp_path_factory.mktemp("target"), count=12) as made:
        yield made


@pytest.fixture(scope="module")
def left(farm: Stranger, tmp_path_factory: pytest.TempPathFactory) -> Left:
    """Three protocols on the farm, and somebody who listens within the load."""
    folder = tmp_path_factory.mktemp("heard")
    path = farm.scenario(
        farm.of("2016", 6), balancer="cookie", population={"users": 2}, target={"writes": "own-mailbox"},
        session={"drafts": 1, "polls": 6}, load={"duration": "8s"}, limits={"users": 20},
    )  # fmt: skip
    others = [
        {"mailbox": "2016", "users": 1, "protocol": "activesync", "session": {"polls": 2}},
        {
            "mailbox": "2016",
            "users": 1,
            "protocol": "ews",
            "session": {"polls": 2},
            "ews": {"authentication": "ntlm"},
        },
    ]
    more = "\n".join("\n".join(["[[population]]", *pairs(one)]) for one in others)
    path.write_text(path.read_text().replace("[target]", f"{more}\n[target]"))
    overheard = folder / "overheard.jsonl"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EXSIM_OVERHEARD", str(overheard))
        patch.setenv("EXSIM_PART", "20000")  # bytes after which a part is full, and compressed
        patch.setattr(loading, "sys", SimpleNamespace(executable=str(witness(folder))))
        found = carried_out(path, overheard)
    for one in farm.of("2016", 6):
        for who in (one.logon, one.address):
            pair = f"{who}:{one.password}".encode()
            found.secrets["basic"].add(base64.b64encode(pair).decode())
    return found


def test_there_was_something_to_be_leaked(left: Left) -> None:
    assert {"password", "basic", "cadata", "cadataKey", "X-OWA-CANARY"} <= set(left.secrets)
    assert len(left.secrets["password"]) >= 4


def test_no_file_of_a_targets_run_holds_a_secret(left: Left) -> None:
    files = {path.name for path in left.directory.rglob("*") if path.is_file()}
    assert "w0.jsonl.gz" in files
    assert {
        "w0-check.jsonl",
        "w0-survey.jsonl",
        "ledger.jsonl",
        "run.json",
        "report.html",
    } <= {name.removesuffix(".gz") for name in files}
    assert any(name.endswith(".jsonl.gz") for name in files), "full parts are compressed"
    words = {word for kind in left.secrets.values() for word in kind}
    assert found_in([left.directory], words) == []
    for path in left.directory.rglob("*"):
        if path.is_file():
            data = path.read_bytes()
            packed = gzip.decompress(data) if path.suffix == ".gz" else b""
            assert searched(left.secrets, data + packed) == [], path


def test_neither_what_is_told_nor_a_processs_arguments_show_one(left: Left) -> None:
    shown = "\n".join([*left.arguments, left.told, left.text, left.json])
    assert searched(left.secrets, shown.encode()) == []


class Mixing:
    """Something between us and a node that gives users a stranger's answers, from the third logon on."""

    def __init__(self, farm: Stranger, node: str) -> None:
        self.where = farm.lab.nodes[node]["http"]
        self.own = [one.address.encode() for one in farm.accounts]
        self.logons = self.mixed = 0

    def __call__(self, request: Seen) -> Answer:
        lines = {name: value for name, value in request.headers.items() if name not in HOP_BY_HOP}
        with closing(http.client.HTTPConnection(self.where, timeout=20)) as connection:
            connection.request(
                request.method, request.target, request.body, {**lines, "Host": HOST}
            )
            answer = connection.getresponse()
            body = answer.read()
        headers = [(k, v) for k, v in answer.getheaders() if k.lower() not in HOP_BY_HOP]
        self.logons += request.path == names.LOGON_POST
        if self.logons > 2 and request.path == names.SERVICE:
            changed = body
            for own in self.own:
                changed = changed.replace(own, f"{SOMEBODY} {WORDS}".encode())
            self.mixed += changed != body
            body = changed
        return answer.status, headers, body


def test_an_answer_from_a_strangers_mailbox_ends_the_run_and_nothing_of_it_is_kept(
    farm: Stranger, tmp_path: Path
) -> None:
    mixing = Mixing(farm, "EXCH16-SYD-01")
    with Server(mixing) as server:
        path = farm.scenario(farm.of("2016", 2), target=server.target(), load={"duration": "20s"})
        told = farm.run(path)
    assert told.code == 5, told.everything
    assert mixing.mixed and "another user's mailbox" in " ".join(told.out.split())
    assert told.directory is not None
    results = decode(told.directory.results.read_bytes())
    assert results.outcome == "fail" and results.wrong_mailbox
    assert {hop.body.owner for hop in told.hops} >= {"own", "stranger"}
    assert found_in([path.parent / "reports"], {SOMEBODY, WORDS}) == []
    assert SOMEBODY not in told.everything and WORDS not in told.everything
