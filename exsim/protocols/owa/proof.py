"""The proof: a copy of a lost session's cookies is shown to two nodes, and their answers are compared.

First to the node that the session was begun at (a 200 says: it was alive), then to the culprit by GET,
whose redirect gives the reason, and by POST.  Control hops: evidence, never counted.  No answer ever
reaches a jar, so the copy stays what it was.
"""

from __future__ import annotations

from dataclasses import dataclass

from exsim.protocols.flow import CookieLine, Flow, Request, Response
from exsim.protocols.owa import headers as lines
from exsim.protocols.owa.markup import reason_of
from exsim.protocols.owa.way import Farm, Way, find, front_end_of, leave_way
from exsim.session.attempts import Attempt
from exsim.wire import names


@dataclass(frozen=True, slots=True)
class Replay:
    """One answer to the copy.  `node`: who was meant; `front_end`: who answered; `reason`: the redirect's."""

    node: str
    front_end: str | None
    method: str
    status: int | None
    reason: str = ""

    @property
    def alive(self) -> bool:
        """Whether the session was served."""
        return self.status == 200


def prove(
    cookies: CookieLine, account: str, session: int, login: str, culprit: str, farm: Farm
) -> Flow[list[Replay]]:
    """Show `cookies` to `login`, then to `culprit`.  A node that cannot be met is left out.

    `session` is the number of the lost session, so that the hops can be told to it.
    """
    answers: list[Replay] = []
    for node, methods in ((login, ("GET",)), (culprit, ("GET", "POST"))):
        way = yield from find(farm, node, control=True)
        if way is None:
            continue
        for method in methods:
            request = replay(method, way.cookies(cookies, farm.lb_cookie), account, session, way)
            response = yield from request
            answers.append(read(node, method, response, farm))
        yield from leave_way(way)
    return answers


def replay(method: str, cookies: CookieLine, account: str, session: int, way: Way) -> Request:
    """One control hop with the copy, as the browser itself would ask."""
    page = method == "GET"
    return Request(
        method,
        names.OWA if page else f"{names.SESSION_DATA}?appcacheclient=0",
        lines.NAVIGATION if page else lines.SCRIPT_CALL,
        None if page else b"",
        step="proof",
        session=session,
        account=account,
        cookies=cookies,
        origin=way.origin,
        on=way.connection,
        control=True,
        attempt=Attempt.REPLAY,
    )


def read(node: str, method: str, response: Response, farm: Farm) -> Replay:
    """What an answer to the copy says."""
    location = response.header(b"location") or ""
    to_logon = names.LOGON_PAGE in location.lower()
    return Replay(
        node,
        front_end_of(response, farm),
        method,
        response.status,
        reason_of(location) if to_logon else "",
    )
