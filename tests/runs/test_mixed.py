"""Falls if: the mixed scenario leaves out a protocol that has a client, or its rates are not those of its model."""

from __future__ import annotations

from pathlib import Path

import pytest

from exsim.runs.scenario import load_scenario

SCENARIO = load_scenario(Path(__file__).parents[2] / "scenarios" / "mixed.toml")
SENT, RECEIVED, DAY, PEAK = 20, 80, 8 * 3600, 2  # a profile of 100 messages a day; seconds

# Protocol -> requests (or actions) of such a user a day, by the model that the scenario names.
A_DAY = {
    "ews": RECEIVED * 2 + SENT + 48 + 20,  # read and sync each, create, streams, availability
    "outlook_anywhere": 3.5 * (SENT + RECEIVED) + 96,
    "mapi_http": 3.5 * (SENT + RECEIVED) + 96,
    "owa": 132,
}


SIX = {"owa", "ews", "activesync", "outlook_anywhere", "mapi_http", "autodiscover"}


def test_six_protocols_and_every_mailbox_version_are_in_it() -> None:
    assert {one.protocol for one in SCENARIO.population} == SIX
    assert {one.mailbox for one in SCENARIO.population} == {"2013", "2016"}
    assert any(one.client and one.client.authentication == "none" for one in SCENARIO.population)


@pytest.mark.parametrize("protocol", A_DAY)
def test_users_ask_as_often_as_the_model_says(protocol: str) -> None:
    thinks = {
        one.session.think
        for one in SCENARIO.population
        if one.protocol == protocol and not getattr(one.client, "idle", 0.0)
    }
    (think,) = thinks
    assert think == pytest.approx(DAY / PEAK / A_DAY[protocol], abs=0.7)
