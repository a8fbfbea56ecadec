"""Telephones against real nodes in memory, through balancers, with and without each fault.

Falls if: a session is lost that no node refused (or the reverse), a hop's class is not what the node
confessed, a cut heartbeat is not shortened, a fault is not found, or one is reported that is not there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest

from exsim.session.hop import Hop, Mark
from tests.rig import slice as memory
from tests.rig.balancers import ByCookie, PerConnection, PerRequest
from tests.rig.memory import Network
from tests.rig.slice import Slice
from tests.slice.truth import differences

VERSIONS = {"EXCH16-1": "2016", "EXCH16-2": "2016", "EXCH13": "2013"}
LONG = {"polls": 4, "logons": 1, "heartbeat": 480.0, "growth": 300.0}


def nodes(
    front_end: Mapping[str, Any] | None = None, versions: Mapping[str, str] = VERSIONS, **own: Any
) -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "version": version,
            "front_end": dict(front_end or {}),
            "back_end": {"activesync": own},
        }
        for name, version in versions.items()
    ]


def play(
    balancer: type[PerRequest] = PerRequest,
    settings: Mapping[str, Any] | None = None,
    users: int = 3,
    made: Sequence[Mapping[str, Any]] | None = None,
    prepare: Callable[[Network], None] = lambda network: None,
    until: float | None = None,
    **own: Any,
) -> Slice:
    organisation, accounts = memory.farm(made or nodes(**own), ("healthy",), users)
    return memory.run(
        organisation, accounts, balancer, {**LONG, **(settings or {})}, connections=2,
        protocol="activesync", prepare=prepare, until=until,
    )  # fmt: skip


def timeout(seconds: float) -> Callable[[Network], None]:
    """The balancer's `timeout server`."""

    def prepare(network: Network) -> None:
        network.server_timeout = seconds

    return prepare


def findings(result: Slice) -> set[str]:
    return {finding.kind for finding in result.findings.findings}


def pings(result: Slice) -> list[Hop]:
    return [hop for hop in result.hops if hop.step == "ping"]


def marks(result: Slice, what: str) -> list[Mark]:
    return [line for line in result.lines if isinstance(line, Mark) and line.what == what]


def codes(result: Slice, step: str) -> Counter[str | None]:
    return Counter(hop.body.code for hop in result.hops if hop.step == step)


# A healthy farm --------------------------------------------------------------------------------------


@pytest.mark.parametrize("balancer", [PerRequest, PerConnection, ByCookie])
@pytest.mark.parametrize("binary", [False, True])
def test_on_a_healthy_farm_nobody_is_lost_and_every_identity_is_confirmed(
    balancer: type[PerRequest], binary: bool
) -> None:
    result = play(balancer, {"binary_query": binary})
    assert differences(result) == []
    assert [session.state for session in result.findings.sessions] == ["ended"] * 3
    assert not lost_in(result) and not findings(result)
    told = [hop for hop in result.hops if hop.step == "settings"]
    assert {hop.body.owner for hop in told} == {"own"} and len(told) == 3
    assert {hop.body.owner for hop in result.hops} <= {"own", None}


def lost_in(result: Slice) -> list[Any]:
    return [session for session in result.findings.sessions if session.incident is not None]


def test_a_telephone_takes_the_policy_once_fetches_and_waits() -> None:
    result = play(users=1, settings={"logons": 2})
    steps = [hop.step for hop in result.hops]
    assert steps[:4] == ["options", "provision", "acknowledge", "folder_sync"]
    assert steps.count("provision") == 1  # the key is kept over the sessions
    assert codes(result, "ping") == {"1": 8}
    assert {hop.session for hop in result.hops} == {"1.1", "1.2"}


def test_waits_that_are_not_cut_grow_up_to_the_longest() -> None:
    result = play(users=1, settings={"polls": 7})
    took = [round(hop.took) for hop in pings(result)]
    assert took == [480, 780, 1080, 1380, 1680, 1800, 1800]
    assert not marks(result, "heartbeat_cut")


def test_the_newest_version_that_both_speak_is_taken() -> None:
    sixteen = play(users=1, made=nodes(versions={"EXCH16-1": "2016"}))
    thirteen = play(users=1, made=nodes(versions={"EXCH13": "2013"}))
    assert not findings(sixteen) and not findings(thirteen)
    old = play(users=1, settings={"version": "12.1"})
    assert not findings(old) and codes(old, "sync")


