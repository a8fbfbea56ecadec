"""A lab of which a stranger is told what an administrator would tell him: addresses, a certificate, accounts.

Everything that exsim does on a farm is tested from here: no preset, no confession and no handle reaches it.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from exsim.lab.lab import Lab
from exsim.org.confession import Confession
from exsim.runs.accounts import Account
from exsim.runs.assignment import lab_accounts
from exsim.runs.dice import Source
from exsim.runs.directory import RunDirectory, open_run
from exsim.runs.organisation import organisation_nodes
from exsim.runs.scenario import parse_scenario
from exsim.session.hop import Hop, Mark
from tests.lab.rig import plan
from tests.lab.runs import NODES, ROOT, pairs, toml

LIMIT = 90.0
HOST = "exchange.isp.com.au"
CHANGED = "changed-Pass-1"  # what the accounts of `changing` have after `change_passwords`


def write_accounts(
    csv: Path, accounts: Sequence[Account], homes: Mapping[str, str], secrets: Mapping[str, str]
) -> None:
    """The accounts as an operator lists them; `homes` and `secrets` by address, where they are to be other ones."""
    rows = [
        [one.address, one.logon, homes.get(one.address, one.home), secrets.get(one.address, one.password)]
        for one in accounts
    ]  # fmt: skip
    csv.write_text("\n".join(map(",".join, [["email", "logon", "home", "secret"], *rows])))
    csv.chmod(0o600)


WAYS = {"polls": 8, "think": "250ms", "relogin_after": "500ms", "keep_alive": 0}  # of a session


@dataclass
class Told:
    """One verb of exsim's, and what it left."""

    code: int
    out: str
    said: str
    directory: RunDirectory | None = None

    @property
    def everything(self) -> str:
        return self.out + self.said

    @property
    def hops(self) -> list[Hop]:
        assert self.directory is not None
        return [line for line in self.directory.history() if isinstance(line, Hop)]

    def marks(self, what: str) -> list[Mark]:
        assert self.directory is not None
        lines = self.directory.history()
        return [line for line in lines if isinstance(line, Mark) and line.what == what]


@dataclass
class Stranger:
    """What a stranger knows of the farm, and a folder for his files."""

    lab: Lab
    folder: Path
    accounts: list[Account]
    made: int = 0
    environment: dict[str, str] = field(default_factory=dict)

    def of(self, version: str, count: int = 2) -> list[Account]:
        return [one for one in self.accounts if one.home == version][:count]

    def scenario(
        self,
        accounts: Sequence[Account],
        *,
        balancer: str = "roundrobin",
        nodes: Mapping[str, str] | None = None,
        secrets: Mapping[str, str] | None = None,
        homes: Mapping[str, str] | None = None,
        target: Mapping[str, Any] | None = None,
        population: Mapping[str, Any] | None = None,
        session: Mapping[str, Any] | None = None,
        limits: Mapping[str, Any] | None = None,
        load: Mapping[str, Any] | None = None,
    ) -> Path:
        """A scenario with a [target]; `secrets` and `homes` by address where they are to be other ones."""
        self.made += 1
        folder = self.folder / f"s{self.made}"
        folder.mkdir()
        write_accounts(folder / "accounts.csv", accounts, homes or {}, secrets or {})
        sections: dict[str, Mapping[str, Any]] = {
            "target": {
                "url": f"https://{HOST}",
                "address": self.lab.addresses.get(balancer, ""),
                "accounts": "accounts.csv",
                "ca": str(self.lab.ca_pem_path),
                "cleartext": True,
                "nodes": dict(nodes or {}),
                **(target or {}),
            },
            "load": {"spawn_rate": 8, "duration": "4s", "control": 0, "unmask": False, **(load or {})},
            "expect": {"min_sessions_per_combination": 1},
            **({"limits": limits} if limits else {}),
        }  # fmt: skip
        ways = {**WAYS, **(session or {})}
        kind = {"mailbox": accounts[0].home, "users": len(accounts), **(population or {})}
        text = ['title = "a farm"', "seed = 7", "[[population]]", *pairs({"session": ways, **kind})]
        for name, values in sections.items():
            text += [f"[{name}]", *(f"{key} = {toml(value)}" for key, value in values.items())]
        path = folder / "mail.toml"
        path.write_text("\n".join(text) + "\n")
        return path

    def exsim(self, *words: str | Path, reports: Path | None = None) -> Told:
        """One verb, by its command line, as a stranger types it."""
        with self.started(*words) as process:
            out, said = process.communicate(timeout=LIMIT)
        found = None
        if reports is not None and (reports / "mail" / "latest.txt").exists():
            found = open_run(str(reports / "mail"))
        return Told(process.returncode, out, said, found)

    @contextmanager
    def started(self, *words: str | Path) -> Iterator[subprocess.Popen[str]]:
        process = subprocess.Popen(
            [sys.executable, "-m", "exsim", *map(str, words)],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True,
            cwd=ROOT, env={**os.environ, **self.environment},
        )  # fmt: skip
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()
            process.wait()
            for pipe in (process.stdout, process.stderr):
                if pipe is not None:
                    pipe.close()

    def run(self, path: Path, *more: str) -> Told:
        """`exsim run`, and the run that it left."""
        reports = path.parent / "reports"
        return self.exsim("run", path, "--reports", reports, "--quiet", *more, reports=reports)

    # What the farm itself knows: for the test alone -------------------------------------------------
    def confessions(self) -> list[Confession]:
        decoder = msgspec.json.Decoder(Confession)
        found: list[Confession] = []
        for node in self.lab.nodes:
            path = self.lab.directory / "nodes" / f"{node}.jsonl"
            found += decoder.decode_lines(path.read_bytes())
        return found

    def bad_passwords(self) -> Counter[str]:
        """How often the directory refused each account's password, so far."""
        return Counter(one for line in self.confessions() for one in line.bad_passwords)


@contextmanager
def stranger(
    folder: Path, *, preset: str = "healthy", count: int = 12, changing: Sequence[int] = (),
    balancers: Sequence[str] = ("roundrobin", "cookie"), nodes: Sequence[tuple[str, str]] = NODES,
) -> Iterator[Stranger]:  # fmt: skip
    """A farm of three nodes behind two balancers.  `changing`: accounts whose password can be changed."""
    section = {
        "balancer": "none",
        "preset": preset,
        "nodes": [{"name": name, "version": version} for name, version in nodes],
    }
    text = 'title = "x"\n[lab]\n' + "\n".join(pairs(section))
    text += f'\n[[population]]\nmailbox = "{nodes[0][1]}"\nusers = 1\nnode = "{nodes[0][0]}"\n'
    read = parse_scenario(text, "made").lab
    assert read is not None
    accounts = lab_accounts(count, read.nodes, Source(7))
    mailboxes = [account.as_mailbox() for account in accounts]
    for index in changing:
        mailboxes[index]["next_password"] = CHANGED
    (folder / "farm").mkdir()
    with Lab(
        folder / "farm", organisation_nodes(read), mailboxes, [plan(name) for name in balancers],
        redact=lambda line: line,
    ) as lab:  # fmt: skip
        yield Stranger(lab, folder, accounts)


def one_line(told: Told) -> str:
    """What an operator is told: one line, and no traceback."""
    assert "Traceback" not in told.said, told.said
    lines = [line for line in told.said.splitlines() if line.startswith("exsim: ")]
    assert len(lines) == 1, told.said
    return lines[0]
