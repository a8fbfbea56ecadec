"""Random trials: an organisation with one thing wrong, behind a random balancer, with random users."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

from exsim.judgement.diagnosis import diagnose_run
from exsim.judgement.evidence import Diagnosis
from exsim.judgement.facts import Node, RunFacts
from exsim.runs.dice import Source
from exsim.runs.presets import PRESETS
from tests.rig.balancers import (
    ByCookie,
    ByCookieButLast,
    BySource,
    Moving,
    PerConnection,
    PerRequest,
)
from tests.rig.slice import Slice, farm, run
from tests.slice.truth import differences

BALANCERS: tuple[type[PerRequest], ...] = (PerRequest, PerConnection, ByCookie, BySource, Moving)
NONE = "healthy"
# A late answer only wipes what its node refuses, so something else must be wrong as well.
BESIDE = {"late_wipe": ("authcert_asymmetry",)}
# What a client must do for a preset to show at all; most trials do it.
SHOWS: dict[str, dict[str, Any]] = {
    "late_wipe": {"late_answers": True, "relogin_after": 2.0},
    "build_skew": {"boot_page_kept": True},
}
IDLE = {"private": False, "user_activity": False, "polls": 40, "think": 5.0, "logons": 1}
BY_EXPIRY = ("short_public_ttl", "clock_skew")  # the detector judges expiry, no node confesses it


@dataclass(frozen=True)
class Setting:
    """What was drawn for one trial."""

    preset: str
    node: str
    nodes: tuple[dict[str, str], ...]
    homes: tuple[str, ...]
    balancer: type[PerRequest]
    users: int
    session: dict[str, Any]
    seed: int
    beside: tuple[str, ...] = ()  # further presets, without which the first shows in nothing

    @property
    def presets(self) -> list[str]:
        return [f"{self.preset}@{self.node}", *self.beside]


@dataclass
class Outcome:
    """What came of one trial.  `differences`: hops whose class is not what the node confessed."""

    setting: Setting
    sessions: int
    lost: int
    seen: bool
    diagnosis: list[Diagnosis] = field(default_factory=list)
    differences: list[str] = field(default_factory=list)

    @property
    def named(self) -> str:
        """The first cause, or "" when none is named."""
        return self.diagnosis[0].rule if self.diagnosis else ""

    @property
    def verdict(self) -> str:
        """exact, class (it is one of those that cannot be told apart), not_known, nothing, wrong."""
        if not self.diagnosis:
            return "nothing"
        true = {self.setting.preset, *self.setting.beside}
        if self.named in true:
            return "exact"
        if self.named == "not_known":
            return "not_known"
        return "class" if true & set(self.diagnosis[0].alike) else "wrong"


def draw(dice: Random, presets: Sequence[str] = tuple(PRESETS)) -> Setting:
    """One random setting."""
    preset = dice.choice(presets)
    wanted = PRESETS[preset]
    beside = BESIDE.get(preset, ())
    needs = [able for name in (preset, *beside) for able in PRESETS[name].needs]
    versions = [dice.choice(able) for able in needs]
    usual = ("2010",) if preset == "e14_no_affinity" else ("2013", "2016", "2019")
    size = dice.randint(max(2, wanted.least, len(versions)), 4)
    versions += [dice.choice(usual) for _ in range(size - len(versions))]
    if (
        "2013" in versions
    ):  # no organisation has both (COEX): what passes on what would be the finding
        versions = ["2019" if version == "se" else version for version in versions]
    dice.shuffle(versions)
    nodes = tuple({"name": f"EXCH{v}-{i}".upper(), "version": v} for i, v in enumerate(versions, 1))
    able = [
        node["name"]
        for node in nodes
        if not wanted.needs or any(node["version"] in versions for versions in wanted.needs)
    ]
    homes = dice.sample([node["name"] for node in nodes], dice.randint(1, size))
    return Setting(
        preset=preset,
        node=dice.choice(able),
        nodes=nodes,
        homes=tuple(homes),
        balancer=ByCookieButLast if beside and dice.random() < 0.5 else dice.choice(BALANCERS),
        users=dice.randint(3, 9),
        session=_session(preset, dice),
        seed=dice.randrange(10**6),
        beside=beside,
    )


def _session(preset: str, dice: Random) -> dict[str, Any]:
    if dice.random() < (0.8 if preset in BY_EXPIRY else 0.0 if preset in SHOWS else 0.3):
        return dict(IDLE)
    values = {"polls": dice.randint(3, 10), "think": 2.0, "logons": dice.randint(1, 3)}
    return values | (SHOWS.get(preset, {}) if dice.random() < 0.8 else {})


def play(setting: Setting) -> tuple[Slice, RunFacts]:
    """Run one setting in memory."""
    organisation, accounts = farm(
        setting.nodes, setting.presets, setting.users, setting.homes, setting.seed
    )
    session = dict(setting.session)
    if session.get("boot_page_kept"):  # one browser, mailboxes of several homes in turn
        half = len(accounts) // 2
        session["change_mailbox"] = tuple(accounts[half:])
        accounts = accounts[:half]
    result = run(organisation, accounts, setting.balancer, session, seed=setting.seed, spawn=0.3)
    facts = RunFacts(nodes=tuple(Node(node["name"], node["version"]) for node in setting.nodes))
    return result, facts


def trial(setting: Setting) -> Outcome:
    """Run one setting and diagnose it from what the clients saw."""
    result, facts = play(setting)
    return Outcome(
        setting,
        sessions=len(result.findings.sessions),
        lost=len(result.lost),
        seen=bool(result.lost or result.findings.findings),
        diagnosis=diagnose_run(result.findings, facts),
        differences=differences(result),
    )


def dice_of(seed: int) -> Random:
    """The dice of a whole series."""
    return Source(seed).dice("diagnosis")
