"""The incident symptom by symptom: what to run for each observation, with its cause and without it.

The scenarios stand in `scenarios/incident`; what is to be seen in their runs is in `observations`.
Observations whose scenarios differ in words alone share one run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from exsim.conduct import observations, other_protocols
from exsim.conduct.observations import Question
from exsim.conduct.shipped import scenarios
from exsim.runs.scenario import Scenario, load_scenario

FOLDER = "incident"
RECORD = "seen.json"  # of the last run of all that was kept
CLOSING = "closing.cfg"
ROUND_ROBIN, COOKIE = "../haproxy/roundrobin.cfg", "../haproxy/cookie.cfg"
Change = Callable[[Scenario], Scenario]


def preset(*names: str) -> Change:
    """The same scenario with other presets."""

    def changed(scenario: Scenario) -> Scenario:
        assert scenario.lab is not None
        lab = msgspec.structs.replace(scenario.lab, preset=names)
        return msgspec.structs.replace(scenario, lab=lab)

    return changed


def balancer(file: str, persistence: str) -> Change:
    """The same scenario behind another balancer; a run without control sessions of its own."""

    def changed(scenario: Scenario) -> Scenario:
        assert scenario.lab is not None
        return msgspec.structs.replace(
            scenario,
            lab=msgspec.structs.replace(scenario.lab, balancer=file),
            expect=msgspec.structs.replace(scenario.expect, persistence=persistence),
        )

    return changed


def all_active(scenario: Scenario) -> Scenario:
    """The same scenario, and no node has a component switched off."""
    assert scenario.lab is not None
    nodes = tuple(
        msgspec.structs.replace(
            node, front_end=msgspec.structs.replace(node.front_end, inactive=msgspec.UNSET)
        )
        for node in scenario.lab.nodes
    )
    lab = msgspec.structs.replace(scenario.lab, nodes=nodes)
    return msgspec.structs.replace(scenario, lab=lab)


def unmonitored(scenario: Scenario) -> Scenario:
    """The same scenario, and no node's own monitoring asks anything."""
    assert scenario.lab is not None
    nodes = tuple(
        msgspec.structs.replace(
            node, front_end=msgspec.structs.replace(node.front_end, monitoring=msgspec.UNSET)
        )
        for node in scenario.lab.nodes
    )
    lab = msgspec.structs.replace(scenario.lab, nodes=nodes)
    return msgspec.structs.replace(scenario, lab=lab)


def early_answers(scenario: Scenario) -> Scenario:
    """The same scenario, and a page that is left sends nothing more."""
    populations = tuple(
        msgspec.structs.replace(
            one, session=msgspec.structs.replace(one.session, late_answers=False)
        )
        for one in scenario.population
    )
    return msgspec.structs.replace(scenario, population=populations)


@dataclass(frozen=True, slots=True)
class Observation:
    """`number` as the incident's account has it.  `must`: what has to be seen, in words.

    `without`: the scenario without the cause, and `instead` the words for that.
    """

    number: int
    question: Question
    must: str
    without: Change
    instead: str

    @property
    def name(self) -> str:
        return f"O{self.number}"

    @property
    def path(self) -> Path:
        return scenarios() / FOLDER / f"o{self.number:02d}.toml"

    def scenario(self) -> Scenario:
        """Its scenario.  Raises ScenarioError."""
        return load_scenario(self.path)


HEALTHY = (preset("healthy"), "a healthy organisation")
SAME_CAUSE = (preset("authcert_asymmetry"), "without the second preset")

