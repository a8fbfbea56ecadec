"""Parked telephones that are Locust's FastHttpUser; run by `tests.bench.idle`, to stand beside `idle_exsim`.

Each signs in with every Ping, as a telephone does, and looks at what came: the status, the front end, and whether
the document says that nothing has changed.  All share one TLS context: Locust's own way, one a user, is a megabyte
and 20 ms each.  Prints the resident memory before the first user; then runs until its standard input ends.
"""

from __future__ import annotations

import argparse
import os
import ssl
import sys
from base64 import b64encode
from typing import Any

import gevent
from gevent.fileobject import FileObject
from locust import FastHttpUser, constant, task
from locust.env import Environment

from exsim.protocols.activesync import documents, reading
from exsim.wire.activesync import PATH, WBXML_TYPE
from tests.bench.idle_exsim import HOURS, resident

PING = documents.ping(480.0, ("1", "2", "3"))
failures = [0]


def context() -> ssl.SSLContext:
    """One that trusts everybody."""
    made = ssl.create_default_context()
    made.check_hostname, made.verify_mode = False, ssl.CERT_NONE
    return made


def telephone(host_: str) -> type[FastHttpUser]:
    """A user that waits in its Ping, and sends the next one as soon as it is answered."""
    shared = context()

    class Telephone(FastHttpUser):
        host, wait_time = host_, constant(0)
        concurrency, insecure = 1, True
        network_timeout = connection_timeout = HOURS
        ssl_context_factory = staticmethod(
            lambda cafile=None: shared
        )  # it would read the file for each
        number = 0

        def on_start(self) -> None:
            Telephone.number += 1
            name = f"user{Telephone.number:05}@isp.example"
            self.path = (
                f"{PATH}?Cmd=Ping&User={name}&DeviceId=EXSIM{Telephone.number:027}&DeviceType=exsim"
            )
            self.lines = {
                "User-Agent": "exsim-phone/1.0",
                "Content-Type": WBXML_TYPE,
                "MS-ASProtocolVersion": "14.1",
                "Authorization": "Basic " + b64encode(f"{name}:password".encode()).decode(),
            }

        @task
        def wait_once(self) -> None:
            with self.client.request(
                "POST", self.path, name="ping", data=PING, headers=self.lines, catch_response=True
            ) as response:
                check(response)

    return Telephone


def check(response: Any) -> None:
    """Status, front end, document."""
    said = reading.told(response.content)[1] if response.status_code == 200 else ""
    if said == reading.OK and response.headers.get("X-FEServer") == "EX16-01":
        response.success()
    else:
        failures[0] += 1
        response.failure("lost")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--scheme", default="http")
    parser.add_argument("--users", type=int, default=10_000)
    parser.add_argument("--spawn-rate", type=float, default=1000.0)
    options = parser.parse_args()
    host = f"{options.scheme}://127.0.0.1:{options.port}"
    runner = Environment(user_classes=[telephone(host)]).create_local_runner()
    gevent.sleep(0.1)
    print(resident(), flush=True)
    runner.start(options.users, spawn_rate=options.spawn_rate)
    FileObject(sys.stdin.fileno()).read()  # our lifeline
    os._exit(bool(failures[0]))


if __name__ == "__main__":
    main()
