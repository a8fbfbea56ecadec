"""Falls if: a browser's session of OWA is not what a real browser does, from the first GET to log-off, or
what it does when it is thrown out, asked for a fresh canary, left hanging, or shown another page.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from itertools import pairwise
from urllib.parse import parse_qs

import pytest

from exsim.protocols import PROTOCOLS
from exsim.protocols.agent import Account, Agent
from exsim.protocols.flow import Request
from exsim.protocols.owa.browser import browse
from exsim.protocols.owa.settings import Settings
from exsim.wire import names
from tests.protocols.scripted import Answer, Late, Scripted, answer, dice
from tests.protocols.toy import FORM_2010, HOST, HTML, Toy

ACCOUNT = Account("u@example.com", "LAB\\u", "right", "2016")
SETTINGS = Settings(polls=4, think=1.0, connections=6)


def life(
    toy: Toy, settings: Settings = SETTINGS, account: Account = ACCOUNT
) -> tuple[Scripted, Agent]:
    rig, client = Scripted(toy), Agent(HOST, dice(), account)
    rig.run(browse(client, account, settings), until=4000)
    return rig, client


def asked(toy: Toy, step: str) -> list[Request]:
    return [request for _, request in toy.seen if request.step == step]


def marks(rig: Scripted, what: str) -> list[dict[str, object]]:
    return [facts for name, facts in rig.marks if name == what]


def from_node(path: str, otherwise: str, node: str) -> Toy:
    """One node that cannot read A's cookies gets the requests for `path`."""
    return Toy(
        lambda request: node if path in request.target else otherwise,
        {"A": "AC", "B": "ABC", "C": "AC"},
    )


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


def test_a_440_sends_the_browser_to_the_logon_page_and_no_further() -> None:
    toy = from_node(names.SESSION_DATA, "A", "B")
    rig, _ = life(toy)
    assert toy.steps()[-4:] == ["sessiondata", "open", "logon_page", "logon_form"]
    assert not asked(toy, "service")
    (facts,) = marks(rig, "thrown_out")
    assert (facts["number"], facts["step"], facts["status"]) == (1, "sessiondata", 440)


def test_who_is_thrown_out_logs_on_again_in_the_same_browser() -> None:
    toy = from_node(names.SESSION_DATA, "A", "B")
    rig, _ = life(toy, replace(SETTINGS, logons=3, relogin_after=5.0))
    assert [facts["number"] for facts in marks(rig, "logon")] == [1, 2, 3]
    assert len(marks(rig, "thrown_out")) == 3
    again = asked(toy, "logon_again")
    assert [request.session for request in again] == [2, 3]
    assert len(asked(toy, "logon_form")) == 4, "the form that is shown already is used"


def test_many_refusals_at_once_throw_one_browser_out_once() -> None:
    toy = from_node(names.SERVICE, "A", "B")
    rig, _ = life(toy)
    assert len(marks(rig, "thrown_out")) == 1
    assert len(asked(toy, "open")) == 2
    steps = [request.step for _, request in toy.seen]
    shown = steps.index("logon_page", steps.index("service"))
    assert not {"service", "subscribe"} & set(steps[shown + 1 :]), "until another page is there"


def test_a_redirect_of_a_script_call_is_followed_unseen_and_then_understood() -> None:
    """A GET is refused by redirect, and a script is given the logon page as data."""
    toy = from_node(names.KEEP_ALIVE, "A", "B")
    rig, _ = life(toy, replace(SETTINGS, polls=100))
    (facts,) = marks(rig, "thrown_out")
    assert (facts["step"], facts["status"], facts["reason"]) == ("keep_alive", 302, "0")


def test_the_channels_get_that_is_refused_throws_out_as_well() -> None:
    toy = from_node("ev=PendingNotification", "A", "B")
    rig, _ = life(toy, replace(SETTINGS, polls=100))
    (facts,) = marks(rig, "thrown_out")
    assert (facts["step"], facts["reason"]) == ("channel_wait", "0")


