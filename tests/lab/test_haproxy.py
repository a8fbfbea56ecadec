"""The scenarios' balancer files in a real HAProxy.

Falls if: one of them does not start, a file spreads requests otherwise than its first lines say, a
HAProxy that refuses a file is not quoted, or its log cannot be read back.
"""

import socket
import ssl
import time

import pytest

from exsim.lab.balancers import BalancerPlan
from exsim.lab.certificates import Authority
from exsim.lab.errors import LabError
from exsim.lb.binary import find_haproxy
from exsim.lb.errors import LbError, MovingError
from exsim.lb.process import Balancer, check
from exsim.lb.retarget import retarget
from exsim.lb.rig import Rig
from exsim.wire.haproxy_log import parse
from tests.lab.rig import SCENARIOS, Browser, plan, small_lab

pytestmark = pytest.mark.lab
FILES = ["roundrobin", "roundrobin-today", "cookie", "roundrobin-4000"]


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    with small_lab(tmp_path_factory.mktemp("run"), balancers=[plan(name) for name in FILES]) as lab:
        yield lab


def served(answer):
    return answer.headers["X-FEServer"]


def test_every_file_is_taken_once_it_is_moved(tmp_path):
    pem = tmp_path / "host.pem"
    pem.write_text(Authority("a").host_certificate(["h.lab"]))
    names = ("EXCH10-SYD-01", "EXCH10-SYD-02", "EXCH16-SYD-01", "EXCH16-SYD-02", "EXCH13")
    nodes = dict.fromkeys(names, "127.0.0.1:9")
    here, socket = "127.0.0.1:9", str(tmp_path / "s")
    rig = Rig(nodes, lambda tls: here, str(pem), here, socket, nodes_tls=nodes)
    paths = sorted(SCENARIOS.glob("*.cfg"))
    assert len(paths) > 5
    for path in paths:
        cfg = tmp_path / path.name
        made = retarget(path.read_text(), rig, path.name)
        cfg.write_text(made.text)
        warnings = check(find_haproxy(), cfg, made, path.name)
        if "option prefer-last-server" in path.read_text():  # says nothing else
            assert warnings
        assert all("prefer-last-server" in one or "httplog" in one for one in warnings)


def test_in_2017_a_connection_stays_and_the_next_goes_elsewhere(lab):
    met = []
    for _ in range(3):
        with Browser(lab, "roundrobin") as browser:
            met.append({served(browser.get("/owa/x")) for _ in range(4)})
    assert [len(one) for one in met] == [1, 1, 1]
    assert len(set.union(*met)) == 3


def test_today_one_connection_meets_everybody(lab):
    with Browser(lab, "roundrobin-today") as browser:
        assert len({served(browser.get("/owa/x")) for _ in range(6)}) == 3


def test_the_cookie_holds_owa_and_the_control_panel_on_one_node(lab):
    with Browser(lab, "cookie") as browser:
        first = browser.get("/owa/x")
        cookie = first.headers["Set-Cookie"].partition(";")[0]
    assert cookie.startswith("LB01=EXCH")
    met = set()
    for path in ("/owa/x", "/ecp/x") * 3:
        with Browser(lab, "cookie") as browser:
            answer = browser.get(path, Cookie=cookie)
            met.add(served(answer))
            assert answer.headers["Set-Cookie"] is None
    assert met == {served(first)}


@pytest.mark.parametrize(
    ("file", "chosen"), [("roundrobin", b"http/1.1"), ("roundrobin-today", b"h2")]
)
def test_only_todays_file_offers_http_2(lab, file, chosen):
    host, port = lab.addresses[file].split(":")
    context = ssl.create_default_context(cafile=str(lab.ca_pem_path))
    context.set_alpn_protocols(["h2", "http/1.1"])
    with (
        socket.create_connection((host, int(port))) as line,
        context.wrap_socket(line, server_hostname=lab.host) as tls,
    ):
        assert tls.selected_alpn_protocol() == chosen.decode()


def test_each_request_has_its_readable_line_in_the_log(tmp_path):
    with (
        small_lab(tmp_path, balancers=[plan("cookie")]) as lab,
        Browser(lab, "cookie") as browser,
    ):
        browser.get("/owa/x?n=1")
        source = "{}:{}".format(*browser.connection.sock.getsockname())
        browser.get("/rpc/rpcproxy.dll?E:6001", "RPC_IN_DATA")
        browser.get("/owa/HealthCheck.htm")
        end = (
            time.monotonic() + 3
        )  # a line comes after its answer; who is ended at once writes none
        while lab.balancers["cookie"].log_lines < 3 and time.monotonic() < end:
            time.sleep(0.01)
    lines = [parse(line) for line in (tmp_path / "lb.log").read_bytes().splitlines()]
    assert None not in lines
    assert [(one.method, one.path, one.status, one.cookie_action) for one in lines] == [
        ("GET", "/owa/x?n=1", 200, "I"),
        ("RPC_IN_DATA", "/rpc/rpcproxy.dll?E:6001", 200, "-"),
        ("GET", "/owa/HealthCheck.htm", 403, "-"),
    ]
    assert {one.client for one in lines} == {source}
    assert lines[0].lb_server.startswith("ISP_exch") and lines[2].by_itself
    assert {one.host for one in lines} == {lab.host}


