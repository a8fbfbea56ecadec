"""Short real runs for the tests: a scenario written down, carried out through a real balancer, and what it left."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any

import msgspec

from exsim.conduct import judging
from exsim.conduct.loading import Event
from exsim.conduct.rig import died
from exsim.conduct.running import Options, finish, measure, rig_for
from exsim.judgement.results import Results, decode
from exsim.org.confession import Confession
from exsim.runs.directory import RunDirectory, open_run
from exsim.runs.scenario import load_scenario
from exsim.session.hop import Hop, Line
from exsim.session.records import Findings, Session
from exsim.session.tally import TOTAL, merged
from tests.slice.truth import Slice

ROOT = Path(__file__).parents[2]
BALANCERS = ROOT / "scenarios" / "haproxy"
LIMIT = 120.0  # seconds for one run, from start to report
TOLD = "told.jsonl"
NODES = (("EXCH16-SYD-01", "2016"), ("EXCH16-SYD-02", "2016"), ("EXCH13", "2013"))
NODES_2010 = (("EXCH10-SYD-01", "2010"), ("EXCH10-SYD-02", "2010"))
SESSION = {"polls": 8, "think": "250ms", "relogin_after": "500ms", "keep_alive": "2s"}


def scenario(
    folder: Path,
    *,
    preset: str = "authcert_asymmetry",
    balancer: str = "roundrobin",
    nodes: Sequence[tuple[str, str]] = NODES,
    populations: Iterable[Mapping[str, Any]] = (),
    users: int = 4,
    session: Mapping[str, Any] | None = None,
    lab: Mapping[str, Any] | None = None,
    load: Mapping[str, Any] | None = None,
    expect: Mapping[str, Any] | None = None,
) -> Path:
    """A scenario's file in `folder`: `users` of each version of mailbox, or the given `populations`."""
    ways = {**SESSION, **(session or {})}
    versions = dict.fromkeys(version for _, version in nodes)
    kinds = list(populations) or [{"mailbox": version, "users": users} for version in versions]
    file = balancer if balancer == "none" else str(BALANCERS / f"{balancer}.cfg")
    sections: dict[str, Any] = {
        "lab": {
            "balancer": file,
            "preset": preset,
            "nodes": [{"name": name, "version": version} for name, version in nodes],
            **(lab or {}),
        },
        "load": {"spawn_rate": 8, "duration": "6s", "control": 1, **(load or {})},
        "expect": {"min_sessions_per_combination": 1, **(expect or {})},
    }
    text = [f'title = "{folder.name}"', "seed = 7"]
    for kind in kinds:
        text += ["[[population]]", 'protocol = "owa"', *pairs({"session": ways, **kind})]
    for name, values in sections.items():
        text += [f"[{name}]", *pairs(values)]
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "scenario.toml"
    path.write_text("\n".join(text) + "\n")
    return path


def pairs(table: Mapping[str, Any]) -> list[str]:
    return [f"{key} = {toml(value)}" for key, value in table.items()]


def toml(value: Any) -> str:
    """A value as TOML has it; JSON has texts, numbers and lists alike."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(pairs(value)) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(toml, value)) + "]"
    return json.dumps(value)


@dataclass
class Ran:
    """One run that is over: its directory, and what the load told while it ran."""

    directory: RunDirectory
    code: int
    said: str  # on standard error, and on standard output where there is no document
    results: Results
    findings: Findings
    lines: list[Line]
    confessions: list[Confession]
    told: list[Event]

    @property
    def hops(self) -> list[Hop]:
        return [line for line in self.lines if isinstance(line, Hop)]

    @property
    def load(self) -> list[Session]:
        """The sessions that count: nothing that the run itself sent or steered."""
        return [one for one in self.findings.sessions if not (one.control or one.forced)]

    @property
    def lost(self) -> list[Session]:
        return [session for session in self.load if session.state == "lost"]

    @property
    def live_losses(self) -> int:
        """How many sessions were lost, as the load's own detectors said last."""
        last: dict[tuple[str, int], Event] = {}
        for event in self.told:
            if event["event"] == "live":
                last[str(event["phase"]), int(event["worker"])] = event
        return merged(one["counts"] for one in last.values())[TOTAL]["lost"]

    def slice(self, proofs: bool = True) -> Slice:
        """As the comparison with the confession takes it; without `proofs`, what browsers sent alone."""
        lines = [
            line
            for line in self.lines
            if proofs or not isinstance(line, Hop) or line.step != "proof"
        ]
        return Slice(lines, self.confessions, self.findings)


def carried_out(path: Path) -> Ran:
    """Run the scenario at `path` in a process of its own, and read everything that it left."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.lab.runs", str(path)],
        capture_output=True,
        text=True,
        timeout=LIMIT,
        cwd=ROOT,
        check=False,
    )
    assert done.returncode in (0, 1, 3), done.stderr
    with (
        READING
    ):  # msgspec may not make one type's decoder in two threads at once (0.22: it crashes)
        return left_by(path, done)


READING = Lock()


def left_by(path: Path, done: subprocess.CompletedProcess[str]) -> Ran:
    """Everything that the run of the scenario at `path` left."""
    directory = open_run(str(path.parent / "reports" / path.stem))
    told = path.parent / TOLD
    return Ran(
        directory,
        done.returncode,
        done.stderr,
        decode(directory.results.read_bytes()),
        judging.judged(directory).findings,
        list(directory.history()),
        confessions(directory),
        msgspec.json.Decoder(Event).decode_lines(told.read_bytes()),
    )


def confessions(directory: RunDirectory) -> list[Confession]:
    """What the nodes say of the requests that our clients sent (a balancer's checks carry no id)."""
    found: list[Confession] = []
    decoder = msgspec.json.Decoder(Confession)
    for path in sorted(directory.nodes_folder.glob("*.jsonl")):
        found += decoder.decode_lines(path.read_bytes())
    return [one for one in found if one.client_request_id]


def main(path: Path) -> int:
    """As `exsim run` does it, with everything that the load tells kept beside the scenario."""
    told: list[Event] = []
    options = Options(reports=path.parent / "reports", live=False)
    with rig_for(path, load_scenario(path), options) as (book, plan, lab):
        assert not measure(plan, book, told.append)
        book.lab_died(died(lab))
        book.ended()
    done = finish(book.directory)
    (path.parent / TOLD).write_bytes(msgspec.json.Encoder().encode_lines(told))
    return int(done.exit_code)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
