"""Falls if: a protocol has no client that goes to each node by itself, or a stranger is taken for one."""

from __future__ import annotations

import msgspec

from exsim.load.steering import controlled
from exsim.runs.clients import Ews
from exsim.runs.sections import Population
from tests.load.orders import orders


def test_the_first_population_of_each_protocol_that_signs_in_goes_to_each_node() -> None:
    made = (
        Population(mailbox="2016", users=1, protocol="ews", ews=Ews(authentication="none")),
        Population(mailbox="2016", users=1),
        Population(mailbox="2016", users=1, protocol="ews"),
        Population(mailbox="2013", users=1, protocol="ews"),
        Population(mailbox="2013", users=1),
    )
    order = msgspec.structs.replace(orders()[0], population=made)
    assert controlled(order) == {"owa": 1, "ews": 2}
