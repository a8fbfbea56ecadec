"""The hops of the sessions that are told, fetched in a reading of their own, of the committed example run.

Falls if: a hop of such a session, of its loss, of what came after, or of the proof is not fetched, or one is that
is none of these.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from exsim.conduct.judging import found
from exsim.conduct.lb_log import read_log
from exsim.conduct.telling import hops_to_tell
from exsim.judgement.judge import sessions_to_tell
from exsim.judgement.proof import is_culprit, replayed
from exsim.runs.directory import RunDirectory
from exsim.session.hop import Hop

EXAMPLE = Path(__file__).resolve().parents[2] / "reports" / "example"


@pytest.fixture(scope="module")
def example() -> RunDirectory:
    return RunDirectory(EXAMPLE)


def test_what_is_fetched_is_what_a_look_at_every_hop_finds(example: RunDirectory) -> None:
    findings = found(example, read_log(example))
    told = sessions_to_tell(findings)
    assert len(told) > 3
    hops = [line for line in example.history() if isinstance(line, Hop)]
    wanted: set[str] = set()
    for session in told:
        incident = session.incident
        assert incident is not None
        own = [hop for hop in hops if hop.user == session.user]
        culprit = next(hop for hop in own if is_culprit(hop, incident))
        asked = {incident.seq, *incident.aftermath}
        wanted |= {
            hop.client_request_id
            for hop in own
            if (not hop.control and (hop.session == session.id or hop.seq in asked))
            or replayed(hop, incident, culprit)
        }
    fetched = [hop for some in hops_to_tell(example, findings).values() for hop in some]
    assert {hop.client_request_id for hop in fetched} == wanted
    assert len(fetched) == len(wanted)
    assert sum(hop.control for hop in fetched) >= 2 * len(told), "the proofs are among them"
