"""What a probe does before it asks anybody, and the words it ends with.

Falls if: another machine is asked without its name being said twice, a password would go in clear, a typing
mistake is more than a line, a logon that is not Exchange's is not recognised, a transcript is played with
half of its nodes, or what is assumed goes unlisted.
"""

import argparse
import socket
from types import SimpleNamespace

import pytest

from exsim.cli import probe
from exsim.conduct import probing
from exsim.conduct.assumptions import assumptions
from exsim.conduct.not_ours import not_ours
from exsim.conduct.probe_target import Asked, Place, place_of
from exsim.conduct.rehearsal import Ids, as_flow, needs_login, read, stage
from exsim.drive.target import Target
from exsim.protocols import transcript
from exsim.protocols.checked import Checked
from exsim.protocols.flow import CookieLine
from exsim.runs.dice import Source
from exsim.runs.errors import OperatorError
from exsim.session.hop import Evidence
from exsim.wire import message
from exsim.wire.standing import FACTS, Standing
from tests.conduct.made_run import hop


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (Asked("https://mail.example.com"), "mail.example.com is not this machine: say --confirm mail"),
        (Asked("https://192.0.2.1"), "192.0.2.1 is not this machine"),
        (Asked("https://localhost", address="192.0.2.1:443"), "192.0.2.1 is not this machine"),
        (Asked("https://localhost", nodes={"A": "192.0.2.1:443"}), "192.0.2.1 is not this machine"),
        (Asked("https://mail.example.com", confirm="mail.example.org"), "is not the host of the URL"),
        (Asked("http://mail.example.com", confirm="mail.example.com"), "would cross that wire in clear"),
        (Asked("https://mail.example.com", nodes={"A": "http://192.0.2.1:80"}, confirm="mail.example.com"), "in clear"),
        (Asked("ftp://mail.example.com"), "is not a URL such as"),
        (Asked("https://user:word@mail.example.com"), "is not a URL such as"),
        (Asked("https://localhost:eighty"), "is not a URL such as"),
        (Asked("https://localhost", address="1.2.3.4:x"), "--address: "),
        (Asked("https://localhost", nodes={"A": "here/there"}), "--node A: "),
    ],
)  # fmt: skip
def test_what_may_not_or_cannot_be_asked_is_one_line(asked, said):
    with pytest.raises(OperatorError) as caught:
        place_of(asked)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def page(status=200, kind="", path="/owa/", **more):
    return hop(1, 1, 1.0, f"GET {path}", status, "", body=Evidence(9, kind), **more)


@pytest.mark.parametrize(
    ("hops", "elsewhere", "whose"),
    [
        ([page(302, location="/my.policy"), page(path="/my.policy", kind="foreign_logon")], [], "F5 APM's (/my.policy)"),
        ([page(302, location="https://fs.example.com/adfs/ls/?…")], [], "AD FS's (/adfs/ls/)"),
        ([page(302, location="/x", set_cookies={"MRHSession": "ab"})], [], "F5 APM's (/x)"),
        ([page(302, location="https://sso.example.com/")], ["https://sso.example.com"], "it sends its users to https://sso.example.com"),
        ([page(401)], [], "asks for credentials (401)"),
        ([page(kind="boot_page")], [], "came without any logon"),
        ([page(kind="foreign_logon", path="/login")], [], "/login is a logon page of somebody else's"),
        ([page(404)], [], "/owa/ answers 404 without a form"),
    ],
)  # fmt: skip
def test_a_logon_that_is_not_exchanges_is_named(hops, elsewhere, whose):
    said = not_ours("mail.example.com", hops, elsewhere)
    assert said.startswith("mail.example.com does not show Exchange's logon page: ")
    assert whose in said
    times = "1 GET" if len(hops) == 1 else f"{len(hops)} GETs"
    assert said.endswith(f"Nothing was sent but {times}.")


def test_everything_assumed_is_listed_with_what_it_was_inferred_from():
    assumed = [fact for fact in FACTS if fact.standing is Standing.ASSUMED]
    text = "\n".join(assumptions())
    assert text.startswith(f"{len(assumed)} of {len(FACTS)} ")
    assert "MARKER = 'exsim-marker:'" in text
    assert text.count("inferred from") == len(assumed)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "say which URL"),
        (["https://localhost"], "say who logs on"),
        (["https://localhost", "--user", "x", "--password-env", "NOT_THERE"], "has no NOT_THERE"),
        (["https://localhost", "--node", "A"], "--node A: is not NAME=ADDRESS"),
        (
            ["https://localhost", "--user", "x", "--password-env", "PATH", "--polls", "-1"],
            "--polls -1",
        ),
        (
            ["https://localhost", "--transcript", "/not/there.txt"],
            "/not/there.txt: cannot be read: No such file",
        ),
    ],
)
def test_a_mistake_on_the_command_line_is_one_line(words, said):
    parser = argparse.ArgumentParser()
    probe.arguments(parser)
    with pytest.raises(OperatorError) as caught:
        probe.act(parser.parse_args(words))
    assert said in str(caught.value)


