"""`exsim probe` against simulated nodes and balancers, by its own command line.

Falls if: a lost session is not told, or not by whose doing; a kept one is called lost; a refused password is
tried again; a logon that is not Exchange's, or nobody at all, is called a verdict; a transcript's difference
goes unseen; a password is printed; or a Ctrl-C is not obeyed.
"""

import http.server
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from exsim.lab.lab import Lab
from exsim.runs.assignment import lab_accounts
from exsim.runs.dice import Source
from exsim.runs.organisation import organisation_nodes
from exsim.runs.scenario import parse_scenario
from tests.lab.rig import plan
from tests.lab.test_curl import SCENARIO

pytestmark = pytest.mark.lab
TRANSCRIPTS = Path(__file__).parents[1] / "transcripts"
LIMIT = 60


@pytest.fixture(scope="module")
def farm(tmp_path_factory):
    """The incident's nodes behind both of its balancers, and one account."""
    section = parse_scenario(SCENARIO, "made").lab
    accounts = lab_accounts(1, section.nodes, Source(7))
    lab = Lab(
        tmp_path_factory.mktemp("lab"), organisation_nodes(section),
        [account.as_mailbox() for account in accounts], [plan("roundrobin"), plan("cookie")],
        redact=lambda line: line,
    )  # fmt: skip
    with lab:
        yield lab, accounts[0]


def command(*words):
    return [sys.executable, "-m", "exsim.cli", "probe", *words]


def environment(password):
    return {**os.environ, "PROBED": password, "HTTPS_PROXY": "http://127.0.0.1:1"}


def run_probe(password, *words):
    return subprocess.run(
        command(*words), env=environment(password), stdin=subprocess.DEVNULL, capture_output=True, text=True,
        timeout=LIMIT, check=False,
    )  # fmt: skip


def words_for(farm, balancer, *more, think="0.05"):
    lab, account = farm
    return (
        lab.url, "--address", lab.addresses[balancer], "--ca", str(lab.ca_pem_path), "--user", account.logon,
        "--mailbox", account.address, "--password-env", "PROBED", "--think", think, *more,
    )  # fmt: skip


def probed(farm, balancer, *more):
    done = run_probe(farm[1].password, *words_for(farm, balancer, *more))
    assert farm[1].password not in done.stdout + done.stderr
    return done


def node_words(lab, scheme="http"):
    return [
        word
        for name, places in lab.nodes.items()
        for word in ("--node", f"{name}={scheme}://{places[scheme]}")
    ]


def last_words(done):
    """The sentence below the hops."""
    return " ".join(done.stdout.rpartition("\n\n")[2].split())


def test_behind_persistence_a_session_is_served_throughout(farm):
    done = probed(farm, "cookie", "--polls", "3")
    assert (done.returncode, done.stderr) == (0, "")
    first = " ".join(done.stdout.partition("  time ")[0].split())
    assert (
        first
        == f"exchange.isp.com.au at {farm[0].addresses['cookie']}, over HTTP/1.1; environment proxies are not used"
    )
    assert last_words(done).startswith("Served throughout: logged on at EXCH")
    assert "took the session" not in done.stdout


def test_behind_round_robin_it_says_who_took_the_session_and_that_it_was_alive(farm):
    for _ in range(6):  # a session that begins at the 2013 node is never lost
        done = probed(farm, "roundrobin", "--polls", "40", *node_words(farm[0]))
        if "logged on at EXCH13," not in last_words(done):
            break
    assert (done.returncode, done.stderr) == (1, ""), done.stdout
    assert done.stdout.count("◄ took the session") == 1
    said = last_words(done)
    assert said.startswith("Thrown out by EXCH13, ")
    assert "It could not read it (reason=0: not expired, not refused)." in said
    assert said.endswith("served a copy of the same cookies right after.")


def test_a_refused_password_is_tried_once(farm):
    done = run_probe("not-it", *words_for(farm, "cookie"))
    assert done.returncode == 4
    assert done.stdout.count("POST /owa/auth.owa") == 1
    assert "The logon was not accepted: EXCH" in last_words(done)
    assert "(reason=2)" in last_words(done)


def test_nobody_there_is_one_line():
    done = run_probe("x", "https://127.0.0.1:1", "--user", "x", "--password-env", "PROBED")
    assert (done.returncode, done.stdout) == (4, "")
    assert done.stderr == "exsim: 127.0.0.1:1: nobody answers: Connection refused\n"


def test_a_certificate_that_nobody_vouches_for_is_one_line(farm):
    words = [word for word in words_for(farm, "cookie") if word != str(farm[0].ca_pem_path)]
    words.remove("--ca")
    done = run_probe("x", *words)
    assert done.returncode == 4
    assert "certificate not accepted" in done.stderr and done.stderr.count("\n") == 1
    assert run_probe(farm[1].password, *words, "--insecure", "--polls", "0").returncode == 0


class Policy(http.server.BaseHTTPRequestHandler):
    """Another logon in front of everything."""

    def do_GET(self):
        body = b"" if self.path == "/owa/" else b'<form><input type="password" name="p"></form>'
        self.send_response(302 if self.path == "/owa/" else 200)
        if self.path == "/owa/":
            self.send_header("Location", "https://127.0.0.1/my.policy")
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def test_a_logon_that_is_not_exchanges_is_no_verdict():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Policy)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        address = f"127.0.0.1:{server.server_port}"
        words = (
            "http://127.0.0.1",
            "--address",
            address,
            "--user",
            "x",
            "--password-env",
            "PROBED",
        )
        done = run_probe("x", *words)
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
    assert done.returncode == 4
    assert last_words(done) == (
        "127.0.0.1 does not show Exchange's logon page: it is F5 APM's (/my.policy). There are no Exchange "
        "logon cookies to lose here. Nothing was sent but 2 GETs."
    )


def test_a_transcript_is_played_against_the_nodes(farm):
    lab = farm[0]
    nodes = [
        word
        for letter, name in (("A", "EXCH16-SYD-01"), ("B", "EXCH13"))
        for word in ("--node", f"{letter}=http://{lab.nodes[name]['http']}")
    ]
    done = probed(farm, "cookie", "--transcript", str(TRANSCRIPTS / "unreadable-post.txt"), *nodes)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith("2 of 2 answers are as written.\n")


def test_where_an_answer_differs_is_shown_line_by_line(farm, tmp_path):
    path = tmp_path / "wrong.txt"
    path.write_text(
        "# What is not so.\n\n> GET /owa/\n< 200 OK\n\n> GET /\n< 302\n< Location: /elsewhere\n"
    )
    done = probed(farm, "cookie", "--transcript", str(path))
    assert done.returncode == 1
    lines = [line.strip() for line in done.stdout.splitlines()]
    assert "wrong.txt:3: A: GET /owa/: DIFFERS" in lines
    assert "status: expected 200, got 302" in lines
    assert any(line.startswith("Location: expected /elsewhere, got ") for line in lines)
    assert lines[-1] == "0 of 2 answers are as written."


def test_assumptions_need_no_target():
    done = run_probe("x", "--assumptions")
    assert done.returncode == 0
    assert "are assumed" in done.stdout


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_can_be_interrupted(farm, number):
    words = words_for(farm, "cookie", "--polls", "500", think="1")
    process = subprocess.Popen(
        command(*words), env=environment(farm[1].password), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True,
    )  # fmt: skip
    with process:
        for line in process.stdout:
            if "sessiondata" in line:
                break
        process.send_signal(number)
        _, said = process.communicate(timeout=10)
    assert (process.returncode, said) == (130, "exsim: interrupted\n")
