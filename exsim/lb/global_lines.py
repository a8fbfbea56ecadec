"""The `global` section: without what needs root, a home directory or another machine."""

from __future__ import annotations

from exsim.lb.cfg import Line
from exsim.lb.rig import HARMLESS, MAY_MATTER, Edit, Moving

_ELSEWHERE = """
chroot user group uid gid daemon pidfile ulimit-n ca-base crt-base ssl-dh-param-file
log-send-hostname nbproc cpu-map unix-bind master-worker mworker-max-reloads server-state-base
server-state-file localpeer node description stats-file
"""
NEEDS_ANOTHER_PLACE = frozenset(_ELSEWHERE.split())
# No two runs are alike when several threads share the work.
ONE_THREAD = "nbthread 1"


def global_line(line: Line, moving: Moving) -> Edit | None:
    """What becomes of a line of `global`; None: it stays."""
    word = line.words[0]
    if word in NEEDS_ANOTHER_PLACE:
        return Edit(None, HARMLESS, "needs rights or a place that it has not here")
    if word == "stats" and line.words[1:2] != ["timeout"]:
        return Edit(None, HARMLESS, "it has a runtime socket of its own here")
    if word == "log":
        return Edit(None, HARMLESS, "logs to exsim's own listener")
    if word == "nbthread" and line.words[1:2] != ["1"]:
        return Edit(
            line.with_words(ONE_THREAD.split()), MAY_MATTER, "one thread, for repeatable runs"
        )
    if word in ("maxconn", "fullconn") and len(line.words) > 1 and line.words[1].isdecimal():
        most = moving.rig.most_connections
        if int(line.words[1]) > most:
            why = f"this machine's file descriptors allow {most}"
            return Edit(line.with_words([word, str(most)]), MAY_MATTER, why)
    return None


def added(moving: Moving, has_one_thread: bool) -> list[tuple[str, str]]:
    """Lines that `global` gains, each with its reason."""
    rig = moving.rig
    lines = [
        (f"log {rig.log} len 8192 format raw local0", "exsim keeps the log"),
        (f"stats socket {rig.socket} mode 600 level admin", "its runtime socket here"),
    ]
    if not has_one_thread:
        lines.append((ONE_THREAD, "one thread, for repeatable runs"))
    if moving.peer:
        lines.append((f"localpeer {moving.peer}", "its own name among the peers"))
    return lines
