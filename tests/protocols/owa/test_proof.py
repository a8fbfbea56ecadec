"""Falls if: the proof asks the wrong node, counts as a user's own request, or lets an answer change the copy."""

from __future__ import annotations

from exsim.protocols.flow import CookieLine, Request
from exsim.protocols.owa.proof import Replay, prove
from exsim.protocols.owa.way import Farm
from tests.protocols.scripted import Scripted
from tests.protocols.toy import Toy

READERS = {"A": "AC", "B": "ABC"}
ORIGINS = Farm("ABC", origins="ABC")
COPY = {"cadata": "A.1", "X-OWA-CANARY": "canary-1"}


def by_connection(request: Request) -> str:
    """A balancer that gives each connection a node, in turn."""
    return "ABC"[request.on.number % 3] if request.on else "A"


def proof(toy: Toy, farm: Farm, copy: CookieLine | None = None) -> list[Replay]:
    rig = Scripted(toy)
    answers: list[Replay] = rig.run(
        prove(copy or CookieLine(dict(COPY)), "u@example.com", 4, "A", "B", farm)
    )
    return answers


def test_the_same_cookies_get_two_answers() -> None:
    toy = Toy(readers=READERS)
    assert proof(toy, ORIGINS) == [
        Replay("A", "A", "GET", 200),
        Replay("B", "B", "GET", 302, "0"),
        Replay("B", "B", "POST", 440),
    ]


def test_no_answer_reaches_the_copy() -> None:
    toy, copy = Toy(readers=READERS), CookieLine(dict(COPY))
    proof(toy, ORIGINS, copy)
    assert copy.values == COPY
    assert all(request.cookies.values == COPY for _, request in toy.seen)


def test_every_hop_is_a_control_hop_of_the_lost_session() -> None:
    toy = Toy(readers=READERS)
    proof(toy, ORIGINS)
    assert all(r.control and r.session == 4 and r.step == "proof" for _, r in toy.seen)


def test_without_addresses_a_connection_is_looked_for_that_leads_to_the_node() -> None:
    toy = Toy(by_connection, READERS)
    answers = proof(toy, Farm("ABC"))
    assert [(one.front_end, one.status) for one in answers] == [("A", 200), ("B", 302), ("B", 440)]
    looks = [request for _, request in toy.seen if request.step == "find"]
    assert looks and all(not r.cookies.values and r.control and r.session == 0 for r in looks)


def test_the_balancers_cookie_is_put_into_the_copy_and_names_the_node() -> None:
    def route(request: Request) -> str:
        return request.cookies.values.get("LB01") or by_connection(request)

    toy = Toy(route, READERS)
    toy.lb_cookie = "LB01"
    copy = CookieLine({**COPY, "LB01": "A"})
    answers = proof(toy, Farm("ABC", lb_cookie="LB01"), copy)
    assert [one.front_end for one in answers] == ["A", "B", "B"]
    assert copy.values["LB01"] == "A"


def test_a_node_that_is_never_met_is_left_out() -> None:
    toy = Toy(lambda request: "A", READERS)
    assert [one.node for one in proof(toy, Farm("ABC"))] == ["A"]
    assert len(toy.seen) < 15


def test_every_leased_connection_is_given_back() -> None:
    rig = Scripted(Toy(by_connection, READERS))
    rig.run(prove(CookieLine(COPY), "u@example.com", 1, "A", "B", Farm("ABC")))
    assert next(rig.lines) - 1 == len(rig.released) > 0
