"""How many requests a second one core of the simulated organisation answers: a node by itself, and the whole lab.

    python -m tests.bench.org --seconds 4 --repeats 5

The processor's seconds of each process are read from the kernel, so what else goes on changes little; client and lab have
a processor each.  Kinds are measured in turn, `--repeats` times; printed are medians.  "at its own node" and "at
another" are calls of service.svc with all that belongs to them: cookies opened, routed, confessed.
"""

from __future__ import annotations

import argparse
import http.client
import os
import socket
import ssl
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from urllib.parse import urlencode

from exsim.lab.balancers import BalancerPlan
from exsim.lab.lab import Lab
from exsim.runs.accounts import Account
from exsim.runs.assignment import lab_accounts
from exsim.runs.dice import Source
from exsim.runs.organisation import organisation_nodes
from exsim.runs.sections import Lab as Section
from exsim.runs.sections import Node
from tests.bench.measure import CLIENT_CPU, cpu
from tests.bench.target import TARGET_CPU

ROOT = Path(__file__).resolve().parents[2]
BALANCER = ROOT / "scenarios" / "haproxy" / "roundrobin.cfg"
NODES = (Node("EXCH16-SYD-01", "2016"), Node("EXCH16-SYD-02", "2016"), Node("EXCH13", "2013"))
CONNECTIONS = 8
AGENT = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/57.0.2987.98 Safari/537.36"
)
CALL = "/owa/service.svc?action=GetFolder&EP=1&ID=-1&AC=1"
BODY = b'{"Header":{},"Body":{}}'
Open = Callable[[], socket.socket]


@dataclass(frozen=True, slots=True)
class Kind:
    """What is asked: over connections that `open` makes, `request` again and again."""

    name: str
    open: Open
    request: bytes


def plain(address: str) -> Open:
    host, _, port = address.partition(":")
    return lambda: socket.create_connection((host, int(port)), 10)


def over_tls(address: str, ca: Path, name: str) -> Open:
    context = ssl.create_default_context(cafile=str(ca))
    context.set_alpn_protocols(["http/1.1"])
    return lambda: context.wrap_socket(plain(address)(), server_hostname=name)


def message(lab: Lab, method: str, path: str, cookies: str = "", body: bytes = b"") -> bytes:
    lines = [f"{method} {path} HTTP/1.1", f"Host: {lab.host}", f"User-Agent: {AGENT}"]
    if cookies:
        canary = cookies.partition("X-OWA-CANARY=")[2].partition(";")[0]
        lines += [f"Cookie: {cookies}", f"X-OWA-CANARY: {canary}", "Action: GetFolder"]
    if method == "POST":
        lines += ["Content-Type: application/json; charset=UTF-8", f"Content-Length: {len(body)}"]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def logged_on(lab: Lab, node: str, account: Account) -> str:
    """The cookies of a session begun at `node`."""
    connection = http.client.HTTPConnection(*lab.nodes[node]["http"].split(":"))
    jar: dict[str, str] = {}

    def ask(method: str, path: str, body: str = "") -> None:
        head = {
            "Host": lab.host,
            "User-Agent": AGENT,
            "Content-Type": "application/x-www-form-urlencoded",
        }
        if jar:
            head["Cookie"] = "; ".join(f"{name}={value}" for name, value in jar.items())
        connection.request(method, path, body, head)
        answer = connection.getresponse()
        answer.read()
        for line in answer.headers.get_all("Set-Cookie") or ():
            name, _, value = line.partition(";")[0].partition("=")
            jar[name] = value

    form = {"destination": f"https://{lab.host}/owa/", "flags": "4", "forcedownlevel": "0"}
    form |= {"username": account.logon, "password": account.password, "isUtf8": "1"}
    ask("POST", "/owa/auth.owa", urlencode(form))
    ask("GET", "/owa/")
    connection.close()
    if "X-OWA-CANARY" not in jar:
        raise SystemExit(f"no session at {node}: {sorted(jar)}")
    return "; ".join(f"{name}={value}" for name, value in jar.items())


def asked(kind: Kind, seconds: float) -> int:
    """How many answers came in that time, over all connections; ends when one is not a 200."""
    counts, wrong = [0] * CONNECTIONS, []
    end = time.monotonic() + seconds

    def go_on(number: int) -> None:
        with kind.open() as connection:
            answers = connection.makefile("rb")
            while time.monotonic() < end and not wrong:
                connection.sendall(kind.request)
                first = answers.readline()
                length = 0
                while (line := answers.readline()).strip():
                    name, _, value = line.partition(b":")
                    if name.lower() == b"content-length":
                        length = int(value)
                answers.read(length)
                if b" 200 " not in first:
                    wrong.append(first)
                counts[number] += 1

    threads = [Thread(target=go_on, args=(number,)) for number in range(CONNECTIONS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if wrong:
        raise SystemExit(f"{kind.name}: answered {wrong[0]!r}")
    return sum(counts)


def kinds(lab: Lab, accounts: Sequence[Account]) -> list[Kind]:
    first = NODES[0].name
    at = plain(lab.nodes[first]["http"])
    own = message(lab, "POST", CALL, logged_on(lab, first, accounts[0]), BODY)
    other = message(lab, "POST", CALL, logged_on(lab, first, accounts[1]), BODY)
    through = over_tls(lab.addresses["balancer"], lab.ca_pem_path, lab.host)
    return [
        Kind("HealthCheck.htm", at, message(lab, "GET", "/owa/HealthCheck.htm")),
        Kind("the logon page", at, message(lab, "GET", "/owa/auth/logon.aspx")),
        Kind("a call, mailbox at its own node", at, own),
        Kind("a call, mailbox at another node", at, other),
        Kind("the whole lab: a call through HAProxy, TLS", through, own),
    ]


def processors(number: str) -> None:
    """This process, and what it starts from now on, keeps to one processor."""
    os.sched_setaffinity(0, {int(number)})


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=4.0, help="of each measurement")
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args(arguments)
    section = Section(balancer="none", nodes=NODES, preset="healthy")
    accounts = lab_accounts(2, NODES, Source(7))
    processors(TARGET_CPU)
    with tempfile.TemporaryDirectory(prefix="exsim-bench-org-") as place:
        lab = Lab(
            Path(place), organisation_nodes(section), [one.as_mailbox() for one in accounts],
            [BalancerPlan("balancer", BALANCER.read_text())], redact=lambda line: line, host=section.host,
        )  # fmt: skip
        with lab:
            processors(CLIENT_CPU)
            report(lab, kinds(lab, accounts), options)
    return 0


def report(lab: Lab, wanted: Sequence[Kind], options: argparse.Namespace) -> None:
    found: dict[str, list[tuple[float, float, float]]] = {kind.name: [] for kind in wanted}
    for _ in range(options.repeats):
        for kind in wanted:
            nodes = {lab.pids[node.name] for node in NODES}
            before = cpu(nodes), cpu({lab.pids["balancer"]})
            count = asked(kind, options.seconds)
            after = cpu(nodes), cpu({lab.pids["balancer"]})
            spent = [1e6 * (b - a) / count for a, b in zip(before, after, strict=True)]
            found[kind.name].append((spent[0], spent[1], count / options.seconds))
    print(
        "µs of processor a request:                      nodes  HAProxy   requests/s of a core   met here"
    )
    for name, rows in found.items():
        node, balancer, rate = (statistics.median(column) for column in zip(*rows, strict=True))
        print(f"{name:<46}{node:7.0f}{balancer:9.0f}{1e6 / (node + balancer):17.0f}{rate:17.0f}/s")


if __name__ == "__main__":
    sys.exit(main())
