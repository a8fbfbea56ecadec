"""A small lab for the tests: toy nodes, or the real ones, behind the scenarios' own balancer files."""

import http.client
import os
import ssl
from pathlib import Path

from exsim.lab.balancers import BalancerPlan
from exsim.lab.lab import Lab

SCENARIOS = Path(__file__).parents[2] / "scenarios" / "haproxy"
NAMES = ("EXCH16-SYD-01", "EXCH16-SYD-02", "EXCH13")


def node(name, **more):
    version = {"EXCH16": "2016", "EXCH13": "2013", "EXCH10": "2010"}.get(name[:6], "2016")
    return {
        "name": name,
        "version": version,
        "build": "15.1.669.32",
        "fqdn": f"{name.lower()}.isp.lab",
        **more,
    }


def plan(name):
    return BalancerPlan(name, (SCENARIOS / f"{name}.cfg").read_text(), f"{name}.cfg")


def small_lab(directory, names=NAMES, balancers=(), module="tests.lab.toy", **more):
    nodes = [one if isinstance(one, dict) else node(one) for one in names]
    return Lab(directory, nodes, [], balancers, redact=lambda line: line, module=module, **more)


class Browser:
    """One TLS connection through a balancer, to the lab's host."""

    def __init__(self, lab, balancer):
        context = ssl.create_default_context(cafile=str(lab.ca_pem_path))
        host, _, port = lab.addresses[balancer].partition(":")
        self.connection = http.client.HTTPSConnection(lab.host, timeout=5, context=context)
        self.connection._create_connection = lambda address, *rest: (
            http.client.socket.create_connection((host, int(port)), 5)
        )

    def get(self, path, method="GET", **headers):
        self.connection.request(method, path, headers=headers)
        answer = self.connection.getresponse()
        answer.content = answer.read()
        return answer

    def __enter__(self):
        return self

    def __exit__(self, *rest):
        self.connection.close()


def running(pid):
    """Whether a process is there, and is not just waiting to be collected."""
    try:
        os.kill(pid, 0)
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (ProcessLookupError, FileNotFoundError):
        return False
