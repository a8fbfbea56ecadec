"""A run directory made by hand: three nodes, one lost session, one kept, and what proves the loss."""

from datetime import UTC, datetime

from exsim.runs.directory import RunDirectory
from exsim.runs.history import HistoryWriter
from exsim.runs.runfile import NodeClaim, RunFile, Versions
from exsim.runs.scenario import parse_scenario
from exsim.session.hop import Evidence, Hop, Mark

ZERO = 1_795_336_517.0
SCENARIO = """
title = "made by hand"

[lab]
balancer = "haproxy/roundrobin.cfg"
preset = "authcert_asymmetry"
nodes = [{name = "EXCH16", version = "2016"}, {name = "EXCH13", version = "2013"}]

[[population]]
mailbox = "2016"
users = 2
"""
TARGET = """
title = "made by hand"

[target]
url = "https://mail.example.com"
accounts = "accounts.csv"
confirm = "mail.example.com"
{more}

[[population]]
mailbox = "2016"
users = 2
"""
FIVE = ("cadata", "cadataTTL", "cadataKey", "cadataIV", "cadataSig")
TO_LOGON = "https://exchange.isp.com.au/owa/auth/logon.aspx?url=x&reason=0"


def cookies(of):
    return {name: f"{of}{number}" for number, name in enumerate(FIVE)}


GONE = dict.fromkeys(FIVE)


def utc(t):
    when = datetime.fromtimestamp(ZERO + t, UTC)
    return f"{when:%Y-%m-%dT%H:%M:%S}.{when.microsecond // 1000:03d}Z"


def hop(user, seq, t, request, status, front_end="EXCH16", **more):
    values = {"session": f"{user}.1", "step": "service", "took": 0.02, "head": 0.01}
    values |= {"conn": 10 * user + 1, "protocol": "owa"}
    headers = {"x-feserver": front_end} if front_end else {}
    return Hop(
        utc=utc(t), t=t, user=user, seq=seq, request=request, status=status,
        headers=headers, client_request_id=f"c-{user}-{seq}", request_id=f"r-{user}-{seq}",
        source="127.0.0.1:50000", address="127.0.0.1:443", **{**values, **more},
    )  # fmt: skip


def logged_on(user, t, front_end="EXCH16", **more):
    return [
        Mark(utc(t), t, "user", user, {"account": f"user{user:02}@isp.com.au", "home": "2016"}),
        Mark(utc(t), t, "logon", user, {"number": 1, "account": f"user{user:02}@isp.com.au"}),
        hop(
            user, 1, t, "POST /owa/auth.owa", 302, front_end, step="logon",
            location="https://exchange.isp.com.au/owa/", set_cookies=cookies(user), **more,
        ),
    ]  # fmt: skip


def lost(user=1, t=1.0, culprit="EXCH13"):
    """Logged on at EXCH16, served, thrown out by `culprit`, refused once more; then the proof."""
    carried = {"cookies": cookies(user)}
    proof = {**carried, "step": "proof", "control": True}
    return [
        *logged_on(user, t),
        hop(user, 2, t + 0.1, "GET /owa/", 200, body=Evidence(9, "boot_page"), **carried),
        hop(
            user, 3, t + 0.2, "POST /owa/service.svc?action=FindItem&EP=1", 440, culprit,
            reason="Login Timeout", set_cookies=GONE, conn=12, **carried,
        ),
        hop(user, 4, t + 0.3, "POST /owa/sessiondata.ashx", 440, "EXCH16"),
        hop(user, 5, t + 0.4, "GET /owa/", 200, "EXCH16", **proof),
        hop(user, 6, t + 0.5, "GET /owa/", 302, culprit, location=TO_LOGON, set_cookies=GONE, **proof),
    ]  # fmt: skip


def kept(user=2, t=1.05, polls=3):
    """Logged on at EXCH16, and served by both nodes."""
    carried = {"cookies": cookies(user)}
    nodes = ("EXCH16", "EXCH13")
    return logged_on(user, t) + [
        hop(user, 2 + n, t + 0.1 * (n + 1), "POST /owa/service.svc?action=GetItem", 200, nodes[n % 2], **carried)
        for n in range(polls)
    ]  # fmt: skip


def run_directory(folder, lines=None, scenario=SCENARIO, scenario_name="made", **more):
    """The directory of a run; `more` is for run.json."""
    directory = RunDirectory.create(folder, "made", datetime.fromtimestamp(ZERO, UTC))
    facts = {
        "rig": "lab",
        "url": "https://exchange.isp.com.au",
        "address": "127.0.0.1:443",
        "presets": ["authcert_asymmetry"],
        "ended": utc(60.0),
        "node_addresses": {"EXCH16": "http://127.0.0.1:8016", "EXCH13": "http://127.0.0.1:8013"},
        "accounts": [
            {"address": f"user{n:02}@isp.com.au", "logon": f"LAB\\user{n:02}", "home": "2016"}
            for n in (1, 2)
        ],
    }
    run = RunFile(
        scenario=scenario_name, title="made by hand", versions=Versions("0.1.0"), seed=1, zero=ZERO,
        started=utc(0), nodes=[NodeClaim("EXCH16", "2016"), NodeClaim("EXCH13", "2013")],
        **{**facts, **more},
    )  # fmt: skip
    directory.write_run(run)
    directory.write_scenario(parse_scenario(scenario, "made"))
    with HistoryWriter(directory.history_folder / "w0.jsonl") as history:
        made = lost() + kept() if lines is None else lines
        for line in sorted(made, key=lambda one: one.t + getattr(one, "took", 0)):
            history.append(line)
    return directory
