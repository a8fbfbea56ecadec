"""Outlook over RPC/HTTP through real balancers: what breaks it, each kind told apart.

Falls if: a healthy session is reported, or one of these looks like another: packets that the balancer
delays, a balancer that waits for the whole body, channels that are not joined, a channel that is cut.
"""

import time
from dataclasses import replace

import pytest
from gevent import sleep

from exsim.lab.lab import Lab
from exsim.runs.assignment import lab_accounts
from exsim.runs.dice import Source
from exsim.runs.organisation import organisation_nodes
from exsim.runs.scenario import parse_scenario
from exsim.session.signs import read
from exsim.wire import names
from exsim.wire.haproxy_log import parse
from tests.lab.lives import SCALE, start
from tests.lab.rig import plan

pytestmark = pytest.mark.lab
SCENARIO = """
title = "made by hand"

[lab]
balancer = "haproxy/roundrobin.cfg"
nodes = [
  {name = "EXCH16-SYD-01", version = "2016"},
  {name = "EXCH16-SYD-02", version = "2016", back_end = {channel_length = 131072}},
  {name = "EXCH13", version = "2013", back_end = {channels_across = false}},
]

[[population]]
mailbox = "2016"
users = 2
"""
COMMON = {"authentication": "basic", "polls": 2, "think": 1.0, "calls": 5}
NO_DELAY, BUFFER = "option http-no-delay", "option http-buffer-request"
# Which balancer, where the mailbox is (2016: channels are joined across front ends, 2013: they are not), settings
CASES = {
    "healthy": ("quick", "2016", {}),
    "ntlm": ("quick", "2016", {"authentication": "ntlm"}),
    "delayed": ("as-it-is", "2016", {"polls": 1, "calls": 2, "notifications": False}),
    "buffered": ("buffering", "2016", {"join_limit": 40.0}),
    "apart": ("alternating", "2013", {}),
    "replaced": (
        "quick",
        "2016",
        {"polls": 8, "calls": 100},
    ),  # 800 calls: more than one channel carries
    "cut": ("quick", "2016", {"idle": 110.0}),
}


def balancer(name, *options):
    made = plan("roundrobin")
    more = "".join(f"    {option}\n" for option in options)
    return replace(made, name=name, text=made.text.replace("defaults\n", f"defaults\n{more}", 1))


@pytest.fixture(scope="module")
def left(tmp_path_factory):
    """All cases at once, each client through its balancer."""
    section = parse_scenario(SCENARIO, "made").lab
    accounts = {account.home: account for account in lab_accounts(3, section.nodes, Source(7))}
    balancers = [balancer("quick", NO_DELAY), balancer("as-it-is"),
                 balancer("buffering", NO_DELAY, BUFFER),
                 balancer("alternating", NO_DELAY)]  # of one client alone  # fmt: skip
    lab = Lab(
        tmp_path_factory.mktemp("lab"),
        organisation_nodes(section),
        [account.as_mailbox() for account in accounts.values()],
        balancers,
        redact=lambda line: line,
        time_scale=SCALE,
    )
    with lab:
        begun = {
            case: start(lab, name, number, accounts[which], "outlook_anywhere", COMMON | settings)
            for number, (case, (name, which, settings)) in enumerate(CASES.items(), 1)
        }
        end = time.monotonic() + 20
        while not all(task.done for _, task in begun.values()) and time.monotonic() < end:
            sleep(0.05)
        assert all(task.done for _, task in begun.values())
        sleep(0.3)  # the balancer's last lines
    for case in begun.values():
        case[0].finish()
    yield {case: made for case, (made, _) in begun.items()} | {"lab": lab}


@pytest.mark.parametrize("case", ["healthy", "ntlm"])
def test_a_healthy_session_leaves_nothing_to_report(left, case):
    made = left[case]
    assert made.states == ["ended"] and not made.kinds
    assert made.hop("out_channel").body.owner == "own"
    assert made.hop("out_channel").body.round_trip < 0.15


def test_packets_that_the_balancer_delays_are_said_to_be_slow(left):
    made = left["delayed"]
    assert made.states == ["ended"] and set(made.kinds) == {"slow_pieces"}
    assert made.hop("out_channel").body.round_trip > 0.18


def test_a_balancer_that_waits_for_the_whole_body_hangs_the_in_channel(left):
    made = left["buffered"]
    assert made.states == []
    (shut_out,) = made.found.shut_out
    assert (shut_out.step, shut_out.sign) == ("in_channel", "no_answer")
    assert made.hop("in_channel").status is None


def test_channels_that_are_not_joined_are_told_by_the_node(left):
    made = left["apart"]
    (shut_out,) = made.found.shut_out
    assert made.states == [] and shut_out.sign == "context_lost"
    assert read(made.hop("in_channel")).value == "context_lost"


def test_a_channel_that_is_nearly_spent_is_replaced_and_nothing_is_reported(left):
    made = left["replaced"]
    assert made.states == ["ended"] and not made.kinds
    (successor,) = [hop for hop in made.hops("out_successor") if hop.status == 200]
    assert (successor.body.is_, successor.body.owner) == ("answer", "own")
    assert made.hop("out_channel").ended == "closed"


def test_a_channel_that_the_balancer_cuts_is_a_finding_with_its_flag(left):
    made = left["cut"]
    assert made.kinds["truncated"] == 1
    out = made.hop("out_channel")
    assert out.error == "truncated" and out.body.is_ == "accepted"
    text = (left["lab"].directory / "lb.log").read_bytes()
    lines = {line.client: line for line in map(parse, text.splitlines()) if line is not None}
    assert lines[out.source].flags.startswith("sD")
    assert lines[out.source].method == names.RPC_OUT
