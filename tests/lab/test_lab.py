"""The lab, up and down.

Falls if: a process or a file outlives it, a node cannot be taken away and brought back, or what keeps it
from standing is not said in a line that a person can act on.
"""

import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from exsim.lab.errors import LabError
from exsim.lab.lab import Lab
from exsim.runs.organisation import certificate_names
from tests.lab.rig import NAMES, Browser, node, plan, running, small_lab

pytestmark = pytest.mark.lab


def until(what, limit=5.0):
    """Poll `what` until it is true."""
    end = time.monotonic() + limit
    while not what():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.05)


def direct(lab, name, path):
    connection = http.client.HTTPConnection(lab.nodes[name]["http"], timeout=5)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def test_real_nodes_behind_the_incidents_file_turn_green_and_leave_nothing_behind(tmp_path):
    with small_lab(tmp_path, balancers=[plan("roundrobin")], module="exsim.org") as lab:
        pids = lab.pids
        assert set(pids) == {*NAMES, "roundrobin"}
        # A Ctrl-C at the terminal reaches this process's group, and the lab is to be ended in order.
        assert os.getpgid(0) not in {os.getpgid(pid) for pid in pids.values()}
        assert lab.url == "https://exchange.isp.com.au"
        assert lab.lb_servers == {
            "ISP_exch16_syd_01": "EXCH16-SYD-01",
            "ISP_exch16_syd_02": "EXCH16-SYD-02",
            "ISP_exch13": "EXCH13",
        }
        assert lab.haproxy_version.startswith("2.")
        assert any("prefer-last-server" in warning for warning in lab.warnings)
        with Browser(lab, "roundrobin") as browser:
            answer = browser.get("/owa/")
        assert (answer.status, answer.headers["X-LB-Server"].partition("/")[0]) == (
            302,
            "bk_ISP_EXCHANGE_https_owa",
        )
        runtime = lab.balancers["roundrobin"].runtime
        until(lambda: {(one.status, one.check) for one in runtime.servers()} == {("UP", "L7OK")})
        home = lab.ca_pem_path.parent
        assert not (home / "host.pem").exists(), "the private key stays on the disk"
        assert home.stat().st_mode & 0o077 == 0
    assert not [name for name, pid in pids.items() if running(pid)]
    assert not home.exists()
    confessed = "".join(path.read_text() for path in (tmp_path / "nodes").iterdir())
    assert '"/owa/"' in confessed
    assert "/owa/ HTTP/1.1" in (tmp_path / "lb.log").read_text()


def test_killing_pausing_and_restarting_a_node(tmp_path):
    with small_lab(tmp_path) as lab:
        pid = lab.pids["EXCH13"]
        assert direct(lab, "EXCH16-SYD-01", "/back/EXCH13/x")[0] == 200
        lab.recycle("EXCH13")
        until(lambda: direct(lab, "EXCH13", "/recycled")[1] == b"1")
        lab.pause("EXCH13")
        with (
            pytest.raises(TimeoutError),
            socket.create_connection(
                ("127.0.0.1", int(lab.nodes["EXCH13"]["http"].split(":")[1]))
            ) as line,
        ):
            line.settimeout(0.2)
            line.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            line.recv(1)
        lab.resume("EXCH13")
        lab.kill("EXCH13")
        assert not running(pid)
        with pytest.raises(ConnectionRefusedError):
            direct(lab, "EXCH13", "/")
        assert direct(lab, "EXCH16-SYD-01", "/back/EXCH13/x")[0] == 503
        assert lab.died() == []
        lab.restart("EXCH13")
        assert direct(lab, "EXCH13", "/")[0] == 200
        assert direct(lab, "EXCH16-SYD-01", "/back/EXCH13/x")[0] == 200
        os.kill(lab.pids["EXCH16-SYD-02"], signal.SIGKILL)
        until(lambda: [(one.name, one.code) for one in lab.died()] == [("EXCH16-SYD-02", -9)])


