"""RTS and RPC packets: bytes that others computed, and bytes that nobody meant.

Falls if: a packet of the handshake differs in one byte from impacket's (0.13.1) or from the vectors, a
decoder raises anything but WireError, or what it accepts is written otherwise than it was read.
"""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from impacket.dcerpc.v5 import rpch, rpcrt
from impacket.uuid import uuidtup_to_bin

from exsim.wire import dce, emsmdb, rop, rts
from exsim.wire.errors import WireError

CONNECTION, CHANNEL, GROUP = b"V" * 16, b"C" * 16, b"G" * 16

# Computed with impacket 0.13.1 and written down by hand
VECTORS = [
    (
        rts.conn_a1(CONNECTION, CHANNEL, 0x40000),
        "05001403100000004c000000000000000000040006000000010000000300000056565656565656565656565656565656"
        "030000004343434343434343434343434343434300000000" + "00000400",
    ),
    (
        rts.conn_b1(CONNECTION, CHANNEL, 0x40000000, 300000, GROUP),
        "0500140310000000680000000000000000000600060000000100000003000000" + "56" * 16
        + "03000000" + "43" * 16 + "0400000000000040" + "05000000e0930400" + "0c000000" + "47" * 16,
    ),
    (rts.conn_a3(120000), "05001403100000001c000000000000000000010002000000c0d40100"),
    (
        rts.conn_c2(65536, 120000),
        "05001403100000002c00000000000000000003000600000001000000000000000000010002000000c0d40100",
    ),
    (rts.ping(), "0500140310000000140000000000000001000000"),
    (rts.echo(), "0500140310000000140000000000000040000000"),
]  # fmt: skip


@pytest.mark.parametrize(("packet", "hexadecimal"), VECTORS)
def test_packets_of_the_handshake_are_these_bytes(packet, hexadecimal):
    assert rts.encode(packet).hex() == hexadecimal
    assert rts.decode(bytes.fromhex(hexadecimal)) == packet


@pytest.mark.parametrize(
    ("packet", "theirs"),
    [
        (rts.conn_a1(CONNECTION, CHANNEL, 0x40000), rpch.hCONN_A1(CONNECTION, CHANNEL, 0x40000)),
        (
            rts.conn_b1(CONNECTION, CHANNEL, 0x40000000, 300000, GROUP),
            rpch.hCONN_B1(CONNECTION, CHANNEL, GROUP),
        ),
        (rts.ping(), rpch.hPing()),
        (
            rts.flow_ack(rts.OUT_PROXY, rts.Ack(70000, 0x40000, CHANNEL)),
            rpch.hFlowControlAckWithDestination(rpch.FDOutProxy, 70000, 0x40000, CHANNEL),
        ),
    ],
)
def test_packets_equal_impackets(packet, theirs):
    assert rts.encode(packet) == theirs and rts.decode(theirs) == packet


def test_the_lengths_by_which_servers_tell_packets_apart():
    made = {
        76: rts.conn_a1(CONNECTION, CHANNEL, 1),
        104: rts.conn_b1(CONNECTION, CHANNEL, 1, 1, GROUP),
        28: rts.conn_a3(1),
        44: rts.conn_c2(1, 1),
        56: rts.flow_ack(3, rts.Ack(1, 1, CHANNEL)),
        88: rts.Packet(rts.RECYCLE, tuple(
            rts.Command(kind, 1 if kind == rts.VERSION else CHANNEL) for kind in rts.IN_R1_A1)),
        96: rts.Packet(rts.RECYCLE, tuple(
            rts.Command(kind, CHANNEL if kind == rts.COOKIE else 1) for kind in rts.OUT_R1_A3)),
    }  # fmt: skip
    assert {length: len(rts.encode(packet)) for length, packet in made.items()} == {
        length: length for length in made
    }


HEAD = "05001403 10000000 {length:02x}00 0000 00000000 {flags:02x}00 {commands:02x}00"


