"""NTLM, NTLM inside Negotiate, and the one-leg stand-in, each bound to one TCP connection.

Falls if: correct credentials of a client that nobody here wrote are refused, wrong ones are served, an
identity leaves its connection or a last leg is taken on a connection that knows no first one.
"""

from __future__ import annotations

import base64
import contextlib
from typing import Any

import pytest
import spnego
from hypothesis import given
from hypothesis import strategies as st
from spnego.channel_bindings import GssChannelBindings

from exsim.org import negotiation
from exsim.org.ntlm import Binding, Handshake, Hashes, Names, Unproved, binding_of
from exsim.org.services import SERVICES
from exsim.org.settings import Mailbox, Organisation
from exsim.org.windows import CERTIFICATE
from exsim.org.work import Peer
from exsim.wire import names, one_leg
from exsim.wire.message import Answer, Request, headers_named
from tests.org.farm import HOST, Farm, changed
from tests.org.naming import Naming

NODE, OTHER = "EXCH16-SYD-01", "EXCH13"
HASH, ANOTHER = bytes(range(32)), bytes(32 * [7])
NAMES = Names("LAB", "EXCH13", "lab.example", "exch13.lab.example")


@pytest.fixture(autouse=True)
def naming(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(SERVICES, "ews", Naming)


@pytest.fixture
def farm(organisation: Organisation) -> Farm:
    return Farm(changed(organisation, "*", authentication={"ews": ("negotiate", "ntlm", "basic")}))


class Line:
    """One TCP connection to one front end."""

    def __init__(self, farm: Farm, node: str = NODE, **facts: Any) -> None:
        self.farm, self.node, self.peer = farm, node, Peer(1, "", facts)

    def ask(self, scheme: str = "", token: bytes = b"", target: str = "/ews/x") -> Answer:
        fields = [("Host", HOST)]
        if scheme:
            fields.append(("Authorization", f"{scheme} {base64.b64encode(token).decode()}"))
        return self.farm.ask(self.node, Request("POST", target, fields, b"", "http"), self.peer)

    def logon(self, client: spnego.ContextProxy, scheme: str = "NTLM") -> Answer:
        """Both legs of a client's own."""
        second = self.ask(scheme, client.step() or b"")
        assert second.status == 401
        return self.ask(scheme, client.step(token_in(second, scheme)) or b"")

    @property
    def confessed(self) -> tuple[str, str]:
        confession = self.farm.confessions[-1]
        return confession.class_, confession.cause


def token_in(answer: Answer, scheme: str) -> bytes:
    (line,) = headers_named(answer.headers, names.WWW_AUTHENTICATE)
    assert line.startswith(scheme + " ")
    return base64.b64decode(line[len(scheme) + 1 :])


def client_of(user: str, password: str, protocol: str = "ntlm", **more: Any) -> spnego.ContextProxy:
    own = spnego.NegotiateOptions.use_ntlm
    if protocol == "negotiate":
        own = spnego.NegotiateOptions.use_negotiate
    return spnego.client(user, password, protocol=protocol, options=own, **more)


def of(box: Mailbox, **more: Any) -> spnego.ContextProxy:
    return client_of(box.logon, box.password, **more)


def whose(answer: Answer) -> str:
    assert answer.status == 200
    return answer.body.decode().partition(names.MARKER)[2]


def boxes(farm: Farm) -> tuple[Mailbox, ...]:
    return farm.organisation.mailboxes


def test_two_legs_are_a_logon_and_the_connection_keeps_it(farm: Farm) -> None:
    line, box = Line(farm), boxes(farm)[0]
    answer = line.logon(of(box))
    assert whose(answer) == box.address and answer.header("Persistent-Auth") == "true"
    assert whose(line.ask()) == box.address, "who asks without credentials there is that user"
    assert Line(farm).ask().status == 401, "another connection knows nothing of it"


@pytest.mark.parametrize(
    ("user", "password", "cause"),
    [
        ("LAB\\user01", "Correct-1", ""),
        ("lab\\USER01", "Correct-1", ""),
        ("user01@lab.example", "Correct-1", ""),
        ("LAB\\user01", "wrong", "credentials"),
        ("LAB\\nobody", "Correct-1", "credentials"),
        ("ELSEWHERE\\user01", "Correct-1", "credentials"),
        ("user01", "Correct-1", "credentials"),
    ],
)
def test_names_and_passwords(farm: Farm, user: str, password: str, cause: str) -> None:
    line = Line(farm)
    answer = line.logon(client_of(user, password))
    assert (answer.status, line.confessed) == (
        (401, ("refused", cause)) if cause else (200, ("served", ""))
    )
    assert line.ask().status == (401 if cause else 200)


def test_the_first_leg_is_confessed_as_a_challenge(farm: Farm) -> None:
    line = Line(farm)
    line.ask("NTLM", of(boxes(farm)[0]).step() or b"")
    assert line.confessed == ("challenged", "first_leg")


def test_a_last_leg_on_another_connection_has_no_context(farm: Farm) -> None:
    here, there, client = Line(farm), Line(farm), of(boxes(farm)[0])
    second = here.ask("NTLM", client.step() or b"")
    last = client.step(token_in(second, "NTLM")) or b""
    answer = there.ask("NTLM", last)
    assert answer.status == 401 and there.confessed == ("refused", "no_context")
    assert len(list(headers_named(answer.headers, names.WWW_AUTHENTICATE))) == 3
    assert there.ask().status == 401 and there.confessed == ("challenged", "absent")
    assert whose(here.ask("NTLM", last)) == boxes(farm)[0].address


def test_an_answer_to_another_challenge_is_refused(farm: Farm) -> None:
    here, there = Line(farm), Line(farm)
    ours, theirs = of(boxes(farm)[0]), of(boxes(farm)[0])
    second = here.ask("NTLM", ours.step() or b"")
    there.ask("NTLM", theirs.step() or b"")
    there.ask("NTLM", ours.step(token_in(second, "NTLM")) or b"")
    assert there.confessed == ("refused", "credentials")


def test_a_new_first_leg_ends_the_old_identity(farm: Farm) -> None:
    line, (one, two, _) = Line(farm), boxes(farm)
    line.logon(of(one))
    client = of(two)
    second = line.ask("NTLM", client.step() or b"")
    assert line.ask().status == 401, "between the legs the connection is nobody's"
    line.ask("NTLM", client.step(token_in(second, "NTLM")) or b"")
    line.logon(of(two))
    assert whose(line.ask()) == two.address


def test_basic_on_a_bound_connection_speaks_for_itself(farm: Farm) -> None:
    line, (one, two, _) = Line(farm), boxes(farm)
    line.logon(of(one))
    assert whose(line.ask("Basic", f"{two.logon}:{two.password}".encode())) == two.address
    assert whose(line.ask()) == one.address


def test_a_directory_that_does_not_offer_it_is_not_reached_by_it(farm: Farm) -> None:
    line = Line(farm)
    line.logon(of(boxes(farm)[0]))
    assert line.ask(target="/Microsoft-Server-ActiveSync").status == 401
    assert line.confessed == ("challenged", "absent")
    line.ask("NTLM", of(boxes(farm)[0]).step() or b"", target="/Microsoft-Server-ActiveSync")
    assert line.confessed == ("challenged", "not_offered")


@pytest.mark.parametrize("protocol", ["ntlm", "negotiate"])
def test_ntlm_goes_inside_negotiate_bare_and_wrapped(farm: Farm, protocol: str) -> None:
    line, box = Line(farm), boxes(farm)[1]
    client = of(box, protocol=protocol)
    answer = line.logon(client, "Negotiate")
    assert whose(answer) == box.address and whose(line.ask()) == box.address
    if protocol == "negotiate":
        client.step(token_in(answer, "Negotiate"))  # the client checks the server's own code
    assert client.complete


def test_one_leg_holds_for_one_request_unless_the_node_says_otherwise(farm: Farm) -> None:
    line, box = Line(farm), boxes(farm)[0]
    token = one_leg.token(box.logon, box.password)
    answer = line.ask("Negotiate", token)
    assert whose(answer) == box.address and answer.header("Persistent-Auth") is None
    assert line.ask().status == 401
    persisting = Farm(changed(farm.organisation, "*", auth_persist_non_ntlm=True))
    line = Line(persisting)
    assert whose(line.ask("Negotiate", token)) == box.address
    assert whose(line.ask()) == box.address


@pytest.mark.parametrize("user", ["LAB\\user01", "LAB\\nobody"])
def test_one_leg_of_a_wrong_password_is_refused(farm: Farm, user: str) -> None:
    line = Line(farm)
    assert line.ask("Negotiate", one_leg.token(user, "wrong")).status == 401
    assert line.confessed == ("refused", "credentials")


BINDINGS = [  # policy, the connection's certificate, the one that the client names, accepted
    ("none", HASH, ANOTHER, True),
    ("none", b"", HASH, True),
    ("allow", HASH, b"", True),
    ("allow", HASH, HASH, True),
    ("allow", HASH, ANOTHER, False),
    ("allow", b"", HASH, True),
    ("require", HASH, HASH, True),
    ("require", HASH, b"", False),
    ("require", HASH, ANOTHER, False),
    ("require", b"", HASH, False),
]


@pytest.mark.parametrize(("policy", "shown", "named", "accepted"), BINDINGS)
def test_extended_protection(
    farm: Farm, policy: str, shown: bytes, named: bytes, accepted: bool
) -> None:
    protected = Farm(changed(farm.organisation, "*", extended_protection=policy))
    line = Line(protected, **({CERTIFICATE: shown} if shown else {}))
    binding = None
    if named:
        binding = GssChannelBindings(application_data=b"tls-server-end-point:" + named)
    answer = line.logon(of(boxes(farm)[0], channel_bindings=binding))
    assert (answer.status == 200) is accepted
    assert accepted or line.confessed == ("refused", "binding")


def test_the_binding_is_that_of_the_document() -> None:
    """MS-NLMP's hash of a GSS structure whose four addresses are empty."""
    assert len(binding_of(HASH)) == 16 and binding_of(HASH) != binding_of(ANOTHER)
    assert Binding("allow").holds(bytes(16)), "a hash of zeroes is none"


def test_a_code_over_other_messages_is_refused() -> None:
    """The client saw another challenge than we sent: its integrity code does not fit."""
    box = Mailbox("a@b", "LAB\\a", "p", "EXCH13", "S-1")
    handshake = Handshake(NAMES, b"12345678")
    client = client_of("LAB\\a", "p")
    second = handshake.challenge(client.step() or b"", 1e9)
    last = client.step(second) or b""
    handshake._first = handshake._first[:-1] + b"\xff"
    with pytest.raises(Unproved, match="credentials"):
        handshake.prove(last, lambda user, domain: box, Hashes(), Binding())


GARBLED = ["", "!", "AAAA", base64.b64encode(b"NTLMSSP\0\3\0\0\0").decode(), "YIGe" + "A" * 40]


@pytest.mark.parametrize("scheme", ["NTLM", "Negotiate"])
@pytest.mark.parametrize("text", GARBLED)
def test_a_token_that_is_none_is_a_401(farm: Farm, scheme: str, text: str) -> None:
    fields = [("Host", HOST), ("Authorization", f"{scheme} {text}")]
    answer = farm.ask(NODE, Request("POST", "/ews/x", fields, b"", "http"))
    assert answer.status == 401


def _whole() -> tuple[bytes, bytes]:
    client, handshake = client_of("LAB\\a", "p"), Handshake(NAMES, b"12345678")
    first = client.step() or b""
    return first, client.step(handshake.challenge(first, 1e9)) or b""


FIRST, LAST = _whole()


@given(st.data())
def test_no_bytes_break_the_acceptor(data: st.DataObject) -> None:
    box = Mailbox("a@b", "LAB\\a", "p", "EXCH13", "S-1")
    raw = bytearray(data.draw(st.sampled_from([FIRST, LAST])))
    for _ in range(data.draw(st.integers(1, 6))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    cut = bytes(raw[: data.draw(st.integers(0, len(raw)))])
    handshake = Handshake(NAMES, b"12345678")
    for leg in (
        lambda: handshake.challenge(cut, 1e9),
        lambda: handshake.prove(cut, lambda user, domain: box, Hashes(), Binding("require", HASH)),
    ):
        with contextlib.suppress(Unproved):
            leg()


WRAPPED = client_of("LAB\\a", "p", protocol="negotiate").step() or b""


@given(st.data())
def test_no_bytes_break_the_reading_of_negotiate(data: st.DataObject) -> None:
    raw = bytearray(WRAPPED)
    for _ in range(data.draw(st.integers(0, 6))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(Unproved):
        negotiation.read(bytes(raw[: data.draw(st.integers(0, len(raw)))]))
