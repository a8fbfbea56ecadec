"""A session once more, in memory.

Falls if: a request goes to another node than it is meant for, a loss is missed or blamed on another node,
a page's own canary is not sent, or a channel that is held open counts as a loss.
"""

from __future__ import annotations

import pytest

from exsim.protocols.owa.again import Step, once_more
from tests.conduct.surgery import E14, theatre
from tests.rig.slice import INCIDENT

SERVICE = "/owa/service.svc?action=GetFolder&EP=1&ID=-3&AC=1"
PENDING = "/owa/ev.owa2?ns=PendingRequest&ev=PendingNotificationRequest&UA=0&X-OWA-CANARY=…&n=1"
ORDINARY = [
    ("GET", "/owa/", "boot"),
    ("POST", "/owa/sessiondata.ashx?appcacheclient=0", "sessiondata"),
    ("POST", SERVICE, "service"),
    ("POST", "/owa/service.svc?action=SubscribeToNotification&ID=-4&AC=1", "subscribe"),
    ("POST", "/owa/ev.owa2?ns=PendingRequest&ev=FinishNotificationRequest&UA=0", "channel_finish"),
    ("GET", PENDING, "channel_wait"),
    ("POST", "/owa/keepalive.owa?UA=0", "keep_alive"),
]


def steps(*nodes, requests=ORDINARY):
    return [Step(*request, node) for request, node in zip(requests, nodes, strict=False)]


def played(preset, login, *nodes, private=True, farm_nodes=None, requests=ORDINARY):
    made = theatre(preset, **({"nodes": farm_nodes} if farm_nodes else {}))
    account = made.people[0]
    flow = once_more(
        made.browser(account), account, private, login, steps(*nodes, requests=requests)
    )
    return made.run(flow), made.hops


def test_each_request_goes_to_its_node_and_a_healthy_organisation_keeps_the_session():
    nodes = [
        "EXCH16-SYD-01",
        "EXCH13",
        "EXCH16-SYD-02",
        "EXCH13",
        "EXCH13",
        "EXCH16-SYD-01",
        "EXCH13",
    ]
    trial, hops = played("healthy", "EXCH13", *nodes)
    assert not trial.lost and trial.asked == len(nodes)
    again = [hop for hop in hops if hop.session == "1.1" and hop.step != "logon"]
    assert [hop.headers["x-feserver"] for hop in again] == nodes
    assert [hop.status for hop in again] == [200] * 7
    assert all(hop.control for hop in hops)


@pytest.mark.parametrize(
    ("preset", "login", "nodes", "lost_by", "status", "reason"),
    [
        ("authcert_asymmetry", "EXCH16-SYD-01", ("EXCH16-SYD-01", "EXCH13"), "EXCH13", 440, ""),
        ("authcert_asymmetry", "EXCH16-SYD-01", ("EXCH13",), "EXCH13", 302, "0"),
        ("authcert_asymmetry", "EXCH13", ("EXCH13", "EXCH16-SYD-01"), "", None, ""),
        ("cng_node", "EXCH13", ("EXCH13",), "EXCH13", 302, "0"),
    ],
)
def test_a_loss_is_found_where_it_happens(preset, login, nodes, lost_by, status, reason):
    trial, hops = played(preset, login, *nodes)
    assert (trial.lost_by, trial.status, trial.reason) == (lost_by, status, reason)
    assert trial.lost is bool(lost_by)
    if lost_by:
        assert trial.at == len(nodes) and hops[-1].origin == lost_by


def test_a_back_ends_own_440_is_no_loss():
    requests = [("GET", "/owa/appCacheManifestHandler.ashx", "boot"), ("GET", "/owa/", "boot")]
    trial, hops = played("healthy", "EXCH13", "EXCH13", "EXCH13", requests=requests)
    assert [hop.status for hop in hops[-2:]] == [440, 200]
    assert not trial.lost


@pytest.mark.parametrize(("before", "status"), [((), 302), (("EXCH16-SYD-01",), 440)])
def test_a_refusal_that_leaves_the_cookies_is_a_loss_all_the_same(before, status):
    kind = [{**node, "front_end": {"wipes": False}} for node in INCIDENT]
    nodes = (*before, "EXCH13")
    trial, _ = played("authcert_asymmetry", "EXCH16-SYD-01", *nodes, farm_nodes=kind)
    assert (trial.lost_by, trial.status) == ("EXCH13", status)


def test_nothing_is_asked_after_the_loss():
    trial, hops = played("authcert_asymmetry", "EXCH16-SYD-01", "EXCH13", "EXCH16-SYD-01")
    assert trial.asked == 1 and hops[-1].origin == "EXCH13"


def test_a_session_of_2010_is_played_with_its_own_canary():
    requests = [("GET", "/owa/", "boot"), ("POST", "/owa/ev.owa?oeh=1&ns=M&ev=Ping", "service")]
    kept, hops = played(
        "e14_no_affinity", "EXCH10-01", "EXCH10-01", "EXCH10-01", farm_nodes=E14, requests=requests
    )
    assert not kept.lost and hops[-1].status == 200
    lost, _ = played(
        "e14_no_affinity", "EXCH10-01", "EXCH10-01", "EXCH10-02", farm_nodes=E14, requests=requests
    )
    assert lost.lost_by == "EXCH10-02"


def test_a_logon_that_fails_is_no_loss():
    trial, _ = played("auth_cert_expired", "EXCH13", "EXCH13")
    assert (trial.logon, trial.detail, trial.lost) == ("error", "500", False)