def test_a_back_end_that_is_down_refuses(tmp_path):
    names = ["EXCH16-SYD-01", node("EXCH13", back_end={"down": True})]
    with small_lab(tmp_path, names) as lab:
        assert direct(lab, "EXCH13", "/")[0] == 200
        assert direct(lab, "EXCH16-SYD-01", "/back/EXCH13/x")[0] == 503


def test_a_node_that_does_not_start_is_told_with_its_own_words(tmp_path):
    lab = small_lab(tmp_path, ["EXCH13", "BROKEN"])
    with pytest.raises(LabError, match="node BROKEN did not start\nthe toy will not start"), lab:
        pass
    assert lab.pids == {}


def test_a_port_in_use_is_one_line(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        lab = small_lab(tmp_path, balancers=[plan("roundrobin")], port=port)
        with (
            pytest.raises(LabError, match=f"^port {port} on 127.0.0.1: address already in use$"),
            lab,
        ):
            pass
        assert lab.pids == {}


def test_a_second_lab_cannot_share_the_first_ones_port(tmp_path):
    with small_lab(tmp_path / "a", balancers=[plan("cookie")]) as first:
        port = int(first.addresses["cookie"].partition(":")[2])
        with (
            pytest.raises(LabError, match="already in use"),
            small_lab(tmp_path / "b", balancers=[plan("cookie")], port=port),
        ):
            pass


LIVES = """
import os, signal, sys, time
from pathlib import Path
from tests.lab.rig import plan, small_lab
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell starts what is in the background without
with small_lab(Path(sys.argv[1]), ["EXCH13", "EXCH16-SYD-01", "EXCH16-SYD-02"], [plan("cookie")]) as lab:
    print(*lab.pids.values(), lab.ca_pem_path.parent, flush=True)
    time.sleep(60)
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_whatever_ends_the_one_who_runs_it_nothing_is_left(tmp_path, number):
    process = subprocess.Popen(
        [sys.executable, "-c", LIVES, str(tmp_path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    try:
        *pids, home = process.stdout.readline().decode().split()
        process.send_signal(number)
        process.wait(20)
        until(lambda: not [pid for pid in pids if running(int(pid))])
        if number == signal.SIGKILL:  # nobody was left to remove it; no key is in it any more
            assert not (Path(home) / "host.pem").exists()
            shutil.rmtree(home)
        assert not Path(home).exists()
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def test_named_certificates_are_made_for_whoever_is_named():
    nodes = [{"front_end": {"ssl": "ssl-2", "auth": None}}, {"front_end": {"stale_ssl": "old"}}, {}]
    assert certificate_names(nodes) == ["auth", "old", "ssl", "ssl-2"]


def test_confessions_are_lines_of_json(tmp_path):
    with small_lab(tmp_path, ["EXCH13"]) as lab:
        direct(lab, "EXCH13", "/x")
    lines = (tmp_path / "nodes" / "EXCH13.jsonl").read_text().splitlines()
    assert [json.loads(line)["path"] for line in lines] == ["/x"]


def test_a_balancer_whose_log_cannot_be_written_leaves_nobody_and_nothing_behind(tmp_path):
    """A disk may be full: its log says so when it is closed, and that is while the lab is taken down."""
    home = tmp_path / "home"
    home.mkdir()
    ended = []

    class Process:
        def ask_to_end(self):
            ended.append("asked")

        def close(self, end):
            ended.append("closed")

    class Balancer:
        def stop(self):
            raise OSError(28, os.strerror(28))

    lab = Lab(tmp_path, [], [], redact=bytes)
    lab.balancers, lab._processes, lab._home = {"x": Balancer()}, {"n": Process()}, home
    with pytest.raises(OSError, match="No space left"):
        lab._down()
    assert (ended, home.exists()) == (["asked", "closed"], False)
