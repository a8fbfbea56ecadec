"""The doctor's visit from the command line's words to a diagnosis.  No load, no file, no mail."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime

import msgspec

from exsim import __version__
from exsim.conduct.doctor_chart import Budget
from exsim.conduct.doctor_patient import NODES, Asked, Patient, patient_for, place_of
from exsim.conduct.doctor_visit import Visit
from exsim.conduct.doctor_ways import Addresses, Balancer, Ways
from exsim.conduct.environment import EnvironmentProblem
from exsim.conduct.not_ours import not_ours
from exsim.conduct.probe_client import ProbeClient
from exsim.conduct.probe_target import Place
from exsim.conduct.survey import survey_of
from exsim.drive.certificates import certificate_at
from exsim.judgement.diagnosis import diagnose
from exsim.judgement.evidence import Diagnosis, DoctorFacts
from exsim.judgement.keeping import sentence
from exsim.judgement.words import counted_noun
from exsim.protocols.agent import Account as Login
from exsim.protocols.agent import Agent
from exsim.protocols.owa.way import Farm
from exsim.runs.addresses import expanded

LIMIT = 240.0  # seconds for a whole visit; with two nodes that do not answer it takes half of it
SERVER_ERRORS = 500
MUST_HAVE = "sha1"  # what a certificate's description holds, when there is one


@dataclass(frozen=True, slots=True)
class Examined:
    """A visit that took place."""

    name: str
    presets: tuple[str, ...]
    facts: DoctorFacts
    diagnoses: list[Diagnosis]
    logons: int
    host: str = ""
    when: str = ""  # UTC, ISO 8601


def examine(asked: Asked) -> Examined:
    """Visit, and say what it is.  Raises OperatorError, and EnvironmentProblem when nothing can be said."""
    with patient_for(asked) as patient:
        patient, kept = looked_at(patient)
        place = place_of(patient)
        limits = patient.scenario.limits
        client = ProbeClient(place, lambda told: None, attempts=asked.budget, limits=limits)
        try:
            visit = visit_of(patient, client, asked.budget)
            if kept:
                visit.note(kept)
            over, _ = client.run(visit.flow(), LIMIT)
        finally:
            client.close()
        _possible(patient, client, visit)
        if not over:
            visit.note(f"The visit was ended after {LIMIT:.0f} s; what is missing was not asked.")
        for mark in client.marked("tls"):
            visit.note(f"{mark.facts.get('address')}: {mark.facts.get('error')}.")
        facts = visit.facts()
        if patient.through == NODES:
            _certificates(place, facts)
    logons = len(client.marked("logon"))
    host = patient.host.partition(":")[0]
    when = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
    return Examined(patient.name, patient.simulated, facts, diagnose(facts), logons, host, when)


def looked_at(patient: Patient) -> tuple[Patient, str]:
    """The patient, with what cookie-less requests show of a balancer that is not ours, and that in words."""
    if patient.through == NODES or patient.scenario.rig != "target":
        return patient, ""
    alone = msgspec.structs.replace(patient.rig, nodes={})
    sources = expanded(patient.scenario.load.source_addresses)
    done = survey_of(
        alone,
        patient.path,
        sources,
        patient.scenario.seed,
        run="doctor",
        per_second=patient.scenario.limits.requests_per_second,
    )
    rig = msgspec.structs.replace(
        patient.rig,
        cookie=done.kept.cookie,
        lb_values=done.values,
        distrusted=tuple(done.trust.distrusted),
    )
    return replace(patient, rig=rig), sentence(done.kept)


def about(done: Examined) -> str:
    """What was visited, when, by which way, and how much was sent."""
    facts = done.facts
    nodes = counted_noun(len(facts.nodes), "node")
    way = "at their own addresses" if facts.through == NODES else "through the balancer alone"
    whom = [done.name, done.host, f"{done.when[:16].replace('T', ' ')} UTC" if done.when else ""]
    return (
        f"exsim {__version__}   {'   '.join(filter(None, whom))}   {nodes} {way}: "
        f"{counted_noun(facts.requests, 'request')}, {counted_noun(done.logons, 'logon')}, nothing written"
    )


def simulated(done: Examined) -> str:
    """The first line of all, where the organisation is not a real one."""
    if not done.presets:
        return ""
    return f"Simulated Exchange, preset {', '.join(done.presets)}. This says nothing about your Exchange."


def visit_of(patient: Patient, client: ProbeClient, budget: int) -> Visit:
    """The visit that `client` is to carry out."""
    rig = patient.rig
    names = tuple(rig.nodes)
    ways: Ways
    if patient.through == NODES:
        ways = Addresses(Farm(names, names, rig.lb_cookie, rig.lb_servers), rig.versions)
    else:
        values = {node: value for value, node in rig.lb_values.items()}
        farm = Farm((), (), rig.lb_cookie, rig.lb_servers, values, frozenset(rig.distrusted))
        ways = Balancer(farm, rig.versions, client.source.dice("doctor"), names)
    accounts = [Login(one.address, one.logon, one.password, one.home) for one in patient.accounts]
    browsers = Browsers(client, patient)
    return Visit(ways, accounts, Budget(budget), browsers.new, lambda: len(client.hops))


class Browsers:
    """A new browser for each logon: nothing is carried over."""

    def __init__(self, client: ProbeClient, patient: Patient) -> None:
        self._client = client
        self._patient = patient
        self._made = 0

    def new(self, account: Login) -> Agent:
        dice = self._client.source.dice("browser", self._made)
        self._made += 1
        return Agent(self._patient.host, dice, account, hosts=self._patient.rig.hosts)


def _possible(patient: Patient, client: ProbeClient, visit: Visit) -> None:
    """Raises EnvironmentProblem when the visit allows no conclusion at all."""
    if visit.refused:
        raise EnvironmentProblem(
            f"{visit.refused}: the password is wrong, or the account is locked or expired. Nothing is "
            "concluded, and no further logon was tried."
        )
    unreachable = client.unreachable()
    if unreachable is not None:
        raise unreachable
    if not visit.nodes:
        raise EnvironmentProblem(_nobody(patient, client))
    accepted = any(node.logon == "accepted" for node in visit.nodes.values())
    if visit.strangers and not accepted:
        elsewhere = [str(mark.facts.get("location")) for mark in client.marked("other_host")]
        shown = [hop for hop in client.hops if hop.step != "fingerprint"]
        raise EnvironmentProblem(not_ours(patient.host, shown, elsewhere))


def _nobody(patient: Patient, client: ProbeClient) -> str:
    last = next((hop for hop in reversed(client.hops) if hop.status is not None), None)
    if last is not None and (last.status or 0) >= SERVER_ERRORS:
        return f"{patient.host}: {last.request}: {last.status} {last.reason}".rstrip()
    return (
        f"{patient.host}: no answer names the node that gave it (X-FEServer is missing); give the nodes' "
        "own addresses in [target] nodes"
    )


def _certificates(place: Place, facts: DoctorFacts) -> None:
    """What each node that speaks TLS to us presents."""
    for node in facts.nodes:
        there = place.targets.get(node.name)
        if there is None or there.tls is None:
            continue
        found = certificate_at(there.address, there.port, there.server_name)
        if MUST_HAVE in found:
            node.certificate = found
            continue
        node.problems.append(f"its certificate could not be had: {found['problem']}")
    if any(node.certificate and "key" not in node.certificate for node in facts.nodes):
        facts.notes.append(
            "Key type and expiry of certificates need the package cryptography: pip install 'exsim[lab]'."
        )
