"""What each client of the flow benchmark is asked, and how its requests and CPU seconds are counted.

By time: a second of warming up, then a window.  By sessions: so many a user, then the end: what
`instructions` needs, where two lengths of run are compared.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable
from typing import NoReturn

import gevent

WARM = 1.0  # seconds
PARTS = ("detector", "identity", "history", "event")


def asked(description: str | None) -> argparse.Namespace:
    """The command line of a client."""
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--port", type=int, required=True, help="of the target")
    parser.add_argument("--scheme", choices=("http", "https"), default="http")
    parser.add_argument("--users", type=int, default=20, help="at the same time")
    parser.add_argument("--parallel", type=int, default=1, help="requests in flight a user")
    parser.add_argument("--seconds", type=float, default=5.0, help="length of the window")
    parser.add_argument(
        "--sessions", type=int, default=0, help="a user, instead of a window of time"
    )
    parser.add_argument("--folder", help="where exsim's history stands, that is thrown away")
    parser.add_argument("--kind", choices=("fast", "http"), default="fast", help="of Locust's user")
    parser.add_argument(
        "--without",
        default="",
        help=f"parts of exsim that do nothing, so that their cost shows: {','.join(PARTS)}",
    )
    return parser.parse_args()


def wrong(what: str, why: str) -> NoReturn:
    """An answer was not the flow's: this client ends at once, and its figure is none."""
    print(f"{what}: {why}", file=sys.stderr, flush=True)
    os._exit(9)


class Window:
    """How long a client goes on, and what it counts meanwhile."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.sessions: int = options.sessions
        self.seconds: float = options.seconds
        self.until = time.monotonic() + WARM + self.seconds

    def another(self, done: int) -> bool:
        """Whether a user that has had `done` sessions has one more."""
        if self.sessions:
            return done < self.sessions
        return time.monotonic() < self.until

    def measure(self, count: Callable[[], int], over: Callable[[], bool]) -> None:
        """Let the clients run, and print what they did."""
        if self.sessions:
            before, cpu = 0, 0.0
            while not over():
                gevent.sleep(0.5)
        else:
            gevent.sleep(WARM)
            before, cpu = count(), time.process_time()
            gevent.sleep(self.seconds - 0.5)
        print(
            json.dumps({"requests": count() - before, "cpu": time.process_time() - cpu}), flush=True
        )
