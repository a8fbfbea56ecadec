"""Signing in by HTTP itself, against real nodes in memory: which legs go out, on which connection.

Falls if: a leg is hidden or sent twice, credentials leave without need, a connection is believed signed in
that is not, or a directory that takes none of the client's methods is called a failure.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st

from exsim.drive.driver import Client, Identity
from exsim.drive.evidence import CookieHasher
from exsim.drive.hub import stamper
from exsim.lab.certificates import Authority
from exsim.org.confession import Confession
from exsim.org.node import Node
from exsim.org.services import SERVICES
from exsim.org.settings import Organisation
from exsim.org.windows import CERTIFICATE
from exsim.org.work import Peer
from exsim.protocols import credentials
from exsim.protocols.agent import Account, Agent
from exsim.protocols.flow import (
    Close,
    End,
    Flow,
    Head,
    Open,
    Receive,
    Release,
    Request,
    Response,
    together,
)
from exsim.protocols.negotiate import METHODS, Signer, authenticated, signed_in
from exsim.runs.dice import Source
from exsim.session.hop import Evidence, Hop, Line, Mark
from exsim.wire import names
from exsim.wire.errors import WireError
from tests.org.naming import Naming
from tests.protocols.scripted import Scripted, answer
from tests.rig import slice as memory
from tests.rig.balancers import EachAnew, PerConnection, PerRequest, ReuseAlways, ReuseSafe, Shared
from tests.rig.memory import Network, request_ids

ALL = ["negotiate", "ntlm", "basic"]
TARGET = "/EWS/Exchange.asmx"


@pytest.fixture(autouse=True)
def naming(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(SERVICES, "ews", Naming)


@dataclass
class Played:
    """What one play left: every line of the history, and what each flow said it was told."""

    lines: list[Line] = field(default_factory=list)
    confessions: list[Confession] = field(default_factory=list)
    told: list[tuple[str, str]] = field(default_factory=list)  # (who asked, who was served)

    @property
    def hops(self) -> list[tuple[str, int | None]]:
        return [(line.auth, line.status) for line in self.lines if isinstance(line, Hop)]

    @property
    def marks(self) -> list[Mark]:
        return [line for line in self.lines if isinstance(line, Mark)]

    @property
    def crossed(self) -> list[tuple[str, str]]:
        return [(asked, served) for asked, served in self.told if served and served != asked]


def organisation(nodes: int = 1, **front_end: Any) -> tuple[Organisation, list[Account]]:
    settings = {"authentication": {"ews": ALL}, **front_end}
    made = [
        {"name": f"EXCH16-{number}", "version": "2016", "front_end": settings}
        for number in range(nodes)
    ]
    return memory.farm(nodes=made, presets=("healthy",), users=3)


Life = Callable[[Agent, Account, Played], Flow[None]]


def play(
    lives: Sequence[Life],
    balancer: type[PerRequest] = PerConnection,
    nodes: int = 1,
    prepare: Callable[[Network], None] = lambda network: None,
    apart: float = 1.0,
    **front_end: Any,
) -> Played:
    """Each life is a client of its own, begun `apart` seconds after the other."""
    played, (org, accounts) = Played(), organisation(nodes, **front_end)
    listed = [node.name for node in org.nodes]
    network = Network({}, balancer(listed))
    for name in listed:
        network.nodes[name] = Node(org, name, network.world.wall, played.confessions.append)
    prepare(network)
    ids = request_ids()
    for number, life in enumerate(lives):
        client = Client(
            network.world,
            Identity(user=number, protocol="ews", connections=4),
            lambda request, response: Evidence(len(response.body), "other"),
            played.lines.append,
            ids,
            CookieHasher(b"salt", frozenset()),
            stamper(network.world.wall()),
        )
        account = accounts[number % len(accounts)]
        agent = Agent("exchange.isp.com.au", Source(7).dice("user", number), account)
        network.world.later(number * apart, client.run, life(agent, account, played), "life")
    network.world.run(600.0)
    return played


def whose(response: Response) -> str:
    return response.body.decode().partition(names.MARKER)[2] if response.status == 200 else ""


def asking(method: str, times: int = 3, every: float = 2.0, **more: Any) -> Life:
    """A client that asks who it is; a stranger asks in nobody's name."""

    def life(agent: Agent, account: Account, played: Played) -> Flow[None]:
        signer = Signer(account, method, **more)
        for _ in range(times):
            request = Request("POST", TARGET, body=b"<ask/>", step="ask", account=account.address)
            response = yield from authenticated(agent, request, signer)
            asked = "nobody" if method == "none" else account.address
            played.told.append((asked, whose(response)))
            yield from agent.rest(every)

    return life


