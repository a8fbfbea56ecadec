"""Options, timeouts, logs and files within a section: what newer releases refuse, and what points elsewhere."""

from __future__ import annotations

import re

from exsim.lb.cfg import Line, Section
from exsim.lb.rig import HARMLESS, MAY_MATTER, Edit, Moving

REFUSED_SINCE_2 = {
    "forceclose",
    "http-tunnel",
    "http-use-htx",
    "http_proxy",
    "accept-invalid-http-request-x",
}
OLD_TIMEOUTS = {"contimeout": "connect", "clitimeout": "client", "srvtimeout": "server"}
UNITS = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "": 1e-3}
GONE = "newer releases of HAProxy do not take it; "


def service(line: Line, section: Section, moving: Moving) -> Edit | None:
    """What becomes of a line of a frontend, backend, listen or defaults; None: it stays."""
    word = line.words[0]
    if line.bare[:1] == ["option"]:
        return option(line, section, moving)
    if word == "timeout":
        return timeout(line, moving)
    if word in OLD_TIMEOUTS and len(line.words) > 1:
        after = f"timeout {OLD_TIMEOUTS[word]} {line.words[1]}"
        return Edit(line.with_words(after.split()), HARMLESS, GONE + "its newer name")
    if word == "redispatch":
        return Edit(line.with_words(["option", "redispatch"]), HARMLESS, GONE + "its newer name")
    if line.bare[:1] == ["log"]:
        return log(line)
    if word in ("reqadd", "rspadd"):
        return add_header(line, moving)
    if word in ("errorfile", "errorloc", "errorloc302", "errorloc303", "errorfiles", "email-alert"):
        return Edit(None, MAY_MATTER, "points to what is not here")
    if word in ("load-server-state-from-file", "bind-process"):
        return Edit(None, HARMLESS, "points to what is not here")
    if word in ("server-template", "dispatch"):
        raise moving.error(line.number, f"{word}: cannot be told which nodes these are")
    return pattern_files(line)


def option(line: Line, section: Section, moving: Moving) -> Edit | None:
    """`option` lines that newer releases refuse, or that would hide the log."""
    negated, name = line.words[0] == "no", (line.bare[1:2] or [""])[0]
    if name in REFUSED_SINCE_2:
        if negated:
            return Edit(None, HARMLESS, GONE + "what it negates no longer exists")
        if name == "forceclose":
            after = line.with_words(["option", "httpclose"])
            return Edit(after, MAY_MATTER, GONE + "httpclose does the same now")
        return Edit(None, MAY_MATTER, GONE + "there is nothing like it")
    if name == "prefer-last-server" and section.kind == "frontend" and moving.rig.release >= (3, 1):
        return Edit(None, HARMLESS, "refused in a frontend since 3.2, without effect there before")
    if name == "dontlog-normal" and not negated:
        return Edit(None, HARMLESS, "would hide the log, which is evidence")
    return None


def timeout(line: Line, moving: Moving) -> Edit | None:
    """A timeout under the rig's time scale."""
    scale = moving.rig.time_scale
    if scale == 1.0 or len(line.words) < 3:
        return None
    after = scaled(line.words[2], scale)
    if after is None:
        raise moving.error(line.number, f"timeout {line.words[1]}: {line.words[2]} is no time")
    return Edit(
        line.with_words(["timeout", line.words[1], after, *line.words[3:]]),
        HARMLESS,
        f"the lab's time scale is {scale:g}",
    )


def scaled(value: str, scale: float) -> str | None:
    """A HAProxy time (`60s`, `1500`, `2m`) times `scale`, in milliseconds, at least one; None: no time."""
    match = re.fullmatch(r"(\d+)(us|ms|s|m|h|d|)", value)
    if match is None:
        return None
    return f"{max(1, round(int(match[1]) * UNITS[match[2]] * scale * 1000))}ms"


def log(line: Line) -> Edit | None:
    """Where a section logs to: the global target, which is the rig's."""
    if line.words == ["log", "global"]:
        return None
    if line.words[0] == "no":
        return Edit(line.with_words(["log", "global"]), HARMLESS, "the log is evidence")
    return Edit(line.with_words(["log", "global"]), HARMLESS, "logs to exsim's own listener")


def add_header(line: Line, moving: Moving) -> Edit:
    """`reqadd X:\\ y` in its newer form."""
    direction = "request" if line.words[0] == "reqadd" else "response"
    name, colon, value = " ".join(line.words[1:2]).partition(":")
    if not colon:
        raise moving.error(line.number, f"{line.words[0]}: adds no header")
    value = value.replace("\\ ", " ").strip().replace(" ", "\\ ")
    condition = line.words[2:]
    after = [f"http-{direction}", "add-header", name, value, *condition]
    return Edit(line.with_words(after), HARMLESS, GONE + "its newer name")


def pattern_files(line: Line) -> Edit | None:
    """`-f FILE` of an ACL: the file is not here, and is read as empty."""
    if line.words[0] not in ("acl", "http-request", "http-response", "use_backend", "tcp-request"):
        return None
    words = list(line.words)
    files = [index + 1 for index, word in enumerate(words[:-1]) if word == "-f"]
    if not files:
        return None
    names = ", ".join(words[index] for index in files)
    for index in files:
        words[index] = "/dev/null"
    return Edit(line.with_words(words), MAY_MATTER, f"{names} is not here and is read as empty")
