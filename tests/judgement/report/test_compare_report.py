"""Falls if: the comparison's text is wider than a terminal, a cell has a colour and no word, a server's text gets
into the page as markup, or the page needs anything from outside.
"""

from __future__ import annotations

import pytest

from exsim.judgement.compare.comparison import compared
from exsim.judgement.compare.side import Side
from exsim.judgement.report import compare_html, compare_text
from tests.judgement.build import facts, farm_sessions, nothing, one_way, sticky_sessions
from tests.judgement.compare.sides import balancer, losing, side, sticky
from tests.judgement.report.test_report import tags

HOSTILE = '<script>alert("x")</script>\x1b[31m'


def hostile() -> Side:
    name = f"{HOSTILE}.cfg"
    config = f"frontend x\n  # {HOSTILE}\n  bind :443 {HOSTILE}\n"
    return side(
        "B", farm_sessions(one_way), balancer=balancer(name, config), stopped=HOSTILE, scenario={HOSTILE: HOSTILE}
    )  # fmt: skip


KINDS = {
    "the incident": lambda: (losing(), sticky()),
    "turned round": lambda: (sticky("A"), side("B", farm_sessions(one_way))),
    "none lost": lambda: (sticky("A"), sticky("B")),
    "all alike": lambda: (losing(), side("B", farm_sessions(one_way))),
    "nothing": lambda: (side("A", []), side("B", [])),
    "one empty": lambda: (losing(), side("B", [])),
    "hostile": lambda: (losing(), hostile()),
    "healthy": lambda: (side("A", farm_sessions(nothing)), sticky()),
}


@pytest.mark.parametrize("kind", KINDS)
def test_no_line_is_wider_than_the_terminal(kind: str) -> None:
    found = compared(*KINDS[kind]())
    said = compare_text.render(found.document, found.pictures)
    assert all(len(line) <= 80 for line in said.splitlines()), said
    assert "\x1b" not in said


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_comparison_makes_a_page_without_scripts(kind: str) -> None:
    found = compared(*KINDS[kind]())
    page = compare_html.render(found.document, found.pictures)
    found_tags = tags(page)
    assert "script" not in found_tags.seen and not found_tags.fetched
    assert "http://" not in page and "https://" not in page
    assert "<b>Simulated Exchange" in page and "\x1b" not in page


def test_both_matrices_stand_in_one_table() -> None:
    found = compared(losing(), sticky())
    page = compare_html.render(found.document, found.pictures)
    assert page.count('<table class="both">') == 1
    assert page.count('<div class="half') == 2 * 9
    assert page.count("LOST</span>") == 2 and page.count("prevented</span>") == 6
    said = compare_text.render(found.document, found.pictures)
    assert said.count("LOST") == 2 and said.count("prevented") == 6


def test_colour_only_adds_to_the_words() -> None:
    found = compared(losing(), sticky())
    plain = compare_text.render(found.document, found.pictures)
    coloured = compare_text.render(found.document, found.pictures, colour=True)
    assert "\x1b[" in coloured and len(coloured) > len(plain)


def test_a_farm_too_wide_for_the_screen_lists_what_was_lost() -> None:
    nodes = tuple(f"EXCH-LONGNAME-{n}" for n in range(6))
    from exsim.judgement.facts import Node

    farm = tuple(Node(name, "2016") for name in nodes)
    rule = lambda login, serving, home: serving == nodes[5] != login  # noqa: E731
    wide = {"nodes": farm}
    assert facts(**wide).nodes == farm
    found = compared(
        side("A", farm_sessions(rule, nodes=nodes, homes=nodes[:1]), **wide),
        side("B", sticky_sessions(nodes=nodes), **wide),
    )
    said = compare_text.render(found.document, found.pictures)
    assert all(len(line) <= 80 for line in said.splitlines())
    assert f"{nodes[0]} → {nodes[5]}: A " in said
