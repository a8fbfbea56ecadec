"""What is called over a virtual connection, and the pair of channels that it is called over.

Falls if: a call is answered for another mailbox or without a session, a parked wait is forgotten or
answered early, more goes out than the client has room for, or channels find each other by anything but
their cookie.
"""

import pytest

from exsim.org.contents import Box
from exsim.org.entropy import Entropy
from exsim.org.operations import FORMAT_ERROR
from exsim.org.outlook_anywhere.calls import Calls
from exsim.org.outlook_anywhere.joining import Joining
from exsim.org.outlook_anywhere.pair import WINDOW, Inbound, Outbound, Pair
from exsim.wire import dce, emsmdb, names, rop, rts
from exsim.wire.errors import WireError
from tests.org.farm import mailbox, server

OWNER = mailbox(1, "A")
MARKER = names.MARKER + OWNER.address


class Caller:
    """Calls with their packets made and read."""

    def __init__(self):
        self.box = Box(OWNER)
        self.calls = Calls(server("A", "2016"), self.box, Entropy("test"), wait=300.0)
        bind = dce.encode(dce.bind(emsmdb.EMSMDB, emsmdb.ASYNC_EMSMDB))
        (answer,) = self.calls.take(bind, 0.0)
        assert dce.accepted(dce.decode(answer)) == [True, True]
        self.number = 1

    def call(self, operation, stub, context=0, now=0.0):
        self.number += 1
        data = dce.encode(dce.request(self.number, operation, stub, context))
        return [dce.decode(answer) for answer in self.calls.take(data, now)]

    def connect(self, **more):
        (answer,) = self.call(emsmdb.CONNECT, emsmdb.Connect("/o=x/cn=user", **more).encode())
        return emsmdb.Connected.decode(dce.answered(answer))

    def fault(self, operation, stub, context=0):
        (answer,) = self.call(operation, stub, context)
        return dce.fault_status(answer)

    def park(self, session):
        stub = emsmdb.Handled(session).encode()
        (answer,) = self.call(emsmdb.ASYNC_CONNECT, stub)
        handle = emsmdb.Handled.decode(dce.answered(answer)).handle
        assert self.call(emsmdb.ASYNC_WAIT, emsmdb.Handled(handle, 0).encode(), 1) == []


def test_a_session_names_its_mailbox_and_its_operations_do():
    caller = Caller()
    session = caller.connect()
    assert (session.display_name, session.result, session.prefix) == (MARKER, 0, "/o=x")
    assert session.handle != emsmdb.NO_HANDLE and len(session.handle) == 20
    data = rop.pack(rop.logon("/o=x") + rop.get_properties(rop.OWNER_NAME), (rop.NO_OBJECT,))
    (answer,) = caller.call(emsmdb.RPC, emsmdb.Rpc(session.handle, data).encode())
    done = emsmdb.RpcDone.decode(dce.answered(answer))
    logon, owner = rop.done(rop.unpack(done.data)[0])
    assert logon.mailbox.hex() == caller.box.guid.replace("-", "")
    assert owner.texts == (MARKER,)
    assert caller.connect().handle != session.handle


def test_a_property_that_is_not_there_and_operations_that_cannot_be_read():
    caller = Caller()
    session = caller.connect().handle
    for data, expected in (
        (rop.pack(rop.get_properties(0x3001001F)), (0, rop.NOT_FOUND)),
        (rop.pack(rop.get_properties(0x3001001F))[:-3], (FORMAT_ERROR, None)),
        (rop.pack(b"\x02\0\0"), (FORMAT_ERROR, None)),
        (b"", (FORMAT_ERROR, None)),
    ):
        (answer,) = caller.call(emsmdb.RPC, emsmdb.Rpc(session, data).encode())
        done = emsmdb.RpcDone.decode(dce.answered(answer))
        assert done.result == expected[0]
        if expected[1]:
            assert rop.done(rop.unpack(done.data)[0])[0].error == expected[1]


def test_calls_without_a_session_are_faults():
    caller = Caller()
    stranger = emsmdb.Handled(b"\0" * 4 + b"x" * 16)
    mismatch = emsmdb.CONTEXT_MISMATCH
    assert caller.fault(emsmdb.RPC, emsmdb.Rpc(stranger.handle, b"").encode()) == mismatch
    assert caller.fault(emsmdb.DISCONNECT, stranger.encode()) == mismatch
    assert caller.fault(emsmdb.ASYNC_CONNECT, stranger.encode()) == mismatch
    assert (
        caller.fault(emsmdb.ASYNC_WAIT, emsmdb.Handled(stranger.handle, 0).encode(), 1) == mismatch
    )
    assert caller.fault(99, b"") == emsmdb.OPERATION_RANGE
    assert caller.fault(emsmdb.CONNECT, b"", 7) == emsmdb.OPERATION_RANGE  # no such context
    assert caller.fault(emsmdb.CONNECT, b"abc") == emsmdb.BAD_STUB


