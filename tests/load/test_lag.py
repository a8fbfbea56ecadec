"""How late the generator itself is.

Falls if: a hub that was held up is not noticed, or one that was not is called late.
"""

from __future__ import annotations

import time

import gevent

from exsim.load.lag import EVERY, LagProbe


def test_a_hub_that_was_held_up_is_noticed_once() -> None:
    probe = LagProbe()
    try:
        gevent.sleep(0)
        time.sleep(2 * EVERY + 0.02)  # nothing else runs meanwhile
        gevent.sleep(0.005)
        assert probe.worst >= EVERY
        assert probe.late_samples == 1
        assert probe.take_recent() == probe.worst
        assert probe.take_recent() == 0.0
    finally:
        probe.stop()
        gevent.sleep(0)


def test_a_free_hub_has_taken_no_late_sample_yet() -> None:
    probe = LagProbe()
    try:
        gevent.sleep(0)
        assert (probe.worst, probe.samples) == (0.0, 0)
    finally:
        probe.stop()
        gevent.sleep(0)
