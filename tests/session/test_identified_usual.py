"""Falls if: a telephone's answer is taken for the one before it though it says something else, or counts twice."""

from __future__ import annotations

from exsim.session.detector import Detector
from exsim.session.hop import Evidence, Hop
from tests.session.dialogue import A, judged, shared
from tests.session.test_identified import begun


def test_a_status_that_means_something_else_in_another_command_is_seen() -> None:
    """3 of a Sync: the keys are gone (MS-ASCMD); of other commands it is no state of the device's."""
    caller, body = begun("activesync"), Evidence(30, "answer", "3", "own")
    caller.call(A, body=body, step="move_items")
    caller.call(A, body=body, step="sync")
    for line in (lines := shared(caller.lines)):
        if isinstance(line, Hop) and line.body == body:
            line.body = body  # the very same, as the telephone's evidence of short answers is
    found = judged(lines)
    assert found == judged(caller.lines) and [one.kind for one in found.findings] == ["state_lost"]


def test_what_was_found_is_told_again_and_not_counted_again() -> None:
    detector, caller = Detector(), begun("activesync")
    for _ in range(3):
        caller.call(A)
    for line in shared(caller.lines):
        detector.feed(line)
    first = (detector.finish().hops, dict(detector.finish().identity))
    assert first == (detector.finish().hops, dict(detector.finish().identity))
    assert first[0] == judged(caller.lines).hops
