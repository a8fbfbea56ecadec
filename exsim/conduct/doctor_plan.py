"""What a visit would send, to whom, and the paragraph for a change ticket.  Sends nothing.

Counts are the most that a visit sends when every node answers; what is refused on the way only saves.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from exsim.conduct import screen
from exsim.conduct.doctor_patient import BALANCER, Asked, chosen, read, through_of
from exsim.conduct.doctor_ways import LEAST_LOOKS, MOST_LOOKS
from exsim.conduct.hop_lines import paragraph
from exsim.conduct.survey import most_requests
from exsim.judgement.words import listed
from exsim.protocols.owa.fingerprint import ANONYMOUS_REQUESTS
from exsim.protocols.owa.way import TRIES_PER_NODE
from exsim.runs.accounts import read_accounts
from exsim.runs.addresses import expanded
from exsim.runs.scenario import Scenario

PAGES = 4  # requests of one logon: the start page, the logon page in two steps, the form
USER_AGENT_WORDS = "the User-Agent of a current Chromium on Windows"
SIMULATED = "simulated accounts"


@dataclass(frozen=True, slots=True)
class Counts:
    """Of one visit to `nodes` nodes: requests in all, logons, and times that a password is sent or shown.

    `public`: what is added where clocks differ by a minute or more.
    """

    nodes: int
    requests: int
    logons: int
    attempts: int
    public_requests: int
    public_attempts: int


def counted(nodes: int, through: str, before: int = 0) -> Counts:
    """The counts for `nodes` nodes, asked at their own addresses or through the balancer.

    `before`: requests that find out what the balancer keeps.
    """
    copies, public_copies, looks = 2 * nodes * nodes, nodes * nodes, 0
    if through == BALANCER:
        # One that spreads the requests of a connection shows a copy once more to the node that issued it;
        # connections are opened until no new node turns up, and for each meeting as a round robin needs.
        copies, public_copies = copies + 2 * nodes, public_copies + nodes
        looks = nodes + max(LEAST_LOOKS, 2 * nodes) + 2 * nodes * nodes
    pages = nodes * PAGES
    print_ = 1 if through == BALANCER else 1 + ANONYMOUS_REQUESTS
    return Counts(
        nodes=nodes,
        requests=before + looks + nodes * print_ + pages + copies,
        logons=nodes,
        attempts=nodes + copies,
        public_requests=looks + pages + public_copies,
        public_attempts=nodes + public_copies,
    )


def surveyed(scenario: Scenario, through: str) -> int:
    """Requests at most that ask a balancer that is not ours what it keeps."""
    if through != BALANCER or scenario.rig != "target":
        return 0
    return most_requests(expanded(scenario.load.source_addresses))


def plan(asked: Asked) -> str:
    """The plan as text.  Raises OperatorError."""
    return "\n".join(screen.fitted(line, 12) for line in _lines(asked)) + "\n"


def _lines(asked: Asked) -> Iterator[str]:
    path, scenario = read(asked)
    through = through_of(asked, scenario)
    nodes = scenario.node_names
    counts = counted(len(nodes) or 3, through, surveyed(scenario, through))
    people = accounts_of(asked, scenario, path.parent / _accounts_file(scenario))
    yield from _to_whom(scenario, through)
    yield ""
    few = "" if nodes else " (for three nodes; how many there are is found out)"
    yield f" Requests   about {counts.requests} in all{few}, one after the other; no load"
    yield f" Logons     {counts.logons}, each once, with these accounts:"
    yield from (f"              {who}" for who in people)
    yield (
        f" Attempts   at most {counts.attempts} times a password is sent or shown (a copied cookie holds it); "
        f"never more than {asked.budget} for one account"
    )
    yield (
        f" If clocks differ by a minute or more: {counts.public_requests} requests and "
        f"{counts.public_attempts} attempts more"
    )
    yield " Writes     nothing: no mail, no item, no setting"
    yield " Stops      at the first refused password; no account is tried twice after a refusal"
    if through == BALANCER:
        yield paragraph(
            [
                "A balancer that spreads otherwise than in turn needs more: at most "
                f"{MOST_LOOKS} connections to find the nodes, and {TRIES_PER_NODE} tries for each."
            ]
        )
    yield ""
    yield " For the change ticket:"
    yield paragraph(_ticket(scenario, counts, people, through), "   ")


def _accounts_file(scenario: Scenario) -> str:
    return scenario.target.accounts if scenario.target is not None else ""


def accounts_of(asked: Asked, scenario: Scenario, file: Path) -> list[str]:
    """Who would log on; nobody is asked for a password."""
    if scenario.target is None:
        count = max(asked.accounts, len(scenario.node_names))
        return [f"{count} {SIMULATED}, made for the visit"]
    everybody = read_accounts(file, secrets=False)
    return [one.logon for one in chosen(everybody, asked.accounts)]


def _to_whom(scenario: Scenario, through: str) -> Iterator[str]:
    target = scenario.target
    if target is None:
        assert scenario.lab is not None
        presets = ", ".join(scenario.lab.presets)
        yield f" To         a lab on this machine (presets {presets}), nobody else:"
        yield f"            {listed([node.name for node in scenario.lab.nodes])}"
    else:
        yield f" To         {target.url}" + (f" at {target.address}" if target.address else "")
    if through == BALANCER:
        yield "            through the balancer alone"
    elif target is not None:
        yield from (
            f"            {name:<15} by itself at {at}" for name, at in target.nodes.items()
        )


def _ticket(scenario: Scenario, counts: Counts, people: list[str], through: str) -> Iterator[str]:
    target = scenario.target
    if target is None:
        yield "None is needed: everything listens on this machine's own loopback address."
        return
    host = urlsplit(target.url).hostname
    where = (
        "through the load balancer"
        if through == BALANCER
        else f"at {listed(list(target.nodes))}, each at its own address"
    )
    yield (
        f"A read-only check of Outlook on the web at {host}, {where}, run by hand from one machine. It "
        f"sends about {counts.requests} HTTPS requests within a minute and logs on {counts.logons} times "
        f"with the test accounts {listed(people)}. Copies of their logon cookies are shown to each "
        f"server to see which servers accept them; a server may log such a showing as a logon, "
        f"{counts.attempts} in all, and those that are refused as requests without a session (440, or a "
        "redirect to logon.aspx). No wrong password is ever sent on purpose; the first refusal ends the "
        "check. Nothing is written to any mailbox or server."
    )
    yield f"In the logs: {USER_AGENT_WORDS}, and a client-request-id with every request."
