"""`python -m exsim.org`: one simulated Exchange server as a process of its own.

    python -m exsim.org --name EXCH13 --confession FILE --listen front=FD --listen back=FD …

The listening sockets are inherited.  Standard input carries one line of JSON, `Orders`, and then stays
open as a lifeline: when it ends, so does the node, so that none outlives whoever started it.
"""

from __future__ import annotations

import argparse
import socket
import sys
from collections.abc import Callable

import msgspec

from exsim.org.confession import Confession
from exsim.org.doors import Doors, first_line
from exsim.org.node import Node
from exsim.org.serve import run
from exsim.org.settings import Organisation

DOORS = ("front", "front_tls", "back")


class Orders(msgspec.Struct, forbid_unknown_fields=True):
    """What a node is told.  `back_ends`: node -> host:port.  `tls`: {"certificate": PEM of key and chain}."""

    organisation: Organisation
    back_ends: dict[str, str]
    tls: dict[str, str] = {}


def arguments(words: list[str]) -> argparse.Namespace:
    """The command line, read."""
    parser = argparse.ArgumentParser(prog="python -m exsim.org", description=__doc__)
    parser.add_argument("--name", required=True, help="which node of the organisation this is")
    parser.add_argument("--confession", required=True, help="the file its confessions go to")
    parser.add_argument(
        "--listen",
        action="append",
        default=[],
        metavar="DOOR=FD",
        help=f"an inherited listening socket; DOOR is one of {', '.join(DOORS)}",
    )
    return parser.parse_args(words)


def doors(listen: list[str], certificate: str) -> Doors:
    """The inherited sockets.  Raises SystemExit for a door that there is none of."""
    found = Doors(certificate=certificate)
    for word in listen:
        door, _, number = word.partition("=")
        if door not in DOORS or not number.isdecimal():
            raise SystemExit(
                f"--listen {word}: not one of {', '.join(DOORS)} and a file descriptor"
            )
        setattr(found, door, socket.socket(fileno=int(number)))
    return found


def main() -> None:
    """Be the node, until told to end."""
    told = arguments(sys.argv[1:])
    # Read by the byte below any buffer: what comes after the line belongs to the event loop.
    orders = msgspec.json.decode(first_line(sys.stdin.fileno()), type=Orders)
    node = orders.organisation.node(told.name)

    def make(clock: Callable[[], float], confess: Callable[[Confession], None]) -> Node:
        return Node(orders.organisation, told.name, clock, confess)

    run(
        make,
        doors(told.listen, orders.tls.get("certificate", "")),
        orders.back_ends,
        confession=told.confession,
        lifeline=sys.stdin.fileno(),
        clock_offset=node.front_end.clock_offset,
    )


if __name__ == "__main__":
    main()