def test_a_server_can_be_taken_out_and_brought_back(lab):
    runtime = lab.balancers["roundrobin-today"].runtime
    runtime.set_state("ISP_exch13", "maint")
    try:
        with Browser(lab, "roundrobin-today") as browser:
            assert "EXCH13" not in {served(browser.get("/owa/x")) for _ in range(6)}
    finally:
        runtime.set_state("ISP_exch13", "ready")
    for name, state in (("nobody", "drain"), ("ISP_exch13", "gone")):
        with pytest.raises(LbError, match=f"{name}|{state}"):
            runtime.set_state(name, state)


def test_a_dead_node_is_seen_by_the_check_and_nobody_is_sent_there(tmp_path):
    text = plan("roundrobin-today").text.replace(
        "inter 3s rise 2 fall 3", "inter 100ms rise 1 fall 1"
    )
    with small_lab(tmp_path, balancers=[BalancerPlan("quick", text)]) as lab:
        lab.kill("EXCH13")
        runtime = lab.balancers["quick"].runtime
        for _ in range(100):
            if all(
                one.status == "DOWN" for one in runtime.servers() if one.lb_server == "ISP_exch13"
            ):
                break
            time.sleep(0.05)
        with Browser(lab, "quick") as browser:
            assert {served(browser.get("/owa/x")) for _ in range(6)} == {
                "EXCH16-SYD-01",
                "EXCH16-SYD-02",
            }


def test_nodes_of_2010_are_found_healthy_by_their_logon_page(tmp_path):
    with small_lab(
        tmp_path, ["EXCH10-SYD-01", "EXCH10-SYD-02"], [plan("e14")], module="exsim.org"
    ) as lab:
        runtime = lab.balancers["e14"].runtime
        for _ in range(100):
            seen = {(one.status, one.check) for one in runtime.servers()}
            if seen == {("UP", "L7OK")}:
                break
            time.sleep(0.05)
        assert seen == {("UP", "L7OK")}


def test_a_frontend_that_was_full_is_named_with_its_line(tmp_path):
    text = plan("roundrobin").text.replace("    maxconn 1000\n", "    maxconn 2\n")
    line = text.splitlines().index("    maxconn 2") + 1
    with small_lab(
        tmp_path,
        ["EXCH16-SYD-01", "EXCH16-SYD-02", "EXCH13"],
        [BalancerPlan("few", text, "few.cfg")],
    ) as lab:
        assert lab.balancers["few"].full() == []
        with Browser(lab, "few") as one, Browser(lab, "few") as two:
            one.get("/owa/x")
            two.get("/owa/x")
        assert lab.balancers["few"].full() == [
            f"few.cfg:{line}: frontend ft_ISP_EXCHANGE_https full, 2 connections"
        ]


@pytest.mark.parametrize(
    ("error", "text", "words"),
    [
        (
            LabError,
            "listen l\n bind :443 ssl crt x\n mode http\n balence roundrobin\n",
            "HAProxy 2.*refuses the configuration:\n.*odd.cfg:4.*unknown keyword 'balence'",
        ),
        (
            MovingError,
            "listen l\n bind :443 ssl crt x\n server elsewhere 10.0.0.1:80\n",
            "^odd.cfg:3: server elsewhere is none of the nodes EXCH13",
        ),
    ],
)
def test_a_file_that_does_not_run_is_quoted(tmp_path, error, text, words):
    lab = small_lab(tmp_path, ["EXCH13"], [BalancerPlan("odd", text, "odd.cfg")])
    with pytest.raises(error, match=words), lab:
        pass
    assert lab.pids == {}


def test_a_haproxy_that_cannot_bind_is_quoted(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        cfg = tmp_path / "taken.cfg"
        port = taken.getsockname()[1]
        cfg.write_text(f"frontend f\n mode http\n timeout client 1s\n bind 127.0.0.1:{port}\n")
        balancer = Balancer(find_haproxy(), cfg, str(tmp_path / "never.sock"))
        try:
            with pytest.raises(LbError, match=f"did not start:\n.*cannot bind socket.*{port}"):
                balancer.start()
        finally:
            balancer.stop()
    with pytest.raises(LbError, match="runtime socket does not answer"):
        balancer.runtime.info()


def test_a_haproxy_that_is_none_is_said(tmp_path):
    with (
        pytest.raises(LabError, match=r"^/bin/true: does not say"),
        small_lab(tmp_path, ["EXCH13"], [plan("cookie")], haproxy="/bin/true"),
    ):
        pass
