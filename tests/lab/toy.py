"""A toy node behind the real rig, as a process like `python -m exsim.org`: what it answers, the path says.

python -m tests.lab.toy --name … --confession … --listen …     (the same contract)
"""

import argparse
import json
import socket
import sys

from exsim.org.confession import Confession
from exsim.org.doors import Doors, first_line
from exsim.org.serve import run
from exsim.org.work import Begin, Forward, Hangup, Piece, Read, Take, Wait
from exsim.wire.message import Answer, header


class ToyNode:
    """Front: echoes, streams, waits, hangs up, or passes on.  Back: the same, one hop further."""

    def __init__(self, name, clock, confess):
        self.name, self.clock, self.confess = name, clock, confess
        self.recycled = 0
        self.closed = []  # paths whose work was closed by the rig

    monitoring = 0.0

    def recycle(self):
        self.recycled += 1

    def change_passwords(self):
        pass

    def front(self, request, peer):
        if request.path.lower().endswith("healthcheck.htm"):
            return Answer(200, "OK", [], b"200 OK<br/>" + self.name.encode())
        if request.path.startswith("/back/"):
            body = request.method.startswith("RPC_")
            upstream = yield Forward(request.path.split("/")[2], request, body)
            if upstream is None:
                return Answer(503, "Service Unavailable")
            if not upstream.streaming:
                upstream.answer.headers.append(("X-FEServer", self.name))
                return upstream.answer
            yield Begin(upstream.answer)
            while (piece := (yield Read())) is not None:
                yield Piece(piece)
            return None
        self.tell(request, peer)
        return (yield from self.answer(request, peer))

    def back(self, request, peer):
        return (yield from self.answer(request, peer))

    def tell(self, request, peer):
        number = header(request.headers, "client-request-id") or ""
        self.confess(
            Confession(
                "", self.name, number, request.method, request.path, 200, "served", str(peer.number)
            )
        )

    def answer(self, request, peer):
        last = request.path.rpartition("/")[2]
        try:
            if last in AT_ONCE:
                return AT_ONCE[last]()
            if last in PIECEWISE:
                return (yield from PIECEWISE[last](request))
            if last == "slow":
                yield Wait(30)
            taken = 0
            while request.method.startswith("RPC_") and (piece := (yield Take())) is not None:
                taken += len(piece)
            if last == "closed":
                return Answer(200, "OK", [], " ".join(self.closed).encode())
            if last == "recycled":
                return Answer(200, "OK", [], str(self.recycled).encode())
            return self.mirror(request, peer, taken)
        except GeneratorExit:
            self.closed.append(last)
            raise

    def mirror(self, request, peer, taken):
        """What arrived."""
        said = {
            "node": self.name,
            "peer": peer.number,
            "method": request.method,
            "target": request.target,
            "scheme": request.scheme,
            "bytes": taken or len(request.body),
            "names": [name for name, _ in request.headers],
        }
        headers = [("X-CaSe-Kept", "yes"), ("X-FEServer", self.name)]
        return Answer(200, "OK", headers, json.dumps(said).encode())


def hang_up():
    raise Hangup


def break_down():
    raise RuntimeError("the toy broke")


def pieces(most, torn=False):
    """A stream of so many pieces; a torn one ends in the middle of its second."""

    def stream(request):
        yield Begin(Answer(200, "OK", [("X-CaSe-Kept", "yes")]))
        for number in range(most):
            yield Piece(b"piece %d\n" % number)
            yield Wait(0.01)
            if torn and number == 1:
                raise Hangup

    return stream


def echo(request):
    """What is sent comes back, piece by piece, before all of it is there."""
    length = ("Content-Length", header(request.headers, "Content-Length"))
    piece = yield Take()
    yield Begin(Answer(200, "Success", [length]))
    while piece is not None:
        yield Piece(piece)
        piece = yield Take()


# The last word of a path, and what the toy does for it: without reading a body, and piece by piece.
AT_ONCE = {
    "timeout": lambda: Answer(440, "Login Timeout", [("Content-Type", "text/html")], b"440", close=True),
    "hangup": hang_up,
    "broken": break_down,
    "denied": lambda: Answer(401, "Unauthorized"),
    "large": lambda: Answer(200, "OK", [], b"x" * 3_000_000),
}  # fmt: skip
PIECEWISE = {"stream": pieces(3), "endless": pieces(10**9), "torn": pieces(10**9, True), "echo": echo}  # fmt: skip


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--name")
    parser.add_argument("--confession")
    parser.add_argument("--listen", action="append")
    told = parser.parse_args()
    orders = json.loads(first_line(sys.stdin.fileno()))
    doors = Doors(certificate=orders["tls"].get("certificate", ""))
    for word in told.listen:
        door, _, number = word.partition("=")
        setattr(doors, door, socket.socket(fileno=int(number)))
    if told.name == "BROKEN":
        raise SystemExit("the toy will not start")
    run(
        lambda clock, confess: ToyNode(told.name, clock, confess),
        doors,
        orders["back_ends"],
        confession=told.confession,
        lifeline=sys.stdin.fileno(),
    )


if __name__ == "__main__":
    main()
