"""What the types of a scenario cannot say: names that must be known elsewhere, and what excludes what.

Each check looks at one thing and complains in one line.  No file is looked at here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import fields
from typing import get_args
from urllib.parse import urlsplit

from exsim.protocols import PROTOCOLS
from exsim.runs import addresses, organisation
from exsim.runs.clients import CLIENTS
from exsim.runs.complaint import Complaint, below
from exsim.runs.sections import Lab, Node, Population, Scenario, Session, Target, Version

# Fifteen characters are what NetBIOS leaves for a name (RFC 1002); X-FEServer carries it in capitals.
_NODE_NAME = re.compile(r"[A-Z0-9](?:[A-Z0-9-]{0,13}[A-Z0-9])?")
_HOST_NAME = re.compile(r"[A-Za-z0-9.-]{1,253}")  # RFC 1035's length
_CERTIFICATE = re.compile(r"[A-Za-z0-9._-]{1,64}")  # a common name has 64 characters: RFC 5280
_PATH = re.compile(r"/[!-~]*")


MOST_USERS = 1_000_000  # each is an account, held in memory from the beginning
_FLOW_NAME = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_]\w*")


def check(scenario: Scenario) -> None:
    """Raises Complaint at the first thing that does not fit together."""
    if (scenario.lab is None) == (scenario.target is None):
        there = "both [lab] and" if scenario.lab is not None else "neither [lab] nor"
        raise Complaint("lab", f"there is {there} [target]; a scenario has exactly one of them")
    if scenario.lab is not None:
        _lab(scenario.lab)
    if scenario.target is not None:
        _target(scenario.target)
        _shadow(scenario.target)
        _brought(scenario, scenario.target)
    if scenario.users > MOST_USERS:
        raise Complaint("population", f"{scenario.users} users; at most {MOST_USERS} in all")
    writes = scenario.target is None or scenario.target.writes != "none"
    for index, population in enumerate(scenario.population):
        if population.session.drafts and not writes:
            raise Complaint(
                f"population[{index}].session.drafts",
                f'{population.session.drafts}: nothing may be written: target.writes is "none"',
            )
        _population(scenario, population, f"population[{index}]")
    _load(scenario)
    _expect(scenario)


def _lab(lab: Lab) -> None:
    if not lab.nodes:
        raise Complaint(
            "lab.nodes", "is missing; write the nodes, or org = a measured organisation"
        )
    seen: set[str] = set()
    for index, node in enumerate(lab.nodes):
        key = f"lab.nodes[{index}]"
        _node_name(node.name, f"{key}.name")
        if node.name in seen:
            raise Complaint(f"{key}.name", f'"{node.name}" is there twice')
        seen.add(node.name)
        _node_settings(node, lab.nodes, key)
    if not lab.balancer:
        raise Complaint("lab.balancer", 'is empty; write the HAProxy file, or "none"')
    _host_name(lab.host, "lab.host")
    if lab.haproxy and not re.fullmatch(r"\d+(\.\d+){0,2}", lab.haproxy):
        raise Complaint("lab.haproxy", f'"{lab.haproxy}" is not a version such as "2.8"')
    try:
        organisation.choices(lab.presets, lab.nodes)
    except organisation.PresetProblem as problem:
        raise Complaint("lab.preset", str(problem)) from None


def _node_name(name: str, key: str) -> None:
    if not _NODE_NAME.fullmatch(name):
        raise Complaint(
            key, f'"{name}" is not a server\'s name: 1 to 15 capitals, digits and hyphens'
        )


def _host_name(name: str, key: str) -> None:
    if not _HOST_NAME.fullmatch(name):
        raise Complaint(key, f'"{name}" is not the name of a host')


def _path(path: str, key: str) -> None:
    if not _PATH.fullmatch(path):
        raise Complaint(key, f'"{path}" is not a path such as /owa/')


def _node_settings(node: Node, nodes: Sequence[Node], key: str) -> None:
    known = [other.name for other in nodes]
    if node.build and not re.fullmatch(r"\d+(\.\d+){3}", node.build):
        raise Complaint(f"{key}.build", f'"{node.build}" is not a build such as "15.1.669.32"')
    if node.fqdn:
        _host_name(node.fqdn, f"{key}.fqdn")
    for word in ("ssl", "stale_ssl", "auth"):
        name = getattr(node.front_end, word)
        if isinstance(name, str) and not _CERTIFICATE.fullmatch(name):
            raise Complaint(
                f"{key}.front_end.{word}",
                f'"{name}" is not a certificate\'s name: 1 to 64 letters, digits, dots and hyphens',
            )
    for path in node.front_end.answer_delay or {}:
        _path(path, below(f"{key}.front_end.answer_delay", path))
    for name in node.front_end.opens or ():
        if name not in known:
            raise Complaint(
                f"{key}.front_end.opens", f'"{name}" is not a node; one of {", ".join(known)}'
            )
    for name in node.front_end.broken_back_ends or ():
        if name not in known:
            raise Complaint(
                f"{key}.front_end.broken_back_ends",
                f'"{name}" is not a node; one of {", ".join(known)}',
            )


def _target(target: Target) -> None:
    parts = urlsplit(target.url)
    host = parts.hostname or ""
    if parts.scheme != "https" or not host or parts.username or parts.path not in ("", "/"):
        raise Complaint(
            "target.url", f'"{target.url}" is not an address such as "https://mail.example.com"'
        )
    for name, text in target.nodes.items():
        key = below("target.nodes", name)
        _node_name(name, key)
        scheme, _, _ = _endpoint(text, key)
        if scheme == "http" and not target.cleartext:
            raise Complaint(
                key,
                f'"{text}": passwords would cross this wire in clear;'
                " set target.cleartext = true if that is meant",
            )
    if target.proxy:
        _endpoint(target.proxy, "target.proxy")
    if target.client_key and not target.client_cert:
        raise Complaint("target.client_key", "needs target.client_cert")
    if target.address:
        _endpoint(target.address, "target.address")
    if target.confirm and target.confirm.lower() != host.lower():
        raise Complaint("target.confirm", f'"{target.confirm}" is not the host of url, "{host}"')
    places = [target.address, *target.nodes.values()]
    here = all(addresses.is_loopback(addresses.endpoint(text)[1]) for text in places if text)
    named = target.address or target.balancer or addresses.is_loopback(host)
    if not target.confirm and not (here and named):
        raise Complaint(
            "target.confirm",
            f'is missing: {host} is not this machine; repeat it, confirm = "{host}"',
        )


def _brought(scenario: Scenario, target: Target) -> None:
    """Sessions that exsim does not log on to itself."""
    key = "target.logon" if target.logon else "target.session"
    if target.logon and target.session:
        raise Complaint(key, "and target.session exclude each other")
    if target.logon and not _FLOW_NAME.fullmatch(target.logon):
        raise Complaint(key, f'"{target.logon}" is not module:flow, such as "portal:log_on"')
    if not (target.logon or target.session):
        return
    for index, population in enumerate(scenario.population):
        if population.protocol != "owa":
            raise Complaint(
                f"population[{index}].protocol",
                f'"{population.protocol}" signs in by HTTP; {key} is for browsers ("owa") alone',
            )
    if scenario.load.force:
        raise Complaint("load.force", f"needs logons that can be led to a node, and {key} is set")


def _shadow(target: Target) -> None:
    """A balancer that is run here in front of the nodes, and which of its servers is which node."""
    if target.balancer and not target.nodes:
        raise Complaint(
            "target.balancer",
            "needs target.nodes: the addresses of the servers that it stands before",
        )
    if target.balancer and target.address:
        raise Complaint(
            "target.address",
            "pins the balancer that is there, and target.balancer is run here in its place; leave one out",
        )
    for name, node in target.map.items():
        if node not in target.nodes:
            known = ", ".join(target.nodes) or "none are given"
            raise Complaint(
                below("target.map", name), f'"{node}" is none of target.nodes ({known})'
            )


def _endpoint(text: str, key: str) -> tuple[str, str, int]:
    try:
        return addresses.endpoint(text)
    except ValueError as problem:
        raise Complaint(key, str(problem)) from None


def _population(scenario: Scenario, population: Population, key: str) -> None:
    _client(population, key)
    if scenario.target is not None:
        _not_in_a_lab(population, key)
    nodes = scenario.node_names
    if population.node and population.node not in nodes:
        known = f"one of {', '.join(nodes)}" if nodes else "the scenario names none"
        raise Complaint(f"{key}.node", f'"{population.node}" is not a node; {known}')
    if scenario.lab is not None:
        if scenario.lab.balancer == "none" and not population.node:
            raise Complaint(
                f"{key}.node", "is missing: without a balancer each population says its node"
            )
        for name, version in _homes(population, key):
            if all(node.version != version for node in scenario.lab.nodes):
                raise Complaint(
                    name, f'"{version}": no node of this version is there to hold the mailbox'
                )


def _not_in_a_lab(population: Population, key: str) -> None:
    """What only simulated servers understand, and what would be written without standing in the ledger."""
    key = f"{key}.{population.protocol}"
    if (table := population.client) is not None and table.authentication == "negotiate":
        raise Complaint(
            f"{key}.authentication",
            '"negotiate" stands in for Kerberos, and only simulated servers understand it;'
            ' "ntlm" or "basic"',
        )
    unlisted = (
        "in a [lab] alone: on a [target] nothing would list it, and exsim cleanup not find it"
    )
    if population.ews.writes:
        raise Complaint(f"{key}.writes", unlisted)
    if population.activesync.mail_every:
        raise Complaint(f"{key}.mail_every", unlisted)


def _client(population: Population, key: str) -> None:
    """The protocol has a client, and nothing is said of it that it does not have."""
    name = population.protocol
    protocol = PROTOCOLS[name]
    if population.outlook_anywhere.server:
        _host_name(population.outlook_anywhere.server, f"{key}.outlook_anywhere.server")
    if population.oab.path:
        _path(population.oab.path, f"{key}.oab.path")
    for other, table in CLIENTS.items():
        if other != name and getattr(population, other) != table():
            raise Complaint(
                f"{key}.{other}", f'is for clients of {other}, and these speak "{name}"'
            )
    known = {field.name for field in fields(protocol.settings)}
    for word in Session.__struct_fields__:
        if word not in known and getattr(population.session, word) != getattr(Session(), word):
            raise Complaint(
                f"{key}.session.{word}",
                f'is nothing that a client of "{name}" has; there are '
                + ", ".join(each for each in Session.__struct_fields__ if each in known),
            )


def _homes(population: Population, key: str) -> Iterator[tuple[str, str]]:
    yield f"{key}.mailbox", population.mailbox
    for index, version in enumerate(population.session.change_mailbox):
        yield f"{key}.session.change_mailbox[{index}]", version


def _expect(scenario: Scenario) -> None:
    protocols = tuple(dict.fromkeys(one.protocol for one in scenario.population))
    for index, limit in enumerate(scenario.expect.lost):
        key = f"expect.lost[{index}]"
        _used_protocol(limit.protocol, protocols, f"{key}.protocol")
        for dimension in ("login", "serving", "home"):
            _place(scenario, getattr(limit, dimension), f"{key}.{dimension}")
    for index, latency in enumerate(scenario.expect.latency):
        key = f"expect.latency[{index}]"
        _used_protocol(latency.protocol, protocols, f"{key}.protocol")
        if not latency.step:
            raise Complaint(f"{key}.step", "is empty; write a step such as poll")


def _used_protocol(name: str, protocols: Sequence[str], key: str) -> None:
    if name and name not in protocols:
        raise Complaint(
            key, f'"{name}" is not a protocol of this scenario; one of {", ".join(protocols)}'
        )


def _place(scenario: Scenario, name: str, key: str) -> None:
    """A node or a version that the scenario has; a target's versions are not known here."""
    versions = get_args(Version)
    if scenario.lab is not None:
        versions = tuple(dict.fromkeys(node.version for node in scenario.lab.nodes))
    known = (*scenario.node_names, *versions)
    if name and name not in known:
        raise Complaint(key, f'"{name}" is neither a node nor a version; one of {", ".join(known)}')


def _load(scenario: Scenario) -> None:
    load, nodes = scenario.load, scenario.node_names
    if load.force and len(nodes) < 2:
        raise Complaint("load.force", "needs at least two nodes that the scenario names")
    if load.force and scenario.lab is not None and scenario.lab.balancer == "none":
        raise Complaint("load.force", 'there is nothing to force past: lab.balancer is "none"')
    if load.workers > scenario.users:
        raise Complaint("load.workers", f"{load.workers} for {scenario.users} users")
    try:
        sources = addresses.expanded(load.source_addresses)
    except ValueError as problem:
        raise Complaint("load.source_addresses", str(problem)) from None
    for address in sources if scenario.lab is not None else ():
        if not addresses.is_loopback(address):
            raise Complaint(
                "load.source_addresses", f'"{address}": in the lab they begin with 127.'
            )
