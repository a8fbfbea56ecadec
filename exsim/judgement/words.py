"""How numbers and names are put into words: counts, lists, shares, times."""

from __future__ import annotations

from collections.abc import Sequence

# Of nouns that take more than an s
PLURALS = {"address": "addresses", "criterion": "criteria", "mailbox": "mailboxes"}


def counted_noun(count: int, noun: str) -> str:
    """ "1 session", "2 sessions"."""
    return f"{count} {noun}" if count == 1 else f"{count} {PLURALS.get(noun, noun + 's')}"


def was(count: int) -> str:
    """The verb of so many: "1 of 3 was", "2 of 3 were"."""
    return "was" if count == 1 else "were"


def are(count: int) -> str:
    """The same of now: "1 is allowed", "2 are allowed"."""
    return "is" if count == 1 else "are"


def say(count: int) -> str:
    """ "1 says nothing", "2 say nothing"."""
    return "says" if count == 1 else "say"


def do(count: int) -> str:
    """ "1 does not count", "2 do not count"."""
    return "does" if count == 1 else "do"


def listed(names: Sequence[str], last: str = "and") -> str:
    """ "A, B and C"."""
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} {last} {names[-1]}"


def percent(share: float) -> str:
    """A share from 0 to 1 as "68 %", with one digit below 10 %, without one where it says nothing."""
    value = share * 100
    if value and value < 9.95:
        text = f"{value:.1f}" if value >= 0.1 else f"{value:.2g}"
        return f"{text.removesuffix('.0')} %"
    if 99.5 <= value < 100:
        return f"{min(value, 99.9):.1f} %"  # never "100 %" of what was not all
    return f"{value:.0f} %"


def between(low: float, high: float) -> str:
    """An interval: "68 to 99 %"."""
    return f"{percent(low).removesuffix(' %')} to {percent(high)}"


def below(bound: float) -> str:
    """An upper bound behind its count: " (fewer than 14 %)"; nothing where all of them is not ruled out."""
    return f" (fewer than {percent(bound)})" if bound < 1 else ""


def seconds(value: float) -> str:
    """A span: "41 s", "10 min", "1 h 5 min"."""
    if value < 120:
        return f"{value:.0f} s"
    minutes = round(value / 60)
    if minutes < 120:
        return f"{minutes} min"
    hours, rest = divmod(minutes, 60)
    return f"{hours} h {rest} min" if rest else f"{hours} h"


def latency(value: float) -> str:
    """A short time in seconds: "31 ms", "4.2 s"."""
    return f"{value * 1000:.0f} ms" if value < 1 else f"{value:.1f} s"


def clock(utc: str) -> str:
    """The time of day of an ISO 8601 time, to the tenth of a second: "20:15:31.2"."""
    time = utc.partition("T")[2].rstrip("Z")
    whole, _, fraction = time.partition(".")
    return f"{whole}.{fraction[:1]}" if fraction else whole


def pause(value: float) -> str:
    """How much later, in seconds: "0.4 s", "40 ms"."""
    return f"{value:.1f} s" if value >= 0.095 else f"{value * 1000:.0f} ms"


def shortened(request: str, width: int) -> str:
    """A request line that fits: the middle of a long path gives way to "…"."""
    if len(request) <= width:
        return request
    method, _, path = request.partition(" ")
    room = width - len(method) - 2
    tail = room // 2 + 2
    return f"{method} {path[: room - tail]}…{path[-tail:]}"


# Protocol -> what administrators call it
PROTOCOLS = {
    "owa": "OWA",
    "ews": "EWS",
    "activesync": "ActiveSync",
    "outlook_anywhere": "Outlook Anywhere",
    "mapi_http": "MAPI over HTTP",
    "autodiscover": "Autodiscover",
    "oab": "OAB",
}


def protocol_name(protocol: str) -> str:
    """A protocol as people write it; one that is not known in capitals."""
    return PROTOCOLS.get(protocol, protocol.upper())
