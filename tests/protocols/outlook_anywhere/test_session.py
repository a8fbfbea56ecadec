"""Outlook over RPC/HTTP against real nodes in memory, on whatever front ends its channels land.

Falls if: a healthy session is not begun, not ended or not its own mailbox's, a fault of one kind is shown
as another, or a hop's class is not the one that the node confessed.
"""

import pytest

from exsim.protocols.flow import Request, Response
from exsim.protocols.outlook_anywhere import evidence
from exsim.session.meaning import SIGNS
from exsim.session.signs import read
from exsim.wire import names
from tests.protocols.outlook_anywhere.rig import organisation, play
from tests.rig.balancers import ByCookie, PerConnection, PerRequest


@pytest.fixture(scope="module")
def healthy():
    return organisation()


def agrees(played):
    """Every answered hop is of the class that its node confessed."""
    confessed = {one.client_request_id: one.class_ for one in played.confessions}
    answered = [hop for hop in played.hops if hop.status is not None]
    assert answered
    for hop in answered:
        assert SIGNS[read(hop)].class_ == confessed[hop.client_request_id], hop


@pytest.mark.parametrize("balancer", [PerRequest, PerConnection, ByCookie])
def test_a_session_is_begun_used_and_ended_wherever_its_channels_land(healthy, balancer):
    made, accounts = healthy
    played = play(made, accounts, balancer, logons=2)
    assert played.states == {"ended": 6}
    assert played.signs("out_channel") == {"accepted": 6}
    assert played.signs("in_channel") == {"served": 6}
    assert {hop.body.owner for hop in played.of("out_channel")} == {"own"}
    assert played.signs("echo_out")["served"] == 6 and played.signs("echo_in")["served"] == 6
    assert not played.findings.findings and not played.findings.shut_out
    agrees(played)


def test_ntlm_signs_each_channel_in_on_its_own_connection(healthy):
    made, accounts = healthy
    played = play(made, accounts, authentication="ntlm")
    assert played.states == {"ended": 3}
    for channel in ("out_channel", "in_channel"):
        assert {hop.auth for hop in played.of(channel) if hop.status != 401} <= {"bound", "ntlm_3"}
    agrees(played)


def test_the_channels_carry_what_they_promise(healthy):
    made, accounts = healthy
    seen = []

    def watch(network):
        for node in network.nodes.values():
            front = node.front

            def told(request, peer, front=front):
                seen.append((request.method, request.header("Content-Length")))
                return front(request, peer)

            node.front = told

    play(made, accounts[:1], prepare=watch)
    assert seen[:2] == [(names.RPC_OUT, "4"), (names.RPC_OUT, "4")]  # unasked first, then Basic
    assert (names.RPC_OUT, "76") in seen and (names.RPC_IN, "1073741824") in seen


def test_a_front_end_alone_is_not_told_by_a_channel_without_an_answer(healthy):
    made, accounts = healthy
    played = play(made, accounts)
    assert all(session.login_front_end for session in played.findings.sessions)
    assert {hop.status for hop in played.of("in_channel")} == {None}


def test_an_idle_session_is_kept_by_pings_and_the_wait_is_parked_again(healthy):
    made, accounts = healthy
    played = play(made, accounts[:1], polls=2, think=400.0, idle=900.0)
    assert played.states == {"ended": 1}
    (out,) = played.of("out_channel")
    # A3 and C2, bind, connect, asynchronous connect, logon, 8 calls, disconnect, and its wait's answer;
    # further the server's pings and two answers to the wait
    assert out.body.pieces > 16 and out.ended == "closed" and out.took > 1500


@pytest.mark.parametrize("every", [120.1, 1000.0])
def test_a_client_that_sends_nothing_is_cut_off_after_two_minutes(healthy, every):
    made, accounts = healthy
    played = play(made, accounts[:1], think=0.1, idle=600.0, ping_every=every, logons=1)
    (out,) = played.of("out_channel")
    assert out.error == "closed" or out.ended == "truncated" or out.took < 130
    assert played.signs("in_channel") == {"fault": 1}
    agrees(played)


def test_the_round_trip_is_measured_without_the_pauses(healthy):
    made, accounts = healthy
    played = play(made, accounts[:1], polls=5, think=10.0)
    (out,) = played.of("out_channel")
    assert 0.002 <= out.body.round_trip <= 0.05 and out.body.longest_gap > 5
    assert out.body.median_gap < 0.1


# What goes wrong ------------------------------------------------------------------------------------
def test_channels_that_are_not_joined_are_told_by_both():
    made, accounts = organisation(channels_across=False)
    played = play(made, accounts, PerRequest)
    assert played.states == {}
    assert played.signs("in_channel") == {"context_lost": 3}
    assert played.signs("out_channel") == {"truncated": 3}
    assert {hop.body.code for hop in played.of("in_channel")} == {"RPC Error: 6ba"}
    assert {one.cause for one in played.confessions if one.class_ == "lost_context"} == {
        "no_channel"
    }
    assert len(played.findings.shut_out) == 3
    agrees(played)


def test_channels_of_one_front_end_are_joined_even_then():
    made, accounts = organisation(channels_across=False)
    played = play(made, accounts, ByCookie)
    assert played.states == {"ended": 3}


def test_a_wrong_password_is_refused_before_any_channel(healthy):
    made, accounts = healthy
    wrong = [type(one)(one.address, one.logon, "wrong", one.home) for one in accounts]
    for method in ("basic", "ntlm"):
        played = play(made, wrong, authentication=method)
        assert played.states == {} and not played.of("out_channel")
        assert played.signs("echo_out")["unauthorized"] == 3
        agrees(played)