def test_a_pool_of_2010_is_served_without_its_newer_headers() -> None:
    result = play(made=nodes(versions={"EXCH10-1": "2010"}))
    assert differences(result) == []
    assert not lost_in(result) and not findings(result)
    assert all("x-feserver" not in hop.headers for hop in result.hops)


def test_mail_to_oneself_wakes_the_waiting_request() -> None:
    result = play(users=1, settings={"mail_every": 100.0, "polls": 3})
    assert "2" in codes(result, "ping")
    sent = [hop for hop in result.hops if hop.step == "send_mail"]
    assert sent and all((hop.status, hop.body.is_) == (200, "empty") for hop in sent)
    assert {hop.body.owner for hop in result.hops if hop.step == "sync"} <= {"own", None}
    assert not findings(result)


def test_nothing_is_written_unless_it_is_asked_for() -> None:
    assert not [hop for hop in play().hops if hop.step == "send_mail"]


def test_a_devices_name_is_the_accounts_and_never_changes() -> None:
    first, again = play(users=2), play(users=2, settings={"polls": 1})

    def names(result: Slice) -> set[tuple[int, str]]:
        return {
            (hop.user, hop.request.partition("DeviceId=")[2].partition("&")[0])
            for hop in result.hops
            if "DeviceId=" in hop.request
        }

    assert names(first) == names(again) and len(names(first)) == 2


# The balancer's time-out ----------------------------------------------------------------------------


def test_a_short_time_out_shortens_the_wait_and_multiplies_the_requests() -> None:
    span = 7200.0
    free = play(users=2, settings={"polls": 1000}, until=span)
    cut = play(users=2, settings={"polls": 1000}, until=span, prepare=timeout(60.0))
    assert findings(cut) == {"lb_timeout"} and not findings(free)
    shortened = marks(cut, "heartbeat_cut")
    assert [mark.facts["is"] for mark in shortened if mark.user == 1][:4] == [240, 120, 60, 60]
    assert 504 in {hop.status for hop in pings(cut)}
    assert len(cut.hops) > 10 * len(free.hops)
    assert not lost_in(cut)
    # What the nodes said to a balancer that had given up was heard by nobody.
    cut.lines = [line for line in cut.lines if not (isinstance(line, Hop) and line.status == 504)]
    assert differences(cut) == []


def test_a_time_out_between_the_waits_is_found_by_the_device() -> None:
    result = play(users=1, settings={"polls": 10}, prepare=timeout(600.0))
    took = [round(hop.took) for hop in pings(result)]
    assert took[:4] == [480, 600, 480, 480]  # 780 was cut at 600, and it stays where it was good
    assert len(marks(result, "heartbeat_cut")) == 1


def test_a_long_time_out_is_met_by_nobody() -> None:
    assert not findings(play(prepare=timeout(3600.0)))


# Faults ------------------------------------------------------------------------------------------------


def test_a_wrong_password_is_tried_once() -> None:
    organisation, accounts = memory.farm(nodes(), ("healthy",), 1)
    wrong = [replace(accounts[0], password="wrong")]
    result = memory.run(organisation, wrong, settings={**LONG, "logons": 3}, protocol="activesync")
    assert [(hop.status, hop.body.is_) for hop in result.hops] == [(401, "challenge")]
    assert differences(result) == []


def test_a_directory_that_takes_no_basic_is_not_measured() -> None:
    closed = {"authentication": {"microsoft-server-activesync": ["ntlm"]}}
    result = play(made=nodes(closed), settings={"preemptive": False})
    assert {hop.status for hop in result.hops} == {401}
    assert len(marks(result, "not_measured")) == 3


def test_a_stranger_is_told_nothing() -> None:
    result = play(settings={"authentication": "none"})
    assert {hop.status for hop in result.hops} == {401}
    assert result.findings.strangers.get("answers") and not result.findings.strangers.get("told")
    assert not findings(result)


def test_a_policy_that_changes_is_taken_again() -> None:
    result = play(users=1, settings={"polls": 3, "mail_every": 700.0}, policy_changes=1000.0)
    assert [hop.step for hop in result.hops].count("acknowledge") > 1
    assert not marks(result, "policy_loop") and not lost_in(result)


