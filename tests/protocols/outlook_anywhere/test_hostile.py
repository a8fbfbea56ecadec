"""An RPC proxy that answers with anything at all.

Falls if: any bytes on a channel raise in the flow, keep it for ever, or are taken for a session of a mailbox.
"""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exsim.org.work import Begin, Piece, Take, Wait
from exsim.wire import dce, emsmdb, names, rop, rts
from exsim.wire.message import Answer
from tests.protocols.outlook_anywhere.rig import organisation, play

A3, C2 = rts.encode(rts.conn_a3(120000)), rts.encode(rts.conn_c2(65536, 120000))
HANDLE = b"\0\0\0\0" + b"h" * 16
BOUND = dce.bind_ack(1, [True, True], 7, "6001")
CONNECTED = dce.response(2, emsmdb.Connected(HANDLE, "Somebody", "/o=x").encode())
DONE = dce.response(4, emsmdb.RpcDone(HANDLE, rop.pack(rop.properties("Somebody"))).encode())
RECYCLED = [rts.encode(one) for one in (rts.out_r2_a2(), rts.out_r2_a6(), rts.out_r2_b3())]
GOOD = [A3, C2, *map(dce.encode, (BOUND, CONNECTED, DONE)), rts.encode(rts.ping())]


class Hostile:
    """Front end and proxy in one: `said` on every OUT channel, whatever is asked."""

    def __init__(self, said, status=200, reason="Success"):
        self.said, self.status, self.reason = said, status, reason

    def front(self, request, peer):
        if request.header("Content-Length") == "4":
            return Answer(200, "Success", [], rts.encode(rts.echo()))
        if request.method == names.RPC_IN:
            while (yield Take()) is not None:
                pass
            return Answer(503, "RPC Error: \xff\xfe" + "x" * 5000)
        if self.status != 200:
            return Answer(self.status, self.reason)
        yield Begin(Answer(200, "Success", [("Content-Length", "1000000")]))
        for piece in self.said:
            yield Piece(piece)
            yield Wait(0.01)
        return None

    def back(self, request, peer):
        raise AssertionError("nothing is passed on")


MADE, ACCOUNTS = organisation(users=1)


def meet(node, **settings):
    def instead(network):
        for name in network.nodes:
            network.nodes[name] = node

    return play(MADE, ACCOUNTS, prepare=instead, preemptive=True, **{"polls": 1, **settings})


pieces = st.lists(
    st.one_of(st.sampled_from([*GOOD, *RECYCLED]), st.binary(min_size=1, max_size=80)), max_size=8
)


@settings(max_examples=60)
@given(pieces, st.integers(0, 5))
def test_no_bytes_raise_or_make_a_mailbox(said, well):
    played = meet(Hostile(GOOD[:well] + said))
    assert not played.marks("crash")
    assert len(played.of("out_channel")) == 1
    assert {hop.body.owner for hop in played.hops} == {None}


@settings(max_examples=60)
@given(st.integers(0, 5), st.integers(0, 300), st.integers(0, 255))
def test_a_changed_byte_in_an_answer_raises_nothing(which, at, value):
    changed = bytearray(GOOD[which])
    changed[at % len(changed)] = value
    played = meet(Hostile([*GOOD[:which], bytes(changed), *GOOD[which + 1 :]]))
    assert not played.marks("crash") and len(played.of("out_channel")) == 1


@pytest.mark.parametrize("said", [RECYCLED, [RECYCLED[0], RECYCLED[2], RECYCLED[0]]])
def test_a_proxy_that_replaces_its_channels_for_ever_keeps_nobody(said):
    played = meet(Hostile(GOOD[:3] + said), answer_limit=5.0)
    assert not played.marks("crash") and len(played.of("out_channel")) == 1
    assert 1 < max(hop.t for hop in played.hops) < 60


def test_a_proxy_that_names_another_mailbox_is_told_at_once():
    other = dce.response(2, emsmdb.Connected(HANDLE, names.MARKER + "who@else", "/o=x").encode())
    played = meet(Hostile([*GOOD[:3], dce.encode(other), rts.encode(rts.ping())]))
    assert {hop.body.owner for hop in played.of("out_channel")} == {"other"}


class Guids(Hostile):
    """Lets everybody in, each time to the mailbox of the next GUID, and names nobody."""

    def __init__(self, *guids):
        super().__init__([])
        self.guids = [bytes.fromhex(guid * 16) for guid in guids]

    def front(self, request, peer):
        if request.method == names.RPC_OUT and request.header("Content-Length") != "4":
            told = rop.pack(rop.logged_on(self.guids.pop(0), bytes(16)), (1,))
            logon = dce.response(3, emsmdb.RpcDone(HANDLE, told).encode())
            self.said = [*GOOD[:4], dce.encode(logon), rts.encode(rts.ping())]
        return (yield from super().front(request, peer))


@pytest.mark.parametrize(
    ("guids", "owners"), [(("11", "11"), [None, None]), (("11", "22"), [None, "stranger"])]
)
def test_a_mailbox_whose_guid_is_another_than_before_is_not_ones_own(guids, owners):
    played = meet(Guids(*guids), polls=0, logons=2, notifications=False, relogin_after=5.0)
    assert [hop.body.owner for hop in played.of("out_channel")] == owners


def test_an_error_of_the_proxy_is_kept_short():
    played = meet(Hostile([], 503, "RPC Error: 6ba" + "y" * 5000))
    (out,) = played.of("out_channel")
    assert out.body.code.startswith("RPC Error: 6ba") and len(out.body.code) == 40
