"""Move any HAProxy configuration to this machine by mechanical changes, each of them listed.

Order of rules, modes, options, persistence, balance, reuse and ALPN stay as they are.  What has to
change is said with its line, and with whether it may matter for what a test finds.
"""

from __future__ import annotations

from collections.abc import Iterator

from exsim.lb.cfg import Line, Section, mode_of, read
from exsim.lb.global_lines import added, global_line
from exsim.lb.rig import HARMLESS, MAY_MATTER, Change, Edit, Moving, Retargeted, Rig
from exsim.lb.server_lines import PLAIN, THROUGH, TLS, bind, default_server, server
from exsim.lb.service_lines import service

EVIDENCE = "http-response set-header X-LB-Server %b/%s"
DROPPED_SECTIONS = {
    "mailers": "would send mail",
    "program": "would start programs",
    "crt-store": "holds certificates that are not here",
    "acme": "would ask for certificates",
}
ELSEWHERE = "points to what is not here"
PEERS = ("peer", "server")  # what a line is that names one, the second with a bind line besides
Lines = list[tuple[int, str]]  # number in the file as given (0: added), text as it goes out
SERVICES = ("frontend", "backend", "listen", "defaults")


def retarget(text: str, rig: Rig, source: str = "haproxy.cfg") -> Retargeted:
    """`text` as it runs at `rig`.  Raises LbError ("file:line: …") for what cannot be moved."""
    sections = read(text)
    moving = Moving(rig, source, Retargeted(""), _own_peer(sections), _passes(sections))
    _check(sections, moving)
    out: Lines = []
    defaults: Section | None = None
    for section in sections:
        if section.kind == "defaults":
            defaults = section
        out += _section(section, defaults, moving)
    if not any(section.kind == "global" for section in sections):
        title = [(0, "global"), *((0, f"    {line}") for line, _ in added(moving, False))]
        moving.made.changes += [
            Change(0, "", line, HARMLESS, why) for line, why in added(moving, False)
        ]
        out = [*title, (0, ""), *out]
    out += _stubs(sections, moving)
    moving.made.text = "\n".join(text for _, text in out) + "\n"
    moving.made.origin = [number for number, _ in out]
    return moving.made


def _check(sections: list[Section], moving: Moving) -> None:
    """Raise for a file that is no balancer's at all."""
    if not any(section.kind in ("frontend", "listen") for section in sections):
        raise moving.error(1, "has neither a frontend nor a listen section")
    for line in sections[0].lines:
        if line.words and not line.words[0].startswith("."):
            raise moving.error(line.number, f"{line.words[0]}: stands before the first section")


def _passes(sections: list[Section]) -> bool:
    """Whether this balancer hands on bytes: then its clients speak TLS with the nodes themselves."""
    return not any(
        "ssl" in line.words if line.words[0] == "bind" else line.words[1:2] == ["http"]
        for one in sections
        for line in one.lines
        if line.words[:1] in (["bind"], ["mode"])
    )


def _section(
    section: Section, defaults: Section | None, moving: Moving
) -> Iterator[tuple[int, str]]:
    """The lines of one section as they go out."""
    if section.kind in DROPPED_SECTIONS:
        for line in section.lines:
            why = Edit(None, MAY_MATTER, DROPPED_SECTIONS[section.kind])
            yield line.number, _dropped(line, why, moving)
        return
    last = _last_word(section)
    for index, line in enumerate(section.lines):
        if line.words and index:
            edit = _edit(line, section, defaults, moving)
            yield line.number, line.text if edit is None else _applied(line, edit, moving)
        else:
            yield line.number, line.text
        if index == last:
            yield from _additions(section, defaults, moving)


def _last_word(section: Section) -> int:
    """The index of the last line of a section that says something."""
    return max((index for index, line in enumerate(section.lines) if line.words), default=-1)