@pytest.mark.parametrize(
    ("packet", "length", "flags", "commands", "body"),
    [
        (rts.out_r2_a2(), 28, 4, 1, "0d000000 00000000"),
        (rts.out_r2_a3(CONNECTION, CHANNEL, GROUP, 0x40000), 96, 4, 5,
         f"06000000 01000000 03000000 {CONNECTION.hex()} 03000000 {CHANNEL.hex()} 03000000 {GROUP.hex()} 00000000 00000400"),
        (rts.out_r2_a6(), 32, 0, 2, "0d000000 00000000 0a000000"),
        (rts.out_r2_a7(GROUP), 56, 0x10, 3, f"0d000000 02000000 03000000 {GROUP.hex()} 06000000 01000000"),
        (rts.out_r2_b3(), 24, 0x20, 1, "0a000000"),
        (rts.out_r2_c1(), 24, 1, 1, "07000000"),
    ],
)  # fmt: skip
def test_the_packets_that_replace_an_out_channel_are_laid_out_as_documented(
    packet, length, flags, commands, body
):
    """MS-RPCH 2.2.4.35, .36, .39, .40, .44 and .45, field by field; the last one's flag is assumed."""
    head = HEAD.format(length=length, flags=flags, commands=commands)
    assert rts.encode(packet) == bytes.fromhex(head + body)
    assert len(rts.encode(packet)) == length


long = st.integers(0, 2**32 - 1)
cookie = st.binary(min_size=16, max_size=16)
commands = st.one_of(
    st.builds(rts.Command, st.sampled_from(sorted(rts._NUMBERS)), long),
    st.builds(rts.Command, st.sampled_from(sorted(rts._COOKIES)), cookie),
    st.builds(rts.Command, st.sampled_from(sorted(rts._BARE))),
    st.builds(rts.Command, st.just(rts.FLOW_ACK), st.builds(rts.Ack, long, long, cookie)),
    st.builds(rts.Command, st.just(rts.PADDING), st.binary(max_size=20)),
    st.builds(
        rts.Command,
        st.just(rts.CLIENT_ADDRESS),
        st.one_of(st.binary(min_size=4, max_size=4), cookie),
    ),
)
packets = st.builds(rts.Packet, st.integers(0, 0xFFFF), st.lists(commands, max_size=6).map(tuple))


@given(packets)
def test_what_is_written_is_read_again_and_every_shorter_piece_is_refused(packet):
    data = rts.encode(packet)
    assert rts.decode(data) == packet
    for length in range(len(data)):
        with pytest.raises(WireError):
            rts.decode(data[:length])
    with pytest.raises(WireError):
        rts.decode(data + b"\0")


@given(packets, st.integers(0, 200), st.integers(0, 255))
def test_a_changed_byte_is_refused_or_written_back_as_it_was(packet, at, value):
    data = bytearray(rts.encode(packet))
    data[at % len(data)] = value
    try:
        found = rts.decode(bytes(data))
    except WireError:
        return
    assert rts.encode(found) == data


DECODERS = [
    rts.decode,
    dce.decode,
    emsmdb.Connect.decode,
    emsmdb.Connected.decode,
    emsmdb.Rpc.decode,
    emsmdb.RpcDone.decode,
    emsmdb.Handled.decode,
    emsmdb.Waited.decode,
    rop.unpack,
    rop.asked,
    rop.done,
    *(
        lambda data, read=read, kind=kind: read(dce.Packet(kind, 1, data))
        for read, kind in (
            (dce.bound, dce.BIND),
            (dce.accepted, dce.BIND_ACK),
            (dce.asked, dce.REQUEST),
            (dce.answered, dce.RESPONSE),
            (dce.fault_status, dce.FAULT),
        )
    ),
]


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused_in_words(data):
    for decode in DECODERS:
        try:
            decode(data)
        except WireError:
            continue


HANDLE = b"\0\0\0\0" + b"h" * 16
STUBS = [
    emsmdb.Connect("/o=x/cn=user", version=(15, 1, 2), auxiliary=b"abc"),
    emsmdb.Connected(HANDLE, "User One", "/o=x", server_version=(1, 2, 3), result=0),
    emsmdb.Connected(emsmdb.NO_HANDLE, result=emsmdb.LOGIN_FAILURE),
    emsmdb.Rpc(HANDLE, rop.pack(rop.logon("/o=x"), (rop.NO_OBJECT,))),
    emsmdb.RpcDone(HANDLE, rop.pack(rop.properties("abc"), (7,)), elapsed=3),
    emsmdb.Handled(HANDLE, 5),
    emsmdb.Waited(1, 0),
]


@pytest.mark.parametrize("stub", STUBS)
def test_stubs_are_read_as_they_were_written_and_no_shorter(stub):
    data = stub.encode()
    assert type(stub).decode(data) == stub
    for length in range(len(data)):
        with pytest.raises(WireError):
            type(stub).decode(data[:length])


