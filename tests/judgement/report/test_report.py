"""Falls if: a report lacks what is needed to act, is wider than the terminal, lets hostile text out of its
place, calls green what was not met, or cannot be opened offline."""

from __future__ import annotations

import csv as csv_reader
import io
import re
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any
from xml.etree import ElementTree

import pytest

from exsim.judgement.expectations import Expectations
from exsim.judgement.facts import Balancer, LeftBehind, Node, RunFacts
from exsim.judgement.judge import Judgement, judge, sessions_to_tell
from exsim.judgement.report import csv, html, junit, text
from exsim.session.records import Findings, Session, Waits
from tests.judgement.build import (
    OLD,
    A,
    B,
    control_sessions,
    facts,
    farm_sessions,
    finding,
    found,
    hop,
    lost_dialogue,
    nothing,
    one_way,
    session,
    sticky_sessions,
)

HOSTILE = "</pre></style></title><script>alert(1)</script>\"'><img src=x onerror=alert(2)>\x1b[31m"
STEERS = "\x9b2J\u202e\x00"


def judged(
    sessions: list[Session] | Findings, here: RunFacts | None = None, **changes: Any
) -> Judgement:
    findings = sessions if isinstance(sessions, Findings) else found(sessions)
    hops = {s.user: lost_dialogue(s) for s in sessions_to_tell(findings)}
    return judge(findings, here or facts(**changes), hops)


def failed() -> Judgement:
    return judged([*farm_sessions(one_way), *control_sessions()], h2_offered=True)


def masked() -> Judgement:
    steered = [session(500 + i, A, [OLD], A, one_way, forced=True) for i in range(3)]
    return judged([*sticky_sessions(), *steered])


EVERY = {
    "fail": failed,
    "masked": masked,
    "pass": lambda: judged(farm_sessions(nothing, 20)),
    "sticky": lambda: judged(sticky_sessions(), expect=Expectations(persistence="held")),
    "inconclusive": lambda: judged(sticky_sessions(nodes=[A])),
    "nothing": lambda: judged([]),
    "nothing at all": lambda: judge(found([]), RunFacts()),
    "noted": lambda: judged(
        [], notes=tuple(f"user{n:02}@isp.com.au: {HOSTILE * 20}" for n in range(9))
    ),
    "stopped": lambda: judged([], stopped="2 accounts were refused", lasted=4),
    "by home": lambda: judged(farm_sessions(lambda a, b, h: one_way(a, b, h) and h == OLD)),
}


@pytest.mark.parametrize("name", EVERY)
def test_no_line_is_wider_than_the_terminal(name: str) -> None:
    for line in text.render(EVERY[name](), exit_code=1).splitlines():
        assert len(line) <= 80, line


@pytest.mark.parametrize("name", EVERY)
def test_every_report_renders_and_starts_with_what_is_simulated(name: str) -> None:
    judgement = EVERY[name]()
    assert text.render(judgement).startswith(" Simulated Exchange")
    page = html.render(judgement)
    assert page.index("Simulated Exchange") < page.index(
        judgement.statement.word, page.index("<body")
    )
    ElementTree.fromstring(junit.render(judgement).partition("?>")[2])
    assert csv.render(judgement).startswith("kind,protocol,login_front_end,")


def test_the_first_screen_of_a_failure() -> None:
    screen = text.render(failed(), exit_code=1)
    wanted = [
        "FAIL  Sessions begun at a 2016 node are thrown out when EXCH13 serves them.",
        "40 of 40 were lost at that meeting", "0 of 120 other first meetings", "HTTP/2", "20/20 LOST",
        "Where the mailbox lives made no difference", "The same cookies, two answers",
        "440, and deletes all five logon cookies", "200, 0.4 s later, with a copy",
        "The session was alive.", "Each node directly: 0 of 36 lost.", "Not measured: EWS",
        "Left behind: nothing. 81 logons, 0 wrong passwords, 0 mails, 0 items written.", "next:  exsim show",
        "report.html", "exit 1",
    ]  # fmt: skip
    places = [screen.index(phrase) for phrase in wanted]
    assert places == sorted(places)
    assert len(screen.splitlines()) <= 40


def test_a_page_says_whether_the_balancer_kept_anybody_also_beside_a_proof() -> None:
    judgement = failed()
    page = " ".join(html.render(judgement).split())
    assert "The proof" in page
    assert page.count("The balancer does not keep a session on one node") == 1
    assert html.render(judged([])).count("The balancer does not keep") == 0