def test_a_stranger_gets_no_further_than_the_challenge(healthy):
    made, accounts = healthy
    played = play(made, accounts, authentication="none")
    assert played.signs("echo_out") == {"challenge": 3} and len(played.hops) == 3
    agrees(played)


def test_a_directory_without_the_clients_method_is_not_measured():
    made, accounts = organisation()
    import tests.org.farm as farm

    made = farm.changed(made, "*", authentication={"rpc": ("negotiate",)})
    played = play(made, accounts)
    assert len(played.marks("not_measured")) == 3 and played.states == {}


SHORT = 128 * 1024  # bytes of an OUT channel: the least that there may be
LONG = {"polls": 200, "calls": 8, "think": 0.1}  # of which such a channel carries less than half


@pytest.mark.parametrize(
    ("authentication", "balancer"),
    [("basic", PerRequest), ("basic", PerConnection), ("ntlm", PerConnection)],
)
def test_an_out_channel_that_is_nearly_spent_is_replaced_and_the_session_goes_on(
    authentication, balancer
):
    made, accounts = organisation(users=2, channel_length=SHORT)
    played = play(made, accounts, balancer, **LONG, authentication=authentication)
    assert played.states == {"ended": 2} and len(played.marks("accepted")) == 2
    replaced = [hop for hop in played.of("out_successor") if hop.status != 401]
    assert len(replaced) >= 4 and {hop.status for hop in replaced} == {200}
    assert {hop.body.is_ for hop in replaced} == {"answer"}
    assert {hop.body.owner for hop in replaced} == {"own"}
    assert {hop.ended for hop in [*played.of("out_channel"), *replaced] if hop.status == 200} == {"closed"}  # fmt: skip
    assert not played.findings.findings and not played.findings.shut_out
    agrees(played)


def test_a_client_of_two_connections_cannot_replace_a_channel_and_begins_anew():
    made, accounts = organisation(users=1, channel_length=SHORT)
    played = play(made, accounts, **LONG, logons=2, connections=2)
    assert [hop.ended for hop in played.of("out_channel")] == ["truncated"] * 2
    assert not played.of("out_successor")


class SuccessorElsewhere(ByCookie):
    """Keeps a client at one node, but for a connection that it opens later."""

    def choose(self, line, headers):
        return self.nodes[-1 if line.number > 2 else 0]


def test_a_successor_that_its_predecessors_node_does_not_know_is_refused():
    made, accounts = organisation(users=1, channel_length=SHORT, channels_across=False)
    played = play(made, accounts, SuccessorElsewhere, **LONG)
    assert {hop.body.code for hop in played.of("out_successor")} == {"RPC Error: 6ba"}
    assert played.signs("out_successor")["context_lost"] == 1 and played.states == {"lost": 1}
    agrees(played)


def test_a_length_that_is_spent_ends_the_virtual_connection_and_the_next_one_follows():
    made, accounts = organisation(users=1, channel_length=SHORT, channels_recycled=False)
    played = play(made, accounts, **LONG, logons=2)
    assert [hop.ended for hop in played.of("out_channel")] == ["truncated"] * 2
    assert len(played.marks("accepted")) == 2
    assert played.signs("in_channel") == {"fault": 2}
    agrees(played)


def test_a_back_end_that_dies_ends_the_session(healthy):
    made, accounts = healthy
    down = [accounts[0]]

    def kill(network):
        network.world.later(3.0, network.down.add, made.mailboxes[0].home)

    played = play(made, down, prepare=kill, logons=3, polls=1, think=1.0, relogin_after=2.0)
    assert played.states["ended"] >= 1
    assert 503 in {hop.status for hop in played.hops}
    agrees(played)


def test_what_another_answers_is_a_wrong_mailbox():
    made, accounts = organisation(users=2)

    def cross(network):
        """The node takes everybody for the second account."""
        for node in network.nodes.values():
            authentication = node._front._authentication
            real = authentication.admit

            def crossed(incoming, peer, real=real, authentication=authentication):
                admitted = real(incoming, peer)
                if hasattr(admitted, "mailbox"):
                    admitted.mailbox = made.mailboxes[1]
                return admitted

            authentication.admit = crossed

    played = play(made, accounts[:1], prepare=cross)
    assert {hop.body.owner for hop in played.of("out_channel")} == {"other"}
    assert played.signs("out_channel") == {"wrong_mailbox": 1}


def test_a_run_that_stops_has_the_sessions_that_were_live(healthy):
    made, accounts = healthy
    played = play(made, accounts, polls=100, think=5.0, until=20.0)
    assert played.states == {"live": 3}


@pytest.mark.parametrize(
    ("step", "code", "kind"),
    [
        ("in_channel", "6ba", "lost_context"),  # the other half was not found
        ("in_channel", "6be", "fault"),  # of a pair that broke
        ("out_successor", "6ba", "lost_context"),
        ("echo_in", "6ba", "fault"),  # a probe has no other half
    ],
)
def test_what_a_proxys_error_says_of_a_channel_that_was_read_whole(step, code, kind):
    response = Response(503, [], b"", None, reason=f"RPC Error: {code}")
    seen = evidence.observe(Request(names.RPC_IN, "/rpc/rpcproxy.dll", step=step), response)
    assert (seen.is_, seen.code) == (kind, f"RPC Error: {code}")
