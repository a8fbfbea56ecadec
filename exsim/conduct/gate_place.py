"""Where in a balancer's file something stands: the line that spread the lost sessions, a limit that was met.

The file is looked up where the run was started from.  A file that is not there has no lines to point to.
"""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

from exsim.conduct.lb_log import LogFacts
from exsim.judgement.gate.document import Annotation
from exsim.judgement.judge import Judgement
from exsim.judgement.matrix import lost_by_itself
from exsim.lb.cfg import Section, read
from exsim.runs.runfile import RunFile

Place = tuple[str, int]
NOWHERE: Place = ("", 0)
# What decides where a client goes, most telling first.
DECIDING = ("cookie", "stick", "balance")
_FULL = re.compile(r"frontend (\S+) was full")


def sections_of(run: RunFile) -> list[Section]:
    """The balancer's file as given; none where it is not to be had."""
    path = Path(run.balancer_path)
    if not run.balancer_path or not path.is_file():
        return []
    return read(path.read_text(encoding="utf-8", errors="replace"))


def spreading_line(run: RunFile, judgement: Judgement, log: LogFacts) -> Place:
    """The line of the backend through which most lost sessions met their culprit."""
    sections = sections_of(run)
    used = _lb_backends(judgement, log)
    for name, _ in used.most_common():
        for section in sections:
            if section.kind in ("backend", "listen") and section.name == name:
                return run.balancer_path, deciding_line(section)
    return NOWHERE


def deciding_line(section: Section) -> int:
    """The line of a section that says where its clients go; its title where none does."""
    for word in DECIDING:
        line = section.first(word)
        if line is not None:
            return line.number
    return section.lines[0].number


def _lb_backends(judgement: Judgement, log: LogFacts) -> Counter[str]:
    """How often the balancer's log has each lb_backend under the requests at which sessions were lost."""
    lost = [one.incident for one in judgement.findings.sessions if lost_by_itself(one)]
    wanted = {one.request.partition("?")[0] for one in lost if one is not None}
    used: Counter[str] = Counter()
    for (_, request), served in log.served.items():
        if request in wanted:
            used.update(name.partition("/")[0] for _, name in served)
    return used


def remarks(run: RunFile, log: LogFacts) -> list[Annotation]:
    """The balancer's own warnings, and what its log shows, at the lines that they speak of."""
    if not run.balancer_path:
        return []
    sections = sections_of(run)
    found = []
    place = re.compile(re.escape(run.balancer) + r":(\d+)")
    for words in run.warnings:
        at = place.search(words)
        line = int(at.group(1)) if at else 0
        found.append(Annotation("notice", words, run.balancer_path, line))
    for words in log.findings:
        found.append(Annotation("warning", words, run.balancer_path, _limit_line(words, sections)))
    return found


def _limit_line(words: str, sections: list[Section]) -> int:
    named = _FULL.search(words)
    for section in sections:
        line = section.first("maxconn")
        if named and line and section.name == named.group(1):
            return line.number
    return 0
