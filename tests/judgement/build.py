"""Small builders of findings, facts and hops; the farm is one 2013 and two 2016 nodes unless said otherwise."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any

from exsim.judgement.facts import Balancer, LeftBehind, Node, Preset, RunFacts
from exsim.judgement.matrix import Cell, matrices
from exsim.session.hop import Evidence, Hop
from exsim.session.records import Finding, Findings, Incident, Meeting, Session

A, B, OLD = "EXCH16-01", "EXCH16-02", "EXCH13"
FARM = (Node(A, "2016"), Node(B, "2016"), Node(OLD, "2013"))
HOMES = (OLD, A)
LOGON_COOKIES = ("cadata", "cadataTTL", "cadataKey", "cadataIV", "cadataSig")
DELETED: dict[str, str | None] = dict.fromkeys(LOGON_COOKIES)

Rule = Callable[
    [str, str, str], bool
]  # (login, serving, home) -> whether the session is lost there


def one_way(login: str, serving: str, home: str) -> bool:
    """The incident: begun at a 2016 node, lost at the 2013 node."""
    return login.startswith("EXCH16") and serving == OLD


def nothing(login: str, serving: str, home: str) -> bool:
    return False


def facts(**changes: Any) -> RunFacts:
    base = RunFacts(
        title="1x2013 + 2x2016, round robin", scenario="roundrobin.toml", run="reports/roundrobin/x",
        rig="lab", presets=(Preset("authcert_asymmetry", "2016 seals with a key that 2013 has not."),),
        url="https://exchange.isp.com.au/owa/", address="127.0.0.1:8443", nodes=FARM,
        balancer=Balancer(version="HAProxy 2.8.25", source="wheel", name="roundrobin.cfg", config="frontend x\n  bind 127.0.0.1:8443 ssl alpn http/1.1\n", changes=("bind: an address of this machine (harmless)",), warnings=("option forceclose is obsolete",), log_findings=("frontend full, 1000 connections",)),
        started="2026-11-23T20:14:07Z", ended="2026-11-23T20:15:07Z", duration=60, lasted=60, users=40,
        left_behind=LeftBehind(logons=81),
    )  # fmt: skip
    return replace(base, **changes)


def session(
    number: int, login: str, met: Sequence[str], home: str, rule: Rule = nothing, **changes: Any
) -> Session:
    """A session that met the front ends of `met` in this order, until the rule loses it."""
    meetings, incident, t = [], None, 10.0 + number * 0.4
    for i, node in enumerate(met):
        lost = rule(login, node, home)
        meetings.append(Meeting(node, t + i, 5 + i, lost, natural=changes.get("natural", True)))
        if lost:
            incident = Incident(
                session=f"{number}.1", user=number, t=t + i, utc=utc(t + i), seq=5 + i,
                sign="login_timeout", step="poll", request="POST /owa/service.svc?action=FindItem",
                login_front_end=login, front_end=node, back_end=home, evidence="header", age=1.5 + i,
                refusers=[node], request_id=f"rid-{number}",
            )  # fmt: skip
            break
    fields: dict[str, Any] = {
        "requests": 24, "connections": 6, "account": f"user{number:02}@isp.com.au", "protocol": "owa",
    }  # fmt: skip
    if incident:
        fields |= {"requests": 4, "connections": 3}
    fields |= {key: value for key, value in changes.items() if key != "natural"}
    return Session(
        id=f"{number}.1", user=number, began=t, login_front_end=login, back_end=home,
        state="lost" if incident else "ended", meetings=meetings, incident=incident, **fields,
    )  # fmt: skip


def farm_sessions(
    rule: Rule, each: int = 10, nodes: Sequence[str] = (A, B, OLD), homes: Iterable[str] = HOMES
) -> list[Session]:
    """`each` sessions for each login node and home, meeting the other nodes in turning order."""
    sessions: list[Session] = []
    for home in homes:
        for login in nodes:
            others = [node for node in nodes if node != login]
            for i in range(each):
                turn = others[i % len(others) :] + others[: i % len(others)] if others else []
                sessions.append(session(len(sessions) + 1, login, [login, *turn], home, rule))
    return sessions


def sticky_sessions(each: int = 20, nodes: Sequence[str] = (A, B, OLD)) -> list[Session]:
    """Sessions that no balancer ever lets across."""
    return [
        session(i * len(nodes) + j + 1, node, [node], HOMES[i % 2])
        for i in range(each)
        for j, node in enumerate(nodes)
    ]


def control_sessions(each: int = 12, start: int = 900) -> list[Session]:
    return [
        session(start + i * 3 + j, node, [node], HOMES[0], control=True, origin=node)
        for i in range(each)
        for j, node in enumerate((A, B, OLD))
    ]


def found(sessions: list[Session], **changes: Any) -> Findings:
    fields: dict[str, Any] = {
        "sessions": sessions, "findings": [], "hops": 40 * len(sessions),
        "attributed": 30 * len(sessions), "unattributed": 0,
        "identity": {"own": 20 * len(sessions), "silent": 10 * len(sessions)},
    }  # fmt: skip
    return Findings(**(fields | changes))


def finding(kind: str, **changes: Any) -> Finding:
    return Finding(kind=kind, t=1.0, utc=utc(1.0), **changes)


def utc(t: float) -> str:
    return f"2026-11-23T20:15:{t % 60:06.3f}Z"


def hop(user: int, seq: int, t: float, request: str, node: str, **changes: Any) -> Hop:
    fields: dict[str, Any] = {
        "took": 0.03, "session": f"{user}.1", "protocol": "owa", "step": "poll", "status": 200,
        "cookies": {"cadata": "9f2c"}, "headers": {"x-feserver": node}, "conn": 100 + seq % 6,
    }  # fmt: skip
    return Hop(utc=utc(t), t=t, user=user, seq=seq, request=request, **(fields | changes))


def lost_dialogue(lost: Session) -> list[Hop]:
    """The hops of one lost session: logon, two polls, the culprit, aftermath by all, two control hops."""
    assert lost.incident is not None and lost.login_front_end is not None
    user, login, culprit = lost.user, lost.login_front_end, str(lost.incident.front_end)
    seq, t = lost.incident.seq, lost.incident.t
    body = Evidence(bytes=154, is_="refusal_440")
    lost.incident.aftermath = [seq + 1, seq + 2]
    poll = "POST /owa/service.svc?action=FindItem"
    refused: dict[str, Any] = {"status": 440, "reason": "Login Timeout", "body": body}
    return [
        hop(user, 1, t - 3, "POST /owa/auth.owa", login, status=302, step="logon", cookies={},
            location="/owa/", set_cookies={"cadata": "9f2c"}),
        hop(user, 2, t - 2.9, "GET /owa/", login, step="boot"),
        hop(user, 3, t - 2, poll, login),
        hop(user, seq, t - 0.03, poll, culprit, set_cookies=DELETED, request_id=f"rid-{user}", **refused),
        hop(user, seq + 1, t + 0.1, poll, A, cookies={}, **refused),
        hop(user, seq + 2, t + 0.2, poll, B, cookies={}, **refused),
        hop(user, seq + 3, t + 0.37, "GET /owa/", login, control=True),
        hop(user, seq + 4, t + 0.6, "GET /owa/", culprit, control=True, status=302,
            location="/owa/auth/logon.aspx?replaceCurrent=1&reason=0&url=x", set_cookies=DELETED),
    ]  # fmt: skip


def matrix(sessions: Sequence[Session], facts: RunFacts) -> list[Cell]:
    """The combinations that sessions met by themselves."""
    return matrices(sessions, facts)[0]


def steered_matrix(sessions: Sequence[Session], facts: RunFacts) -> list[Cell]:
    """The combinations that the run steered sessions into."""
    return matrices(sessions, facts)[1]
