"""What the demo says at its end: the loss, one lost session hop by hop, and the workaround beside it."""

from __future__ import annotations

from textwrap import fill
from typing import TYPE_CHECKING

from exsim.conduct.comparing import compare
from exsim.conduct.facts import shown
from exsim.judgement.report.text import render
from exsim.judgement.words import shortened

if TYPE_CHECKING:
    from exsim.conduct.running import Done

RULE = "─" * 79 + "\n"
HOPS = 14  # of the lost session that are shown
REQUEST = 27  # columns


def closing(round_robin: Done, cookie: Done) -> str:
    """The text of the whole demo."""
    parts = [
        "\n",
        render(round_robin.judgement),
        RULE,
        one_lost_session(round_robin),
        RULE,
        " The same organisation, the same users, and a cookie of the balancer's that\n"
        " keeps each browser on one node:\n\n",
        short(cookie),
        f"\n{beside(round_robin, cookie)}\n",
        RULE,
        " Reports (open in any browser, they need no network):\n",
        *(f"   {shown(done.directory.report_html)}\n" for done in (round_robin, cookie)),
        "\n Next:   exsim run scenarios/roundrobin.toml\n"
        "         your own haproxy.cfg in the lab: README.md, section 4\n",
    ]
    return "".join(parts)


def one_lost_session(done: Done) -> str:
    """The first session that was lost, hop by hop, with the hop that took the cookies away marked."""
    stories = done.judgement.stories
    if not stories:
        return " No session was lost: that is not what this demo is made to show.\n"
    story = stories[0]
    said = (
        f"One lost session, {story.session}: logged on at {story.login_front_end}, "
        f"{story.age:.2f} s old when {story.culprit} took its cookies."
    )
    lines = [f"{paragraph(said)}\n\n"]
    marked = [line for line in story.lines if line.mark != "control"]
    at = next(i for i, line in enumerate(marked) if line.mark == "culprit")
    began = marked[at].since + marked[at].took - story.age
    for line in marked[max(0, at - HOPS // 2) : at + HOPS // 2]:
        request = shortened(line.request.partition("?")[0], REQUEST)
        mark = {"culprit": "  ◄ took the cookies", "aftermath": "  (aftermath)"}.get(line.mark, "")
        status = line.answer.split(",")[0].split(" to ")[0]
        arrived = line.since + line.took - began
        lines.append(f"  {arrived:5.2f} s  {line.node:<14} {request:<{REQUEST}} {status}{mark}\n")
    return "".join(lines)


def beside(round_robin: Done, cookie: Done) -> str:
    """Both halves in one sentence, as `exsim compare` says it."""
    found = compare(
        round_robin.directory, cookie.directory, [round_robin.judgement, cookie.judgement]
    )
    return paragraph(found.document.sentence)


def short(done: Done) -> str:
    """The verdict of the other half in a few lines."""
    statement = done.judgement.statement
    return paragraph(f"{statement.word}  {statement.text}") + "\n"


def paragraph(text: str) -> str:
    """`text` in lines of the report's own width."""
    return fill(text, 79, initial_indent=" ", subsequent_indent=" ", break_on_hyphens=False)
