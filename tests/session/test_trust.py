"""Falls if: X-FEServer is believed where another witness of the same answers contradicts it, a node that is only
called otherwise in a scenario is taken for a liar, or one answer that was sent on costs a name its trust.
"""

from __future__ import annotations

from typing import Any

import pytest

from exsim.session.attribution import Attribution
from exsim.session.hop import Evidence, Hop, Mark
from exsim.session.trust import BELIEVED, Comparison, trust_in

SERVERS = {"n1": "EX1", "n2": "EX2"}


def hop(says: str | None, lb: str | None = None, **fields: Any) -> Hop:
    headers = {"x-feserver": says, "x-lb-server": lb and f"owa/{lb}"}
    fields = {"request": "GET /owa/", "status": 200} | fields
    return Hop(
        utc="", t=1.0, took=0.1, user=1, session="1.0", seq=1, protocol="owa", step="",
        headers={name: value for name, value in headers.items() if value}, **fields,
    )  # fmt: skip


HONEST = [hop("EX1", origin="EX1"), hop("EX2", origin="EX2"), hop("EX1", "n1"), hop("EX2", "n2")]
COPIED = [hop("EX1", origin="EX1"), hop("EX1", origin="EX2")]
BEHIND = [hop("EX1", "n1"), hop("EX1", "n2")] * 2
HEALTH = [hop("EX2", origin="EX2"), hop("EX1", body=Evidence(host="ex2.corp.example"))]
SWAPPED = [hop("EX1", origin="EX2"), hop("EX2", origin="EX1")]


@pytest.mark.parametrize(
    ("lines", "distrusted", "words"),
    [
        (HONEST, set(), ""),
        ([], set(), ""),
        ([hop("EXCH13", origin="EX1"), hop("EXCH16", origin="EX2")], set(), ""),
        ([*HONEST * 3, hop("EX1", "n2")], set(), ""),
        (COPIED, {"EX1"}, "EX1 and EX2 both bear it, each asked at its own address"),
        (BEHIND, {"EX1"}, "the balancer's header says EX1 and EX2 of the same answers"),
        (HEALTH, {"EX1"}, "HealthCheck's own name says EX2"),
        (SWAPPED, {"EX1", "EX2"}, "the address that was asked says EX2"),
        ([hop("EX1"), hop("EX2", challenger="Ex1")], {"EX2"}, "NTLM's challenge says EX1"),
    ],
    ids=["honest", "nothing", "aliases", "sent on once", "copied", "behind", "health", "swapped", "ntlm"],
)  # fmt: skip
def test_a_name_is_believed_until_another_witness_contradicts_it(lines, distrusted, words):
    trust = trust_in(lines, Attribution(SERVERS))
    assert trust.distrusted == distrusted
    assert len(trust.sentences) == len(distrusted)
    assert words in " ".join(trust.sentences)


@pytest.mark.parametrize(("others", "believed"), [(1, True), (9, True), (10, False), (40, False)])
def test_a_fifth_of_the_answers_contradicts_a_name_and_fewer_were_sent_on(others, believed):
    lines = [*HONEST, *[hop("EX1", "n1")] * 39, *[hop("EX1", "n2")] * others]
    assert (trust_in(lines, Attribution(SERVERS)).distrusted == set()) is believed


def test_one_answer_in_two_is_one_and_contradicts_nothing():
    assert not trust_in([hop("EX1", "n1"), hop("EX1", "n2")], Attribution(SERVERS)).distrusted


def test_who_challenged_on_a_connection_is_a_witness_of_what_comes_on_it():
    legs = [hop(None, challenger="EX2", auth="ntlm_1", conn=5), hop("EX1", auth="ntlm_3", conn=5)]
    known = [hop("EX2", origin="EX2")]
    assert trust_in([*known, *legs], Attribution(SERVERS)).distrusted == {"EX1"}
    elsewhere = [legs[0], hop("EX1", auth="ntlm_3", conn=6)]
    assert not trust_in([*known, *elsewhere], Attribution(SERVERS)).distrusted


def test_asking_again_counts_nothing_twice_and_what_is_no_hop_counts_nothing():
    comparison = Comparison(Attribution(SERVERS))
    for line in (*HONEST, hop("EX1", "n2")):
        comparison.feed(line)
    for _ in range(3):
        assert not comparison.trust().distrusted
    marks = [Mark(utc="", t=1.0, what="user", user=1)]
    assert trust_in([*marks, *COPIED], Attribution(SERVERS)).distrusted == {"EX1"}


def test_an_answer_without_a_name_or_of_an_unknown_server_bears_no_witness():
    lines = [*HONEST, *[hop("EX1", "n9")] * 9, *[hop(None, "n2")] * 9, *[hop(".", "n2")] * 9]
    assert trust_in(lines, Attribution(SERVERS)) == BELIEVED


def test_a_name_that_is_not_believed_leaves_the_word_to_the_others():
    attribution = Attribution(SERVERS, distrusted={"EX1"})
    assert attribution.front_end(hop("EX1", "n2")) == ("EX2", "lb_header")
    assert attribution.front_end(hop("EX1", origin="EX2")) == ("EX2", "origin")
    assert attribution.front_end(hop("EX2")) == ("EX2", "header")
    assert attribution.front_end(hop("EX1")) == (None, "")
