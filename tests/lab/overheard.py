"""The load with a witness on the wire: `python -m exsim.load`, and beside it what it sent and got, in clear.

What it overhears goes to the file that $EXSIM_OVERHEARD names, never into the run's directory.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any

from exsim.drive.driver import Client
from exsim.drive.exchange import Exchange
from exsim.load import worker
from exsim.load.__main__ import main
from exsim.session.hop import Hop

FOUND = open(os.environ["EXSIM_OVERHEARD"], "a", buffering=1)  # noqa: SIM115  open as long as the load


def overhear(exchange: Exchange, hop: Hop) -> None:
    for name, value in exchange.request.cookies.values.items():
        tell(name, value)
    for name, value in exchange.headers:
        if name.lower() == b"set-cookie":
            cookie, _, content = value.decode("latin-1").partition(";")[0].partition("=")
            tell(cookie, content)
    if "CANARY" in exchange.request.target.upper():
        tell("target", exchange.request.target)


def tell(kind: str, value: str) -> None:
    FOUND.write(json.dumps([kind, value]) + "\n")


def listened_to(make: Any) -> Any:
    def client(self: worker.Worker, *more: Any) -> Client:
        tell("salt", self.order.salt)
        made: Client = make(self, *more)
        made.listeners.append(overhear)
        return made

    return client


def small_parts(make: Any) -> Any:
    def begin(self: worker.Worker, *more: Any) -> None:
        make(self, *more)
        self.history._limit = int(os.environ.get("EXSIM_PART", self.history._limit))

    return begin


if __name__ == "__main__":
    worker.Worker.__init__ = small_parts(worker.Worker.__init__)  # type: ignore[method-assign]
    worker.Worker.client = listened_to(worker.Worker.client)  # type: ignore[method-assign]
    sys.exit(main())
