"""Falls if: X-FEServer is believed where another witness of the same answers contradicts it, a node that is only
called otherwise in a scenario is taken for a liar, or one answer that was sent on costs a name its trust.
"""

from __future__ import annotations

from typing import Any

import pytest

from exsim.session.attribution import Attribution
from exsim.session.hop import Evidence, Hop
from exsim.session.trust import trust_in

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


def test_a_name_that_is_not_believed_leaves_the_word_to_the_others():
    attribution = Attribution(SERVERS, distrusted={"EX1"})
    assert attribution.front_end(hop("EX1", "n2")) == ("EX2", "lb_header")
    assert attribution.front_end(hop("EX1", origin="EX2")) == ("EX2", "origin")
    assert attribution.front_end(hop("EX2")) == ("EX2", "header")
    assert attribution.front_end(hop("EX1")) == (None, "")
