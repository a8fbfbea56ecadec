"""Break it on purpose: each fault of the organisation, of the client or of our own sight is noticed.

Falls if: the comparison with the confession cannot fail, which would make every other test here worthless.
"""

from __future__ import annotations

import msgspec
import pytest

from exsim.session import meaning, signs
from exsim.session.detector import Detector
from exsim.session.hop import Hop
from tests.rig.balancers import PerConnection, PerRequest
from tests.rig.slice import INCIDENT, farm, run
from tests.slice.truth import differences, session_differences


def test_an_organisation_that_never_wipes_is_seen_to_leave_the_cookies() -> None:
    never = [{**node, "front_end": {"wipes": False}} for node in INCIDENT]
    organisation, accounts = farm(never, ["authcert_asymmetry"], 6)
    result = run(organisation, accounts, PerRequest)
    assert result.lost
    assert {session.incident.took_cookies for session in result.lost if session.incident} == {False}
    usual = run(*farm(users=6), PerRequest)
    assert {session.incident.took_cookies for session in usual.lost if session.incident} == {True}


def test_a_detector_blind_to_redirects_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    result = run(*farm(users=6), PerRequest)
    assert differences(result) == []
    read = signs.read

    def blind(hop: Hop, *more: object) -> meaning.Sign:
        sign = read(hop)
        return meaning.Sign.SERVED if sign is meaning.Sign.LOGON_REDIRECT else sign

    monkeypatch.setattr(signs, "read", blind)
    assert differences(result)


def test_a_blind_detector_also_loses_sessions_out_of_sight(monkeypatch: pytest.MonkeyPatch) -> None:
    read = signs.read

    def blind(hop: Hop, *more: object) -> meaning.Sign:
        sign = read(hop)
        return meaning.Sign.SERVED if sign is meaning.Sign.LOGON_REDIRECT else sign

    monkeypatch.setattr("exsim.session.detector.read", blind)
    result = run(*farm(users=6), PerRequest)
    assert session_differences(result)


def test_one_connection_hides_what_six_show() -> None:
    one = run(*farm(users=6), PerConnection, connections=1)
    six = run(*farm(users=6), PerConnection, connections=6)
    assert len(one.lost) < len(six.lost)
    assert {len(session.meetings) for session in one.findings.sessions if session.meetings} == {1}


def test_answers_in_swapped_order_are_found_out() -> None:
    result = run(*farm(users=6), PerRequest)
    assert session_differences(result) == []
    session = next(one for one in result.lost if one.incident and one.incident.aftermath)
    incident = session.incident
    assert incident is not None
    own = [(hop.user, hop.seq) for hop in result.hops]
    culprit = own.index((session.user, incident.seq))
    after = own.index((session.user, incident.aftermath[0]))
    lines = result.hops
    lines[culprit], lines[after] = lines[after], lines[culprit]
    marks = [line for line in result.lines if not isinstance(line, Hop)]
    swapped = Detector()
    for line in [*marks, *lines]:
        swapped.feed(line)
    result.findings = swapped.finish()
    assert session_differences(result)


def test_a_hop_without_evidence_is_unattributed() -> None:
    result = run(*farm(users=3), PerRequest)
    blank = Detector()
    for line in result.lines:
        if isinstance(line, Hop):
            line = msgspec.structs.replace(line, headers={})
        blank.feed(line)
    findings = blank.finish()
    assert findings.attributed == 0
    assert findings.unattributed == len(result.hops) - sum(
        hop.status is None for hop in result.hops
    )