def test_operations_are_read_as_they_were_written():
    asked = rop.logon("/o=x") + rop.get_properties(rop.OWNER_NAME, 0x3001001F)
    data, handles = rop.unpack(rop.pack(asked, (1, rop.NO_OBJECT)))
    assert handles == (1, rop.NO_OBJECT)
    assert rop.asked(data) == [
        rop.Asked(rop.LOGON, 0, name="/o=x"),
        rop.Asked(rop.GET_PROPERTIES, 0, (rop.OWNER_NAME, 0x3001001F)),
    ]
    answered = rop.logged_on(b"m" * 16, b"r" * 16) + rop.properties("Ünï", "b")
    assert rop.done(answered) == [
        rop.Done(rop.LOGON, mailbox=b"m" * 16),
        rop.Done(rop.GET_PROPERTIES, texts=("Ünï", "b")),
    ]
    assert rop.done(rop.failed(rop.LOGON, 5)) == [rop.Done(rop.LOGON, 5)]
    masked = bytearray(rop.pack(asked, (1,)))
    masked[2:4] = struct.pack("<H", rop.LAST | rop.MASKED)
    masked[8:] = bytes(byte ^ 0xA5 for byte in masked[8:])
    assert rop.unpack(bytes(masked)) == (asked, (1,))


@given(st.lists(st.integers(1, 50), min_size=1, max_size=20))
def test_a_stream_is_cut_into_its_packets_wherever_it_was_torn(sizes):
    whole = [rts.encode(rts.ping()), dce.encode(dce.request(1, 10, b"x" * 30))] * 3
    data, cutter, found = b"".join(whole), dce.Cutter(), []
    while data:
        size = sizes[len(data) % len(sizes)]
        found += cutter.feed(data[:size])
        data = data[size:]
    assert found == whole


@pytest.mark.parametrize(
    "junk", [b"HTTP/1.0 503 RPC Error: 6ba\r\n", b"\5\0\0\3\x10\0\0\0\1\0" + bytes(6)]
)
def test_what_is_no_packet_ends_the_cutting(junk):
    with pytest.raises(WireError):
        dce.Cutter().feed(junk)


def test_impacket_reads_our_binding_and_we_read_its():
    item = rpcrt.CtxItem()
    item["ContextID"], item["TransItems"] = 0, 1
    item["AbstractSyntax"] = uuidtup_to_bin(("a4f1db00-ca47-1067-b31f-00dd010662da", "0.81"))
    item["TransferSyntax"] = uuidtup_to_bin(("8a885d04-1ceb-11c9-9fe8-08002b104860", "2.0"))
    theirs = rpcrt.MSRPCBind()
    theirs.addCtxItem(item)
    theirs["max_tfrag"] = theirs["max_rfrag"] = dce.FRAGMENT
    header = rpcrt.MSRPCHeader()
    header["type"], header["pduData"], header["call_id"] = rpcrt.MSRPC_BIND, theirs.getData(), 1
    packet = dce.decode(header.get_packet())
    assert dce.bound(packet) == [(0, emsmdb.EMSMDB)]
    assert dce.bind(emsmdb.EMSMDB).body == packet.body
    ours = dce.bind_ack(1, [True, False], 0x1234, "6001")
    read = rpcrt.MSRPCBindAck(dce.encode(ours))
    assert read["SecondaryAddr"] == "6001" and read["assoc_group"] == 0x1234
    assert [read.getCtxItem(n)["Result"] for n in (1, 2)] == [0, 2]
    assert dce.accepted(ours) == [True, False]


def test_impacket_reads_our_answers():
    read = rpcrt.MSRPCRespHeader(dce.encode(dce.response(7, b"stub")))
    assert (read["call_id"], read["pduData"], read["type"]) == (7, b"stub", rpcrt.MSRPC_RESPONSE)
    fault = rpcrt.MSRPCRespHeader(dce.encode(dce.fault(7, dce.FAULT)))
    assert struct.unpack("<L", fault["pduData"][:4])[0] == dce.FAULT
    request = rpcrt.MSRPCRequestHeader()
    request["op_num"], request["pduData"], request["call_id"] = 10, b"abcd", 3
    assert dce.asked(dce.decode(request.get_packet())) == (0, 10, b"abcd")
