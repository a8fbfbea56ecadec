"""An ordinary answer in brief: what judgement takes from it, as a reference to one that was just like it.

Long runs are made of answers that say nothing new.  What distinguishes one of them from the next (when, how
long, whose, which cookies) is in a `Brief`; everything else stands once, in its `Template`.  Expanded again, a
brief gives a hop that detector, attribution and latencies cannot tell from the one that was sent; its own
moment in UTC, the server's Date, ids, query and number of bytes are gone.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import Any

import msgspec

from exsim.session.attribution import FE_SERVER
from exsim.session.hop import ConnectionLine, Hop, Line, Mark
from exsim.session.meaning import Sign
from exsim.session.signs import LOGON_COOKIES, read
from exsim.wire import names

MOST = 4096  # templates of one worker; an answer that would need one more is written in full
DATE = "date"  # a header that is another one each second
KEYS = (names.CADATA, names.E14_SESSION)  # a session's own cookie, by which the detector knows it


class Template(msgspec.Struct, omit_defaults=True, tag_field="kind", tag="template"):
    """What the briefs that name `number` have in common.  The session's own cookie is empty in it."""

    number: int
    hop: Hop


class Brief(msgspec.Struct, omit_defaults=True, gc=False, tag_field="kind", tag="brief"):
    """One ordinary answer.  `of`: its template; `key`: the session's own cookie; the rest as in `Hop`."""

    of: int
    t: float
    took: float
    user: int
    session: str
    seq: int
    conn: int = 0
    source: str = ""
    late: float = 0.0
    pause: float = 0.0
    key: str = ""
    sid: str = ""


Written = Hop | Mark | ConnectionLine | Template | Brief  # what may stand in a file of a history


class Shorthand:
    """Makes briefs, and the templates that they need.  `clear`: names of the balancer's own cookies."""

    def __init__(self, clear: Collection[str] = ()) -> None:
        self._clear = frozenset(clear)
        self._numbers: dict[tuple[Any, ...], int] = {}

    def of(self, hop: Hop) -> tuple[Template | None, Brief] | None:
        """The brief of `hop`, and its template where it is new; None when `hop` is to stand in full."""
        if not ordinary(hop):
            return None
        name = next((one for one in KEYS if hop.cookies.get(one)), "")
        template = self._template(hop, name)
        key = _key(template)
        number = self._numbers.get(key)
        fresh = number is None
        if number is None:
            if len(self._numbers) >= MOST:
                return None
            number = self._numbers[key] = len(self._numbers)
        brief = Brief(
            of=number,
            t=hop.t,
            took=hop.took,
            user=hop.user,
            session=hop.session,
            seq=hop.seq,
            conn=hop.conn,
            source=hop.source,
            late=hop.late,
            pause=hop.pause,
            key=hop.cookies.get(name, ""),
            sid=hop.sid,
        )
        return (Template(number, template) if fresh else None), brief

    def _template(self, hop: Hop, name: str) -> Hop:
        """What is left of `hop` without what is its own."""
        cookies = {one: hop.cookies[one] for one in sorted(self._clear & hop.cookies.keys())}
        taken = {one: hop.set_cookies[one] for one in sorted(self._clear & hop.set_cookies.keys())}
        return Hop(
            utc="",
            t=0.0,
            took=0.0,
            user=0,
            session="",
            seq=0,
            protocol=hop.protocol,
            step=hop.step,
            request=hop.request.partition("?")[0],
            status=hop.status,
            reason=hop.reason,
            address=hop.address,
            alpn=hop.alpn,
            cookies={**cookies, **({name: ""} if name else {})},
            set_cookies=taken,
            headers={name: text for name, text in hop.headers.items() if name != DATE},
            body=msgspec.structs.replace(hop.body, bytes=0),
            auth=hop.auth,
            reused=hop.reused,
        )


def ordinary(hop: Hop) -> bool:
    """Whether an answer is what a session lives on: served, whole, by a front end that says who it is."""
    return (
        hop.error is None
        and hop.status is not None
        and hop.ended == "whole"
        and FE_SERVER in hop.headers
        and not (hop.control or hop.forced or hop.location or hop.origin)
        and not (hop.challenger or hop.body.host or hop.body.pieces)
        and LOGON_COOKIES.isdisjoint(hop.set_cookies)
        and read(hop) is Sign.SERVED
    )


def _key(template: Hop) -> tuple[Any, ...]:
    return (
        *(template.protocol, template.step, template.request, template.status, template.reason),
        *(template.address, template.alpn, template.auth, template.reused),
        *(tuple(template.cookies.items()), tuple(template.set_cookies.items())),
        *(tuple(sorted(template.headers.items())), msgspec.structs.astuple(template.body)),
    )


class Longhand:
    """Makes hops of briefs again, from the templates that were met before them."""

    def __init__(self) -> None:
        self._templates: dict[int, Hop] = {}

    @property
    def begun(self) -> bool:
        """Whether there was a template, so that briefs may come."""
        return bool(self._templates)

    def expanded(self, lines: Iterable[Written | None]) -> Iterator[Line | None]:
        """The lines with hops in place of briefs; None for a brief whose template is not there."""
        for line in lines:
            if type(line) is Brief:
                template = self._templates.get(line.of)
                yield None if template is None else hop_of(template, line)
            elif type(line) is Template:
                self._templates[line.number] = line.hop
            else:
                yield line  # type: ignore[misc]


def hop_of(template: Hop, brief: Brief) -> Hop:
    """The hop that a brief stands for, as far as it was kept."""
    cookies = {
        name: brief.key if name in KEYS else value for name, value in template.cookies.items()
    }
    return msgspec.structs.replace(
        template,
        t=brief.t,
        took=brief.took,
        user=brief.user,
        session=brief.session,
        seq=brief.seq,
        conn=brief.conn,
        source=brief.source,
        late=brief.late,
        pause=brief.pause,
        cookies=cookies,
        sid=brief.sid,
    )
