"""A doctor's findings for people and programs.

Falls if: a cell's word hides a refusal, a difference between nodes is lost, "nothing wrong" is told as a
cause (or the reverse), a line is too wide for a terminal, a server's text steers it, or the JSON lacks a field.
"""

from __future__ import annotations

import json

import pytest

from exsim.judgement.diagnosis import diagnose
from exsim.judgement.evidence import Diagnosis, DoctorFacts, MatrixCell, NodeFacts
from exsim.judgement.report import doctor_html
from exsim.judgement.report.doctor import (
    WIDTH,
    cell_word,
    document,
    found_something,
    named,
    render,
)
from exsim.judgement.report.doctor_rows import rows_of

NAMES = ("EXCH16-SYD-01", "EXCH16-SYD-02", "EXCH13")
HEALTH = {"owa": "200", "ecp": "200", "EWS": "200"}


def node(name, **more):
    values = {
        "version": "2016",
        "build": "15.1.669",
        "logon": "accepted",
        "health": HEALTH,
        "skew": 0.4,
    }
    values |= {"signature_length": 344, "key_length": 344, "secure": True}
    return NodeFacts(name=name, **{**values, **more})


def cell(from_, to, get="readable", post="readable", **more):
    return MatrixCell(from_=from_, to=to, get=get, post=post, **more)


def facts(bad=(), **more):
    cells = [
        cell(a, b, *(("reason_0", "login_timeout") if (a, b) in bad else ()))
        for a in NAMES
        for b in NAMES
    ]
    nodes = [*(node(name) for name in NAMES[:2]), node(NAMES[2], version="2013", build="15.0.1263")]
    return DoctorFacts(**{"nodes": nodes, "cookie_matrix": cells, "requests": 72, **more})


ONE_WAY = facts(bad={(NAMES[0], NAMES[2]), (NAMES[1], NAMES[2])})


@pytest.mark.parametrize(
    ("get", "post", "word"),
    [
        ("readable", "readable", "reads it"),
        ("readable", "not_asked", "reads it"),
        ("reason_0", "login_timeout", "CANNOT READ"),
        ("reason_3", "login_timeout", "EXPIRED"),
        ("reason_2", "not_asked", "PASSWORD NO"),
        ("login_timeout", "login_timeout", "REFUSED"),
        ("not_asked", "login_timeout", "REFUSED"),
        ("error", "error", "ERROR"),
        ("readable", "login_timeout", "reads/440"),
        ("reason_0", "readable", "NO/reads"),
        ("not_asked", "not_asked", "not asked"),
    ],
)
def test_a_cell_is_a_word(get, post, word):
    assert cell_word(cell("A", "B", get, post)) == word
    assert len(word) <= 15


def test_a_cell_that_nobody_asked_is_not_called_read():
    assert cell_word(None) == "not asked"


def test_the_text_fits_a_terminal_and_says_the_cause_first():
    text = render(ONE_WAY, diagnose(ONE_WAY), "exsim 0.1   mail", "Simulated Exchange.", 1)
    lines = text.splitlines()
    assert max(map(len, lines)) <= WIDTH
    assert lines[0] == " Simulated Exchange."
    found = next(i for i, line in enumerate(lines) if line.startswith(" FOUND"))
    assert found < next(i for i, line in enumerate(lines) if "CANNOT READ" in line)
    assert "It is Exchange, not the balancer." in " ".join(text.split())
    assert lines[-1].endswith("exit 1")


def test_a_sound_pool_is_called_sound_and_names_no_cause():
    sound = facts()
    diagnoses = diagnose(sound)
    assert " SOUND " in render(sound, diagnoses, "mail")
    assert not found_something(diagnoses) and named(diagnoses) == []
    assert json.loads(document(sound, diagnoses))["diagnosis"] == []


def test_what_fits_no_rule_is_not_known_and_still_something():
    unknown = Diagnosis(rule="not_known", name="Not known", score=0.5)
    assert found_something([unknown]) and named([unknown]) == []
    assert " UNKNOWN " in render(ONE_WAY, [unknown], "mail")
    assert " UNKNOWN " in render(facts(), [], "mail")


def test_causes_that_cannot_be_told_apart_are_named_together():
    pair = [
        Diagnosis(
            rule="cert_split",
            name="Nodes differ",
            score=0.6,
            alike=["stale_cert"],
            fault="Exchange",
        ),
        Diagnosis(rule="stale_cert", name="A worker is stale", score=0.4, alike=["cert_split"]),
    ]
    text = render(ONE_WAY, pair, "mail")
    assert "(or stale_cert: see what decides)" in text and "Also:" not in text


