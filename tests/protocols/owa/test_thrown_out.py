"""Falls if: a browser does other things than a real one when it is thrown out, refused, asked for a fresh canary,
left hanging, shown another page, or answered rubbish.
"""

from __future__ import annotations

from dataclasses import replace

import pytest
from msgspec import structs

from exsim.protocols.flow import Request
from exsim.wire import names
from tests.protocols.owa.living import SETTINGS, asked, life, marks
from tests.protocols.scripted import Answer, Late, answer
from tests.protocols.toy import HTML, Toy


def from_node(path: str, otherwise: str, node: str) -> Toy:
    """One node that cannot read A's cookies gets the requests for `path`."""
    return Toy(
        lambda request: node if path in request.target else otherwise,
        {"A": "AC", "B": "ABC", "C": "AC"},
    )


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
            structs.replace(said, headers=list(said.headers)) if r.target.startswith(path) else None
        )
    )
    _rig, _ = life(toy, replace(SETTINGS, logons=2, relogin_after=1.0, late_answers=True))
    assert toy.seen and len(toy.seen) < 400
