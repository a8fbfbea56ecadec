"""Locust's own users on the same session flow with the same checks; prints requests and CPU seconds.

`python -m tests.bench.flow_locust --help` says what may be asked.
"""

from __future__ import annotations

import os
import sys

import gevent
from gevent.pool import Pool
from locust import FastHttpUser, HttpUser, constant
from locust.env import Environment

from tests.bench.window import SERVICE_CALLS, Window, asked

HEADERS = {
    "User-Agent": "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/126.0 Safari/537.36",
    "Accept": "*/*",
    "Accept-Language": "en-US,en;q=0.9",
    "X-OWA-ActionName": "FindItem",
    "Content-Type": "application/json; charset=utf-8",
}
counted = [0]
finished = [0]  # users that have had their sessions


def check(response, front_end, anonymous):  # type: ignore[no-untyped-def]
    """Status, logon redirect, front end, whose mailbox."""
    counted[0] += 1
    refused = "logon.aspx" in response.headers.get("Location", "")
    if response.status_code not in (200, 302) or refused != anonymous:
        response.failure("lost")
    elif response.headers.get("X-FEServer") != front_end:
        response.failure("front end")
    elif "exsim-marker:" in response.text and "user01@" not in response.text:
        response.failure("wrong mailbox")
    else:
        response.success()


def flow(client, follow, parallel):  # type: ignore[no-untyped-def]
    def send(method, path, name, **more):  # type: ignore[no-untyped-def]
        with client.request(
            method, path, name=name, headers=HEADERS, catch_response=True, **follow, **more
        ) as response:
            check(response, "EX16-01", name == "open")

    def service(number):  # type: ignore[no-untyped-def]
        send("POST", f"/owa/service.svc?action=FindItem&ID=-{number}", "service", data="{}")

    send("GET", "/owa/", "open")
    send("GET", "/owa/auth/logon.aspx?reason=0&replaceCurrent=1", "logon_form")
    send("POST", "/owa/auth.owa", "logon", data="username=x&password=y")
    send("GET", "/owa/", "boot")
    if parallel == 1:
        for number in range(SERVICE_CALLS):
            service(number)
    else:
        pool = Pool(parallel)
        pool.map(service, range(SERVICE_CALLS))
    for number in range(2):
        send("POST", f"/owa/ev.owa2?UA=0&n={number}", "channel", data="")
    send("GET", "/owa/logoff.owa", "logoff")


def users(options, window):  # type: ignore[no-untyped-def]
    """Locust's two kinds of user, living as long as the window."""

    def session(user) -> None:  # type: ignore[no-untyped-def]
        if not window.another(user.sessions):
            finished[0] += 1
            gevent.sleep(1000.0)  # a user that stops is replaced by Locust
        user.sessions += 1
        user.forget()
        flow(user.client, user.follow, options.parallel)

    class Fast(FastHttpUser):
        wait_time, tasks, sessions = constant(0), [session], 0
        insecure = True
        concurrency = max(10, options.parallel)
        follow = {}  # noqa: RUF012

        def on_start(self) -> None:
            self.client.client.redirect_response_codes = frozenset()

        def forget(self) -> None:
            self.client.cookiejar.clear()

    class Http(HttpUser):
        wait_time, tasks, sessions = constant(0), [session], 0
        follow = {"allow_redirects": False}  # noqa: RUF012

        def on_start(self) -> None:
            self.client.verify = False

        def forget(self) -> None:
            self.client.cookies.clear()

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
    if environment.stats.total.num_failures:
        print(f"{environment.stats.errors}", file=sys.stderr)
        os._exit(1)
    os._exit(0)


if __name__ == "__main__":
    main()