def _edit(line: Line, section: Section, defaults: Section | None, moving: Moving) -> Edit | None:
    """The one rule that a line falls under."""
    word = line.words[0]
    if section.kind == "global":
        return global_line(line, moving)
    if section.kind == "peers":
        return _peer(line, moving)
    if section.kind == "http-errors":
        return Edit(None, MAY_MATTER, ELSEWHERE) if word == "errorfile" else None
    if section.kind not in SERVICES:
        return None
    if word == "server":
        return server(line, moving, _speaks(section, defaults, moving.passes))
    if word == "default-server":
        return default_server(line, moving)
    if word == "bind":
        return bind(line, section, moving)
    return service(line, section, moving)


def _speaks(section: Section, defaults: Section | None, passes: bool) -> str:
    """What a server of this section speaks that does not say so itself."""
    places = [one for one in (section, defaults) if one]
    if any("ssl" in line.words for one in places for line in one.named("default-server")):
        return TLS
    return THROUGH if passes else PLAIN


def _own_peer(sections: list[Section]) -> str:
    """The name of the first peer, which this balancer takes for its own; "" when there are none."""
    named = (
        line.words[1]
        for one in sections
        if one.kind == "peers"
        for line in one.lines
        if line.words[:1] in ([word] for word in PEERS) and len(line.words) > 1
    )
    return next(named, "")


def _peer(line: Line, moving: Moving) -> Edit | None:
    """The first peer is this machine; there are no others."""
    if line.words[0] not in (*PEERS, "bind", "default-bind") or len(line.words) < 2:
        return None
    if line.words[0] not in PEERS or line.words[1] != moving.peer:
        return Edit(None, MAY_MATTER, "it has no peers here")
    after = ["peer", moving.peer, moving.rig.next_address(False)]
    return Edit(line.with_words(after), HARMLESS, "this balancer itself, which has no other peers")


def _applied(line: Line, edit: Edit, moving: Moving) -> str:
    if edit.after is None:
        return _dropped(line, edit, moving)
    change = Change(line.number, line.text.strip(), edit.after.strip(), edit.kind, edit.why)
    if change.before != change.after:
        moving.made.changes.append(change)
    return edit.after


def _dropped(line: Line, edit: Edit, moving: Moving) -> str:
    if not line.words:
        return line.text
    moving.made.changes.append(Change(line.number, line.text.strip(), "", edit.kind, edit.why))
    return f"# dropped: {line.text.strip()}"


def _additions(
    section: Section, defaults: Section | None, moving: Moving
) -> Iterator[tuple[int, str]]:
    """Lines that a section gains at its end."""
    lines: list[tuple[str, str]] = []
    if section.kind == "global":
        lines = added(moving, section.first("nbthread") is not None)
    elif section.kind in ("backend", "listen") and mode_of(section, defaults) == "http":
        lines = [(EVIDENCE, "says which server answered; changes nothing else")]
    if section.kind in ("frontend", "listen"):
        lines += _logging(section, defaults)
    for line, why in lines:
        moving.made.changes.append(Change(0, "", line, HARMLESS, why))
        yield 0, f"    {line}"


def _logging(section: Section, defaults: Section | None) -> Iterator[tuple[str, str]]:
    """What a frontend lacks for its requests to be logged."""
    places = [one for one in (section, defaults) if one is not None]
    if not any(one.first("log") or one.first("no", "log") for one in places):
        yield "log global", "the log is evidence"
    formats = (("log-format",), ("option", "httplog"), ("option", "tcplog"))
    if mode_of(section, defaults) == "http" and not any(
        one.first(*words) for one in places for words in formats
    ):
        yield "option httplog", "the log is evidence"


def _stubs(sections: list[Section], moving: Moving) -> Iterator[tuple[int, str]]:
    """A backend for each name that is used and nowhere defined."""
    defined = {section.name for section in sections if section.kind in ("backend", "listen")}
    for section in sections:
        for line in section.lines:
            if line.words[:1] not in (["use_backend"], ["default_backend"]) or len(line.words) < 2:
                continue
            name = line.words[1]
            if name in defined or "%" in name:
                continue
            defined.add(name)
            why = f"backend {name} is used and not in the file: it answers 503"
            moving.made.changes.append(Change(line.number, line.text.strip(), "", MAY_MATTER, why))
            stub = ("", f"backend {name}", "    mode http", "    http-request return status 503")
            yield from ((0, text) for text in stub)
