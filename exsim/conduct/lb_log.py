"""The balancer's log of a run: who served what, and what it says of the balancer itself.

A witness besides the headers, never the only one where there are headers.  The log's times are the local
time of the machine that the balancer ran on, which in a lab is this one.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from statistics import median

from exsim.judgement.words import are, counted_noun
from exsim.lb.log import missing_by
from exsim.runs.directory import RunDirectory
from exsim.wire import names
from exsim.wire.haproxy_log import LogLine, parse

MOST_LINES = 500_000  # read at most: a log of hours is not held in memory
_SECTION = re.compile(r"^(frontend|listen)\s+(\S+)")
_MAXCONN = re.compile(r"^\s+maxconn\s+(\d+)")

MARKED_DOWN = (
    "its node was marked down, and on-marked-down shutdown-sessions cuts what is under way"
)
SHUT_DOWN = "somebody ended it at the balancer (shutdown sessions)"
# How the log says that a request was cut -> what that means (HAPROXY 8.5); who waited for whom
CUTS = {
    "sH": "the node was silent for longer than timeout server allows",
    "sD": "within the answer, the node was silent for longer than timeout server allows",
    "cH": "the client was silent for longer than timeout client allows",
    "cD": "within the answer, the client was silent for longer than timeout client allows",
    "cR": "the request was not whole within the time allowed",
    "sQ": "no server was free within timeout queue",
    "SC": "no server could be reached",
    "PH": "the answer's head was refused (too long, or not HTTP)",
    "DH": MARKED_DOWN,
    "DD": MARKED_DOWN,
    "KH": SHUT_DOWN,
    "KD": SHUT_DOWN,
}
MOST_CUTS = 6

Served = dict[tuple[str, str], list[tuple[float, str]]]
# (flags, lb_backend, "METHOD /path") -> when it came (seconds since the run began) and how long it took
Cuts = dict[tuple[str, str, str], list[tuple[float, float]]]


@dataclass(slots=True)
class LogFacts:
    """`served`: (source "address:port", "METHOD /path") -> (seconds since the run began, lb_server).

    `findings`: what the log shows of the balancer itself, and what it lacks, a sentence each.  `missing`:
    lines that the balancer wrote and nobody kept.
    """

    served: Served = field(default_factory=dict)
    findings: list[str] = field(default_factory=list)
    lines: int = 0
    missing: int = 0


def read_log(directory: RunDirectory) -> LogFacts:
    """What the run's lb.log tells; nothing where there is none."""
    if not directory.lb_log.is_file():
        return LogFacts()
    zero = directory.read_run().zero
    served: Served = defaultdict(list)
    fullest: dict[str, int] = {}
    lines = missing = unread = 0
    cuts: Cuts = defaultdict(list)
    with directory.lb_log.open("rb") as file:
        for raw in file:
            if said := missing_by(raw):
                missing += said
                continue
            if lines >= MOST_LINES:
                unread += 1
                continue
            line = parse(raw)
            if line is None:
                continue
            lines += 1
            fullest[line.lb_frontend] = max(fullest.get(line.lb_frontend, 0), line.connections[1])
            if line.flags[:2] in CUTS and line.path and not is_noise(line.path):
                place = f"{line.method} {line.path.partition('?')[0]}"
                moment = (seconds_of(line) - zero, line.times.total / 1000)
                cuts[line.flags[:2], line.lb_backend, place].append(moment)
            if line.lb_server:
                key = (line.client, f"{line.method} {line.path.partition('?')[0]}")
                served[key].append((seconds_of(line) - zero, f"{line.lb_backend}/{line.lb_server}"))
    findings = [
        *gaps(missing, unread),
        *full(fullest, directory.read_balancer()),
        *cut(cuts),
    ]
    return LogFacts(dict(served), findings, lines, missing)


def gaps(missing: int, unread: int) -> list[str]:
    """What of the log nobody has seen."""
    found = []
    if missing:
        found.append(
            f"{counted_noun(missing, 'line')} of it {are(missing)} missing (they came faster than they could be kept): it "
            "shows no more than the rest"
        )
    if unread:
        found.append(
            f"only its first {MOST_LINES} requests were read; {counted_noun(unread, 'line')} after them were not"
        )
    return found


def is_noise(path: str) -> bool:
    """Whether this is administration or health monitoring: no client of ours asks for it, and it never counts."""
    return path.lower().startswith(names.POWERSHELL)


def cut(cuts: Cuts) -> list[str]:
    """What the balancer cut, how often, after which time, and with which flags of its log."""
    found = []
    for (flags, lb_backend, place), moments in sorted(cuts.items(), key=lambda one: -len(one[1])):
        first, lasted = min(moments)[0], median(total for _, total in moments)
        found.append(
            f"{flags}: {place} was cut {counted_noun(len(moments), 'time')}, half of them within {lasted:.1f} s, first "
            f"{max(0.0, first):.0f} s into the run; {CUTS[flags]} (backend {lb_backend})"
        )
    more = len(found) - MOST_CUTS
    return found[:MOST_CUTS] + ([f"{more} further kinds of cut requests"] if more > 0 else [])


def full(fullest: dict[str, int], config: str) -> list[str]:
    """The frontends of the balancer that had as many connections as they may have at all."""
    found = []
    for lb_frontend, (most, number) in limits(config).items():
        if fullest.get(lb_frontend, 0) >= most:
            found.append(
                f"frontend {lb_frontend} was full: {fullest[lb_frontend]} of {most} connections "
                f"(line {number}: maxconn {most}); who came later had to wait"
            )
    return found


def limits(config: str) -> dict[str, tuple[int, int]]:
    """Each frontend's own `maxconn`, and the line it stands on."""
    found: dict[str, tuple[int, int]] = {}
    section = ""
    for number, line in enumerate(config.splitlines(), 1):
        if line and not line[0].isspace():
            opened = _SECTION.match(line)
            section = opened.group(2) if opened else ""
        elif section and (limit := _MAXCONN.match(line)):
            found[section] = (int(limit.group(1)), number)
    return found


def seconds_of(line: LogLine) -> float:
    """When the balancer took the request, in seconds since 1970."""
    whole, _, milliseconds = line.at.partition(".")
    return _moment(whole) + (int(milliseconds) / 1000 if milliseconds.isdecimal() else 0.0)


@lru_cache(maxsize=64)
def _moment(text: str) -> float:
    try:
        return datetime.strptime(text, "%d/%b/%Y:%H:%M:%S").timestamp()
    except ValueError:
        return 0.0
