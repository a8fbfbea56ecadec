"""Falls if: the load process is told something else than was meant, or an order shows its passwords."""

from __future__ import annotations

import msgspec
import pytest

from exsim.runs.assignment import assign, make_lab_accounts
from exsim.runs.dice import Source
from exsim.runs.order import Combination, Order, read_order
from exsim.runs.scenario import parse_scenario
from tests.runs.scenarios import LAB


def an_order() -> Order:
    scenario = parse_scenario(LAB, "x")
    assigned = assign(scenario, make_lab_accounts(scenario, Source(7)))
    return Order(
        scenario="x",
        seed=scenario.seed,
        population=scenario.population,
        load=scenario.load,
        expect=scenario.expect,
        directory="reports/x",
        url="https://exchange.isp.com.au",
        address="127.0.0.1:8443",
        started=1795324323.5,
        salt="00" * 16,
        assignments=assigned.users,
        spare=assigned.spare,
        phase="unmask",
        nodes={"EXCH13": "http://127.0.0.1:1234"},
        combinations=(Combination("EXCH16-SYD-01", "EXCH13", "2013"),),
    )


def test_each_load_process_has_a_table_of_its_own() -> None:
    alone = an_order()
    assert alone.table == "locust_stats.csv"
    both = [msgspec.structs.replace(alone, workers=2, worker=one).table for one in (0, 1)]
    assert both == ["locust_stats-w0.csv", "locust_stats-w1.csv"]
    block = msgspec.structs.replace(alone, worker=3)  # one after the other, in blocks of time
    assert block.table == "locust_stats-w3.csv"


def test_an_order_comes_back_as_it_was_given() -> None:
    order = an_order()
    assert read_order(order.as_json()) == order


def test_an_order_does_not_show_its_passwords() -> None:
    order = an_order()
    assert order.assignments[0][0][0].password not in repr(order)


def test_a_word_that_is_no_part_of_an_order_is_refused() -> None:
    text = an_order().as_json()
    with pytest.raises(msgspec.ValidationError, match="preset"):
        read_order(b'{"preset":1,' + text[1:])
    with pytest.raises(msgspec.ValidationError, match="enum"):
        read_order(text.replace(b'"phase":"unmask"', b'"phase":"nap"'))
