"""Falls if: of several load processes one overwrites what Locust counted for another."""

from __future__ import annotations

import msgspec

from exsim.load.spawn import table_of
from tests.load.orders import orders


def test_each_load_process_has_a_table_of_its_own() -> None:
    assert table_of(orders()[0]) == "locust_stats.csv"
    both = [table_of(order) for order in orders(workers=2)]
    assert both == ["locust_stats-w0.csv", "locust_stats-w1.csv"]
    block = msgspec.structs.replace(orders()[0], worker=3)  # one after the other, in blocks of time
    assert table_of(block) == "locust_stats-w3.csv"
