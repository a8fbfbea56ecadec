"""HealthCheck.htm of each node, again and again: the first thing that turns red when a server suffers.

Anonymous GETs, each on a connection of its own.  A node that is red from the start was drained by
somebody; one that turns red while we send is the reason to stop.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from exsim.protocols.flow import Flow, Lease, Pause, Release, Request, Response
from exsim.wire import names

# Protocol -> the virtual directory whose health it lives on (LB16)
DIRECTORIES = {
    "owa": "owa",
    "ews": "EWS",
    "activesync": "Microsoft-Server-ActiveSync",
    "outlook_anywhere": "rpc",
    "mapi_http": "mapi",
    "autodiscover": "Autodiscover",
    "oab": "OAB",
}
STEP = "health"
TIMEOUT = 5.0  # seconds for one answer
IN_A_ROW = 2  # red answers that make a node red: one may be a connection that was cut
GREEN = 200
Tell = Callable[[str | None, str, str], None]


def watch(
    origins: Sequence[str | None], directories: Sequence[str], every: float, tell: Tell
) -> Flow[None]:
    """Ask each of `directories` at each of `origins` (None: through the balancer), `every` seconds.

    `tell(origin, directory, what came)` is called when one turns red that had been green.  Never ends.
    """
    green: set[tuple[str | None, str]] = set()
    red: dict[tuple[str | None, str], int] = {}
    while True:
        for origin in origins:
            for directory in directories:
                key = (origin, directory)
                response = yield from _ask(origin, directory)
                if response.status == GREEN:
                    green.add(key)
                    red[key] = 0
                elif key in green:
                    red[key] = red.get(key, 0) + 1
                    if red[key] == IN_A_ROW:
                        tell(origin, directory, str(response.status or response.error))
        yield from Pause(every)


def _ask(origin: str | None, directory: str) -> Flow[Response]:
    connection = yield from Lease(origin, fresh=True)
    response = yield from Request(
        "GET",
        f"/{directory}/{names.HEALTH_CHECK}",
        step=STEP,
        origin=origin,
        on=connection,
        timeout=TIMEOUT,
        control=True,
    )
    yield from Release(connection, keep=False)
    return response
