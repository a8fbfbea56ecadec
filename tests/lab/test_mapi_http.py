"""Outlook over MAPI/HTTP, and whoever asks Autodiscover, through real balancers: what breaks each, told apart.

Falls if: a healthy session is reported, or one of these looks like another: a balancer that takes cookies away,
a silent wait that it cuts, a node that forgot its contexts, a place that does not answer.
"""

import json
import time
from collections import Counter
from dataclasses import replace

import pytest
from gevent import sleep

from exsim.lab.lab import Lab
from exsim.runs.assignment import lab_accounts
from exsim.runs.dice import Source
from exsim.runs.organisation import organisation_nodes
from exsim.runs.scenario import parse_scenario
from exsim.session.signs import read
from exsim.wire.haproxy_log import parse
from tests.lab.lives import SCALE, start
from tests.lab.rig import plan

pytestmark = pytest.mark.lab
METHODS = '{authentication = {mapi = ["ntlm", "basic"], autodiscover = ["ntlm", "basic"]}}'
MONITORED = METHODS.replace("{", '{monitoring = "10s", ', 1)
SCENARIO = f"""
title = "made by hand"

[lab]
balancer = "haproxy/roundrobin.cfg"
nodes = [
  {{name = "EXCH16-SYD-01", version = "2016", front_end = {METHODS}}},
  {{name = "EXCH16-SYD-02", version = "2016", front_end = {METHODS}}},
  {{name = "EXCH13", version = "2013", front_end = {MONITORED}, back_end = {{mapi = {{silent = true}}}}}},
]

[[population]]
mailbox = "2016"
users = 2
"""
WELL, RESTARTED, SILENT = "EXCH16-SYD-01", "EXCH16-SYD-02", "EXCH13"
QUICK = ("defaults\n", "    option http-no-delay\n")
STRIPPED = ("backend bk_ISP_EXCHANGE_https_mapi\n", "    http-response del-header Set-Cookie\n")
SHUT = ("backend bk_ISP_EXCHANGE_https_autodiscover\n", "    http-request return status 503\n")
BALANCERS = {"quick": [QUICK], "stripping": [QUICK, STRIPPED], "shut": [QUICK, SHUT]}
MAPI = {"authentication": "basic", "polls": 3, "think": 2.0, "calls": 2}
WHERE = {"authentication": "basic", "polls": 2, "think": 2.0}
# Which balancer, where the mailbox is (at SILENT nothing is said while a wait is parked), protocol, settings
CASES = {
    "healthy": ("quick", WELL, "mapi_http", MAPI),
    "ntlm": ("quick", WELL, "mapi_http", MAPI | {"authentication": "ntlm"}),
    "cookieless": ("stripping", WELL, "mapi_http", MAPI),
    "cut": ("quick", SILENT, "mapi_http", MAPI | {"idle": 66.0}),
    "found": ("quick", WELL, "autodiscover", WHERE | {"authentication": "ntlm"}),
    "elsewhere": ("shut", WELL, "autodiscover", WHERE),
}
LONG = MAPI | {"polls": 4, "think": 20.0, "notifications": False}
LIMIT = 20.0  # seconds


def balancer(name):
    made = plan("roundrobin")
    text = made.text
    for place, line in BALANCERS[name]:
        assert place in text
        text = text.replace(place, place + line, 1)
    return replace(made, name=name, text=text)


def wait(over):
    end = time.monotonic() + LIMIT
    while not over() and time.monotonic() < end:
        sleep(0.02)
    assert over()


def forgotten(lab, account):
    """A session whose mailbox's node dies and comes back between two calls."""
    left, task = start(lab, "quick", 99, account, "mapi_http", LONG)
    wait(lambda: left.hops("bind") and left.hops("execute"))
    lab.kill(RESTARTED)
    lab.restart(RESTARTED)
    wait(lambda: task.done)
    return left


@pytest.fixture(scope="module")
def left(tmp_path_factory):
    """All cases at once, each client through its balancer; then one whose node forgets."""
    section = parse_scenario(SCENARIO, "made").lab
    accounts = {account.node: account for account in lab_accounts(3, section.nodes, Source(7))}
    lab = Lab(
        tmp_path_factory.mktemp("lab"),
        organisation_nodes(section),
        [account.as_mailbox() for account in accounts.values()],
        list(map(balancer, BALANCERS)),
        redact=lambda line: line,
        time_scale=SCALE,
    )
    with lab:
        begun = {
            case: start(lab, name, number, accounts[node], protocol, settings)
            for number, (case, (name, node, protocol, settings)) in enumerate(CASES.items(), 1)
        }
        wait(lambda: all(task.done for _, task in begun.values()))
        made = {case: one for case, (one, _) in begun.items()}
        made["forgotten"] = forgotten(lab, accounts[RESTARTED])
        sleep(0.3)  # the balancer's last lines
    for one in made.values():
        one.finish()
    yield made | {"lab": lab}


def signs(made, step):
    return Counter(read(hop).value for hop in made.hops(step))


@pytest.mark.parametrize("case", ["healthy", "ntlm"])
def test_a_healthy_session_leaves_nothing_to_report(left, case):
    made = left[case]
    assert made.states == ["ended"] and not made.kinds
    served = [hop for hop in made.hops("execute") if hop.status == 200]
    assert [hop.body.owner for hop in served] == ["own"] * 7


def test_a_balancer_that_takes_the_cookies_is_told_by_code_13(left):
    made = left["cookieless"]
    assert signs(made, "execute")["cookies_missing"] >= 1
    assert made.states == ["live"] and "context_lost" not in made.kinds


def test_a_silent_wait_that_the_balancer_cuts_is_a_finding_with_its_flag(left):
    made = left["cut"]
    cut = [hop for hop in made.hops("wait") if hop.error == "truncated"]
    assert cut and made.kinds["truncated"] == len(cut) and "lost" not in made.states
    text = (left["lab"].directory / "lb.log").read_bytes()
    lines = {line.client: line for line in map(parse, text.splitlines()) if line is not None}
    assert lines[cut[0].source].flags.startswith("sD")


def test_a_context_that_its_node_forgot_loses_the_session(left):
    made = left["forgotten"]
    assert made.states == ["lost"]
    (session,) = made.found.sessions
    assert session.incident.sign == "context_lost"


def test_the_first_place_that_answers_is_taken(left):
    made = left["found"]
    assert made.states == ["ended"] and not made.kinds
    assert {hop.body.code for hop in made.hops("directory") if hop.status == 200} == {"settings mapiHttp"}  # fmt: skip


def test_a_place_that_the_balancer_shuts_is_left_for_the_next_one(left):
    made = left["elsewhere"]
    assert set(made.kinds) >= {"autodiscover_fallback"}
    assert made.states != ["lost"]


def test_a_nodes_own_health_monitoring_stands_in_its_record_and_in_no_clients(left):
    lines = (left["lab"].directory / "nodes" / f"{SILENT}.jsonl").read_text().splitlines()
    noise = [told for told in map(json.loads, lines) if told["class"] == "noise"]
    assert noise and {(told["path"], told["status"]) for told in noise} == {("/powershell", 500)}
    assert {told["client_request_id"] for told in noise} == {""}
