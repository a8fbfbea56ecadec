"""Falls if: a redirect is followed unseen, too far or to a stranger; a closed connection is healed in secret;
an answer's cookies do not reach the jar, or reach it in another order than they arrived.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from msgspec.structs import replace

from exsim.protocols.agent import Agent, Landing
from exsim.protocols.flow import Flow, Request, Response, together
from tests.protocols.scripted import Answer, Late, Line, Scripted, answer, dice

HOST = "mail.example.com"


def run(
    serve: Callable[[Request], Answer], request: Request, agent: Agent | None = None
) -> tuple[Landing, Scripted]:
    rig = Scripted(lambda asked, now: serve(asked))
    landing: Landing = rig.run((agent or Agent(HOST, dice())).visit(request))
    return landing, rig


def targets(rig: Scripted) -> list[str]:
    return [f"{request.method} {request.target}" for _, request, _ in rig.hops]


@pytest.mark.parametrize(
    ("location", "target"),
    [
        ("/owa/", "/owa/"),
        ("logon.aspx?a=1", "/owa/auth/logon.aspx?a=1"),
        ("https://mail.example.com/owa/", "/owa/"),
        ("https://MAIL.example.com:443/owa/#x", "/owa/"),
        ("https://mail.example.com", "/"),
        ("//mail.example.com/x", "/x"),
        ("https://second.example.com/x", "/x"),
        ("/a b\xe4", "/a%20b%C3%A4"),
        ("https://evil.example.org/owa/", None),
        ("http://mail.example.com/owa/", None),
        ("https://mail.example.com:8443/", None),
        ("https://mail.example.com@evil.org/", None),
        ("javascript:alert(1)", None),
        ("https://[::1", None),
        ("mailto:x@y", None),
    ],
)
def test_a_location_leads_to_our_hosts_or_nowhere(location: str, target: str | None) -> None:
    agent = Agent(HOST, dice(), hosts=["second.example.com"])
    assert agent.target_of(location, "/owa/auth/x.aspx") == target


def test_a_host_that_names_the_usual_port_is_the_host_without_it() -> None:
    agent = Agent(f"{HOST}:443", dice())
    assert agent.target_of(f"https://{HOST}/owa/", "/") == "/owa/"
    assert agent.target_of(f"https://{HOST}:443/owa/", "/") == "/owa/"
    assert agent.target_of(f"https://{HOST}:444/owa/", "/") is None


def test_a_redirect_is_a_hop_of_its_own_with_the_cookies_set_on_the_way() -> None:
    def serve(request: Request) -> Answer:
        if request.target == "/a":
            return answer(302, ("Location", "/b"), ("Set-Cookie", "x=1; path=/"))
        return answer(200)

    landing, rig = run(
        serve, Request("POST", "/a", (("Content-Type", "t"), ("Accept", "*/*")), b"body")
    )
    assert targets(rig) == ["POST /a", "GET /b"]
    second = rig.hops[1][1]
    assert (
        second.cookies.line == "x=1"
        and second.body is None
        and second.headers == (("Accept", "*/*"),)
    )
    assert (landing.target, landing.hops) == ("/b", 2)


def test_307_and_308_keep_the_method_and_the_body() -> None:
    def serve(request: Request) -> Answer:
        return answer(308, ("Location", "/b")) if request.target == "/a" else answer(200)

    _, rig = run(serve, Request("POST", "/a", (), b"body"))
    assert targets(rig) == ["POST /a", "POST /b"] and rig.hops[1][1].body == b"body"


@pytest.mark.parametrize("status", [302, 307])
def test_a_redirect_carries_the_cookies_of_the_path_that_it_leads_to(status: int) -> None:
    agent = Agent(HOST, dice())
    agent.jar.set("here", "1", "/owa")
    agent.jar.set("there", "1", "/ecp")

    def serve(asked: Request) -> Answer:
        return answer(200) if asked.target == "/ecp/" else answer(status, ("Location", "/ecp/"))

    asked = Request("POST", "/owa/service.svc?action=x", path="/owa/service.svc", body=b"")
    _, rig = run(serve, asked, agent)
    assert [list(each.cookies.values) for _, each, _ in rig.hops] == [["here"], ["there"]]


def test_a_loop_ends_after_ten_redirects_and_is_marked() -> None:
    landing, rig = run(
        lambda request: answer(302, ("Location", "/a")), Request("GET", "/a", session=3)
    )
    assert len(rig.hops) == 11 and landing.response.status == 302
    assert rig.marks == [("redirect_loop", {"number": 3, "step": "", "hops": 11})]


def test_another_host_is_named_without_its_query_and_not_asked() -> None:
    serve = lambda request: answer(302, ("Location", "https://adfs.example.org/ls?secret=1"))  # noqa: E731
    landing, rig = run(serve, Request("GET", "/a", step="open"))
    assert len(rig.hops) == 1 and landing.response.status == 302
    assert rig.marks == [
        ("other_host", {"number": 0, "step": "open", "location": "https://adfs.example.org"})
    ]


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_reused_connection_that_was_closed_is_asked_again_once_and_seen(method: str) -> None:
    closed = Response(None, [], b"", Line(1), "closed", reused=True)
    landing, rig = run(lambda request: replace(closed), Request(method, "/a"))
    assert len(rig.hops) == 2 and rig.hops[0][1] is not rig.hops[1][1]
    assert landing.response.error == "closed"


@pytest.mark.parametrize(
    "said",
    [
        Response(None, [], b"", Line(1), "closed", reused=False),
        Response(200, [], b"half", Line(1), "closed", reused=True),
        Response(None, [], b"", Line(1), "reset", reused=True),
        Response(None, [], b"", None, "refused"),
        Response(None, [], b"", None, "timeout", reused=True),
        Response(503, [], b"", Line(1)),
    ],
    ids=lambda said: f"{said.status}-{said.error}-{said.reused}",
)
def test_nothing_else_is_sent_again(said: Response) -> None:
    assert len(run(lambda request: replace(said), Request("GET", "/a"))[1].hops) == 1


def test_cookies_are_stored_in_the_order_of_arrival() -> None:
    def serve(request: Request) -> Answer:
        slow = request.target == "/slow"
        return Late(
            5.0 if slow else 1.0, answer(200, ("Set-Cookie", f"x={request.target[1:]}; path=/"))
        )

    agent = Agent(HOST, dice())
    rig = Scripted(lambda request, now: serve(request))

    def both() -> Flow[None]:
        yield from together(
            [agent.fetch(Request("GET", "/slow")), agent.fetch(Request("GET", "/quick"))]
        )

    rig.run(both())
    assert agent.jar.line("/").line == "x=slow"


def test_the_steps_of_further_hops_are_named_by_their_path() -> None:
    agent = Agent(HOST, dice(), steps={"/b": "second"})

    def serve(request: Request) -> Answer:
        return answer(302, ("Location", "/b")) if request.target == "/a" else answer(200)

    _, rig = run(serve, Request("GET", "/a", step="first"), agent)
    assert [request.step for _, request, _ in rig.hops] == ["first", "second"]


def test_an_agent_of_a_node_asks_that_node() -> None:
    _, rig = run(
        lambda request: answer(200), Request("GET", "/a"), Agent(HOST, dice(), origin="EXCH13")
    )
    assert rig.hops[0][1].origin == "EXCH13"
