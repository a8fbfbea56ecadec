"""Falls if: a witness is not heard, a worse one is preferred to a better one, a name is guessed, or names without
end take memory without end."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from exsim.session.attribution import Attribution, net_bios
from exsim.session.hop import Evidence, Hop
from exsim.session.records import Incident, Session

FE, LB = "x-feserver", "x-lb-server"


def hop(headers: dict[str, str] | None = None, status: int | None = 200, **fields: Any) -> Hop:
    fields = {"request": "GET /owa/?x=1", "source": "127.0.9.1:40001"} | fields
    return Hop(
        utc="", t=10.0, took=0.2, user=1, session="1.1", seq=1, protocol="owa", step="",
        status=status, headers=headers or {}, **fields,
    )  # fmt: skip


LOG = {("127.0.9.1:40001", "GET /owa/"): [(2.0, "n1"), (10.1, "n2"), (10.9, "n1"), (55.0, "n1")]}
GIVEN = {"n1": "EX16-01", "owa/n2": "ex16-02.example.com", "n2": "EX16-02"}
FRONT_ENDS = [
    (hop({FE: "EX16-01"}), ("EX16-01", "header")),
    (hop({FE: "ex16-01.corp.example"}), ("EX16-01", "header")),
    (hop({FE: "EX16-01", LB: "owa/n2"}, origin="EX13"), ("EX16-01", "header")),
    (hop({FE: ""}), (None, "")),
    (hop({"x-diaginfo": "EX10-01"}), ("EX10-01", "header")),
    (hop({"x-diaginfo": "EX13", "x-beserver": "EX13"}, request="GET /x"), (None, "")),
    (
        hop({"x-diaginfo": "EX13", "x-calculatedbetarget": "ex13.x"}, request="GET /x"),
        (None, ""),
    ),
    (hop({LB: "owa/n2"}), ("EX16-02", "lb_header")),
    (hop({LB: "ecp/n1"}, origin="EX13"), ("EX16-01", "lb_header")),
    (hop({LB: "owa/n9"}, request="GET /x"), (None, "")),
    (hop(), ("EX16-02", "lb_log")),
    (hop(source="127.0.9.2:40001"), (None, "")),
    (hop(request="GET /x", origin="ex13"), ("EX13", "origin")),
    (hop(request="GET /x", origin="EX13", status=None), (None, "")),
    (hop(request="GET /x", origin="EX13", cookies={"LB01": "a"}), ("EX13", "origin")),
    (hop(request="GET /x", cookies={"LB01": "a"}), ("EX16-01", "lb_cookie")),
    (hop(request="GET /x", cookies={"LB01": "a"}, set_cookies={"LB01": "b"}), ("EX16-02", "lb_cookie")),
    (hop(request="GET /x", cookies={"LB01": "torn"}), (None, "")),
    (hop(request="GET /x", cookies={"LB01": "a"}, status=None, error="reset"), (None, "")),
    (hop(request="GET /x"), (None, "")),
]  # fmt: skip


@pytest.mark.parametrize(("answer", "witness"), FRONT_ENDS)
def test_the_best_witness_is_believed(answer: Hop, witness: tuple[str | None, str]) -> None:
    attribution = Attribution(GIVEN, LOG, ["LB01"])
    for lesson in (
        hop({FE: "EX16-01"}, set_cookies={"LB01": "a"}),
        hop({FE: "EX16-02"}, cookies={"LB01": "a"}, set_cookies={"LB01": "b"}),
        hop({FE: "EX16-01"}, cookies={"LB01": "torn"}),
        hop({FE: "EX16-02"}, cookies={"LB01": "torn"}),
        hop({FE: "EX13"}, cookies={"LB01": "a"}, origin="EX13"),
    ):
        attribution.front_end(lesson)
    assert attribution.front_end(answer) == witness


@pytest.mark.parametrize(
    ("times", "front_end"),
    [  # asked at 10.0, answered at 10.2
        ({"n1": 9.0}, "EX16-01"),
        ({"n1": 8.99}, None),
        ({"n1": 11.2}, "EX16-01"),
        ({"n1": 11.21}, None),
        ({"n1": 9.6, "n2": 10.3}, "EX16-02"),  # the nearest to the asking
        ({"n1": 9.8, "n2": 10.3}, "EX16-01"),
        ({"n9": 10.0}, None),
    ],
)
def test_a_line_of_the_balancers_log_is_the_answers_where_its_time_is(
    times: dict[str, float], front_end: str | None
) -> None:
    log = {("127.0.9.1:40001", "GET /owa/"): [(t, lb_server) for lb_server, t in times.items()]}
    evidence = "lb_log" if front_end else ""
    assert Attribution(GIVEN, log).front_end(hop()) == (front_end, evidence)


def test_a_session_without_a_home_is_told_its_accounts() -> None:
    def session(account: str, back_end: str | None, incident: Incident | None = None) -> Session:
        return Session(
            id="1.1", user=1, protocol="owa", began=1.0, account=account, home="", population=0,
            private=True, control=False, forced=False, origin=None, login_front_end=None,
            back_end=back_end, incident=incident,
        )  # fmt: skip

    def incident(back_end: str | None) -> Incident:
        return Incident(
            session="1.1", user=1, t=2.0, utc="", seq=3, sign="login_timeout", step="", request="",
            login_front_end=None, front_end="EX13", back_end=back_end, evidence="header", age=1.0,
        )  # fmt: skip

    attribution = Attribution()
    attribution.homes["a@x"] = "EX16-01"
    untold, lost, other = (
        session("a@x", None),
        session("a@x", None, incident(None)),
        session("b@x", None),
    )
    assert attribution.at_home(untold) and untold.back_end == "EX16-01"
    assert attribution.at_home(lost) and lost.incident and lost.incident.back_end == "EX16-01"
    assert not attribution.at_home(other) and other.back_end is None
    known = session(
        "a@x", "EX16-02", incident(None)
    )  # moved: its own word goes before the account's
    assert attribution.at_home(known) and known.incident and known.incident.back_end == "EX16-02"
    for said in (session("a@x", "EX16-02"), session("a@x", "EX16-02", incident("EX13"))):
        before = msgspec.structs.replace(said)
        assert not attribution.at_home(said) and said == before


def test_the_balancers_names_are_learnt_from_answers_that_carry_both() -> None:
    attribution = Attribution()
    assert attribution.front_end(hop({LB: "owa/n1"})) == (None, "")
    attribution.front_end(hop({FE: "EX16-01", LB: "owa/n1"}))
    assert attribution.front_end(hop({LB: "owa/n1"})) == ("EX16-01", "lb_header")
    assert attribution.front_end(hop({LB: "ecp/n1"})) == (None, "")  # may be another node there


BACK_ENDS = [
    ({"x-calculatedbetarget": "mbx09c-ord1.example.com", "x-beserver": "OTHER"}, "MBX09C-ORD1"),
    ({"x-beserver": "EX13"}, "EX13"),
    ({"x-calculatedbetarget": ""}, None),
    ({"x-diaginfo": "EX10-01"}, None),
    ({FE: "EX16-01"}, None),
]


@pytest.mark.parametrize(("headers", "back_end"), BACK_ENDS)
def test_the_back_end_is_the_one_picked_or_else_the_one_that_answered(
    headers: dict[str, str], back_end: str | None
) -> None:
    attribution = Attribution()
    assert attribution.back_end(hop(headers)) == back_end
    assert attribution.back_end(hop(headers)) == back_end  # and the same from memory


def test_names_are_brought_to_one_form() -> None:
    assert net_bios(" ex16-01.corp.example ") == net_bios("EX16-01") == "EX16-01"


def test_healthcheck_names_its_server_and_teaches_what_leads_there() -> None:
    attribution = Attribution(lb_cookies=["LB01"])
    page = hop(
        request="GET /owa/HealthCheck.htm",
        cookies={"LB01": "x"},
        body=Evidence(host="ex13.corp.example"),
    )
    assert attribution.front_end(page) == ("EX13", "health")
    assert attribution.front_end(hop(request="GET /x", cookies={"LB01": "x"})) == (
        "EX13",
        "lb_cookie",
    )


def test_of_many_connections_the_one_that_was_silent_for_longest_is_forgotten(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("exsim.session.attribution._MOST_CONNECTIONS", 3)
    attribution = Attribution()

    def challenged(conn: int) -> None:
        attribution.front_end(hop(request="GET /x", status=401, conn=conn, challenger=f"EX{conn}"))

    def asked(conn: int) -> str | None:
        return attribution.front_end(hop(request="GET /x", conn=conn, auth="bound"))[0]

    for conn in (1, 2, 3):
        challenged(conn)
    assert asked(1) == "EX1"
    for conn in (4, 4, 5):  # a new leg on a connection that is known takes nobody's place
        challenged(conn)
    assert [asked(conn) for conn in range(1, 6)] == ["EX1", None, None, "EX4", "EX5"]


def test_a_challenge_names_its_server_for_as_long_as_its_connection_is_accepted() -> None:
    attribution = Attribution()
    assert attribution.front_end(hop(request="GET /x", status=401, conn=3, challenger="Ex13")) == (
        "EX13",
        "ntlm",
    )
    for auth in ("ntlm_3", "bound"):
        assert attribution.front_end(hop(request="GET /x", conn=3, auth=auth)) == ("EX13", "ntlm")
    assert attribution.front_end(hop(request="GET /x", conn=3)) == (
        None,
        "",
    )  # nothing was accepted by it
    assert attribution.front_end(hop(request="GET /x", conn=3, auth="bound", status=401)) == (
        None,
        "",
    )
    assert attribution.front_end(hop(request="GET /x", conn=4, auth="bound")) == (None, "")


# The cookie of F5's article K6917: 10.1.1.100:8080.
@pytest.mark.parametrize(
    ("addresses", "named"),
    [
        ({"10.1.1.100:8080": "EX13"}, "EX13"),
        ({"10.1.1.100": "EX13"}, "EX13"),
        ({"10.1.1.100:8080": "EX13", "10.1.1.100": "EX16"}, "EX13"),
        ({"10.1.1.101": "EX13"}, None),
        ({}, None),
    ],
)
def test_a_big_ips_cookie_names_the_node_at_its_address(addresses, named) -> None:
    attribution = Attribution(lb_cookies=["BIGipServerowa"], addresses=addresses)
    answer = hop(request="GET /x", cookies={"BIGipServerowa": "1677787402.36895.0000"})
    assert attribution.front_end(answer) == (named, "lb_cookie" if named else "")


def test_values_that_were_known_before_are_believed() -> None:
    attribution = Attribution(lb_cookies=["P"], lb_values={"8269f5643587bb1c": "ex13"})
    assert attribution.front_end(hop(request="GET /x", cookies={"P": "8269f5643587bb1c"})) == (
        "EX13",
        "lb_cookie",
    )


def test_ever_new_names_are_forgotten_and_those_that_count_stay(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Hours of answers with names that nobody bears take no more memory than some."""
    for name in ("_MOST_HEADERS", "_MOST_LEARNT"):
        monkeypatch.setattr(f"exsim.session.attribution.{name}", 4)
    attribution = Attribution(GIVEN, (), ["LB01"])
    taught = hop({FE: "EX13", LB: "owa/n7", "x-beserver": "ex13.x"}, set_cookies={"LB01": "c"})
    for number in range(20):
        assert attribution.front_end(taught) == ("EX13", "header")
        assert attribution.back_end(taught) == "EX13"
        name = f"EX{number}"
        new = {FE: name, LB: f"owa/s{number}", "x-beserver": f"{name}.x"}
        answer = hop(new, set_cookies={"LB01": f"v{number}"})
        assert attribution.front_end(answer) == (name, "header")
        assert attribution.back_end(answer) == name
    assert attribution.front_end(hop({LB: "owa/n7"})) == ("EX13", "lb_header")
    assert attribution.front_end(hop(cookies={"LB01": "c"})) == ("EX13", "lb_cookie")
    kept = ("_headers", "_back_ends", "_harvest", "_cookie_values")
    assert {name: len(getattr(attribution, name)) for name in kept} == dict.fromkeys(kept, 4)
