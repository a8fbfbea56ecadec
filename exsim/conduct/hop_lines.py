"""Hops as lines for a person: when, which step, what was asked, who answered, what, on which connection.

Servers' words may stand in them, so nothing that steers a terminal gets through.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from exsim.conduct import screen
from exsim.conduct.tale import ToldHop
from exsim.judgement.proof import answer_of
from exsim.judgement.report.steering import STEERING
from exsim.session.hop import Hop
from exsim.session.meaning import SIGNS, Sign
from exsim.session.signs import read
from exsim.wire import names

SHORTEST_ANSWER = 24  # columns; where fewer are left, a long answer stands below its request
STATUS = 6  # columns of an answer that is a status alone, and of the word above it
SHORTEST_REQUEST = 16
BELOW = 13  # columns before an answer that stands below its request
MARKED = {  # with blanks that no line is broken at
    "culprit": "◄\u00a0took\u00a0the\u00a0session",
    "aftermath": "(aftermath)",
    "control": "(evidence:\u00a0a\u00a0copy)",
    "": "",
}
SAID_BY_STATUS = frozenset(  # signs that the answer's own words already tell
    (Sign.SERVED, Sign.ANONYMOUS, Sign.LOGIN_TIMEOUT, Sign.LOGON_REDIRECT, Sign.NO_ANSWER)
)
LONGEST_PLACE = 40


@dataclass(frozen=True, slots=True)
class Columns:
    """Widths in characters."""

    step: int = 11
    request: int = 34
    node: int = 14
    connection: int = 4
    width: int = screen.WIDEST  # of the whole line

    @property
    def before_answer(self) -> int:
        return 11 + self.step + self.request + self.node + self.connection + 5


def columns_for(told: Sequence[ToldHop]) -> Columns:
    """Columns as wide as these hops need, with room left for the answer."""
    return fitted(
        step=max((len(one.hop.step) for one in told), default=4),
        request=max((len(request_of(one.hop)) for one in told), default=20),
        node=max((len(one.front_end) for one in told), default=4),
        connection=max((len(str(one.hop.conn)) for one in told), default=4),
    )


def fitted(step: int, request: int, node: int, connection: int) -> Columns:
    """Columns of these widths on this screen: the request gives way, and where it cannot, the answer."""
    width = screen.width()
    others = Columns(max(4, step), 0, max(4, node), max(4, connection), width)
    rest = width - others.before_answer - SHORTEST_ANSWER
    if rest < min(SHORTEST_REQUEST, request):
        rest = width - others.before_answer - STATUS
    return replace(others, request=max(SHORTEST_REQUEST, min(request, rest)))


def heading(columns: Columns) -> str:
    """The line above the hops."""
    return (
        f"{'time':>9}  {'step':<{columns.step}} {'request':<{columns.request}} "
        f"{'node':<{columns.node}} {'conn':>{columns.connection}}  answer"
    )


def hop_line(told: ToldHop, zero: float, columns: Columns) -> str:
    """One hop, on as many lines as its answer needs.  `zero`: seconds of the run that count as none."""
    hop = told.hop
    request = shortened(request_of(hop), columns.request)
    start = (
        f"{hop.arrived - zero:>+8.3f}s  {hop.step:<{columns.step}} {request:<{columns.request}} "
        f"{told.front_end or '?':<{columns.node}} {hop.conn:>{columns.connection}}  "
    )
    said = answer_of(hop) if told.mark == "control" else answer_words(hop)
    words = plain(f"{said} ").replace("\u00a0", " ") + MARKED[told.mark]
    answer = words.rstrip()
    room = columns.width - len(start)
    if room < SHORTEST_ANSWER and len(answer) > room:
        below = textwrap.wrap(answer, columns.width - BELOW, break_on_hyphens=False)
        lines = [plain(start).rstrip(), *(" " * BELOW + line for line in below)]
        return "\n".join(lines).replace("\u00a0", " ")
    first, *more = textwrap.wrap(answer, max(STATUS, room), break_on_hyphens=False) or [""]
    lines = [plain(start) + first, *(" " * len(start) + line for line in more)]
    return "\n".join(lines).replace("\u00a0", " ")


def answer_words(hop: Hop) -> str:
    """An answer in words; what its sign means is added where the status does not say it."""
    sign = read(hop)
    words = [answer_of(hop).replace(str(hop.status), f"{hop.status}{_onward(hop)}", 1)]
    if hop.protocol == "owa":  # another protocol's words are its sign's
        words += _meaning(sign)
    if hop.status is not None and hop.error and sign is not Sign.TRUNCATED:
        words.append(f"broke off ({hop.error})")
    if hop.ended == "closed":
        words.append(f"closed by the {'page' if hop.protocol == 'owa' else 'client'} itself")
    return "; ".join(words)


def _meaning(sign: Sign) -> list[str]:
    if sign is Sign.ACCEPTED:
        return ["accepted: sets the logon cookies"]
    return [] if sign in SAID_BY_STATUS else [SIGNS[sign].sentence]


def _onward(hop: Hop) -> str:
    """Where a redirect leads, when it is not to the logon page (which the answer's words say)."""
    if not hop.location or names.LOGON_PAGE in hop.location.lower():
        return ""
    try:
        url = urlsplit(hop.location)
    except ValueError:
        return " to an unreadable address"
    return f" to {shortened(url.path or url.netloc, LONGEST_PLACE)}"


def request_of(hop: Hop) -> str:
    """Method and path, and of the query the action alone."""
    query = hop.target.partition("?")[2]
    action = next((part for part in query.split("&") if part.lower().startswith("action=")), "")
    return f"{hop.method} {hop.path}{'?' + action if action else ''}"


def shortened(text: str, width: int) -> str:
    """`text` in at most `width` columns; method and the end stay, which tell more than the middle."""
    if len(text) <= width:
        return text
    method, blank, rest = text.partition(" ")
    head = f"{method} …" if blank else "…"
    body = rest if blank else text
    return head + body[-(width - len(head)) :]


def plain(text: str) -> str:
    """`text` without what could steer a terminal."""
    return text.translate(STEERING)


def paragraph(sentences: Iterable[str], indent: str = " ") -> str:
    """Sentences as lines that fit the screen."""
    text = plain(" ".join(sentence for sentence in sentences if sentence))
    return textwrap.fill(
        text, screen.width(), initial_indent=indent, subsequent_indent=indent,
        break_long_words=False, break_on_hyphens=False,
    )  # fmt: skip
