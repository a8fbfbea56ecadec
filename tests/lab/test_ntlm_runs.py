"""The scenarios of connection-bound logons, whole: what each is written to find is found, and nothing else.

Falls if: one of them comes out otherwise than its first lines say, or a hop's class is not what the node confessed.
"""

import json

import pytest

from exsim.conduct.running import Options, run
from exsim.runs.exits import Exit
from exsim.session.hop import Hop
from tests.lab.rig import SCENARIOS

pytestmark = [pytest.mark.lab, pytest.mark.slow]
FOLDER = SCENARIOS.parent
CROSSES = "another user's mailbox"
SHUT_OUT = "NTLM never came to its end"
RUNS = [
    ("ntlm-server-close", Exit.FAIL, SHUT_OUT),
    ("ntlm-token-safe", Exit.STOPPED, CROSSES),
    ("ntlm-token-always", Exit.STOPPED, CROSSES),
    ("ntlm-unasked", Exit.PASS, "No session was lost"),
    ("ntlm-nginx", Exit.STOPPED, CROSSES),
    ("ntlm-nginx-closed", Exit.FAIL, SHUT_OUT),
]
CLASSES = {401: {"challenged", "refused"}, 200: {"served", "lost_context"}}


@pytest.mark.parametrize(("name", "code", "said"), RUNS)
def test_what_it_is_written_to_find(tmp_path, name, code, said):
    done = run(FOLDER / f"{name}.toml", Options(reports=tmp_path, live=False))
    assert done.exit_code == code, done.text(False)
    assert said in " ".join(done.text(False).split())
    confessed = {}
    for file in (done.directory.path / "nodes").glob("*.jsonl"):
        for line in file.read_text().splitlines():
            told = json.loads(line)
            confessed[told["client_request_id"]] = told
    for hop in done.directory.history():
        told = confessed.get(hop.client_request_id) if isinstance(hop, Hop) else None
        if told is None or hop.protocol != "ews" or hop.status not in CLASSES:
            continue
        assert told["class"] in CLASSES[hop.status]
        if hop.status == 401:
            complete = hop.auth in ("basic", "ntlm_3", "token")
            assert (told["class"] == "refused") is complete, (hop.auth, told)


def test_outlook_on_the_web_does_not_notice_server_close(tmp_path):
    done = run(FOLDER / "ntlm-server-close.toml", Options(reports=tmp_path, live=False))
    sessions = done.judgement.findings.sessions
    assert {session.protocol for session in sessions} == {"owa"}
    assert not [session for session in sessions if session.state == "lost"]
