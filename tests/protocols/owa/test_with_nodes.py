"""The browser in front of simulated nodes, in virtual time.

Falls if: client and nodes, each written from the facts, understand the wire differently.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import msgspec
import pytest

from exsim.org.settings import Organisation
from exsim.session.hop import Mark
from exsim.wire import names
from tests.rig.balancers import ByCookie
from tests.rig.slice import Slice, farm, run

TWO_2010 = [{"name": "EX10A", "version": "2010"}, {"name": "EX10B", "version": "2010"}]
NO_ANSWER_IS_STRANGE = {200, 242, 302}


def back_ends(organisation: Organisation, **changes: Any) -> Organisation:
    """The organisation with every back end changed so."""
    document = msgspec.to_builtins(organisation)
    for node in document["nodes"]:
        node["back_end"] = {**node.get("back_end", {}), **changes}
    return msgspec.convert(document, Organisation)


def quiet(settings: dict[str, Any], homes: list[str] | None = None, **changes: Any) -> Slice:
    """One browser (and a second mailbox) on a healthy organisation behind a balancer that keeps it."""
    organisation, accounts = farm(presets=("healthy",), users=2, homes=homes)
    settings = {"logons": 1, **settings}
    if settings.pop("change", False):
        settings["change_mailbox"] = (accounts[1],)
    return run(back_ends(organisation, **changes), accounts[:1], ByCookie, settings)


def marked(result: Slice) -> Counter[str]:
    return Counter(line.what for line in result.lines if isinstance(line, Mark))


@pytest.mark.parametrize("home", ["EXCH13", "EXCH16-SYD-01"])
@pytest.mark.parametrize("private", [True, False])
def test_a_healthy_session_meets_nothing_strange_and_only_its_own_mailbox(
    home: str, private: bool
) -> None:
    result = quiet({"polls": 40, "ecp": 2, "late_answers": True, "private": private}, [home])
    assert {hop.status for hop in result.hops} <= NO_ANSWER_IS_STRANGE
    owners = Counter(hop.body.owner for hop in result.hops)
    assert owners["own"] > 20 and set(owners) == {"own", None}
    assert marked(result) == {"logon": 1, "logoff": 1}


def test_the_channel_lives_as_long_as_the_server_says_and_is_renewed() -> None:
    result = quiet({"polls": 350})
    waits = [hop for hop in result.hops if hop.step == "channel_wait"]
    assert [round(hop.took) for hop in waits[:2]] == [320, 320]
    assert waits[0].body.is_ == "notifications" and waits[0].body.pieces == 8


def test_every_page_and_script_of_the_start_is_recognised() -> None:
    kinds = Counter(hop.body.is_ for hop in quiet({}).hops)
    assert kinds["boot_page"] == 1 and kinds["logon_page"] == 2 and kinds["script"] >= 4


def test_2010_keeps_a_browser_by_its_own_canary_and_channel() -> None:
    organisation, accounts = farm(TWO_2010, ("e14_no_affinity",), users=1)
    result = run(organisation, accounts, ByCookie, {"logons": 1, "late_answers": True})
    assert {hop.status for hop in result.hops} <= NO_ANSWER_IS_STRANGE
    events = [hop for hop in result.hops if hop.path == names.E14_EVENTS]
    assert len(events) > 8 and any(hop.step == "channel_wait" for hop in events)


def test_a_kept_page_of_another_build_is_refused_once_and_the_next_logon_loads_it_anew() -> None:
    result = quiet(
        {"logons": 3, "relogin_after": 2.0, "boot_page_kept": True, "change": True},
        ["EXCH13", "EXCH16-SYD-01"],
        version_check=True,
    )
    refused = [hop for hop in result.hops if hop.status == names.VERSION_MISMATCH]
    assert [(hop.step, hop.session) for hop in refused] == [("sessiondata", "1.2")]
    assert marked(result) == {"logon": 3, "logoff": 2, "other_build": 1}
    shown = [hop for hop in result.hops if hop.session == "1.2" and hop.path == names.LOGON_PAGE]
    assert shown and {session.account for session in result.findings.sessions[1:]} == {
        "user01@isp.com.au"
    }


def test_a_call_without_a_canary_is_sent_again_once_with_the_one_that_came_back() -> None:
    """A kept page has not asked for /owa/, and log-off deleted the canary of the session before."""
    result = quiet({"boot_page_kept": True, "logons": 2})
    asked = [hop for hop in result.hops if names.SERVICE in hop.request]
    refused = [hop for hop in asked if hop.status == names.CANARY_REFUSED]
    again = [hop for hop in asked if "AC=2" in hop.target]
    assert len(refused) == len(again) and all(hop.status == 200 for hop in again)
    assert not result.lost


def test_a_stalled_start_is_a_hang_and_no_loss() -> None:
    stall = {names.SESSION_DATA: 1.0}
    result = quiet({"hang_after": 10.0}, stall=stall, stall_seconds=60.0)
    (hang,) = [line for line in result.lines if isinstance(line, Mark) and line.what == "hang"]
    assert hang.facts["waited"] == 10.0 and not result.lost
