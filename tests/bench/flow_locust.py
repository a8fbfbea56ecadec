"""Locust's own users on the same session flow with the same checks; prints requests and CPU seconds.

Arguments: port, scheme, seconds, users, kind (fast or http).
"""

from __future__ import annotations

import json
import os
import sys
import time

import gevent
from locust import FastHttpUser, HttpUser, constant, task
from locust.env import Environment

HEADERS = {
    "User-Agent": "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/126.0 Safari/537.36",
    "Accept": "*/*",
    "Accept-Language": "en-US,en;q=0.9",
    "X-OWA-ActionName": "FindItem",
    "Content-Type": "application/json; charset=utf-8",
}
counted = [0]


def check(response, front_end):  # type: ignore[no-untyped-def]
    """Status, logon redirect, front end, whose mailbox."""
    counted[0] += 1
    if response.status_code == 440 or "logon.aspx" in response.headers.get("Location", ""):
        response.failure("lost")
    elif response.headers.get("X-FEServer") != front_end:
        response.failure("front end")
    elif "exsim-marker:" in response.text and "user01@" not in response.text:
        response.failure("wrong mailbox")
    else:
        response.success()


def flow(client, follow):  # type: ignore[no-untyped-def]
    def send(method, path, name, **more):  # type: ignore[no-untyped-def]
        with client.request(
            method, path, name=name, headers=HEADERS, catch_response=True, **follow, **more
        ) as response:
            check(response, "EX16-01")

    send("GET", "/owa/auth/logon.aspx?reason=0", "open")
    send("GET", "/owa/auth/logon.aspx?reason=0&replaceCurrent=1", "logon_form")
    send("POST", "/owa/auth.owa", "logon", data="username=x&password=y")
    send("GET", "/owa/", "boot")
    for number in range(15):
        send("POST", f"/owa/service.svc?action=FindItem&ID=-{number}", "service", data="{}")
    for number in range(2):
        send("POST", f"/owa/ev.owa2?UA=0&n={number}", "channel", data="")
    send("GET", "/owa/logoff.owa", "logoff")


class Fast(FastHttpUser):
    wait_time = constant(0)
    insecure = True

    def on_start(self) -> None:
        self.client.client.redirect_response_codes = frozenset()

    @task
    def session(self) -> None:
        flow(self.client, {})


class Http(HttpUser):
    wait_time = constant(0)

    def on_start(self) -> None:
        self.client.verify = False

    @task
    def session(self) -> None:
        flow(self.client, {"allow_redirects": False})


def main() -> None:
    port, scheme, seconds, users, kind = sys.argv[1:6]
    import urllib3

    urllib3.disable_warnings()
    host = f"{scheme}://127.0.0.1:{port}"
    environment = Environment(user_classes=[Fast if kind == "fast" else Http], host=host)
    runner = environment.create_local_runner()
    runner.start(int(users), spawn_rate=1000)
    gevent.sleep(1.0)
    requests, cpu = counted[0], time.process_time()
    gevent.sleep(float(seconds) - 0.5)
    if environment.stats.total.num_failures:
        print(f"{environment.stats.total.num_failures} failures", file=sys.stderr)
        os._exit(1)
    print(json.dumps({"requests": counted[0] - requests, "cpu": time.process_time() - cpu}))
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
