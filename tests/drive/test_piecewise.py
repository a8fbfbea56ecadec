"""Bodies sent piece by piece through the memory rig, from a flow to a back end and back.

Falls if: a piece is delivered before the request's head, out of order or not at all, or an answer waits
for a body whose end is an hour away.
"""

from exsim.drive.driver import Client, Identity
from exsim.drive.evidence import CookieHasher
from exsim.drive.hub import stamper
from exsim.org.work import Begin, Forward, Piece, Read, Signal, Take, Until
from exsim.protocols.flow import Close, Head, Open, Pause, Receive, Request, Send
from exsim.session.hop import Evidence, Hop
from exsim.wire.message import Answer
from tests.rig.memory import Network, request_ids


class Anywhere:
    """A balancer that knows one node."""

    def choose(self, line, headers):
        return "A"

    def answered(self, line, headers, node, answer): ...


class Node:
    """Front: passes on.  Back: what one request takes, another says."""

    def __init__(self):
        self.box, self.signal, self.closed = [], Signal(), []

    def front(self, request, peer):
        upstream = yield Forward("A", request, True)
        if not upstream.streaming:
            return upstream.answer
        yield Begin(upstream.answer)
        while (piece := (yield Read())) is not None:
            yield Piece(piece)
        return None

    def back(self, request, peer):
        try:
            if request.method == "RPC_IN_DATA":
                while (piece := (yield Take())) is not None:
                    self.box.append(piece)
                    self.signal.ring()
                return Answer(200, "OK", [], b"whole")
            first = yield Take()
            yield Begin(Answer(200, "Success", [("Content-Length", "1000")]))
            yield Piece(first)
            while (yield Until(self.signal, 30.0)):
                yield Piece(self.box.pop(0))
            return None
        finally:
            self.closed.append(request.method)


def drive(flow):
    network = Network({"A": Node()}, Anywhere())
    hops = []
    client = Client(
        network.world,
        Identity(1, "toy"),
        lambda request, response: Evidence(),
        lambda line: hops.append(line) if isinstance(line, Hop) else None,
        request_ids(),
        CookieHasher(b"salt"),
        stamper(0.0),
    )
    client.run(flow)
    network.world.run()
    return hops, network


def test_what_one_channel_sends_the_other_receives_as_it_comes():
    said = []

    def talk():
        out = yield Open(Request("RPC_OUT_DATA", "/x"), 5)
        yield Send(out, b"hello")
        into = yield Open(Request("RPC_IN_DATA", "/x"), 2**30)
        for number in range(3):
            yield Pause(1.0)
            yield Send(into, b"%d" % number)
            said.append((yield Receive(out)))
        said.append((yield Receive(out)))
        said.append((yield Receive(out)))
        yield Close(into)
        yield Close(out)
        yield Close(out)  # one hop all the same

    hops, network = drive(talk())
    assert isinstance(said[0], Head) and said[0].headers == [(b"content-length", b"1000")]
    assert said[1:] == [b"hello", b"0", b"1", b"2"]
    assert [(hop.ended, hop.body.pieces) for hop in hops] == [("closed", 0), ("closed", 4)]
    assert sorted(network.nodes["A"].closed) == ["RPC_IN_DATA", "RPC_OUT_DATA"]


def test_a_body_that_is_whole_ends_the_taking():
    answers = []

    def talk():
        answers.append((yield Request("RPC_IN_DATA", "/x", body=b"12")))

    drive(talk())
    assert (answers[0].status, answers[0].body) == (200, b"whole")
