"""exsim's whole pipeline on the OWA session flow, in a process of its own; prints requests and CPU seconds.

Flow, cookies, signs, attribution, identity check, history record and Locust's request event, as in a run.
`python -m tests.bench.flow_exsim --help` says what may be asked.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import gevent
from locust.event import Events

from exsim.drive.driver import Client, Identity
from exsim.drive.evidence import CookieHasher
from exsim.drive.hub import HubWorld, stamper
from exsim.drive.target import Target
from exsim.drive.tls import context
from exsim.load.recorder import Recorder
from exsim.load.statistics import BatchedStats
from exsim.protocols import PROTOCOLS
from exsim.protocols.agent import Account, Agent
from exsim.protocols.flow import Flow, Mark, Request, Response, together
from exsim.protocols.owa import headers as lines
from exsim.protocols.owa.actions import CLICK_MIX
from exsim.protocols.owa.page import Page
from exsim.protocols.owa.settings import Settings
from exsim.runs.dice import Source
from exsim.runs.garbage import collect_seldom
from exsim.runs.history import HistoryWriter
from exsim.session.detector import Detector
from exsim.session.hop import Evidence
from exsim.session.packed import Passing
from tests.bench.session import BUILD, CLIENT_ID, SERVICE_CALLS
from tests.bench.window import Window, asked, wrong

ACCOUNT = Account("user01@isp.com.au", "LAB\\user01", "x", "2016")
SETTINGS = Settings()
EMPTY = Evidence()


def sessions(agent: Agent, parallel: int, window: Window) -> Flow[None]:
    """Session after session of 25 requests, each as the real flow makes it."""
    yield from agent.rest(0)
    number = 0
    while window.another(number):
        number += 1
        agent.jar.end_of_browser()
        page = Page(agent, ACCOUNT, SETTINGS, number)
        page.build, page.client_id = BUILD, CLIENT_ID
        yield from agent.fetch(page.request("GET", "/owa/", "open", lines.NAVIGATION))
        yield Mark("logon", {"number": number, "account": ACCOUNT.address, "home": "2016"})
        yield from agent.fetch(
            page.request(
                "POST", "/owa/auth.owa", "logon", lines.LOGON_FORM, b"username=x&password=y"
            )
        )
        if parallel == 1:
            for _ in range(SERVICE_CALLS):
                yield from page.ask(_call(page))
        else:
            yield from together([_share(page, parallel, turn) for turn in range(parallel)])
        for target, step in (
            ("/owa/ev.owa2?UA=0", "channel_finish"),
            ("/owa/ev.owa2?UA=0&n=1", "ping"),
        ):
            yield from agent.send(page.request("POST", target, step, lines.BACKGROUND_CALL, b""))
        yield Mark("logoff", {"number": number, "account": ACCOUNT.address})
        yield from agent.send(page.request("GET", "/owa/logoff.owa", "logoff", lines.NAVIGATION))


def _call(page: Page) -> Request:
    return page.service(CLICK_MIX.pick(page.client.dice.random()), "service", True)


def _share(page: Page, parallel: int, turn: int) -> Flow[None]:
    """What one of `parallel` workers of a page's start asks, one call after the other."""
    for _ in range(turn, SERVICE_CALLS, parallel):
        yield from page.ask(_call(page))


def without(recorder: Recorder, parts: list[str]) -> None:
    """Switch parts off, to see what they cost."""
    if "detector" in parts:
        recorder.detector.hop = lambda hop: []  # type: ignore[method-assign]
    if "history" in parts:
        recorder.history.append = lambda line: None  # type: ignore[method-assign]
    if "event" in parts:
        recorder.fire = recorder.note = None


def each_second(recorder: Recorder) -> None:
    """What a load does beside: the live matrix, and what the history holds back."""
    while True:
        gevent.sleep(1.0)
        recorder.counts()
        recorder.history.flush()


def main() -> None:
    options = asked(__doc__)
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        run(options, Path(folder))


def run(options: argparse.Namespace, folder: Path) -> None:
    """Sessions until the window is over, with all that a load does beside."""
    tls = context(insecure=True) if options.scheme == "https" else None
    world = HubWorld({None: Target("127.0.0.1", options.port, "mail.example", tls)})
    events, stats = Events(), BatchedStats(started=world.started)
    events.request.add_listener(
        lambda request_type, name, response_time, response_length, **_: stats.log_request(
            request_type, name, response_time, response_length
        )
    )
    detector = Detector(hosts=["mail.example"], sessions=Passing(), findings=False)
    recorder = Recorder(HistoryWriter(folder / "w0.jsonl"), detector)
    recorder.fire, recorder.note = events.request.fire, stats.note
    recorder.on_lost = lambda account: wrong(account, "lost")
    detector.on_wrong_mailbox(lambda finding: wrong(finding.step, "wrong mailbox"))
    without(recorder, options.without.split(","))
    source, stamp = Source(7), stamper(world.started)
    ids, owa, accounts = source.request_ids(), PROTOCOLS["owa"], frozenset({ACCOUNT.address})

    def observe(request: Request, response: Response) -> Evidence:
        return owa.observe(request, response, accounts)

    def see_nothing(request: Request, response: Response) -> Evidence:
        return EMPTY

    seeing = see_nothing if "identity" in options.without.split(",") else observe
    collect_seldom()
    window = Window(options)
    clients, tasks = [], []
    for user in range(1, options.users + 1):
        client = Client(
            world, Identity(user, "owa"), seeing, recorder.take, ids, CookieHasher(b"salt"), stamp
        )
        recorder.follow(client)
        clients.append(client)
        agent = Agent("mail.example", source.dice(user), ACCOUNT)
        tasks.append(client.run(sessions(agent, options.parallel, window)))
    gevent.spawn(each_second, recorder)
    window.measure(lambda: recorder.hops, lambda: all(task.done for task in tasks))
    for client in clients:
        client.stop()
    recorder.history.close()


if __name__ == "__main__":
    main()