def test_a_policy_that_nobody_keeps_is_a_loop_and_says_so() -> None:
    result = play(users=1, statuses={"FolderSync:142": 1.0})
    assert len(marks(result, "policy_loop")) == 1
    assert findings(result) == {"policy_loop"}
    assert [hop.step for hop in result.hops].count("provision") == 4


STATUSES = [
    ("Sync:3", "state_lost"),
    ("Sync:132", "state_lost"),
    ("Sync:133", "state_lost"),
    ("Sync:134", "state_lost"),
    ("Sync:135", "state_lost"),
    ("Sync:13", "state_lost"),
    ("FolderSync:9", "state_lost"),
    ("Ping:3", "state_lost"),
    ("Ping:8", "fault"),
    ("Sync:5", "fault"),
    ("Ping:500", "server_error"),
    ("Sync:503", "server_error"),
]


@pytest.mark.parametrize(("status", "finding"), STATUSES)
def test_a_fault_now_and_then_is_found_and_got_over(status: str, finding: str) -> None:
    result = play(settings={"polls": 12, "logons": 2}, statuses={status: 0.4})
    assert finding in findings(result)
    assert not lost_in(result) and differences(result) == []
    assert {session.state for session in result.findings.sessions} == {"ended"}


def test_a_hierarchy_that_changed_is_fetched_before_the_mail() -> None:
    result = play(users=1, settings={"polls": 20}, statuses={"Ping:7": 0.5})
    steps = [(hop.step, hop.body.code) for hop in result.hops]
    at = steps.index(("ping", "7"))
    assert steps[at + 1][0] == "folder_sync"


def test_errors_in_a_row_make_a_device_fetch_everything_anew() -> None:
    calm = play(users=1, settings={"polls": 8, "think": 1.0})
    result = play(users=1, settings={"polls": 8, "think": 1.0}, statuses={"Ping:500": 1.0})
    assert len(marks(result, "device_reset")) == 2
    fetched = [hop for hop in result.hops if hop.step == "folder_sync"]
    assert len(fetched) > [hop.step for hop in calm.hops].count("folder_sync")
    assert not marks(result, "gave_up")
    assert findings(result) == {"server_error", "device_reset"}


def test_a_server_that_answers_nothing_but_errors_is_given_up() -> None:
    result = play(users=1, statuses={"FolderSync:500": 1.0})
    assert len(marks(result, "gave_up")) == 1
    assert "gave_up" in findings(result)


@pytest.mark.parametrize("status", ["FolderSync:126", "FolderSync:129", "FolderSync:177"])
def test_a_device_that_is_kept_out_by_a_document_is_not_passed_over_in_silence(status: str) -> None:
    result = play(statuses={status: 1.0})
    assert findings(result) == {"fault", "gave_up"}
    assert not lost_in(result) and differences(result) == []


def test_a_heartbeat_out_of_range_takes_the_servers_limit() -> None:
    result = play(users=1, settings={"heartbeat": 30.0, "shortest_heartbeat": 30.0})
    assert [hop.body.code for hop in pings(result)][:2] == ["5", "1"]
    assert round(pings(result)[1].took) == 60


def test_a_better_address_is_followed_and_one_that_leads_back_ends_it() -> None:
    own = "https://exchange.isp.com.au/Microsoft-Server-ActiveSync"
    result = play(users=1, redirect=own)
    assert len(marks(result, "redirect_loop")) == 1
    other = play(users=1, redirect="https://elsewhere.example/Microsoft-Server-ActiveSync")
    assert len(marks(other, "other_host")) == 1


def test_a_node_that_is_started_anew_costs_a_resynchronisation_and_no_session() -> None:
    def restart(network: Network) -> None:
        for node in network.nodes.values():
            if hasattr(node, "_back"):
                network.world.later(600.0, _forget, node)

    result = play(settings={"polls": 6, "mail_every": 200.0}, prepare=restart)
    assert "state_lost" in findings(result)
    assert not lost_in(result)


def _forget(node: Any) -> None:
    """What the end of the process takes with it, as far as telephones notice."""
    service = node._back._services._by_vdir["microsoft-server-activesync"]
    service._devices.clear()