def test_the_boot_page_that_turns_out_to_be_the_logon_page_is_a_lost_session() -> None:
    posts = {"POST": "A", "GET": "B"}
    toy = Toy(lambda request: posts[request.method], {"A": "A"})
    rig, _ = life(toy)
    assert marks(rig, "thrown_out")[0]["step"] == "boot"
    assert not asked(toy, "sessiondata")


def test_a_browser_that_is_let_in_again_goes_on_but_not_for_ever() -> None:
    """A node that refuses and deletes nothing: the next GET is served, and the page is loaded anew."""

    def special(request: Request) -> Answer | None:
        return answer(440, HTML) if request.target.startswith(names.SESSION_DATA) else None

    rig, _ = life(Toy(special=special))
    assert len(marks(rig, "thrown_out")) == 3
    assert len(marks(rig, "reload_loop")) == 1
    assert len(marks(rig, "logon")) == 1


def test_a_wrong_password_is_typed_once() -> None:
    toy = Toy(password="other")
    rig, _ = life(toy, replace(SETTINGS, logons=5, relogin_after=1.0))
    assert len(marks(rig, "logon")) == len(marks(rig, "logon_refused")) == 1
    assert not asked(toy, "sessiondata")


def test_a_wrong_password_is_typed_again_only_if_the_settings_say_so() -> None:
    rig, _ = life(Toy(password="other"), replace(SETTINGS, logon_retries=2))
    assert [facts["number"] for facts in marks(rig, "logon")] == [1, 2, 3]


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


def test_late_posts_of_the_old_page_arrive_in_the_new_sessions_jar() -> None:
    def special(request: Request) -> Answer | None:
        if request.step != "late":
            return None
        gone = ("Set-Cookie", "cadata=; expires=Thu, 15-Aug-1991 03:08:59 GMT; path=/")
        return Late(8.0, answer(440, HTML, gone))

    toy = Toy(special=special)
    settings = replace(SETTINGS, logons=2, relogin_after=2.0, late_answers=True, polls=20)
    rig, _ = life(toy, settings)
    late = asked(toy, "late")
    assert len(late) >= 3 and all(names.CADATA in request.cookies.values for request in late[:3])
    assert [facts["number"] for facts in marks(rig, "thrown_out")] == [2]


def test_a_449_is_answered_with_the_fresh_canary_once() -> None:
    refused: list[Request] = []

    def special(request: Request) -> Answer | None:
        if names.SERVICE not in request.target or refused:
            return None
        refused.append(request)
        return answer(449, ("Set-Cookie", f"{names.CANARY}=fresh; path=/; secure"))

    toy = Toy(special=special)
    rig, _ = life(toy, replace(SETTINGS, connections=1))
    second = toy.seen[[request for _, request in toy.seen].index(refused[0]) + 1][1]
    assert dict(second.lines)[names.CANARY] == "fresh" and "AC=2" in second.target
    assert dict(second.lines)[names.ATTEMPT] == "2"
    assert not marks(rig, "thrown_out")


def test_a_449_for_ever_ends_no_session_and_never_loops() -> None:
    toy = Toy(special=lambda r: answer(449) if names.SERVICE in r.target else None)
    rig, _ = life(toy, replace(SETTINGS, notifications=False, keep_alive=False))
    assert not marks(rig, "thrown_out")
    assert len([1 for _, r in toy.seen if names.SERVICE in r.target]) == 2 * (10 + 4)


def test_another_build_sends_the_browser_to_the_logon_page() -> None:
    toy = Toy(special=lambda r: answer(412) if names.SESSION_DATA in r.target else None)
    rig, _ = life(toy)
    assert marks(rig, "other_build")[0]["step"] == "sessiondata"
    after = [request.target for _, request in toy.seen]
    left = next(i for i, target in enumerate(after) if names.SESSION_DATA in target)
    assert after[left + 1].startswith(names.LOGON_PAGE)


