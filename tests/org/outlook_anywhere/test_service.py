"""The two requests of a virtual connection at a back end, driven in memory.

Falls if: a probe, a bad first word or a port that nobody serves is answered otherwise than MS-RPCH says, a
replaced IN channel ends the session, or channels of different front ends do not meet.
"""

import base64

import pytest

from exsim.drive.driver import Client, Identity
from exsim.drive.evidence import CookieHasher
from exsim.drive.hub import stamper
from exsim.org.node import Node
from exsim.protocols.flow import Close, Head, Open, Pause, Receive, Request, Send
from exsim.session.hop import Evidence
from exsim.wire import dce, emsmdb, names, rts
from tests.protocols.outlook_anywhere.rig import organisation
from tests.rig.balancers import PerRequest
from tests.rig.memory import Network, request_ids

MADE, ACCOUNTS = organisation(users=1)
BASIC = base64.b64encode(f"{ACCOUNTS[0].logon}:{ACCOUNTS[0].password}".encode()).decode()
PAIR, OUT, FIRST, SECOND, GROUP = (bytes([n]) * 16 for n in range(1, 6))
A1 = rts.encode(rts.conn_a1(PAIR, OUT, 0x40000))
B1 = rts.encode(rts.conn_b1(PAIR, FIRST, 2**30, 300000, GROUP))
BIND = dce.encode(dce.bind(emsmdb.EMSMDB))


def request(method, query="?server:6001", path=names.RPC_PROXY, body=None):
    return Request(method, f"{path}{query}", [("Authorization", f"Basic {BASIC}")], body)


def drive(flow):
    network = Network({}, PerRequest([node.name for node in MADE.nodes]))
    for node in MADE.nodes:
        network.nodes[node.name] = Node(MADE, node.name, network.world.wall, lambda line: None)
    client = Client(
        network.world, Identity(1, "toy"), lambda asked, answer: Evidence(), lambda line: None,
        request_ids(), CookieHasher(b"salt"), stamper(0.0),
    )  # fmt: skip
    task = client.run(flow)
    network.world.run()
    return task.result


@pytest.mark.parametrize("method", names.RPC_METHODS)
@pytest.mark.parametrize("body", [b"", b"\xf8\xe8\x18\x08", bytes(16)])
def test_a_probe_is_answered_by_an_echo(method, body):
    def ask():
        return (yield request(method, body=body))

    answer = drive(ask())
    assert (answer.status, answer.reason) == (200, "Success")
    assert answer.body.hex() == "0500140310000000140000000000000040000000"
    assert answer.header(b"content-type") == "application/rpc"


@pytest.mark.parametrize(
    ("method", "first", "asked", "reason"),
    [
        (names.RPC_OUT, B1, {}, "RPC Error: 6c0"),
        (names.RPC_IN, A1, {}, "RPC Error: 6c0"),
        (names.RPC_OUT, b"GET / HTTP/1.1\r\n" * 5, {}, "RPC Error: 6c0"),
        (names.RPC_IN, A1, {"query": "?server:593"}, "RPC Error: 6ba"),
        (names.RPC_IN, A1, {"path": "/rpc/other.dll"}, "Not Found"),
    ],
)
def test_a_channel_that_cannot_be_one_is_refused(method, first, asked, reason):
    def ask():
        channel = yield Open(request(method, **asked), 1000)
        yield Send(channel, first)
        head = yield Receive(channel)
        yield Close(channel)
        return head

    assert drive(ask()).reason == reason


def packets(channel, count):
    cutter, found = dce.Cutter(), []
    while len(found) < count:
        found += cutter.feed((yield from Receive(channel)))
    return found


def test_a_replaced_in_channel_goes_on_with_the_session():
    successor = rts.Packet(
        rts.RECYCLE,
        tuple(map(rts.Command, rts.IN_R1_A1, (1, PAIR, FIRST, SECOND))),
    )

    def talk():
        out = yield Open(request(names.RPC_OUT), 76)
        yield Send(out, A1)
        first = yield Open(request(names.RPC_IN), 2**30)
        yield Send(first, B1)
        assert isinstance((yield Receive(out)), Head)
        a3, c2 = yield from packets(out, 2)
        yield Send(first, BIND)
        (bound,) = yield from packets(out, 1)
        second = yield Open(request(names.RPC_IN), 2**30)
        yield Send(second, rts.encode(successor))
        replaced = yield Receive(first)
        yield Pause(1.0)
        yield Send(second, BIND)
        (again,) = yield from packets(out, 1)
        for channel in (first, second, out):
            yield Close(channel)
        return a3, c2, bound, replaced, again

    a3, c2, bound, replaced, again = drive(talk())
    assert rts.decode(a3).kinds == rts.CONN_A3 and rts.decode(c2).kinds == rts.CONN_C2
    assert dce.accepted(dce.decode(bound)) == dce.accepted(dce.decode(again)) == [True]
    assert replaced.status == 503


def test_a_successor_of_nobody_is_refused():
    stranger = rts.Packet(
        rts.RECYCLE, tuple(map(rts.Command, rts.IN_R1_A1, (1, PAIR, FIRST, SECOND)))
    )

    def talk():
        channel = yield Open(request(names.RPC_IN), 2**30)
        yield Send(channel, rts.encode(stranger))
        head = yield Receive(channel)
        yield Close(channel)
        return head

    assert drive(talk()).reason == "RPC Error: 6ba"
