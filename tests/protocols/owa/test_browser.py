"""Falls if: a browser's session of OWA is not what a real browser does, from the first GET to log-off."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from itertools import pairwise
from urllib.parse import parse_qs

import pytest

from exsim.protocols import PROTOCOLS
from exsim.protocols.agent import Account
from exsim.wire import names
from tests.protocols.owa.living import SETTINGS, asked, life, marks
from tests.protocols.toy import FORM_2010, Toy


def test_a_session_goes_from_the_first_get_to_the_sign_out_page() -> None:
    toy = Toy()
    rig, client = life(toy, replace(SETTINGS, notifications=False, keep_alive=False))
    steps = toy.steps()
    assert steps[:5] == ["open", "logon_page", "logon_form", "logon", "boot"]
    assert steps[-2:] == ["logoff", "logoff"]
    assert steps.index("sessiondata") < steps.index("service")
    assert rig.marks[0][0] == "logon" and rig.marks[-1][0] == "logoff"
    assert names.CADATA not in client.jar.line("/owa/").values
    assert set(steps) <= set(PROTOCOLS["owa"].steps)


def test_the_logon_mark_says_which_logon_it_is() -> None:
    rig, _ = life(Toy(), replace(SETTINGS, population=3, private=False))
    assert marks(rig, "logon") == [
        {
            "number": 1,
            "account": "u@example.com",
            "home": "2016",
            "private": False,
            "forced": False,
            "control": False,
            "population": 3,
        }
    ]


@pytest.mark.parametrize(("private", "flags", "cookie"), [(True, "4", "true"), (False, "0", None)])
def test_the_form_is_filled_in_as_its_script_does(
    private: bool, flags: str, cookie: str | None
) -> None:
    toy = Toy()
    life(toy, replace(SETTINGS, private=private))
    (post,) = asked(toy, "logon")
    fields = parse_qs((post.body or b"").decode(), keep_blank_values=True)
    assert fields["flags"] == [flags]
    assert fields["username"] == ["LAB\\u"] and fields["passwordText"] == [""]
    assert fields["destination"] == ["https://mail.example.com/owa/"]
    assert post.cookies.values[names.POST_BACK] == "0"
    assert post.cookies.values.get(names.PRIVATE_COMPUTER) == cookie
    assert post.session == 1 and toy.seen[0][1].session == 0


def test_script_calls_carry_the_newest_canary_and_count_their_ids_down() -> None:
    toy = Toy()
    life(toy, replace(SETTINGS, connections=1, notifications=False, background=0.0))
    calls = [request for _, request in toy.seen if names.SERVICE in request.target]
    headers = [dict(request.lines) for request in calls]
    assert [int(one[names.ACTION_ID]) for one in headers] == list(range(-1, -len(calls) - 1, -1))
    for request, one in zip(calls, headers, strict=True):
        assert one[names.CANARY] == request.cookies.values[names.CANARY]
        assert one[names.ACTION] in request.target
        assert (request.body == b"") == ("EP=1" in request.target) == (names.URL_POST_DATA in one)
        assert one[names.CORRELATION_ID].startswith("00112233445566778899AABBCCDDEEFF_17637888")
        assert one[names.CLIENT_BEGIN].startswith("2025-11-22T05:20:")
        assert one[names.CLIENT_BUILD] == "15.1.669.32"
    canaries = [one[names.CANARY] for one in headers]
    assert all(one != other for one, other in pairwise(canaries))


@pytest.mark.parametrize("connections", [1, 6])
def test_a_boot_has_as_many_calls_in_flight_as_the_browser_has_connections(
    connections: int,
) -> None:
    rig, _ = life(
        Toy(), replace(SETTINGS, connections=connections, notifications=False, keep_alive=False)
    )
    assert rig.most_in_flight == connections


def test_background_calls_say_that_no_user_caused_them() -> None:
    toy = Toy()
    life(toy, replace(SETTINGS, polls=40, background=0.5))
    polls = [request for _, request in toy.seen if request.step in ("service", "activity")][11:]
    silent = [dict(request.lines).get(names.USER_ACTIVITY) == "0" for request in polls]
    assert silent == ["UA=0" in request.target for request in polls]
    assert silent == [request.step == "service" for request in polls]
    assert 5 < sum(silent) < 35


def test_without_user_activity_nothing_extends_the_session() -> None:
    toy = Toy()
    life(toy, replace(SETTINGS, user_activity=False, background=0.0, polls=10))
    assert not asked(toy, "activity")


def test_the_channel_goes_round_by_post_and_get_and_keeps_its_id() -> None:
    toy = Toy()
    rig, _ = life(toy, replace(SETTINGS, polls=700, keep_alive=False))
    finish, wait = asked(toy, "channel_finish"), asked(toy, "channel_wait")
    assert len(finish) >= 2 and len(wait) == len(finish)
    assert "cid=" not in finish[0].target and "cid=0a1b-22" in finish[1].target
    assert all("UA=0" in request.target for request in finish + wait)
    assert f"{names.CANARY}=canary-" in wait[0].target and "n=2" in wait[1].target
    evidence = rig.closed[0].evidence
    assert evidence is not None and evidence.is_ == "notifications" and evidence.bytes > 200


def test_keep_alives_and_pings_take_turns() -> None:
    toy = Toy()
    life(toy, replace(SETTINGS, polls=100))
    assert Counter(toy.steps())["keep_alive"] >= 1 and Counter(toy.steps())["ping"] >= 1
    assert all("UA=0" in request.target for request in asked(toy, "ping"))


def test_the_control_panel_is_visited_as_often_as_wanted() -> None:
    toy = Toy()
    life(toy, replace(SETTINGS, polls=9, ecp=2))
    assert [r.target.partition("?")[0] for r in asked(toy, "ecp")] == ["/ecp/", "/ecp/ping.ecp"] * 2


def test_a_node_itself_is_asked_for_everything() -> None:
    toy = Toy()
    life(toy, replace(SETTINGS, origin="EXCH13", control=True))
    assert {request.origin for _, request in toy.seen} == {"EXCH13"}
    assert all(request.control for _, request in toy.seen)


def test_another_mailbox_is_used_in_the_same_browser() -> None:
    toy = Toy()
    other = Account("v@example.com", "LAB\\v", "right", "2013")
    rig, _ = life(toy, replace(SETTINGS, logons=3, change_mailbox=(other,)))
    assert [f["account"] for f in marks(rig, "logon")] == [
        "u@example.com",
        "v@example.com",
        "u@example.com",
    ]
    assert asked(toy, "logon_again")[0].cookies.values[names.PRIVATE_COMPUTER] == "true"


def test_a_kept_page_is_used_again_and_says_its_old_build() -> None:
    toy = Toy()
    life(toy, replace(SETTINGS, logons=2, boot_page_kept=True))
    boots = [request.target for request in asked(toy, "boot")]
    assert boots.count(names.OWA) == 1, "the second start does not ask for the page"
    assert any("ver=15.1.669.32&appcacheclient=1" in target for target in boots)
    assert asked(toy, "sessiondata")[1].target.endswith("appcacheclient=1")
    assert dict(asked(toy, "sessiondata")[1].headers)[names.VERSION_ID] == "15.1.669.32"


def test_users_do_not_keep_time_with_each_other() -> None:
    rig, _ = life(Toy(), replace(SETTINGS, polls=30, think=2.0, keep_alive=False))
    polls = [sent for sent, r, _ in rig.hops if r.step in ("service", "activity")][-30:]
    waits = [round(later - sooner, 2) for sooner, later in pairwise(polls)]
    assert len(set(waits)) > 20 and min(waits) >= 1.0 and max(waits) <= 3.1


def test_without_log_off_the_window_is_closed_and_forgets_its_session() -> None:
    toy = Toy()
    rig, client = life(toy, replace(SETTINGS, logoff=False, logons=2))
    assert not asked(toy, "logoff") and not marks(rig, "logoff")
    assert len(marks(rig, "logon")) == 2
    assert set(client.jar.line("/owa/").values) == {names.PRIVATE_COMPUTER}


def test_a_browser_is_kept_on_2010_by_its_own_canary() -> None:
    toy = Toy()
    toy.form, toy.legacy = FORM_2010, True
    life(toy, replace(SETTINGS, private=True, late_answers=True))
    (post,) = asked(toy, "logon")
    assert parse_qs((post.body or b"").decode())["trusted"] == ["4"]
    events = [r for _, r in toy.seen if r.target.startswith(f"{names.E14_EVENTS}?oeh=1&ns=")]
    assert len(events) > 6 and not asked(toy, "sessiondata")
    (late,) = asked(toy, "late")
    canary = late.cookies.values[names.E14_USER_CONTEXT]
    assert late.body == f"<params><canary>{canary}</canary></params>".encode()