LEGS = {  # (method, unasked) -> what goes out for the first request, and for each that follows
    ("basic", False): ([("", 401), ("basic", 200)], [("basic", 200)]),
    ("basic", True): ([("basic", 200)], [("basic", 200)]),
    ("ntlm", False): ([("", 401), ("ntlm_1", 401), ("ntlm_3", 200)], [("bound", 200)]),
    ("ntlm", True): ([("ntlm_1", 401), ("ntlm_3", 200)], [("bound", 200)]),
    ("negotiate", False): ([("", 401), ("token", 200)], [("token", 200)]),
    ("negotiate", True): ([("token", 200)], [("token", 200)]),
    ("none", False): ([("", 401)], [("", 401)]),
}


@pytest.mark.parametrize(("method", "unasked"), LEGS)
def test_the_legs_of_each_method(method: str, unasked: bool) -> None:
    played = play([asking(method, preemptive=unasked)])
    first, then = LEGS[method, unasked]
    assert played.hops == first + then + then
    if method != "none":
        assert played.told == [("user00@isp.com.au", "user00@isp.com.au")] * 3
    else:
        assert played.told == [("nobody", "")] * 3


def test_a_request_that_goes_out_again_carries_its_credentials_once() -> None:
    account = Account("user01@isp.com.au", "LAB\\user01", "x")
    agent, signer = Agent("mail.example", Random(1), account), Signer(account, "basic")
    request = Request("GET", TARGET, own=[("X-Own", "1")])

    def life() -> Flow[None]:
        for _ in range(3):
            yield from authenticated(agent, request, signer)

    rig = Scripted(
        lambda asked, now: answer(200 if asked.auth else 401, ("WWW-Authenticate", "Basic"))
    )
    rig.run(life())
    sent = [[name for name, _ in asked.lines] for _, asked, _ in rig.hops]
    assert sent[0] == ["X-Own"] and sent[1:] == [["X-Own", "Authorization"]] * 3


def test_a_token_that_holds_is_sent_once_a_connection() -> None:
    played = play([asking("negotiate", preemptive=True)], auth_persist_non_ntlm=True)
    assert played.hops == [("token", 200), ("bound", 200), ("bound", 200)]


def test_every_hop_is_confessed_as_what_it_was() -> None:
    played = play([asking("ntlm", times=2), asking("none", times=1), asking("basic", times=1)])
    classes = {confession.client_request_id: confession.class_ for confession in played.confessions}
    hops = [line for line in played.lines if isinstance(line, Hop)]
    for hop in hops:
        expected = "served" if hop.status == 200 else "challenged"
        assert classes[hop.client_request_id] == expected, hop.auth
    assert len(hops) == len(classes)


def test_a_wrong_password_is_asked_for_once_and_not_again() -> None:
    def life(agent: Agent, account: Account, played: Played) -> Flow[None]:
        wrong = Account(account.address, account.logon, "wrong")
        for method in ("ntlm", "basic", "negotiate"):
            request = Request("POST", TARGET, body=b"", account=account.address)
            response = yield from authenticated(agent, request, Signer(wrong, method))
            assert response.status == 401

    played = play([life])
    last = [auth for auth, _ in played.hops if auth in ("ntlm_3", "basic", "token")]
    assert last == ["ntlm_3", "basic", "token"]
    assert [c.class_ for c in played.confessions].count("refused") == 3


def test_each_connection_is_signed_in_by_itself() -> None:
    def life(agent: Agent, account: Account, played: Played) -> Flow[None]:
        signer = Signer(account, "ntlm")

        def one() -> Flow[Response]:
            request = Request("POST", TARGET, body=b"", account=account.address)
            return authenticated(agent, request, signer)

        for _ in range(2):
            answers = yield from together([one(), one(), one()])
            played.told += [(account.address, whose(answer)) for answer in answers]

    played = play([life])
    assert not played.crossed and len(played.told) == 6
    assert [auth for auth, _ in played.hops].count("ntlm_3") == 3
    assert [auth for auth, _ in played.hops].count("bound") == 3


def test_a_connection_that_is_asked_again_is_signed_in_again() -> None:
    """The node starts anew: the connection stands (the balancer's side of it), the identity is gone."""

    def life(agent: Agent, account: Account, played: Played) -> Flow[None]:
        yield from asking("ntlm", times=1)(agent, account, played)
        lines[0].peers.clear()  # on a signer of its own too: what is bound is the connection's note
        yield from asking("ntlm", times=1)(agent, account, played)

    lines: list[Any] = []

    def prepare(network: Network) -> None:
        connect = network.connect
        network.world.connect = lambda client, origin: (
            lines.append(connect(client, origin)) or lines[-1]
        )

    played = play([life], prepare=prepare)
    assert played.hops[3:] == [("bound", 401), ("ntlm_1", 401), ("ntlm_3", 200)]
    assert played.told[-1][1] == "user00@isp.com.au"


def test_a_directory_that_offers_negotiate_alone_is_not_measured() -> None:
    played = play([asking("ntlm"), asking("basic")], authentication={"ews": ["negotiate"]})
    assert {auth for auth, _ in played.hops} == {""}
    assert [mark.what for mark in played.marks] == ["not_measured"] * 2, "once a client"
    assert "offers negotiate" in played.marks[0].facts["why"]