def test_a_run_without_a_session_praises_no_load_and_says_what_was_learnt_before_it() -> None:
    page = html.render(judged([], keeping="The balancer keeps nobody."))
    assert "The balancer keeps nobody." in page
    assert "0 accounts, one user each" not in page


def test_that_time_ran_faster_is_told_wherever_times_are() -> None:
    judgement = judged([], time_scale=0.1)
    for told in (text.render(judgement), html.render(judgement)):
        assert "Time ran 10 times faster than on a real farm" in " ".join(told.split())
    assert "times faster" not in text.render(failed())


def test_next_is_the_session_whose_proof_was_shown() -> None:
    judgement = failed()
    other = judgement.proofs[-1]
    assert other.session != judgement.stories[0].session
    screen = text.render(replace(judgement, proofs=(other,)))
    assert f"two answers (session {other.session}," in screen
    assert f"next:  exsim show {other.session} " in screen


def test_colour_only_adds_to_the_words() -> None:
    plain, coloured = text.render(failed()), text.render(failed(), colour=True)
    assert "\x1b[" not in plain
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == plain


def test_every_lost_prevented_and_unmet_cell_has_its_word() -> None:
    assert text.render(failed()).count("LOST") == 2
    sticky = text.render(judged(sticky_sessions(nodes=[A])))
    assert (sticky.count("prevented"), sticky.count("not met")) == (2, 6)


@pytest.mark.parametrize(
    ("count", "phrase"), [(6, "(6) EXCHANGE-SYDNEY-06"), (9, "EXCHANGE-SYDNEY-03 30/30 LOST")]
)
def test_many_nodes_with_long_names_still_fit(count: int, phrase: str) -> None:
    names = [f"EXCHANGE-SYDNEY-{i:02}" for i in range(1, count + 1)]
    here = facts(nodes=tuple(Node(name, "2016") for name in names))
    sessions = farm_sessions(lambda a, b, h: b == names[2], 30, names, names[:1])
    screen = text.render(judged(sessions, here))
    assert max(map(len, screen.splitlines())) <= 80
    assert phrase in screen


def test_a_real_farm_is_not_called_simulated() -> None:
    judgement = judged(farm_sessions(one_way), rig="target", presets=(), balancer=None)
    assert "REAL nodes, production balancer" in text.render(judgement)
    assert "imulated" not in text.render(judgement) + html.render(judgement)


def test_no_percentage_stands_without_its_fraction() -> None:
    """In the sentences of people's reports: a share has its "n of m" in the same or the sentence before."""
    for make in EVERY.values():
        judgement = make()
        for sentence in judgement.statement.sentences:
            if "%" in sentence:
                assert re.search(r"\d+ of \d+", sentence), sentence


