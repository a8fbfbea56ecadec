"""From the scenario's words to a client's settings.

Falls if: something that a scenario may say of a session does not reach the flow.
"""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from exsim.load.lives import FOREVER, host_of, settings_of
from exsim.protocols import PROTOCOLS
from exsim.runs.accounts import Account
from exsim.runs.sections import Population, Session
from tests.load.orders import orders

ANNA = Account("anna@x.example", "X\\anna", "2016", "secret")
BERT = Account("bert@x.example", "X\\bert", "2013", "secret")
OTHER: dict[str, Any] = {
    "polls": 3,
    "connections": 2,
    "think": 0.5,
    "relogin_after": 4.0,
    "logons": 2,
    "private": False,
    "user_activity": False,
    "background": 0.5,
    "notifications": False,
    "keep_alive": 7.0,
    "late_answers": True,
    "logoff": False,
    "boot_page_kept": True,
    "ecp": 2,
    "hang_after": 9.0,
    "logon_retries": 1,
    "drafts": 3,
}


def population(**session: Any) -> Population:
    return Population(mailbox="2016", users=1, session=Session(**session))


def test_this_table_knows_everything_that_a_scenario_may_say_of_a_session() -> None:
    assert set(OTHER) | {"change_mailbox"} == {one.name for one in msgspec.structs.fields(Session)}


@pytest.mark.parametrize("key", OTHER)
def test_every_key_of_a_session_reaches_the_flow(key: str) -> None:
    usual = settings_of(population(), (ANNA,))
    other = settings_of(population(**{key: OTHER[key]}), (ANNA,))
    assert getattr(other, key) == OTHER[key] != getattr(usual, key)


def test_a_client_opens_as_many_connections_as_the_real_one_unless_the_scenario_says() -> None:
    assert settings_of(population(), (ANNA,)).connections == PROTOCOLS["owa"].connections == 6


def test_no_logons_means_as_many_as_the_run_lasts_and_no_keep_alive_means_none() -> None:
    made = settings_of(population(keep_alive=0.0), (ANNA,))
    assert (made.logons, made.keep_alive) == (FOREVER, None)


def test_further_mailboxes_of_a_browser_are_used_in_their_order() -> None:
    made = settings_of(population(), (ANNA, BERT))
    assert [one.address for one in made.change_mailbox] == [BERT.address]


def test_a_run_of_its_own_may_say_otherwise() -> None:
    assert settings_of(population(), (ANNA,), control=True, polls=1).polls == 1


def test_the_host_is_the_urls_own() -> None:
    for url in ("https://mail.x", "https://mail.x/", "https://mail.x:443"):
        assert host_of(orders(url=url)[0]) == "mail.x"
    assert host_of(orders(url="https://mail.x:8443")[0]) == "mail.x:8443"
