"""impacket over RPC/HTTP, through the incident's balancer: Basic and NTLM, IN and OUT on different nodes.

Falls if: a client that nobody here wrote cannot open a virtual connection whose channels came through
different front ends, cannot call over it, or is told another mailbox than its own.
"""

import json
import subprocess
import sys
import time
from dataclasses import replace

import pytest

from exsim.lab.lab import Lab
from exsim.runs.assignment import lab_accounts
from exsim.runs.dice import Source
from exsim.runs.organisation import organisation_nodes
from exsim.runs.scenario import parse_scenario
from exsim.wire import names, rop
from exsim.wire.haproxy_log import parse
from tests.lab.rig import plan

pytestmark = pytest.mark.lab
SCENARIO = """
title = "made by hand"

[lab]
balancer = "haproxy/roundrobin.cfg"
nodes = [{name = "EXCH16", version = "2016"}, {name = "EXCH13", version = "2013"}]

[[population]]
mailbox = "2016"
users = 2
"""


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    section = parse_scenario(SCENARIO, "made").lab
    accounts = lab_accounts(2, section.nodes, Source(7))
    made = plan("roundrobin")  # as it is, each packet takes 205 ms more
    quick = replace(
        made, text=made.text.replace("defaults\n", "defaults\n    option http-no-delay\n")
    )
    lab = Lab(
        tmp_path_factory.mktemp("lab"),
        organisation_nodes(section),
        [account.as_mailbox() for account in accounts],
        [quick],
        redact=lambda line: line,
    )
    with lab:
        yield lab, accounts


def talk(url, account, method):
    domain, _, user = account.logon.partition("\\")
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "tests.lab.impacket_client",
         url, method, domain, user, account.password],
        capture_output=True, timeout=20, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["results"] == [0, 0, 0], told
    assert told["name"] == names.MARKER + account.address + "\0"
    assert told["operation"] == rop.LOGON


def channels(lab, count):
    """Method and server of each channel that the balancer has logged, once there are `count`."""
    end = time.monotonic() + 3
    while True:
        lines = map(parse, (lab.directory / "lb.log").read_bytes().splitlines())
        found = [
            (line.method, line.lb_server)
            for line in lines
            if line is not None and line.method in names.RPC_METHODS and line.path.endswith(":6001")
        ]
        if len(found) >= count or time.monotonic() > end:
            return found
        time.sleep(0.05)


@pytest.mark.parametrize(("method", "number"), [("Basic", 0), ("NTLM", 1)])
def test_impacket_calls_its_mailbox_through_two_front_ends(lab, method, number):
    lab, accounts = lab
    before = len(channels(lab, 0))
    talk(f"https://{lab.addresses['roundrobin']}", accounts[number], method)
    found = dict(channels(lab, before + 2)[before:])
    assert set(found) == set(names.RPC_METHODS)
    assert found[names.RPC_IN] != found[names.RPC_OUT]


def test_impacket_calls_its_mailbox_straight_at_a_node(lab):
    lab, accounts = lab
    talk(f"http://{lab.nodes['EXCH13']['http']}", accounts[0], "NTLM")
