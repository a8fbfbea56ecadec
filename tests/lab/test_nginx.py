"""An nginx as a process of a lab: it starts, says why it does not, and leaves nothing.

Falls if: something of it lives on, its own words are lost, or it answers at another address than it says.
"""

import os
import socket

import pytest

from exsim.lab.balancers import BalancerPlan, Behind
from exsim.lab.certificates import Authority
from exsim.lab.nginx import NginxBalancer
from exsim.lb.errors import LbError
from exsim.lb.nginx import find_nginx
from tests.lab.rig import SCENARIOS, running

pytestmark = pytest.mark.lab
TEXT = (SCENARIOS.parent / "nginx" / "keepalive-0.conf").read_text()
NOBODY = Behind({"EXCH16": "127.0.0.1:9"}, {"EXCH16": "127.0.0.1:9"})


def started(folder, text=TEXT, **more):
    pem = folder / "host.pem"
    pem.write_text(Authority("a").host_certificate(["exchange.isp.com.au"]))
    plan = BalancerPlan("nginx", text, "own.conf")
    made = NginxBalancer(plan, find_nginx(), folder / "lb.log", lambda line: line)
    try:
        made.start(folder, pem, NOBODY, **more)
    except LbError:
        made.stop()
        raise
    return made


def is_open(address):
    host, _, port = address.rpartition(":")
    with socket.socket() as line:
        return line.connect_ex((host, int(port))) == 0


def test_it_is_a_group_of_its_own_and_nothing_of_it_is_left(tmp_path):
    made = started(tmp_path)
    pid, address = made.pid, made.address
    try:
        assert os.getpgid(pid) == pid and is_open(address) and made.died() is None
        assert [path.name for path in tmp_path.glob("*.pid")] == ["nginx.pid"]
    finally:
        made.stop()
    assert not running(pid) and not is_open(address)


def test_one_that_does_not_start_says_why(tmp_path):
    broken = TEXT.replace("proxy_http_version 1.1;", "ntlm on;")
    with pytest.raises(LbError, match="unknown directive"):
        started(tmp_path, broken)


def test_one_that_was_killed_is_missed(tmp_path):
    made = started(tmp_path)
    try:
        os.kill(made.pid, 9)
        while made.died() is None:
            pass
        assert made.died() == -9
    finally:
        made.stop()


def test_its_time_is_not_scaled(tmp_path):
    with pytest.raises(LbError, match=r"own\.conf: nginx's timeouts are not scaled"):
        started(tmp_path, time_scale=0.5)