@pytest.mark.parametrize(
    ("size", "result"),
    [(0, 0), (8, 0), (0x1008, 0), (1, emsmdb.RPC_FAILED), (7, emsmdb.RPC_FAILED)],
)
def test_the_auxiliary_buffer_has_its_bounds(size, result):
    session = Caller().connect(auxiliary=bytes(size))
    assert (session.result, session.handle == emsmdb.NO_HANDLE) == (result, result != 0)


def test_an_auxiliary_buffer_that_is_too_long_is_a_fault():
    stub = emsmdb.Connect("/o=x", auxiliary=bytes(0x1009)).encode()
    assert Caller().fault(emsmdb.CONNECT, stub) == emsmdb.BAD_STUB


def test_a_wait_is_answered_after_five_minutes_or_when_something_came():
    caller = Caller()
    session = caller.connect().handle
    caller.park(session)
    assert caller.calls.due(299.9) == []
    (answer,) = caller.calls.due(300.0)
    assert emsmdb.Waited.decode(dce.answered(dce.decode(answer))) == emsmdb.Waited(0, 0)
    assert caller.calls.due(900.0) == []
    caller.park(session)
    caller.box.create("inbox", "new", 5.0)
    (answer,) = caller.calls.due(301.0)
    assert emsmdb.Waited.decode(dce.answered(dce.decode(answer))).flags == emsmdb.EVENTS_PENDING


def test_disconnecting_ends_the_session_and_what_it_waited_for():
    caller = Caller()
    session = caller.connect().handle
    caller.park(session)
    gone, waited = caller.call(emsmdb.DISCONNECT, emsmdb.Handled(session).encode())
    ended = emsmdb.Handled.decode(dce.answered(gone))
    assert ended == emsmdb.Handled(emsmdb.NO_HANDLE, 0)
    assert emsmdb.Waited.decode(dce.answered(waited)).result == emsmdb.RPC_FAILED
    assert caller.fault(emsmdb.DISCONNECT, emsmdb.Handled(session).encode())


def test_an_interface_that_nobody_serves_is_refused():
    bind = dce.encode(dce.bind(emsmdb.NSPI, emsmdb.EMSMDB))
    (answer,) = Caller().calls.take(bind, 0.0)
    assert dce.accepted(dce.decode(answer)) == [False, True]


# The pair -------------------------------------------------------------------------------------------
RPC = dce.encode(dce.response(1, bytes(976)))  # 1000 bytes


def pair(room=10_000):
    made = Pair(lambda: None)
    made.join(Inbound(b"i" * 16, 2**30))
    made.join(Outbound(b"o" * 16, room, 2**30))
    return made


def ack(received, window, cookie=b"o" * 16):
    return rts.encode(rts.flow_ack(rts.OUT_PROXY, rts.Ack(received, window, cookie)))


def test_no_more_goes_out_than_the_client_has_room_for():
    made = pair(room=2500)
    for _ in range(4):
        made.say(RPC)
    assert [made.next(), made.next(), made.next()] == [RPC, RPC, None]
    made.hear(ack(2000, 2500, b"x" * 16), 0.0)  # of another channel
    assert made.next() is None
    made.hear(ack(2000, 2500), 0.0)
    assert [made.next(), made.next(), made.next()] == [RPC, RPC, None]


def test_packets_of_rts_are_not_counted():
    made = pair(room=1500)
    made.say(rts.encode(rts.ping()))
    made.say(RPC)
    assert made.next() and made.next() == RPC


def test_the_client_is_acknowledged_at_half_the_window():
    made = pair()
    request = dce.encode(dce.request(1, 10, bytes(976)))
    for _ in range(WINDOW // 2 // 1000):
        made.hear(request, 0.0)
    assert made.next() is None
    made.hear(request, 0.0)
    command = rts.decode(made.next()).commands[1]
    assert command.value == rts.Ack(33_000, WINDOW, b"i" * 16)


def test_what_is_no_packet_is_refused():
    with pytest.raises(WireError):
        pair().hear(rts.encode(rts.ping())[:-1], 0.0)


def test_channels_find_each_other_across_front_ends_unless_they_do_not():
    across, apart = Joining(across=True), Joining(across=False)
    assert across.pair(b"1", "A") is across.pair(b"1", "B")
    assert across.pair(b"1", "A") is not across.pair(b"2", "A")
    assert apart.pair(b"1", "A") is not apart.pair(b"1", "B")
    assert apart.pair(b"1", "A") is apart.pair(b"1", "A")
    ended = across.pair(b"1", "A")
    ended.end("over")
    assert across.known(b"1", "A") is None and across.pair(b"1", "A") is not ended
