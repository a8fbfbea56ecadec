"""A lab as a stranger meets it: addresses and accounts, written down as any farm's would be."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from exsim.lab.balancers import BalancerPlan
from exsim.lab.lab import Lab
from exsim.runs.accounts import Account
from exsim.runs.assignment import lab_accounts
from exsim.runs.dice import Source
from exsim.runs.organisation import organisation_nodes
from exsim.runs.scenario import parse_scenario
from tests.lab.runs import NODES, pairs

SESSION = {"polls": 8, "think": "250ms", "relogin_after": "500ms", "keep_alive": "2s"}


@dataclass
class Farm:
    """A lab that stands, and what its owner may tell."""

    lab: Lab
    accounts: list[Account]
    folder: Path

    def nodes(self, scheme: str = "https") -> dict[str, str]:
        """Each node's own address."""
        return {
            name: places["https"] if scheme == "https" else f"http://{places['http']}"
            for name, places in self.lab.nodes.items()
        }

    def target(
        self,
        name: str,
        *,
        users: int = 2,
        session: Mapping[str, Any] | None = None,
        load: Mapping[str, Any] | None = None,
        expect: Mapping[str, Any] | None = None,
        accounts: Sequence[Account] | None = None,
        **values: Any,
    ) -> Path:
        """A scenario's file with a [target] of `values`: `users` of each version of mailbox."""
        people = self.accounts if accounts is None else accounts
        home = self.folder / name
        home.mkdir(parents=True)
        rows = [f"{one.address},{one.logon},{one.home},{one.password}" for one in people]
        file = home / "accounts.csv"
        file.write_text("\n".join(["email,logon,home,secret", *rows]) + "\n")
        file.chmod(0o600)
        target = {"url": self.lab.url, "accounts": "accounts.csv", "ca": str(self.lab.ca_pem_path)}
        sections = {
            "target": {**target, **values},
            "limits": {"users": 100, "logons_per_minute": 1000, "requests_per_second": 1000},
            "load": {"spawn_rate": 8, "duration": "6s", "control": 0, **(load or {})},
            "expect": {"min_sessions_per_combination": 1, **(expect or {})},
        }
        text = [f'title = "{name}"', "seed = 7"]
        for version in dict.fromkeys(one.home for one in people):
            kind = {"mailbox": version, "users": users, "session": {**SESSION, **(session or {})}}
            text += ["[[population]]", *pairs(kind)]
        for section, keys in sections.items():
            text += [f"[{section}]", *pairs({k: v for k, v in keys.items() if v is not None})]
        path = home / "farm.toml"
        path.write_text("\n".join(text) + "\n")
        return path


@contextmanager
def farm(
    folder: Path,
    balancers: Sequence[BalancerPlan] = (),
    *,
    preset: str = "authcert_asymmetry",
    accounts: int = 24,
    nodes: Sequence[tuple[str, str]] = NODES,
    **more: Any,
) -> Iterator[Farm]:
    """The incident's nodes behind `balancers`, for as long as the block lasts."""
    section = parse_scenario(described(preset, nodes), "made").lab
    assert section is not None
    people = lab_accounts(accounts, section.nodes, Source(7))
    lab = Lab(
        folder / "lab", organisation_nodes(section), [one.as_mailbox() for one in people], balancers,
        redact=lambda line: line, **more,
    )  # fmt: skip
    (folder / "lab").mkdir(parents=True)
    with lab:
        yield Farm(lab, people, folder)


def described(preset: str, nodes: Sequence[tuple[str, str]]) -> str:
    listed = ", ".join(f'{{name = "{name}", version = "{version}"}}' for name, version in nodes)
    return (
        f'title = "farm"\n[lab]\nbalancer = "x.cfg"\npreset = "{preset}"\nnodes = [{listed}]\n'
        f'[[population]]\nmailbox = "{nodes[0][1]}"\nusers = 1\n'
    )
