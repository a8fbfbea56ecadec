"""One OWA session at a target, told hop by hop as it happens, and one sentence on how it went.

One logon, a second one before a copy of a lost session's cookies is shown, and never one after a refusal.  Nothing is written, neither into the mailbox nor here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from exsim.conduct.environment import EnvironmentProblem
from exsim.conduct.hop_lines import fitted, heading, hop_line, paragraph
from exsim.conduct.not_ours import not_ours
from exsim.conduct.probe_client import ProbeClient
from exsim.conduct.probe_place import standing
from exsim.conduct.probe_target import Asked, Place
from exsim.judgement.proof import REASONS
from exsim.judgement.words import counted_noun, listed
from exsim.protocols import PROTOCOLS
from exsim.protocols.agent import Account, Agent
from exsim.protocols.checked import ACCEPTED, Checked
from exsim.protocols.owa.proof import prove
from exsim.protocols.owa.way import Farm
from exsim.runs.exits import Exit
from exsim.session.machine import State
from exsim.session.records import Finding, Incident, Session
from exsim.session.signs import reason_of

Print = Callable[[str], None]
PATIENCE = 60.0  # seconds beyond what the polls take
PROOF_LIMIT = 30.0
ALIVE = 200
SERVER_ERRORS = 500


@dataclass(frozen=True, slots=True)
class Login:
    """Who logs on.  `mailbox`: his address, where it is not what is typed to log on."""

    logon: str
    password: str = field(repr=False)
    mailbox: str = ""

    @property
    def address(self) -> str:
        return self.mailbox or (self.logon if "@" in self.logon else "")


@dataclass(frozen=True, slots=True)
class Stay:
    """How long the session lasts: `polls`, about `think` seconds apart."""

    polls: int = 10
    think: float = 1.0
    private: bool = True


def probe(asked: Asked, login: Login, stay: Stay, out: Print) -> Exit:
    """Probe a target.  Raises OperatorError and EnvironmentProblem, each one line."""
    with standing(asked) as place:
        return _probe(place, bool(asked.nodes), login, stay, out)


def _probe(place: Place, nodes: bool, login: Login, stay: Stay, out: Print) -> Exit:
    where = place.about or place.address
    out(paragraph([f"{place.host} at {where}, over HTTP/1.1; environment proxies are not used"]))
    columns = fitted(step=14, request=30, node=15, connection=4)
    out(heading(columns))
    client = ProbeClient(place, lambda told: out(hop_line(told, 0.0, columns)), login.address)
    try:
        over = session(client, login, stay)
        if client.incident is not None and nodes:
            proof(client, login, client.incident, place)
    finally:
        client.close()
    said, code = outcome(client, over)
    out("")
    out(paragraph([said, *(_also(client) if code != Exit.ENVIRONMENT else ())]))
    return code


def account_of(login: Login) -> Account:
    """Who logs on, as flows know him."""
    return Account(login.address or login.logon, login.logon, login.password)


def session(client: ProbeClient, login: Login, stay: Stay) -> bool:
    """One logon and what follows; whether it ended by itself in time."""
    account = account_of(login)
    protocol = PROTOCOLS["owa"]
    settings = protocol.settings(
        polls=stay.polls, think=stay.think, private=stay.private, connections=protocol.connections,
        logons=1, logon_retries=0, relogin_after=None,
    )  # fmt: skip
    agent = Agent(client.place.host, client.source.dice("probe"), account)
    client.client.mark("user", {"account": account.address, "private": stay.private})
    over, _ = client.run(
        protocol.flow(agent, account, settings), PATIENCE + 2 * stay.polls * stay.think
    )
    return over


def proof(client: ProbeClient, who: Login, incident: Incident, place: Place) -> None:
    """Show a copy of what the culprit was shown to the logon node, and to the culprit.

    Cookies hold the password, so that the account is logged on once more before: a session may be lost because its
    password is no longer good, and then no copy is shown to anybody.
    """
    cookies = client.shown.get(incident.seq)
    login, culprit = incident.login_front_end, incident.front_end
    if cookies is None or login is None or culprit is None:
        return
    account = account_of(who)
    again = Agent(client.place.host, client.source.dice("again"), account)
    again.number = 1
    _, checked = client.run(PROTOCOLS["owa"].check(again, account), PATIENCE)
    if not isinstance(checked, Checked) or checked.status != ACCEPTED:
        return
    origins = {name.upper(): name for name in place.targets if name is not None}
    wanted = [node for node in (login, culprit) if node in origins]
    if wanted:
        farm = Farm(tuple(dict.fromkeys((login, culprit))), tuple(wanted))
        client.place.targets.update({node: place.targets[origins[node]] for node in wanted})
        client.run(prove(cookies, account.address, 1, login, culprit, farm), PROOF_LIMIT)


def outcome(client: ProbeClient, over: bool) -> tuple[str, Exit]:
    """The sentence, and the exit code.  Raises EnvironmentProblem when no test took place."""
    findings = client.detector.finish()
    found = next((one for one in findings.sessions if not one.control), None)
    if found is None:
        return _no_session(client)
    if findings.wrong_mailbox:
        return _stranger(findings.wrong_mailbox[0]), Exit.FAIL
    if client.incident is not None:
        return _thrown_out(client, client.incident), Exit.FAIL
    if found.state == State.EXPIRED:
        return f"It expired by its own clock, {_served(client, found)}.", Exit.PASS
    hung = "" if over else " It had not ended when the time was over."
    return f"Served throughout: {_served(client, found)}.{hung}", Exit.PASS


def _served(client: ProbeClient, found: Session) -> str:
    nodes = listed([meeting.front_end for meeting in found.meetings]) or "an unknown node"
    return (
        f"logged on at {found.login_front_end or 'an unknown node'}, "
        f"{counted_noun(found.requests, 'request')} answered by {nodes} over "
        f"{counted_noun(found.connections, 'connection')}"
    )


def _thrown_out(client: ProbeClient, incident: Incident) -> str:
    node = incident.front_end or "an unknown node"
    did = "deleted its cookies" if incident.took_cookies else "left its cookies where they are"
    said = [
        f"Thrown out by {node}, {incident.age:.2f} s after logging on at "
        f"{incident.login_front_end or 'an unknown node'}: it refused {incident.request} and {did}."
    ]
    if incident.reason in REASONS:
        what, excluded = REASONS[incident.reason]
        said.append(f"It {what} (reason={incident.reason}: {excluded}).")
    alive = [hop for hop in client.hops if hop.step == "proof" and hop.status == ALIVE]
    if alive:
        said.append(f"{client.front_end(alive[0])} served a copy of the same cookies right after.")
    return " ".join(said)


def _stranger(finding: Finding) -> str:
    return (
        f"An answer came from another person's mailbox ({finding.front_end or 'unknown node'}, "
        f"step {finding.step}). Nothing of it was kept."
    )


def _no_session(client: ProbeClient) -> tuple[str, Exit]:
    unreachable = client.unreachable()
    if unreachable is not None:
        raise unreachable
    asked = partial(_of_step, client)
    if client.marked("logon"):
        node, status, reason = asked("logon")
        said = f"The logon was not accepted: {node} answered {status}{reason}."
        return f"{said} No session began, and no second logon was tried.", Exit.ENVIRONMENT
    last = client.hops[-1]
    if last.status is None or last.status >= SERVER_ERRORS:
        what = last.status or last.error or last.ended
        raise EnvironmentProblem(
            f"{client.place.host}: {last.method} {last.path}: {what} {last.reason}".rstrip()
        )
    elsewhere = [str(mark.facts.get("location")) for mark in client.marked("other_host")]
    return not_ours(client.place.host, client.hops, elsewhere), Exit.ENVIRONMENT


def _of_step(client: ProbeClient, step: str) -> tuple[str, str, str]:
    """Who answered the last hop of a step, with which status, and the reason of its redirect."""
    hop = next((hop for hop in reversed(client.hops) if hop.step == step), client.hops[-1])
    reason = reason_of(hop)
    status = str(hop.status) if hop.status is not None else f"nothing ({hop.error or hop.ended})"
    return client.front_end(hop) or "somebody", status, f" (reason={reason})" if reason else ""


def _also(client: ProbeClient) -> list[str]:
    """What was wrong and lost no session."""
    found = client.detector.finish().findings
    kinds = dict.fromkeys(f"{one.kind} {one.detail}".strip() for one in found)
    return [f"Also seen: {', '.join(kinds)}."] if kinds else []
