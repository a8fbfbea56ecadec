"""Each preset shows in what was found in its run, and does not show without it.

Falls if: a preset has no effect that the detector's findings or the hops show, or a healthy organisation
under the same users shows it too.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from exsim.runs.presets import PRESETS
from exsim.session.hop import Mark
from tests.rig.balancers import ByCookie, BySource, PerConnection, PerRequest
from tests.rig.played import healthy
from tests.rig.slice import INCIDENT, Slice, farm, run

OLD, NEW = "EXCH13", ("EXCH16-SYD-01", "EXCH16-SYD-02")
E14 = [{"name": f"EXCH10-0{number}", "version": "2010"} for number in (1, 2, 3)]
PUBLIC = {"private": False, "user_activity": False, "polls": 30, "think": 5.0, "logons": 1}
ONE_WAY = {(new, OLD) for new in NEW}
BOTH_WAYS = ONE_WAY | {(OLD, new) for new in NEW}


def pairs(result: Slice) -> set[tuple[str | None, str | None]]:
    return {
        (session.incident.login_front_end, session.incident.front_end)
        for session in result.lost
        if session.incident
    }


def both_ways(result: Slice) -> bool:
    """Lost at the one node and by the one node, and between the others never."""
    found = pairs(result)
    return found <= BOTH_WAYS and bool(found & ONE_WAY) and bool(found - ONE_WAY)


def reasons_at(result: Slice) -> set[tuple[str | None, str | None]]:
    """(front end, reason) of the losses whose reason a redirect told."""
    return {
        (session.incident.front_end, session.incident.reason)
        for session in result.lost
        if session.incident and session.incident.reason
    }


def signs(result: Slice) -> set[str]:
    return {session.incident.sign for session in result.lost if session.incident}


def kinds(result: Slice) -> set[str]:
    return {finding.kind for finding in result.findings.findings}


def late_hops(result: Slice) -> bool:
    """Answers to the page that was left, seconds after it was."""
    return any(hop.step == "late" and hop.took > 3.5 for hop in result.hops)


def thrown_out_by_a_page(result: Slice) -> bool:
    return any(isinstance(line, Mark) and line.what == "other_build" for line in result.lines)


def drained_nodes(result: Slice) -> set[str]:
    return result.red  # type: ignore[attr-defined, no-any-return]


@dataclass
class Case:
    """How a preset is played, and what shows that it was there."""

    shows: Callable[[Slice], bool]
    balancer: type[PerRequest] = PerRequest
    settings: dict[str, Any] = field(default_factory=dict)
    nodes: list[dict[str, str]] = field(default_factory=lambda: INCIDENT)
    changes: bool = False  # one browser and two mailboxes, of 2013 and of 2016


CASES: dict[str, Case] = {
    "authcert_asymmetry": Case(lambda r: pairs(r) == ONE_WAY),
    "cert_split": Case(both_ways),
    "stale_cert": Case(both_ways),
    "cng_node": Case(lambda r: pairs(r) == {(OLD, OLD)}, BySource),
    "hmac_skew": Case(both_ways),
    "auth_cert_expired": Case(
        lambda r: "server_error" in kinds(r) and not r.findings.sessions, ByCookie
    ),
    "short_public_ttl": Case(lambda r: ("EXCH13", "3") in reasons_at(r) and len(r.lost) > 4,
                             ByCookie, PUBLIC),
    "clock_skew": Case(lambda r: reasons_at(r) == {(OLD, "3")}, PerRequest, PUBLIC),
    "be_kerberos_broken": Case(lambda r: "front_end_503" in kinds(r)),
    "canary_epoch_change": Case(lambda r: "canary_refused" in kinds(r)),
    "build_skew": Case(thrown_out_by_a_page, ByCookie,
                       {"boot_page_kept": True, "logons": 4, "relogin_after": 1.0}, changes=True),
    "boot_stall": Case(lambda r: "hang" in kinds(r), ByCookie, {"logons": 8}),
    "drained": Case(lambda r: drained_nodes(r) == {OLD}, ByCookie),
    "second_factor_key_split": Case(
        lambda r: both_ways(r) and signs(r) == {"authority_redirect"}, PerConnection
    ),
    "late_wipe": Case(late_hops, ByCookie, {"late_answers": True}),
}  # fmt: skip


def played(name: str, case: Case) -> Slice:
    users = 2 if case.changes else 9
    homes = [OLD, NEW[0]] if case.changes else None
    organisation, accounts = farm(case.nodes, [name], users, homes)
    settings = dict(case.settings)
    if case.changes:
        settings["change_mailbox"] = (accounts[1],)
    seen: list[Any] = []
    browsers = accounts[:1] if case.changes else accounts
    result = run(organisation, browsers, case.balancer, settings, prepare=seen.append)
    names = [node["name"] for node in case.nodes]
    result.red = {node for node in names if not healthy(seen[0], node)}  # type: ignore[attr-defined]
    return result


@pytest.mark.parametrize("name", CASES)
def test_it_shows(name: str) -> None:
    assert CASES[name].shows(played(name, CASES[name]))


@pytest.mark.parametrize("name", CASES)
def test_a_healthy_organisation_does_not_show_it(name: str) -> None:
    assert not CASES[name].shows(played("healthy", CASES[name]))


def test_every_preset_has_its_case() -> None:
    assert set(CASES) | {"healthy", "e14_no_affinity"} == set(PRESETS)


def test_2010_shows_at_every_change_of_node_and_not_where_there_is_none() -> None:
    organisation, accounts = farm(E14, ["e14_no_affinity"], 6)
    moved = pairs(run(organisation, accounts, PerConnection))
    assert moved and all(login != culprit for login, culprit in moved)
    assert pairs(run(organisation, accounts, ByCookie)) == set()


def test_a_stale_certificate_is_gone_when_the_node_is_recycled() -> None:
    organisation, accounts = farm(INCIDENT, ["stale_cert"], 6)

    def recycle(network: Any) -> None:
        network.nodes[OLD].recycle()

    assert pairs(run(organisation, accounts, PerRequest, prepare=recycle)) == set()


def test_presets_show_together() -> None:
    organisation, accounts = farm(INCIDENT, ["authcert_asymmetry", "boot_stall"], 9)
    result = run(organisation, accounts, PerConnection, {"logons": 5})
    assert pairs(result) == ONE_WAY and "hang" in kinds(result)
