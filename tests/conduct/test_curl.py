"""The script of `show --curl`, read but not run.

Falls if: bash cannot read it, a secret or a server's words get into it unquoted, certificates go
unchecked without being said, or it asks other nodes than the run showed.
"""

import shutil
import subprocess

import pytest

from exsim.conduct.curl import as_curl, questions
from exsim.conduct.tale import tell
from exsim.runs.errors import RunError
from tests.conduct.made_run import SCENARIO, TARGET, kept, logged_on, lost, run_directory

needs_bash = pytest.mark.skipif(not shutil.which("bash"), reason="there is no bash on this machine")


def script(folder, session="1.1", lines=None, scenario=SCENARIO, **more):
    return as_curl(run_directory(folder, lines, scenario, **more), session)


def target(folder, keys, **more):
    scenario = TARGET.format(more=keys)
    more = {"rig": "target", "url": "https://mail.example.com", "address": "192.0.2.50:443", **more}
    return script(folder, scenario=scenario, **more)


def assert_readable(text):
    done = subprocess.run(["bash", "-n"], input=text, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@needs_bash
@pytest.mark.parametrize("session", ["1.1", "2.1"])
def test_bash_can_read_it(tmp_path, session):
    text = script(tmp_path, session)
    assert "@@" not in text
    assert_readable(text)


@pytest.mark.parametrize(
    ("lines", "asked"),
    [
        (
            lost(),
            [("GET", "EXCH16", 200), ("POST", "EXCH13", 440), ("GET", "EXCH13", 302), ("GET", "EXCH16", 200)],
        ),
        (lost(culprit="EXCH16"), [("POST", "EXCH16", 440), ("GET", "EXCH16", 302)]),
        (kept(1, 1.0), [("GET", "EXCH16", 200), ("GET", "EXCH13", 200)]),
        (logged_on(1, 1.0, ""), [("GET", "", 200)]),
    ],
)  # fmt: skip
def test_it_asks_the_logon_node_and_the_culprit(tmp_path, lines, asked):
    found = questions(tell(run_directory(tmp_path, lines), "1.1"))
    assert [(one.method, one.node, one.expected) for one in found] == asked


def test_without_a_known_culprit_there_is_nobody_to_ask(tmp_path):
    with pytest.raises(RunError, match="no witness names the node"):
        script(tmp_path, lines=lost(culprit=""))


def test_the_user_logs_on_as_the_accounts_said(tmp_path):
    assert "user='LAB\\user01'" in script(tmp_path)


def test_nodes_are_where_the_run_found_them_unless_the_environment_says_otherwise(tmp_path):
    text = script(tmp_path)
    assert '"${EXSIM_NODE_EXCH13-http://127.0.0.1:8013}"' in text
    assert "balancer=${EXSIM_BALANCER-https://127.0.0.1:443}" in text
    assert '"${EXSIM_NODE_EXCH13-}"' in script(tmp_path / "other", node_addresses={})


@pytest.mark.parametrize(
    ("keys", "options"),
    [("", "certificates=()  #"), ("insecure = true", "certificates=(-k)  # -k: the run did not")],
)
def test_certificates_are_checked_unless_the_run_did_not(tmp_path, keys, options):
    assert options in target(tmp_path, keys)


def test_a_lab_says_why_nobody_vouches_for_it(tmp_path):
    assert "certificates=(-k)  # -k: the organisation was simulated" in script(tmp_path)


@needs_bash
def test_an_authoritys_file_is_one_word_to_the_shell(tmp_path):
    text = target(tmp_path, 'ca = "our own.pem"')
    assert "certificates=(--cacert 'our own.pem')" in text
    assert_readable(text)


HOSTILE = ["$(touch HERE)", "`touch HERE`", "';touch HERE;'", 'A"\ntouch HERE\n#', "@@USER@@"]


@needs_bash
@pytest.mark.parametrize("name", HOSTILE)
def test_a_servers_words_are_never_run(tmp_path, name):
    """Names of nodes come from answers; the script gets as far as asking for a password."""
    text = script(tmp_path, lines=lost(culprit=name))
    assert_readable(text)
    done = subprocess.run(
        ["bash", "-c", text.replace("exit 2", 'address_of "$logon_node"; exit 2')],
        cwd=tmp_path, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
        env={"PATH": "/usr/bin:/bin"},
    )  # fmt: skip
    assert done.returncode == 2
    assert done.stderr.startswith("set EXSIM_PASSWORD")
    assert not (tmp_path / "HERE").exists()


def test_no_password_stands_in_it(tmp_path):
    accounts = [{"address": "user01@isp.com.au", "logon": "u", "password": "geheim"}]
    assert "geheim" not in script(tmp_path, accounts=accounts)
