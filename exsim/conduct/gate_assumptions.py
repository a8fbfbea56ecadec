"""What a configuration is tried under: presets of the organisation, and what befalls it while users work.

A configuration says little under one assumption: where nothing is wrong any passes, and where one node cannot
read the others' cookies any without persistence fails.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from exsim.judgement.gate.document import Assumption
from exsim.lab.balancers import LabBalancer
from exsim.lab.lab import Lab
from exsim.runs.organisation import PresetProblem, choices
from exsim.runs.presets import PRESETS
from exsim.runs.sections import Lab as LabSection

# The first of these that a farm's nodes can show: keys that one node does not have.
CANNOT_READ = (("authcert_asymmetry",), ("cert_split",), ("e14_no_affinity",))

AS_SET = "The nodes as the scenario sets them, or as they were measured."

# When something befalls the lab, in shares of the load's duration.
FIRST, LATER = 0.15, 0.4


@dataclass(frozen=True, slots=True)
class Act:
    """Something done to a lab: when, in shares of the duration; the mark it leaves; the doing itself.

    `at_each`: at each balancer of the lab, and not once for all.
    """

    at: float
    mark: str
    do: Callable[[Lab, LabBalancer, str], None]
    at_each: bool = True


@dataclass(frozen=True, slots=True)
class Supposed:
    """An assumption: what stands in the document, and what is done meanwhile.

    `longer`: times the duration, for what a balancer's health checks must notice first.  `leaves`: the node
    that takes nobody any more, so that who was there must move.
    """

    assumption: Assumption
    acts: tuple[Act, ...] = ()
    longer: float = 1.0
    leaves: str = ""


def _state(state: str) -> Callable[[Lab, LabBalancer, str], None]:
    def do(lab: Lab, balancer: LabBalancer, node: str) -> None:
        for lb_server in servers_of(balancer.servers, node):
            balancer.runtime.set_state(lb_server, state)

    return do


def _kill(lab: Lab, balancer: LabBalancer, node: str) -> None:
    lab.kill(node)


def _reload(lab: Lab, balancer: LabBalancer, node: str) -> None:
    balancer.reload()


def servers_of(servers: Mapping[str, str], node: str) -> list[str]:
    """The balancer's names of a node."""
    return [lb_server for lb_server, its in servers.items() if its == node]


BEFALLS: tuple[tuple[str, str, tuple[Act, ...], float, bool], ...] = (
    (
        "drained",
        "{node} is drained at the balancer, and then taken out for maintenance.",
        (Act(FIRST, "drain", _state("drain")), Act(LATER, "maintenance", _state("maint"))),
        1.5,
        True,
    ),
    ("killed", "{node} dies.", (Act(FIRST, "kill", _kill, at_each=False),), 2.0, True),
    ("reload", "The balancer is reloaded with the same file.", (Act(FIRST, "reload", _reload),), 1.0, False),
)  # fmt: skip


def assumptions(lab: LabSection) -> tuple[list[Supposed], list[str]]:
    """The assumptions that these nodes can show, and a sentence for each that they cannot.

    What befalls a node befalls the scenario's own organisation, with whatever is wrong with it.
    """
    found, left_out = [], []
    if not lab.plain:
        found.append(Supposed(Assumption("as it is set", list(lab.presets), AS_SET)))
    for name, tried in (
        ("healthy", (("healthy",),)),
        ("one node cannot read", CANNOT_READ),
        ("half patched", (("hmac_skew",),)),
    ):
        presets = next((one for one in tried if fits(one, lab)), None)
        if presets is None:
            left_out.append(f"{name}: these nodes cannot show it.")
        else:
            found.append(Supposed(Assumption(name, list(presets), _wrong(presets), own=False)))
    own, first = list(lab.presets), lab.nodes[0].name
    wrong = _own(lab)
    for name, sentence, acts, longer, leaves in BEFALLS:
        words = sentence.format(node=first) + wrong
        it = Supposed(Assumption(name, own, words), acts, longer, first if leaves else "")
        found.append(it)
    return found, left_out


def _own(lab: LabSection) -> str:
    """What is wrong with the scenario's own nodes already, where something is."""
    wrong = [name for name in lab.presets if name != "healthy"]
    wrong += [] if lab.plain else ["as it sets them"]
    return f" The nodes are the scenario's own ({', '.join(wrong)})." if wrong else ""


def fits(presets: tuple[str, ...], lab: LabSection) -> bool:
    """Whether the lab's nodes can show these presets."""
    try:
        choices(presets, lab.nodes)
    except PresetProblem:
        return False
    return True


def _wrong(presets: tuple[str, ...]) -> str:
    return " ".join(PRESETS[name.partition("@")[0]].sentence for name in presets)
