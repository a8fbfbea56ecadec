"""Locust's own users on the same session flow with the same checks; prints requests and CPU seconds.

`python -m tests.bench.flow_locust --help` says what may be asked.
"""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime
from itertools import count

import gevent
from gevent.pool import Pool
from locust import FastHttpUser, HttpUser, constant
from locust.env import Environment

from exsim.wire import names
from tests.bench import session
from tests.bench.window import Window, asked, wrong

counted = [0]
finished = [0]  # users that have had their sessions
ids = count()


def check(response, front_end, step):  # type: ignore[no-untyped-def]
    """Status, logon redirect, front end, whose mailbox, and what the application says; the first wrong one ends it."""
    counted[0] += 1
    refused = "logon.aspx" in response.headers.get("Location", "")
    if response.status_code not in (200, 302) or refused != (step == "open"):
        wrong(step, "lost")
    elif response.headers.get("X-FEServer") != front_end:
        wrong(step, "front end")
    elif "exsim-marker:" in response.text and "user01@" not in response.text:
        wrong(step, "wrong mailbox")
    elif step == "service" and '"ResponseCode":"NoError"' not in response.text:
        wrong(step, "an error of the application's")
    else:
        response.success()


def flow(client, canary_of, follow, parallel):  # type: ignore[no-untyped-def]
    def send(one, own):  # type: ignore[no-untyped-def]
        request_id = f"8f1c7735-85a9-4000-879e-{next(ids):012x}"
        with client.request(
            one["method"],
            one["path"],
            name=one["step"],
            headers={**one["headers"], **own, session.REQUEST_ID: request_id},
            data=one["body"],
            catch_response=True,
            **follow,
        ) as response:
            check(response, "EX16-01", one["step"])

    def service(call):  # type: ignore[no-untyped-def]
        number, one = call
        now = time.time()
        begin = datetime.fromtimestamp(now, UTC).isoformat(timespec="milliseconds")[:-6]
        correlation = f"{session.CLIENT_ID}_{int(now * 1000) * 100 + number}"
        send(one, dict(zip(session.OWN, (canary, f"-{number}", correlation, begin), strict=True)))

    for one in session.BEFORE:
        send(one, {})
    canary = canary_of()
    if parallel == 1:
        for call in enumerate(session.CALLS, 1):
            service(call)
    else:
        Pool(parallel).map(service, enumerate(session.CALLS, 1))
    for one in session.AFTER:
        send(one, {})


def users(options, window):  # type: ignore[no-untyped-def]
    """Locust's two kinds of user, living as long as the window."""

    def one_session(user) -> None:  # type: ignore[no-untyped-def]
        if not window.another(user.sessions):
            finished[0] += 1
            gevent.sleep(1000.0)  # a user that stops is replaced by Locust
        user.sessions += 1
        user.forget()
        flow(user.client, user.canary, user.follow, options.parallel)

    class Fast(FastHttpUser):
        wait_time, tasks, sessions = constant(0), [one_session], 0
        insecure = True
        concurrency = max(10, options.parallel)
        follow = {}  # noqa: RUF012

        def on_start(self) -> None:
            self.client.client.redirect_response_codes = frozenset()

        def forget(self) -> None:
            self.client.cookiejar.clear()

        def canary(self) -> str:
            return next(one.value for one in self.client.cookiejar if one.name == names.CANARY)

    class Http(HttpUser):
        wait_time, tasks, sessions = constant(0), [one_session], 0
        follow = {"allow_redirects": False}  # noqa: RUF012

        def on_start(self) -> None:
            self.client.verify = False

        def forget(self) -> None:
            self.client.cookies.clear()

        def canary(self) -> str:
            return self.client.cookies[names.CANARY]

    return {"fast": Fast, "http": Http}[options.kind]


def main() -> None:
    options = asked(__doc__)
    import urllib3

    urllib3.disable_warnings()
    window = Window(options)
    host = f"{options.scheme}://127.0.0.1:{options.port}"
    environment = Environment(user_classes=[users(options, window)], host=host)
    runner = environment.create_local_runner()
    runner.start(options.users, spawn_rate=1000)
    gevent.sleep(0.3)
    window.measure(lambda: counted[0], lambda: finished[0] >= options.users)
    os._exit(0)


if __name__ == "__main__":
    main()