DIALOGUE = """# Two nodes.
# node: A 2016
# node: B 2013

> GET /owa/
< 302
@ to B
> GET /owa/
> Host: other.example
< 302
"""


def placed(*names):
    there = Target("127.0.0.1", 443, "mail.example.com")
    return Place("mail.example.com", "127.0.0.1:443", {None: there, **dict.fromkeys(names, there)})


def test_each_of_several_nodes_needs_an_address():
    dialogue = transcript.read(DIALOGUE, "two.txt")
    with pytest.raises(OperatorError, match=r"two\.txt asks several nodes: say where B is"):
        stage(dialogue, placed("A"))


def test_another_host_is_asked_at_the_same_node_and_under_its_own_certificate():
    targets = stage(transcript.read(DIALOGUE, "two.txt"), placed("A", "B")).targets
    other = targets["B as other.example"]
    assert (other.address, other.host) == ("127.0.0.1", "other.example")
    assert other.server_name == "mail.example.com"


def test_a_single_node_is_the_urls():
    one = transcript.read("# One.\n\n> GET /owa/\n< 302\n", "one.txt")
    place = placed()
    assert stage(one, place).targets["A"] is place.targets[None]


def test_a_password_is_asked_for_only_when_it_is_needed():
    asked = "# x.\n\n> POST /owa/auth.owa\n>\n> username={user%}&password={password%}\n< 302\n"
    assert needs_login(transcript.read(asked, "x.txt"))
    assert not needs_login(transcript.read(DIALOGUE, "two.txt"))


@pytest.mark.parametrize("content", [b"> no request\n< 200\n", b"what is this\n", b"\xff\xfe"])
def test_a_transcript_that_cannot_be_read_is_one_line(tmp_path, content):
    path = tmp_path / "bad.txt"
    path.write_bytes(content)
    with pytest.raises(OperatorError) as caught:
        read(path)
    assert "bad.txt" in str(caught.value) and "\n" not in str(caught.value)


def test_what_the_driver_makes_itself_is_not_sent_twice():
    made = message.Request(
        "POST", "/owa/", [("Host", "h"), ("Cookie", "a=1"), ("Content-Length", "0"), ("X", "y")]
    )
    sent = as_flow(made, "A")
    assert (tuple(sent.headers), sent.cookies.values, sent.body) == ((("X", "y"),), {"a": "1"}, b"")


def test_a_transcripts_own_request_id_is_sent_once():
    ids = Ids(iter("abc"))
    first = next(ids)
    ids.wanted = "own"
    assert [first, next(ids), next(ids)] == ["a", "own", "b"]


@pytest.mark.parametrize(
    ("host", "name"),
    [("mail.example.com", "mail.example.com"), ("mail.example.com:8443", "mail.example.com")],
)
def test_the_name_that_tls_asks_for_has_no_port(host, name):
    assert Target("127.0.0.1", 8443, host).server_name == name


@pytest.mark.parametrize(("status", "shown"), [("accepted", True), ("refused", False)])
def test_a_copy_is_shown_only_after_the_account_was_let_in_once_more(status, shown):
    ran = []

    def run(flow, seconds):
        ran.append(flow.__qualname__)
        flow.close()
        return True, Checked("a@isp.com.au", status)

    nodes = {"EXCH16": Target("127.0.0.1", 1, "h"), "EXCH13": Target("127.0.0.1", 2, "h")}
    client = SimpleNamespace(
        run=run,
        shown={3: CookieLine({"cadata": "x"})},
        source=Source(1),
        place=Place("h", "a", nodes),
    )
    incident = SimpleNamespace(seq=3, login_front_end="EXCH16", front_end="EXCH13")
    probing.proof(client, probing.Login("LAB\\a", "word", "a@isp.com.au"), incident, client.place)
    assert ran == ["check", *(["prove"] if shown else [])]


def test_a_probes_requests_say_whose_they_are():
    with socket.create_server(("127.0.0.1", 0)) as door:
        port = door.getsockname()[1]
        place = place_of(Asked(f"http://127.0.0.1:{port}", nodes={"A": f"http://127.0.0.1:{port}"}))
    assert all(one.signature.endswith(" run=probe") for one in place.targets.values())