def test_a_kept_page_is_used_again_and_says_its_old_build() -> None:
    toy = Toy()
    life(toy, replace(SETTINGS, logons=2, boot_page_kept=True))
    boots = [request.target for request in asked(toy, "boot")]
    assert boots.count(names.OWA) == 1, "the second start does not ask for the page"
    assert any("ver=15.1.669.32&appcacheclient=1" in target for target in boots)
    assert asked(toy, "sessiondata")[1].target.endswith("appcacheclient=1")
    assert dict(asked(toy, "sessiondata")[1].headers)[names.VERSION_ID] == "15.1.669.32"


def test_the_manifests_440_is_nothing_to_a_browser() -> None:
    toy = Toy(special=lambda r: answer(440) if names.APP_CACHE_MANIFEST in r.target else None)
    rig, _ = life(toy, replace(SETTINGS, boot_page_kept=True))
    assert not marks(rig, "thrown_out") and marks(rig, "logoff")


def test_a_boot_request_without_an_answer_is_a_hang() -> None:
    toy = Toy(special=lambda r: Late(500, answer(200)) if names.SESSION_DATA in r.target else None)
    rig, _ = life(toy, replace(SETTINGS, hang_after=12.0))
    assert marks(rig, "hang") == [{"number": 1, "step": "sessiondata", "waited": 12.0}]
    assert not marks(rig, "thrown_out")


def test_a_start_page_that_is_not_shown_is_reloaded_once_and_the_window_closed() -> None:
    def special(request: Request) -> Answer | None:
        return answer(503) if request.step == "boot" else None

    toy = Toy(special=special)
    rig, _ = life(toy, replace(SETTINGS, logons=2, relogin_after=1.0))
    assert toy.steps().count("boot") == 4 and not asked(toy, "sessiondata")
    assert [facts["number"] for facts in marks(rig, "not_started")] == [1, 2]


def test_a_log_off_that_got_no_answer_is_asked_for_again_before_the_next_logon() -> None:
    lost: list[Request] = []

    def special(request: Request) -> Answer | None:
        if request.target != names.LOGOFF or lost:
            return None
        lost.append(request)
        return answer(503)

    toy = Toy(special=special)
    rig, _ = life(toy, replace(SETTINGS, logons=2, relogin_after=1.0))
    assert [facts["number"] for facts in marks(rig, "logoff")] == [1, 1, 2]
    assert [facts["number"] for facts in marks(rig, "logon")] == [1, 2]


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


GARBAGE = (
    answer(200, HTML, body=b"<form><input type=password" + b"<![" * 5000),
    answer(200, HTML, body=b"\xff\xfe\x00garbage" * 20000),
    answer(
        200,
        HTML,
        body=b'<script>a_sLgn = "//evil.example/\\u00zz"; a_sUrl="' + b"x" * 9000 + b'"</script>',
    ),
    answer(302, ("Location", "http://[::1")),
    answer(302, ("Location", "https://other.example.org/login?x=1")),
    answer(302, ("Location", "\x01\x02")),
    answer(200, ("Set-Cookie", "=;;;=\x00"), ("Set-Cookie", ";" * 5000), HTML, body=b"<html"),
    answer(999),
    answer(None, error="refused"),
    answer(None, error="timeout"),
    answer(200, HTML, body=b""),
)


@pytest.mark.parametrize("said", GARBAGE, ids=range(len(GARBAGE)))
@pytest.mark.parametrize(
    "path",
    [
        names.OWA,
        names.LOGON_PAGE,
        names.LOGON_POST,
        names.SESSION_DATA,
        names.SERVICE,
        names.NOTIFICATION,
    ],
)
def test_nothing_that_a_server_answers_raises(path: str, said: Answer) -> None:
    assert not isinstance(said, Late)
    toy = Toy(
        special=lambda r: (
            replace(said, headers=list(said.headers)) if r.target.startswith(path) else None
        )
    )
    _rig, _ = life(toy, replace(SETTINGS, logons=2, relogin_after=1.0, late_answers=True))
    assert toy.seen and len(toy.seen) < 400