class Tags(HTMLParser):
    """Counts elements and collects addresses that a page would fetch."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[str] = []
        self.fetched: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag)
        self.fetched += [f"{k}={v}" for k, v in attrs if k in {"src", "href", "action", "data"}]
        assert not any(k.startswith("on") for k, _ in attrs)


def tags(page: str) -> Tags:
    parser = Tags()
    parser.feed(page)
    return parser


def test_the_page_is_one_file_without_scripts() -> None:
    found_tags = tags(html.render(failed()))
    assert not {"script", "link", "img", "iframe", "object"} & set(found_tags.seen)
    assert found_tags.fetched == ["href=#stories"]


def test_hostile_text_stays_text_everywhere() -> None:
    sessions = farm_sessions(one_way)
    for one in sessions:
        one.account = HOSTILE
    here = facts(
        title=HOSTILE + STEERS, scenario=HOSTILE + STEERS, run=HOSTILE, address=HOSTILE, stopped=HOSTILE,
        nodes=(Node(HOSTILE, HOSTILE),), not_measured=(HOSTILE,), started=HOSTILE, ended=HOSTILE,
        balancer=Balancer(HOSTILE, HOSTILE, HOSTILE, HOSTILE, (HOSTILE,), (HOSTILE,), (HOSTILE,), HOSTILE),
        left_behind=LeftBehind(things=(HOSTILE,)), presets=(),
    )  # fmt: skip
    findings = found(sessions, findings=[finding(HOSTILE, front_end=HOSTILE)])
    hops = {
        s.user: [
            *lost_dialogue(s),
            hop(s.user, 3, 1.0, f"GET {HOSTILE}", HOSTILE, step=HOSTILE, location=HOSTILE),
        ]
        for s in sessions_to_tell(findings)
    }
    judgement = judge(findings, here, hops)
    page = html.render(judgement)
    clean = html.render(failed())
    assert set(tags(page).seen) <= set(tags(clean).seen)
    assert "<script" not in page
    assert page.count("</style>") == 1
    ElementTree.fromstring(junit.render(judgement).partition("?>")[2])
    for said in (page, junit.render(judgement), csv.render(judgement), text.render(judgement)):
        assert not {"\x1b", "\x9b", "\u202e", "\x00"} & set(said)


def test_the_page_shows_what_is_promised() -> None:
    here = replace(
        facts(h2_offered=True, sources=("127.0.9.1",)),
        balancer=Balancer(
            "HAProxy 2.8.25", "wheel", "x.cfg", "frontend f\n  bind :1", ("bind moved",)
        ),
    )
    page = html.render(judged(farm_sessions(one_way), here))
    for phrase in (
        "The proof", "took the session", "came after", "evidence, not counted", "What it is not",
        "What it may be", "How many users", "Read this before you show it to anybody", "HTTP/2",
        "What this run does not cover", "Losses over time", "<svg", "Lost sessions, hop by hop",
        "frontend f\n  bind :1", "bind moved", "prefers-color-scheme:dark", "@media print", "rid-",
        "34 further lost sessions",
    ):  # fmt: skip
        assert phrase in page, phrase


def test_what_takes_longer_than_the_run_is_named() -> None:
    short, scaled = judged(farm_sessions(one_way)), judged(farm_sessions(one_way), time_scale=0.05)
    assert "7.5 min" in html.render(short)
    assert "7.5 min" not in html.render(scaled)  # 60 s are 20 minutes of Exchange's own
    assert "4 h" in html.render(scaled)


def test_what_a_run_noted_of_itself_stands_in_its_reports() -> None:
    said = judged(
        farm_sessions(one_way),
        notes=("user03@isp.com.au: the password is refused; it was not used",),
    )
    for form in (text.render(said), html.render(said)):
        assert "user03@isp.com.au: the password is refused; it was not used." in " ".join(
            form.split()
        )
    many = judged([], notes=tuple(f"user{n:02}: refused" for n in range(9)))
    assert "And 3 more of that kind (run.json, notes)." in text.render(many)


def test_junit_skips_what_was_not_met_and_never_passes_an_inconclusive_run() -> None:
    suite = ElementTree.fromstring(junit.render(masked()).partition("?>")[2])[0]
    assert (suite.get("tests"), suite.get("failures"), suite.get("skipped")) == ("19", "0", "12")
    suite = ElementTree.fromstring(junit.render(judged([])).partition("?>")[2])[0]
    assert (suite.get("tests"), suite.get("errors")) == ("1", "1")
    suite = ElementTree.fromstring(junit.render(failed()).partition("?>")[2])[0]
    assert suite.get("failures") == "5"  # the run and its four losing combinations


def test_allowed_losses_fail_no_test_case() -> None:
    sessions = [*farm_sessions(nothing, 20), session(500, A, [A, OLD], A, one_way)]
    judgement = judged(sessions, expect=Expectations(max_lost_sessions=5))
    suite = ElementTree.fromstring(junit.render(judgement).partition("?>")[2])[0]
    assert suite.get("failures") == "0"


def test_the_csv_holds_every_combination_and_no_formula() -> None:
    rows = list(csv_reader.DictReader(io.StringIO(csv.render(masked()))))
    assert [row["kind"] for row in rows].count("counted") == 18
    assert [row["kind"] for row in rows].count("steered") == 1
    assert {row["state"] for row in rows} == {"kept", "prevented", "lost"}
    odd = judged([session(1, "=1+1", ["=1+1"], A)], nodes=())
    assert "'=1+1" in csv.render(odd)
    assert B not in csv.render(odd)


def test_telephones_that_were_cut_are_told_with_what_it_multiplied() -> None:
    findings = found(farm_sessions(nothing, 20))
    findings.waits = Waits(devices=4, cut=3, cuts=30, asked=480.0, left=60.0, mean=3.0)
    said = " ".join(text.render(judged(findings, time_scale=0.05), exit_code=0).split())
    assert (
        "3 of 4 telephones had a wait cut and shortened it, from 8 min to 60 s: a wait lasted 60 s on"
        " average, so they ask 8.0 times as often" in said
    )
    findings.waits = Waits(devices=4, mean=480.0)
    assert "telephones" not in text.render(judged(findings), exit_code=0)
