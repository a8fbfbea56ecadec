"""One session of a run as a script for bash and curl: it logs on by itself and asks nodes with copies.

What is known of the run is filled in here, each value quoted for the shell: names of nodes come from
servers' answers, and a server may be hostile.  The script's own words are in `curl_script`.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

from exsim.conduct.curl_script import SCRIPT
from exsim.conduct.hop_lines import plain
from exsim.conduct.tale import Tale, tell
from exsim.protocols.owa.headers import USER_AGENT
from exsim.runs.addresses import endpoint
from exsim.runs.directory import RunDirectory
from exsim.runs.errors import RunError
from exsim.runs.runfile import RunFile
from exsim.runs.scenario import Scenario
from exsim.session.attribution import net_bios
from exsim.wire import names

_NO_VARIABLE = re.compile(r"[^A-Z0-9]+")
_PLAIN_ADDRESS = re.compile(r"[\w.:/\[\]-]+\Z", re.ASCII)


@dataclass(frozen=True, slots=True)
class Question:
    """One request of the script: what to ask of whom, and the status that the run makes one expect."""

    method: str
    path: str
    node: str  # "": wherever the logon was
    expected: int
    why: str


def as_curl(directory: RunDirectory, session: str) -> str:
    """A script that asks again what the session called `session` was asked.  Raises RunError."""
    return script(tell(directory, session), directory.read_scenario())


def script(tale: Tale, scenario: Scenario) -> str:
    """The script, ready to be run by bash."""
    session, run = tale.session, tale.run
    asked = questions(tale)
    logon_node = session.login_front_end or ""
    nodes = dict.fromkeys(filter(None, [logon_node, *(one.node for one in asked)]))
    options, why = certificate_options(run, scenario)
    values = {
        "TITLE": _comment(f"Session {session.id} of {session.account or 'a user'}"),
        "SEEN": _comment(_seen(tale)),
        "HOST": shlex.quote(urlsplit(run.url).netloc.removesuffix(":443")),
        "USER": shlex.quote(logon_of(run, session.account)),
        "FLAGS": "4" if session.private else "0",
        "AGENT": shlex.quote(USER_AGENT),
        "BALANCER": _address(f"{urlsplit(run.url).scheme}://{run.address}"),
        "LB_COOKIE": shlex.quote(run.lb_cookie),
        "LOGON_NODE": shlex.quote(logon_node),
        "VARIABLES": "\n".join(_comment_line(_variable(node)) for node in nodes),
        "ADDRESSES": "\n".join(_case(node, run) for node in nodes),
        "CERTIFICATES": f"({options})  # {why}",
        "PLAN": "\n".join(_plan_line(one, logon_node) for one in asked),
        "QUESTIONS": "\n".join(_ask_line(one) for one in asked),
    }
    return re.sub(r"@@(\w+)@@", lambda match: values[match[1]], SCRIPT)


def questions(tale: Tale) -> list[Question]:
    """What is asked, in order.

    Of a lost session: its logon node, then the culprit, then the logon node again.  Of another: each
    front end that it met.  Raises RunError when nobody knows who the culprit was.
    """
    session, incident = tale.session, tale.session.incident
    home = session.login_front_end or ""
    alive = Question("GET", names.OWA, home, 200, "the session is alive")
    if incident is None:
        met = (one.front_end for one in session.meetings if one.front_end != home)
        others = [Question("GET", names.OWA, node, 200, "served there too") for node in met]
        return [alive, *others]
    culprit = incident.front_end
    if culprit is None:
        raise RunError(f"{session.id}: no witness names the node that took it; whom to ask?")
    refused = [
        Question(
            "POST", names.SESSION_DATA, culprit, names.LOGIN_TIMEOUT, "cannot use the cookies"
        ),
        Question("GET", names.OWA, culprit, 302, "to the logon page, with its reason"),
    ]
    if net_bios(culprit) == net_bios(home):
        return refused
    still = Question("GET", names.OWA, home, 200, "still alive: only copies were refused")
    return [alive, *refused, still]


def logon_of(run: RunFile, account: str) -> str:
    """How the account logs on, as the run's accounts file said; its address when that is not known."""
    claims = (claim for claim in run.accounts if claim.get("address") == account)
    return next((claim.get("logon") or account for claim in claims), account)


def certificate_options(run: RunFile, scenario: Scenario) -> tuple[str, str]:
    """curl's options for certificates, and why they are as they are."""
    if run.rig == "lab":
        return "-k", "-k: the organisation was simulated, nobody vouches for its certificates"
    if scenario.target is not None and scenario.target.insecure:
        return "-k", "-k: the run did not check certificates either (insecure = true)"
    if scenario.target is not None and scenario.target.ca != "system":
        return (
            f"--cacert {shlex.quote(scenario.target.ca)}",
            "as in the run, from the same directory",
        )
    return "", "checked against this machine's own authorities"


def _seen(tale: Tale) -> str:
    session, incident = tale.session, tale.session.incident
    where = f"logged on at {session.login_front_end or 'an unknown node'}"
    if incident is None:
        return f"As seen on {tale.run.started}: {where}, and not lost ({session.state})."
    return f"As seen on {incident.utc}: {where}, and thrown out by {incident.front_end}."


def _variable(node: str) -> str:
    """The environment variable that says where a node is."""
    return "EXSIM_NODE_" + _NO_VARIABLE.sub("_", node.upper()).strip("_")


def _case(node: str, run: RunFile) -> str:
    known = {net_bios(name): address for name, address in run.node_addresses.items()}
    address = _address(known.get(net_bios(node), ""))
    return f"    {shlex.quote(node)}) printf '%s' \"${{{_variable(node)}-{address}}}\" ;;"


def _address(text: str) -> str:
    """An address that may stand in the script as it is, or ""."""
    try:
        endpoint(text)
    except ValueError:
        return ""
    return text if _PLAIN_ADDRESS.match(text) else ""


def _plan_line(asked: Question, logon_node: str) -> str:
    node = asked.node or logon_node or "the logon node"
    said = f"  {asked.method:<4} {asked.path:<24} {node:<16} {asked.expected}, {asked.why}"
    return _comment_line(said)


def _ask_line(asked: Question) -> str:
    node = shlex.quote(asked.node) if asked.node else '"$logon_node"'
    return f"ask {asked.method} {asked.path} {node} {asked.expected}"


def _comment_line(text: str) -> str:
    return f"# {_comment(text)}"


def _comment(text: str) -> str:
    """Text that stays within the line of its comment."""
    return plain(text)


def variables(nodes: Iterable[str]) -> dict[str, str]:
    """Node -> the environment variable by which the script is told where it is."""
    return {node: _variable(node) for node in nodes}
