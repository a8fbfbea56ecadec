"""exsim's whole pipeline on the OWA session flow, in a process of its own; prints requests and CPU seconds.

Flow, cookies, signs, attribution, identity check, history record and Locust's request event, as in a run.
Arguments: port, scheme, seconds, users, in flight (1 or 6).
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import gevent
from locust.event import Events
from locust.stats import RequestStats

from exsim.drive.driver import Client, Identity
from exsim.drive.evidence import CookieHasher
from exsim.drive.hub import HubWorld, stamper
from exsim.drive.target import Target
from exsim.drive.tls import context
from exsim.load.recorder import Recorder
from exsim.protocols import PROTOCOLS
from exsim.protocols.agent import Account, Agent
from exsim.protocols.flow import Flow, Mark, Request, Response, together
from exsim.protocols.owa import headers as lines
from exsim.protocols.owa.actions import CLICK_MIX
from exsim.protocols.owa.page import Page
from exsim.protocols.owa.settings import Settings
from exsim.runs.dice import Source
from exsim.runs.history import HistoryWriter
from exsim.session.detector import Detector
from exsim.session.hop import Hop, Line

ACCOUNT = Account("user01@isp.com.au", "LAB\\user01", "x", "2016")
SETTINGS = Settings()


def sessions(agent: Agent, parallel: int, until: float) -> Flow[None]:
    """Session after session of 25 requests, each as the real flow makes it."""
    yield from agent.rest(0)
    number = 0
    while time.monotonic() < until:
        number += 1
        agent.jar.end_of_browser()
        page = Page(agent, ACCOUNT, SETTINGS, number)
        yield from agent.fetch(page.request("GET", "/owa/", "open", lines.NAVIGATION))
        yield Mark("logon", {"number": number, "account": ACCOUNT.address, "home": "2016"})
        yield from agent.fetch(
            page.request(
                "POST", "/owa/auth.owa", "logon", lines.NAVIGATION, b"username=x&password=y"
            )
        )
        calls = [
            page.service(CLICK_MIX.pick(agent.dice.random()), "service", True) for _ in range(15)
        ]
        if parallel == 1:
            for call in calls:
                yield from agent.send(call)
        else:
            yield from together([agent.send(call) for call in calls])
        for target, step in (
            ("/owa/ev.owa2?UA=0", "channel_finish"),
            ("/owa/ev.owa2?UA=0&n=1", "ping"),
        ):
            yield from agent.send(page.request("POST", target, step, lines.BACKGROUND_CALL, b""))
        yield Mark("logoff", {"number": number, "account": ACCOUNT.address})
        yield from agent.send(page.request("GET", "/owa/logoff.owa", "logoff", lines.NAVIGATION))


def main() -> None:
    port, scheme, seconds, users, parallel = (
        int(sys.argv[1]),
        sys.argv[2],
        float(sys.argv[3]),
        int(sys.argv[4]),
        int(sys.argv[5]),
    )
    tls = context(insecure=True) if scheme == "https" else None
    world = HubWorld({None: Target("127.0.0.1", port, "mail.example", tls)})
    events, stats = Events(), RequestStats()
    odd: Counter[str] = (
        Counter()
    )  # answers that the target does not give: a benchmark of errors is none
    events.request.add_listener(
        lambda request_type, name, response_time, response_length, **_: stats.log_request(
            request_type, name, response_time, response_length
        )
    )
    folder = Path(tempfile.mkdtemp())
    recorder = Recorder(HistoryWriter(folder / "w0.jsonl"), Detector())

    def sink(line: Line) -> None:
        recorder.take(line)
        if isinstance(line, Hop) and line.status not in (200, 302):
            odd[f"{line.step}: {line.error or line.status}"] += 1

    recorder.fire = events.request.fire
    source, stamp = Source(7), stamper(world.started)
    ids, owa, accounts = source.request_ids(), PROTOCOLS["owa"], frozenset({ACCOUNT.address})

    def observe(request: Request, response: Response):  # type: ignore[no-untyped-def]
        return owa.observe(request, response, accounts)

    until = time.monotonic() + seconds + 1.0
    for user in range(1, users + 1):
        client = Client(
            world, Identity(user, "owa"), observe, sink, ids, CookieHasher(b"salt"), stamp
        )
        recorder.follow(client)
        client.run(sessions(Agent("mail.example", source.dice(user), ACCOUNT), parallel, until))
    gevent.sleep(1.0)  # warm
    hops, cpu = recorder.hops, time.process_time()
    gevent.sleep(seconds - 0.5)
    if odd:
        sys.exit(f"not what the target answers: {dict(odd)}")
    print(json.dumps({"requests": recorder.hops - hops, "cpu": time.process_time() - cpu}))
    recorder.history.close()


if __name__ == "__main__":
    main()