# Rows -----------------------------------------------------------------------------------------------
def marked(nodes):
    return {row.name for row in rows_of(nodes) if row.differs}


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ({"signature_length": 44}, "cadataSig"),
        ({"skew": 1800.0}, "clock"),
        ({"skew": -90.0}, "clock"),
        ({"health": {**HEALTH, "owa": "closed"}}, "HealthCheck"),
        ({"secure": False}, "Secure"),
        ({"same_site": "None"}, "SameSite"),
        ({"logon": "error: 500"}, "logon"),
        ({"authentication": {"EWS": ["NTLM"]}}, "EWS asks"),
        ({"certificate": {"sha1": "ab" * 20}}, "certificate"),
        ({"owa_version": "15.1.2176.9"}, "build"),
    ],
)
def test_a_difference_between_nodes_stands_out(change, name):
    assert marked([node("A"), node("B")]) == set()
    assert marked([node("A"), node("B", **change)]) == {name}


def test_seconds_of_travel_are_no_difference_of_clocks():
    assert marked([node("A", skew=-1.2), node("B", skew=2.0)]) == set()


@pytest.mark.parametrize(
    ("one", "other", "differs"),
    [
        ("15.1.669.32", "15.1.669", False),
        ("15.1.669.32", "15.1.669.32", False),
        ("15.1.669.32", "15.1.669.33", True),
        ("15.1.669.32", "15.1.2176", True),
        ("15.1.669", "", True),
    ],
)
def test_builds_differ_by_what_both_nodes_told(one, other, differs):
    nodes = [node("A", build=one), node("B", build=other)]
    assert marked(nodes) == ({"build"} if differs else set())
    told = next(row.values for row in rows_of(nodes) if row.name == "build")
    assert told == (one, f"{other}.?" if other and other.count(".") < one.count(".") else other)


def test_many_nodes_are_shown_in_blocks():
    names = [f"EXCHANGE-SRV-{n:02}" for n in range(6)]
    many = DoctorFacts(
        nodes=[node(name, skew=100.0 * n) for n, name in enumerate(names)],
        cookie_matrix=[cell(a, b) for a in names for b in names],
    )
    text = render(many, diagnose(many), "mail")
    assert max(map(len, text.splitlines())) <= WIDTH
    assert all(text.count(name) >= 2 for name in names)
    assert text.count("≠ clock") == 2


# What must not get through --------------------------------------------------------------------------
def test_a_servers_text_steers_no_terminal_and_no_page():
    evil = facts(notes=["note \x1b[2J\u202e", "<script>x</script>"])
    evil.nodes[0].server = "IIS\x1b]0;x\x07<b>"
    text = render(evil, diagnose(evil), "mail")
    assert not {"\x1b", "\x07", "\u202e"} & set(text)
    page = doctor_html.render(evil, diagnose(evil), "mail")
    assert not {"\x1b", "\x07", "\u202e"} & set(page)
    assert "<script>" not in page and "&lt;script&gt;" in page and "IIS\x1b]0;x\x07<b>" not in page


def test_the_json_has_every_field_of_every_cell_and_node():
    found = json.loads(document(ONE_WAY, diagnose(ONE_WAY)))
    assert found["format"] == "exsim-doctor/1"
    assert found["diagnosis"][0]["rule"] == found["conclusion"]["rule"] == "authcert_asymmetry"
    assert {"rule", "name", "score", "evidence", "decides", "advice", "source"} <= set(
        found["diagnosis"][0]
    )
    assert all(
        {"from", "to", "get", "post", "public"} <= set(one) for one in found["cookie_matrix"]
    )
    assert len(found["cookie_matrix"]) == 9 and len(found["nodes"]) == 3
    assert {"name", "skew", "health", "certificate", "authentication"} <= set(found["nodes"][0])


@pytest.mark.parametrize(("diagnosed", "word"), [(True, "FOUND"), (False, "UNKNOWN")])
def test_the_page_says_the_same(diagnosed, word):
    diagnoses = diagnose(ONE_WAY) if diagnosed else []
    page = doctor_html.render(ONE_WAY, diagnoses, "mail", "Simulated Exchange.")
    assert f'<div class="word">{word}</div>' in page and "Simulated Exchange." in page
    assert page.count("CANNOT READ</span>") == 2
    assert (
        "http" not in page.replace("https://", "").partition("<style>")[2].partition("</style>")[0]
    )