@pytest.mark.parametrize(
    ("balancer", "method", "unasked", "served", "crossing"),
    [
        (PerRequest, "ntlm", False, False, False),  # no balancer that is: legs on any node
        (EachAnew, "ntlm", False, False, False),
        (EachAnew, "ntlm", True, False, False),
        (EachAnew, "basic", True, True, False),
        (ReuseSafe, "ntlm", False, True, False),
        (ReuseSafe, "ntlm", True, True, False),
        (ReuseAlways, "ntlm", True, True, False),
        (Shared, "ntlm", False, True, True),
        (ReuseSafe, "negotiate", True, True, True),
        (ReuseAlways, "negotiate", True, True, True),
        (ReuseSafe, "negotiate", False, True, False),
    ],
)
def test_who_is_served_behind_which_balancer(
    balancer: type[PerRequest], method: str, unasked: bool, served: bool, crossing: bool
) -> None:
    """Two users and a stranger by turns; models of what was measured (HAPROXY)."""
    nodes = 2 if balancer in (PerRequest, EachAnew) else 1
    lives = [asking(method, times=6, preemptive=unasked)] * 2
    played = play(
        [*lives, asking("none", times=6)], balancer, nodes, apart=0.7, auth_persist_non_ntlm=True
    )
    own = {asked for asked, who in played.told if asked == who}
    assert bool(own) is served
    assert bool(played.crossed) is crossing


def test_strangers_are_served_at_always_and_not_at_safe() -> None:
    for balancer, served in ((ReuseSafe, False), (ReuseAlways, True)):
        played = play(
            [asking("negotiate", preemptive=True), asking("none")],
            balancer,
            apart=0.7,
            auth_persist_non_ntlm=True,
        )
        assert bool([who for asked, who in played.told if asked == "nobody" and who]) is served


@pytest.mark.parametrize("method", METHODS)
def test_an_exchange_in_pieces_carries_the_last_leg(method: str) -> None:
    def life(agent: Agent, account: Account, played: Played) -> Flow[None]:
        signer = Signer(account, method)
        for _ in range(2):
            request = Request("POST", TARGET, body=b"<ask/>", account=account.address)
            signed = yield from signed_in(agent, request, signer)
            assert signed.response is None
            channel = yield Open(signed.request)
            head = yield from Receive(channel)
            signed.heard(head)
            while not isinstance((yield from Receive(channel)), End):
                pass
            yield Close(channel)
            if signed.connection is not None:
                yield Release(signed.connection)
            assert isinstance(head, Head)
            played.told.append((account.address, str(head.status)))

    played = play([life])
    expected = {
        "basic": ["", "basic", "basic"],
        "ntlm": ["", "ntlm_1", "ntlm_3", "bound"],
        "negotiate": ["", "token", "token"],
        "none": ["", ""],
    }
    assert [auth for auth, _ in played.hops] == expected[method]
    assert {status for _, status in played.told} == {"401" if method == "none" else "200"}


def certificate() -> bytes:
    chain = Authority("test").host_certificate(["exchange.isp.com.au"])
    return x509.load_pem_x509_certificates(chain.encode())[0].public_bytes(Encoding.DER)


@pytest.mark.parametrize(("kind", "status"), [("auto", 200), ("none", 401), ("wrong", 401)])
def test_channel_binding(kind: str, status: int) -> None:
    shown = certificate()
    fingerprint = credentials._hash_of(shown)

    def prepare(network: Network) -> None:
        connect = network.connect

        def connected(client: Client, origin: str | None) -> Any:
            line = connect(client, origin)
            line.certificate = shown
            line.peers["EXCH16-0"] = Peer(1, "", {CERTIFICATE: fingerprint})
            return line

        network.world.connect = connected

    life = asking("ntlm", times=1, channel_binding=kind)
    played = play([life], prepare=prepare, extended_protection="require")
    assert played.hops[-1] == ("ntlm_3", status)


OFFERS = [
    ([], set()),
    (["Negotiate", "NTLM", 'Basic realm="x"'], {"negotiate", "ntlm", "basic"}),
    (["Negotiate,NTLM"], {"negotiate", "ntlm"}),
    (['Basic realm="a, NTLMish", Negotiate'], {"basic", "negotiate"}),
    (["NTLM TlRMTVNTUAAC"], {"ntlm"}),
    (["Bearer", "Digest realm=x"], set()),
]


@pytest.mark.parametrize(("lines", "methods"), OFFERS)
def test_what_a_401_offers(lines: list[str], methods: set[str]) -> None:
    headers = [(b"www-authenticate", line.encode()) for line in lines]
    assert credentials.offers(Response(401, headers, b"", None)) == methods


@given(st.binary(max_size=120), st.booleans())
def test_a_hostile_challenge_is_an_error_of_the_wire(data: bytes, like: bool) -> None:
    handshake = credentials.Ntlm(Account("a@b", "LAB\\a", "p"))
    handshake.first()
    with contextlib.suppress(WireError):
        handshake.last(b"NTLMSSP\0\2\0\0\0" + data if like else data, None)
