"""Falls if: a forced session is begun or met at another node than the wanted one and this is not noticed,
or a password is tried more often than it must be.
"""

from __future__ import annotations

from itertools import count, product

from exsim.protocols.agent import Account, Agent
from exsim.protocols.flow import Request
from exsim.protocols.owa.forced import Forced, force
from exsim.protocols.owa.settings import Settings
from exsim.protocols.owa.way import Farm
from tests.protocols.scripted import Scripted, dice
from tests.protocols.toy import HOST, Toy

ACCOUNT = Account("u@example.com", "LAB\\u", "right", "2016")
READERS = {"A": "AC", "B": "ABC", "C": "AC"}
ORIGINS = Farm("ABC", origins="ABC")


def by_connection(request: Request) -> str:
    return "ABC"[request.on.number % 3] if request.on else "C"


def forced(toy: Toy, login: str, serving: str, farm: Farm) -> tuple[Forced, Scripted]:
    rig = Scripted(toy)
    result: Forced = rig.run(force(Agent(HOST, dice()), ACCOUNT, Settings(), login, serving, farm))
    return result, rig


def test_by_their_own_addresses_every_pair_is_met() -> None:
    for login, serving in product("ABC", repeat=2):
        result, rig = forced(Toy(readers=READERS), login, serving, ORIGINS)
        assert (result.accepted_by, result.met) == (login, True)
        assert result.kept == (serving in READERS[login])
        assert [name for name, _ in rig.marks] == ["logon", *(["logoff"] if result.kept else [])]


def test_every_hop_is_marked_and_the_logon_names_what_is_wanted() -> None:
    toy = Toy(readers=READERS)
    _, rig = forced(toy, "A", "B", ORIGINS)
    assert all(request.forced for _, request in toy.seen)
    assert rig.marks[0][1]["wanted"] == "A>B" and rig.marks[0][1]["forced"] is True


def test_a_node_that_serves_is_met_by_get_and_by_post() -> None:
    toy = Toy(readers=READERS)
    forced(toy, "A", "C", ORIGINS)
    assert [(r.method, r.step) for node, r in toy.seen if node == "C"] == [
        ("GET", "boot"),
        ("POST", "sessiondata"),
    ]


def test_the_connection_that_the_node_answered_on_takes_the_logon() -> None:
    toy = Toy(by_connection, READERS)
    result, rig = forced(toy, "A", "B", Farm("ABC"))
    assert (result.accepted_by, result.met, result.kept, result.logons) == ("A", True, False, 1)
    assert len(rig.released) == sum(r.step == "find" for _, r in toy.seen)


def test_the_balancers_own_cookie_leads_to_both_nodes() -> None:
    def route(request: Request) -> str:
        return request.cookies.values.get("LB01") or by_connection(request)

    for login, serving in product("ABC", repeat=2):
        toy = Toy(route, READERS)
        toy.lb_cookie = "LB01"
        result, _ = forced(toy, login, serving, Farm("ABC", lb_cookie="LB01"))
        assert (result.accepted_by, result.met) == (login, True)
        assert result.kept == (serving in READERS[login])


def test_a_balancer_that_spreads_requests_is_tried_again_after_a_log_off() -> None:
    """Round robin over requests: no connection leads anywhere, and an unlucky count is not repeated."""
    met = 0
    for login, serving in product("ABC", repeat=2):
        ring = count()
        toy = Toy(lambda request, ring=ring: "ABC"[next(ring) % 3], READERS)  # type: ignore[misc]
        result, rig = forced(toy, login, serving, Farm("ABC"))
        logons = [facts["number"] for name, facts in rig.marks if name == "logon"]
        assert result.logons == len(logons) <= 9
        assert result.accepted_by == login or not result.met
        assert not (result.kept and serving not in READERS[login])
        met += result.met
    assert met >= 6


def test_an_unlucky_count_of_requests_is_not_repeated_for_ever() -> None:
    """Five nodes in a ring, and five requests from one logon to the next: always the same node."""
    ring = count()
    toy = Toy(lambda request: "ABCDE"[next(ring) % 5])
    met = sum(forced(toy, login, login, Farm("ABCDE"))[0].accepted_by == login for login in "ABCDE")
    assert met >= 4


def test_a_node_that_is_never_met_is_given_up_after_three_tries_a_node() -> None:
    toy = Toy(lambda request: "A", READERS)
    result, rig = forced(toy, "B", "A", Farm("ABC"))
    assert not result.met and result.logons == 0
    assert len(toy.seen) == 9 and rig.marks[-1][0] == "not_forced"


def test_a_refused_password_is_not_tried_again() -> None:
    result, rig = forced(Toy(password="other"), "A", "B", ORIGINS)
    assert not result.met and [name for name, _ in rig.marks] == ["logon", "not_forced"]


def test_a_farm_that_is_down_is_an_answer_and_no_crash() -> None:
    from tests.protocols.scripted import answer

    toy = Toy(special=lambda request: answer(None, error="refused"))
    for farm in (ORIGINS, Farm("ABC"), Farm("ABC", lb_cookie="LB01")):
        assert not forced(toy, "A", "B", farm)[0].met
