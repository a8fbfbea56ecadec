"""Sessions that exsim does not log on to: a browser's cookies, and flows of the user's own, in memory.

Falls if: such a session begins before an answer serves it, is given a login front end that nobody knows, is not lost
where a node cannot read its cookies, is logged off, or a flow of the user's own escapes its budget.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from random import Random
from types import SimpleNamespace
from typing import Any

import pytest

from exsim.drive.driver import Identity
from exsim.protocols import PROTOCOLS
from exsim.protocols.agent import Account, Agent
from exsim.protocols.checked import ACCEPTED, REFUSED, STALE
from exsim.protocols.flow import Mark, Request
from exsim.protocols.jar import Cookie
from exsim.protocols.owa import logon, opening
from exsim.protocols.owa.brought import OwnLogonError
from exsim.protocols.owa.check import check
from exsim.protocols.owa.settings import Settings
from tests.rig.balancers import ByCookie, PerConnection, PerRequest
from tests.rig.memory import Network, request_ids
from tests.rig.slice import Slice, driven, farm, observer, run

ROOT = Path(__file__).parents[2]
HOST = "exchange.isp.com.au"
NEW, OLD = "EXCH16-SYD-01", "EXCH13"


def network_of(organisation: Any, balancer: Any = PerConnection, nodes: Any = ()) -> Network:
    from exsim.org.node import Node

    names = list(nodes) or [node.name for node in organisation.nodes]
    network = Network({}, balancer(names))
    for name in (node.name for node in organisation.nodes):
        network.nodes[name] = Node(organisation, name, network.world.wall, lambda one: None)
    return network


def carried_out(network: Network, account: Account, flow_of: Any) -> tuple[Any, Agent, list[Any]]:
    """Run one flow of one client; what it returned, its agent, and the lines of its history."""
    lines: list[Any] = []
    plug = PROTOCOLS["owa"]
    observe = observer(plug, frozenset([account.address]))
    client = driven(network, Identity(1, "owa", 6), observe, lines.append, request_ids())
    agent = Agent(HOST, Random(1), account)
    task = client.run(flow_of(agent), "test")
    network.world.run()
    return task.result, agent, lines


def exported(organisation: Any, account: Account, node: str = NEW) -> Account:
    """`account`, with the cookies of a browser that somebody logged on at `node`."""

    def by_hand(agent: Agent) -> Any:
        yield from agent.rest(0)
        shown = yield from opening.open_owa(agent, account, Settings(), 0)
        yield from logon.post_form(agent, account, Settings(), shown.form)

    _, agent, _ = carried_out(network_of(organisation, nodes=[node]), account, by_hand)
    held = tuple(agent.jar._cookies.values())
    assert any(one.name == "cadata" for one in held)
    return replace(account, password="", cookies=held)


def steps(result: Slice) -> set[str]:
    return {hop.step for hop in result.hops}


def test_a_browsers_session_begins_with_the_first_answer_that_serves_it() -> None:
    organisation, accounts = farm(presets=["authcert_asymmetry"], users=1)
    people = [exported(organisation, accounts[0])]
    result = run(organisation, people, PerConnection, {"logons": 4, "relogin_after": 2.0})
    sessions = result.findings.sessions
    assert sessions and all(one.brought and one.login_front_end is None for one in sessions)
    first = min(hop.arrived for hop in result.hops if hop.status == 200)
    assert sessions[0].began == first
    assert all(one.requests and one.meetings for one in sessions)
    incidents = [one.incident for one in result.lost if one.incident]
    assert {one.of_session for one in incidents} == {None}, "no late answer: its own cookies"
    lost = {one.front_end for one in incidents}
    assert lost == {OLD}, "only the 2013 node cannot read what 2016 sealed"
    assert not steps(result) & {"logon", "logon_again"}


def test_it_is_never_logged_off_and_each_session_has_a_fresh_copy() -> None:
    organisation, accounts = farm(presets=["healthy"], users=1)
    people = [exported(organisation, accounts[0])]
    result = run(organisation, people, PerRequest, {"logons": 3, "relogin_after": 2.0})
    assert "logoff" not in steps(result)
    assert len(result.findings.sessions) == 3 and not result.lost
    hashes = {hop.cookies["cadata"] for hop in result.hops if hop.cookies}
    assert len(hashes) == 1


def test_cookies_that_nobody_reads_begin_no_session() -> None:
    organisation, accounts = farm(presets=["healthy"], users=1)
    held = tuple(replace(one, value="AAAA") for one in exported(organisation, accounts[0]).cookies)
    people = [replace(accounts[0], cookies=held)]
    result = run(organisation, people, PerRequest, {"logons": 2, "relogin_after": 2.0})
    assert result.findings.sessions == [] and result.findings.refused_logons == 0


@pytest.mark.parametrize(
    ("garble", "status"), [(False, ACCEPTED), (True, STALE)], ids=["good", "over"]
)
def test_the_check_tells_a_session_that_is_over(garble: bool, status: str) -> None:
    organisation, accounts = farm(presets=["authcert_asymmetry"], users=1)
    account = exported(organisation, accounts[0])
    if garble:
        account = replace(account, cookies=(Cookie("cadata", "AAAA"),))
    checked, _, lines = carried_out(
        network_of(organisation), account, lambda agent: check(agent, account)
    )
    assert checked.status == status, "though one node in three cannot read it"
    assert "logoff" not in {getattr(line, "step", "") for line in lines}


# A flow of the user's own --------------------------------------------------------------------------
def example() -> Any:
    """The flow that README shows."""
    text = (ROOT / "README.md").read_text()
    found = re.search(r"```python\n(# portal\.py.*?)```", text, re.DOTALL)
    assert found, "README shows no portal.py"
    names: dict[str, Any] = {}
    exec(compile(found[1], "portal.py", "exec"), names)
    return names["log_on"]


def test_the_flow_in_readme_logs_on() -> None:
    organisation, accounts = farm(presets=["healthy"], users=2)
    people = [replace(one, enter=example()) for one in accounts]
    result = run(organisation, people, ByCookie, {"logons": 2})
    assert len(result.findings.sessions) == 4 and not result.lost
    assert {one.login_front_end is None for one in result.findings.sessions} == {False}, (
        "it posts Exchange's own form, whose answer says who accepted it"
    )


def test_a_password_that_it_types_is_an_attempt_and_a_refusal_is_told() -> None:
    organisation, accounts = farm(presets=["healthy"], users=1)
    account = replace(accounts[0], password="wrong & all", enter=example())
    seen: list[Request] = []

    def watched(agent: Agent) -> Iterator[Any]:
        flow, sent = check(agent, account), None
        while True:
            try:
                command = flow.send(sent)
            except StopIteration as end:
                return end.value
            seen.extend([command] if isinstance(command, Request) else [])
            sent = yield command

    checked, _, lines = carried_out(network_of(organisation), account, watched)
    assert checked.status == REFUSED
    assert [one.attempt for one in seen if one.method == "POST"] == ["form"]
    assert all(one.account == account.address and one.control for one in seen)
    told = [line.facts["accepted"] for line in lines if getattr(line, "what", "") == "own_logon"]
    assert told == [False]


@pytest.mark.parametrize(
    ("flow", "words"),
    [
        (lambda client, account: "/owa/", "yields nothing"),
        (lambda client, account: (one for one in ["GET /"]), "which is no command"),
        (lambda client, account: (one for one in [Request("GET", None)]), "are not text"),  # type: ignore[arg-type]
        (lambda client, account: (one for one in ()), None),
    ],
)
def test_a_flow_that_is_none_is_said_in_words(flow: Any, words: str | None) -> None:
    account = Account("a@isp.com.au", enter=flow)
    agent = Agent(HOST, Random(1), account)
    life = PROTOCOLS["owa"].flow(agent, account, Settings())
    if words is None:  # it returns None: not let in
        assert [one.what for one in _all(life) if isinstance(one, Mark)] == ["brought", "own_logon"]
        return
    with pytest.raises(OwnLogonError, match=words):
        list(_all(life))


def _all(flow: Any) -> Iterator[Any]:
    sent: Any = None
    while True:
        try:
            yield flow.send(sent)
        except StopIteration:
            return
        sent = 0.0


def test_the_result_of_a_flow_is_a_path_or_nothing() -> None:
    def wrong(client: Agent, account: Account) -> Any:
        yield from client.rest(0)
        return SimpleNamespace()

    account = Account("a@isp.com.au", enter=wrong)
    with pytest.raises(OwnLogonError, match="neither a path"):
        list(_all(PROTOCOLS["owa"].flow(Agent(HOST, Random(1), account), account, Settings())))
