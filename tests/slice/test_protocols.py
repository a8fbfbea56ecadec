"""Every protocol that signs in by HTTP, in memory, held against the nodes' own confession hop by hop.

Falls if: a hop's class is not what its node confessed, a session is lost that nobody refused (or the reverse),
a client is shut out unsaid, or one protocol's answers confuse another's sessions.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from exsim.drive.driver import Client
from exsim.judgement.diagnosis import diagnose_run
from exsim.org.windows import CERTIFICATE
from exsim.org.work import Peer
from exsim.protocols import PROTOCOLS
from exsim.protocols.credentials import _hash_of
from tests.judgement.build import facts
from tests.rig.balancers import EachAnew, PerConnection, PerRequest, Shared
from tests.rig.memory import Network
from tests.rig.slice import INCIDENT, Slice, farm, run
from tests.slice.truth import differences, session_differences

OTHERS = [name for name in PROTOCOLS if name != "owa"]
# Answers of the mailbox that was asked for, whoever asks; an address book that is the same for everybody.
SAYS_NOTHING = {"autodiscover", "oab"}
LIMIT = 900.0  # seconds of virtual time
SHOWN = b"a certificate"


DIRECTORIES = ("ews", "microsoft-server-activesync", "rpc", "mapi", "autodiscover", "oab")
EVERY_WAY = {directory: ["negotiate", "ntlm", "basic"] for directory in DIRECTORIES}


def lived(
    protocol: str | list[str],
    balancer: type[PerRequest] = PerConnection,
    users: int = 6,
    persists: bool = False,
    spawn: float = 0.5,
    protection: str = "none",
    **settings: Any,
) -> Slice:
    """Clients in front of nodes that take every way to sign in."""
    front = {"authentication": EVERY_WAY, "auth_persist_non_ntlm": persists,
             "extended_protection": protection}  # fmt: skip
    nodes = [{**node, "front_end": front} for node in INCIDENT]
    organisation, accounts = farm(nodes, presets=("healthy",), users=users)
    each: Mapping[str, Mapping[str, Any]] = dict.fromkeys(OTHERS, settings)
    return run(
        organisation, accounts, balancer, protocol=protocol, until=LIMIT, each=each, spawn=spawn,
        prepare=shown if protection != "none" else lambda network: None,
    )  # fmt: skip


def shown(network: Network) -> None:
    """Every connection shows the certificate that the nodes have."""
    connect = network.connect

    def connected(client: Client, origin: str | None) -> Any:
        line = connect(client, origin)
        line.certificate = SHOWN
        line.peers = {
            node: Peer(line.number * 100 + place, "", {CERTIFICATE: _hash_of(SHOWN)})
            for place, node in enumerate(network.nodes)
        }
        return line

    network.world.connect = connected  # type: ignore[method-assign]


def agrees(result: Slice) -> bool:
    assert differences(result) == []
    assert session_differences(result) == []
    return True


@pytest.mark.parametrize("protocol", OTHERS)
@pytest.mark.parametrize("authentication", ["basic", "ntlm"])
def test_on_a_healthy_farm_nobody_is_lost_and_every_answer_is_what_its_node_says(
    protocol: str, authentication: str
) -> None:
    result = lived(protocol, authentication=authentication)
    found = result.findings
    assert agrees(result)
    assert found.sessions and {one.protocol for one in found.sessions} == {protocol}
    assert not result.lost and not found.shut_out and not found.wrong_mailbox
    told = set(found.identity_by[protocol])
    assert told == {"silent"} if protocol in SAYS_NOTHING else {"own"} <= told <= {"own", "silent"}


@pytest.mark.parametrize("protocol", OTHERS)
@pytest.mark.parametrize(("binding", "kept"), [("auto", True), ("none", False), ("wrong", False)])
def test_extended_protection_takes_only_who_names_the_servers_certificate(
    protocol: str, binding: str, kept: bool
) -> None:
    result = lived(
        protocol, users=2, protection="require", authentication="ntlm", channel_binding=binding
    )
    assert agrees(result)
    assert bool(result.findings.sessions) is kept
    assert bool(result.findings.shut_out) is not kept and not result.lost


@pytest.mark.parametrize("protocol", OTHERS)
def test_every_client_of_ntlm_is_shut_out_where_each_request_goes_out_anew(protocol: str) -> None:
    result = lived(protocol, EachAnew, authentication="ntlm")
    assert agrees(result)
    assert result.findings.sessions == []
    assert {one.user for one in result.findings.shut_out} == set(range(1, 7))
    assert all(one.refusals for one in result.findings.shut_out)


@pytest.mark.parametrize("protocol", OTHERS)
def test_another_certificate_before_the_nodes_is_told_from_legs_that_are_moved(
    protocol: str,
) -> None:
    """Both end in a 401 to the last leg; by another node than had challenged, only where legs are moved."""
    other = lived(protocol, protection="require", authentication="ntlm", channel_binding="wrong")
    moved = lived(protocol, EachAnew, authentication="ntlm")
    told = [diagnose_run(it.findings, facts()) for it in (other, moved)]
    assert [[one.rule, *one.alike] for found in told for one in found] == [
        ["ntlm_broken", "channel_binding"],
        ["ntlm_broken"],
    ]


@pytest.mark.parametrize("protocol", OTHERS)
def test_a_stranger_is_only_ever_asked_for_credentials(protocol: str) -> None:
    result = lived(protocol, authentication="none")
    assert agrees(result)
    found = result.findings
    assert (found.sessions, found.shut_out, found.wrong_mailbox) == ([], [], [])
    assert found.strangers["answers"] and not found.strangers.get("told")


@pytest.mark.parametrize("protocol", OTHERS)
def test_a_connection_shared_after_a_logon_of_one_leg_is_never_taken_for_well(
    protocol: str,
) -> None:
    # All at once: a telephone that has logged on waits in a Ping, and nobody gets its connection.
    result = lived(protocol, Shared, persists=True, spawn=0.01, authentication="negotiate")
    assert differences(result) == []
    found = result.findings
    if protocol == "ews":  # calls one after the other: connections lie idle, and others get them
        assert {one.protocol for one in found.wrong_mailbox} == {protocol}
    if protocol not in SAYS_NOTHING:
        assert found.wrong_mailbox or found.shut_out or result.lost


def test_all_protocols_at_once_do_not_confuse_each_other() -> None:
    result = lived(list(PROTOCOLS), users=3 * len(PROTOCOLS))
    assert agrees(result)
    assert {one.protocol for one in result.findings.sessions} == set(PROTOCOLS)
    assert not result.lost and not result.findings.shut_out
