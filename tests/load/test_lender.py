"""Mailboxes lent to steered sessions.

Falls if: one mailbox is with two sessions at once, a session gets a mailbox of another home, one that waits
sleeps on although what it waits for has come back, or a refused password is tried again.
"""

from __future__ import annotations

import gevent

from exsim.load.steering import Lender
from exsim.runs.accounts import Account


def account(name: str, node: str = "EXCH13", home: str = "2013") -> Account:
    return Account(f"{name}@isp.com.au", f"LAB\\{name}", home, "secret", node)


NOBODY: set[str] = set()


def test_a_mailbox_is_lent_to_one_session_at_a_time() -> None:
    lender = Lender([account("a"), account("b")], NOBODY)
    first, second = lender.take("", 0.01), lender.take("", 0.01)
    assert first is not None and second is not None and first != second
    assert lender.take("", 0.001) is None
    lender.give(first)
    assert lender.take("", 0.01) == first


def test_a_home_is_a_node_or_a_version() -> None:
    one, other = account("a"), account("b", "EXCH16", "2016")
    for home, wanted in (("EXCH16", other), ("2016", other), ("EXCH13", one), ("2013", one)):
        lender = Lender([one, other], NOBODY)
        assert lender.take(home, 0.01) == wanted
        assert lender.take(home, 0.001) is None


def test_whoever_waits_gets_what_comes_back_though_others_wait_for_something_else() -> None:
    one, other = account("a"), account("b", "EXCH16", "2016")
    lender = Lender([one, other], NOBODY)
    assert lender.take("EXCH13", 0.01) and lender.take("EXCH16", 0.01)
    waits = [gevent.spawn(lender.take, home, 2.0) for home in ("EXCH13", "EXCH16")]
    gevent.sleep(0)
    lender.give(other)  # the first that waits cannot use it
    assert waits[1].get(timeout=1.0) == other
    lender.give(one)
    assert waits[0].get(timeout=1.0) == one


def test_what_nobody_has_is_not_waited_for() -> None:
    lender = Lender([account("a")], NOBODY)
    with gevent.Timeout(1.0):
        assert lender.take("2019", 60.0) is None


def test_a_mailbox_whose_password_was_refused_is_not_lent_again() -> None:
    resting: set[str] = set()
    lender = Lender([account("a")], resting)
    lent = lender.take("", 0.01)
    assert lent is not None
    resting.add(lent.address)
    lender.give(lent)
    assert lender.take("", 0.01) is None