OBSERVATIONS: tuple[Observation, ...] = tuple(
    Observation(number, question, must, *without)
    for number, question, must, without in (
        (1, observations.old_mailbox,
         "begun at 2016, mailbox on 2013: lost at the 2013 node within 5 s, after answers", HEALTHY),
        (2, observations.new_mailbox,
         "begun at 2016, mailbox on 2016: lost at the 2013 node within 5 s, after answers", HEALTHY),
        (3, observations.at_will,
         "every session of 2016 that the 2013 node serves is lost, and no other", HEALTHY),
        (4, observations.hangs, "starts without an answer, fewer than losses", SAME_CAUSE),
        (5, observations.flash, "the first GET after the logon redirected, reason 0, within 1 s", HEALTHY),
        (6, observations.old_stands,
         "sessions begun at 2013 change node and stand; those of 2016 do not", HEALTHY),
        (7, observations.direct,
         "control sessions at each node by itself stand; through the balancer some are lost", HEALTHY),
        (8, observations.spread,
         "page loads served by both 2016 nodes, and page loads served by 2013 too",
         (balancer(COOKIE, "held"), "cookie persistence")),
        (9, observations.from_each,
         "a 440 by each node in one attempt, first by 2013, on `service.svc`; then the redirect", HEALTHY),
        (10, observations.green, "no health check fails while sessions are lost", HEALTHY),
        (11, observations.addresses_alone,
         "other addresses at all nodes; lost at 2013 and nowhere else, as before", HEALTHY),
        (12, observations.kept, "no session changes node, none is lost",
         (balancer(ROUND_ROBIN, "none"), "round robin")),
        (13, observations.once,
         "first logon after a change of version ended by a 412, the next one holds", SAME_CAUSE),
        (14, observations.late,
         "lost by a late answer to the page before, within 10 s of its log-off",
         (early_answers, "no request while the page is left")),
        (15, other_protocols.balanced,
         "EWS and Outlook Anywhere served by all three nodes, nobody lost",
         (balancer(CLOSING, "none"), "`option http-server-close`")),
        (16, other_protocols.only_new,
         "ActiveSync served by both 2016 nodes and by no other, nobody lost",
         (all_active, "its component active at 2013")),
        (17, other_protocols.noise,
         "every node's own record has failed PowerShell requests; nothing counts them, and losses come beside them less than twice as often as by chance",
         (unmonitored, "no monitoring")),
    )
)  # fmt: skip


@dataclass(frozen=True)
class Errand:
    """One run that answers for one observation or several.

    `path` is where its scenario stands, or would: the run is called after it.  `wanted`: each
    observation, and whether its cause is there.
    """

    path: Path
    scenario: Scenario
    wanted: list[tuple[Observation, bool]]


def errands(chosen: Sequence[Observation] = OBSERVATIONS) -> list[Errand]:
    """Every run that `chosen` need, each once, those with a cause first.  Raises ScenarioError."""
    found: dict[bytes, Errand] = {}
    for present in (True, False):
        for observation, path, scenario in _variants(chosen, present):
            errand = found.setdefault(alike(scenario), Errand(path, scenario, []))
            errand.wanted.append((observation, present))
    return list(found.values())


def _variants(
    chosen: Sequence[Observation], present: bool
) -> Iterator[tuple[Observation, Path, Scenario]]:
    for one in chosen:
        scenario, path = one.scenario(), one.path
        if present:
            yield one, path, scenario
        else:
            yield one, path.with_stem(f"{path.stem}-without"), one.without(scenario)


def alike(scenario: Scenario) -> bytes:
    """The same for scenarios that differ in words alone."""
    return msgspec.json.encode(msgspec.structs.replace(scenario, title="", assumed=""))


def recorded() -> dict[str, tuple[str, str]]:
    """Name -> what was seen with the cause and without it, in the last run of all that was kept."""
    return msgspec.json.decode(
        (scenarios() / FOLDER / RECORD).read_bytes(), type=dict[str, tuple[str, str]]
    )


def record(seen: dict[str, tuple[str, str]]) -> Path:
    """Keep what was seen beside the scenarios, for the table.  Raises OSError."""
    path = scenarios() / FOLDER / RECORD
    path.write_bytes(msgspec.json.format(msgspec.json.encode(seen), indent=1) + b"\n")
    return path


def table() -> str:
    """The observations as a table of Markdown: the scenarios, the registry, and what was seen."""
    rows = [
        "| | he saw | what is run | what must be seen | what was seen | without the cause |",
        "|---|---|---|---|---|---|",
    ]
    seen = recorded()
    rows += [
        f"| {one.name} | {scenario.title} | {_run_in_words(one, scenario)} | {one.must} "
        f"| {seen[one.name][0]} | {one.instead}: {seen[one.name][1]} |"
        for one, scenario in ((one, one.scenario()) for one in OBSERVATIONS)
    ]
    rows += ["", "What of these mechanisms is inferred, and not documented:", ""]
    by_words: dict[str, list[str]] = {}
    for one in OBSERVATIONS:
        if words := one.scenario().assumed:
            by_words.setdefault(words, []).append(one.name)
    rows += [f"- {', '.join(those)}: {words}" for words, those in by_words.items()]
    return "\n".join(rows) + "\n"


def _run_in_words(observation: Observation, scenario: Scenario) -> str:
    assert scenario.lab is not None
    file = Path(scenario.lab.balancer).name
    link = f"[{observation.path.stem}.toml](scenarios/{FOLDER}/{observation.path.name})"
    presets = ", ".join(f"`{name}`" for name in scenario.lab.presets)
    return f"{link}: {presets} behind `{file}`"
