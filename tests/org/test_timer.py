"""How long a logon lives, who renews it, and by whose clock.

Falls if: the life of 1.5 timeouts or the renewal after half of one moves, a background call renews, the
time scale or a node's clock is left out, or a renewal changes more than cadataTTL.
"""

from __future__ import annotations

from typing import Any

import pytest

from exsim.org.settings import Organisation
from exsim.org.timer import Timer
from exsim.wire import names
from tests.org.farm import Browser, Farm, changed, incident, set_cookies

NEW, NEW_2 = "EXCH16-SYD-01", "EXCH16-SYD-02"
PUBLIC, PRIVATE = 0, 4
MINUTE = 60.0


@pytest.mark.parametrize(
    "flags, mobile, minutes",
    [(PUBLIC, False, 15), (PUBLIC, True, 15), (PRIVATE, False, 480), (PRIVATE, True, 960)],
)
@pytest.mark.parametrize("scale", [1.0, 0.1])
def test_the_timeout_follows_the_flags(
    organisation: Organisation, flags: int, mobile: bool, minutes: int, scale: float
) -> None:
    timer = Timer(organisation.nodes[0].front_end, scale)
    assert timer.timeout(flags, mobile) == pytest.approx(minutes * MINUTE * scale)


def logged_on(farm: Farm, flags: int) -> Browser:
    browser = Browser(farm)
    browser.logon(NEW, farm.organisation.mailboxes[1], flags)
    browser.get(NEW, "/owa/")
    return browser


@pytest.mark.parametrize(
    "flags, minutes, status",
    [(PUBLIC, 22.4, 200), (PUBLIC, 22.6, 302), (PRIVATE, 719, 200), (PRIVATE, 721, 302)],
)
@pytest.mark.parametrize("scale", [1.0, 0.1])
def test_a_logon_lives_one_and_a_half_timeouts(
    certificates: dict[str, str], flags: int, minutes: float, status: int, scale: float
) -> None:
    farm = Farm(incident(certificates, time_scale=scale))
    browser = logged_on(farm, flags)
    farm.now += minutes * MINUTE * scale
    assert browser.get(NEW_2, "/owa/").status == status


@pytest.mark.parametrize(
    "minutes, target, headers, renews",
    [
        (7.4, "/owa/service.svc?action=FindItem", {}, False),
        (7.6, "/owa/service.svc?action=FindItem", {}, True),
        (7.6, "/owa/service.svc?action=FindItem&UA=0", {}, False),
        (7.6, "/owa/service.svc?action=FindItem", {"X_UserActivity": "0"}, False),
        (7.6, "/owa/ping.owa", {}, False),
        (7.6, "/owa/prem/15.1.669.32/scripts/boot.js", {}, False),
        (7.6, "/owa/sessiondata.ashx", {}, True),
    ],
)
def test_only_user_activity_renews(
    farm: Farm, minutes: float, target: str, headers: dict[str, str], renews: bool
) -> None:
    browser = logged_on(farm, PUBLIC)
    farm.now += minutes * MINUTE
    canary = browser.cookies[names.CANARY]
    answer = browser.post(NEW, target, X_OWA_CANARY=canary, **headers)
    renewed = [name for name, _ in set_cookies(answer) if name.startswith("cadata")]
    assert renewed == ([names.CADATA_TTL] if renews else [])


def test_a_renewed_logon_lives_on_and_an_idle_one_does_not(farm: Farm) -> None:
    active, idle = logged_on(farm, PUBLIC), logged_on(farm, PUBLIC)
    for _ in range(6):
        farm.now += 8 * MINUTE
        assert active.serve(NEW).status == 200
    assert idle.get(NEW, "/owa/").status == 302
    assert farm.confessions[-1].cause == "expired"


def test_background_polls_let_a_logon_expire(farm: Farm) -> None:
    browser = logged_on(farm, PUBLIC)
    statuses = []
    for _ in range(5):
        farm.now += 5 * MINUTE + 20
        statuses.append(browser.post(NEW, "/owa/ev.owa2?ns=PendingRequest&UA=0").status)
    assert statuses.count(440) == 1 and statuses[-1] == 440  # at 26:40 (QA-440)


def test_an_expired_event_of_2010s_kind_is_440(farm: Farm) -> None:
    browser = logged_on(farm, PUBLIC)
    farm.now += 23 * MINUTE
    assert browser.get(NEW, "/owa/ev.owa?oeh=1&ns=Monitoring&ev=Ping").status == 440


@pytest.mark.parametrize(
    "offset, scale, flags, status",
    [
        (30 * MINUTE, 1.0, PUBLIC, 302),
        (30 * MINUTE, 0.1, PUBLIC, 302),
        (20 * MINUTE, 0.1, PUBLIC, 200),  # the offset shrinks with the rest
        (30 * MINUTE, 1.0, PRIVATE, 200),
        (-30 * MINUTE, 1.0, PUBLIC, 200),
    ],
)
def test_a_clock_that_is_fast_ends_public_logons(
    certificates: dict[str, str], offset: float, scale: float, flags: int, status: int
) -> None:
    organisation = changed(incident(certificates, time_scale=scale), NEW_2, clock_offset=offset)
    browser = logged_on(Farm(organisation), flags)
    answer = browser.get(NEW_2, "/owa/")
    assert answer.status == status
    if status == 302:
        assert (answer.header("Location") or "").endswith("reason=3")


@pytest.mark.parametrize("values, status", [({}, 302), ({"stale_ssl": None}, 200)])
def test_a_key_once_opened_needs_no_certificate_until_recycled(
    organisation: Organisation, values: dict[str, Any], status: int
) -> None:
    healthy = changed(organisation, "*", encrypt_with="ssl", decrypt_with=("ssl",))
    farm = Farm(changed(healthy, NEW, **({"stale_ssl": "ssl-2"} | values)))
    browser = Browser(farm)
    browser.logon(NEW, organisation.mailboxes[1])
    assert browser.get(NEW, "/owa/").status == 200
    farm.nodes[NEW].recycle()
    assert browser.get(NEW, "/owa/").status == status
