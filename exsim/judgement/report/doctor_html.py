"""A doctor's findings as one HTML file that opens offline: cause, cookie matrix, fingerprints, what to do."""

from __future__ import annotations

from collections.abc import Sequence

from exsim.judgement.evidence import Diagnosis, DoctorFacts, MatrixCell
from exsim.judgement.report.doctor import FAULTS, LEGEND, NOT_KNOWN, SOUND, cell_word
from exsim.judgement.report.doctor_rows import rows_of
from exsim.judgement.report.style import STYLE
from exsim.judgement.report.template import PageTemplate
from exsim.wire.standing import SOURCES

READS = "reads it"
UNASKED = "not asked"

PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark">
<title>{{ word }}: {{ about }}</title><style>{{ style }}</style></head><body>
{% if simulated %}<p class="banner"><b>{{ simulated }}</b></p>{% endif %}
<header class="verdict {{ tone }}"><div class="word">{{ word }}</div><div>
<p class="first">{{ first.name if first else "No logon cookie could be shown to any node" }}. {{ fault }}</p>
{% if first and first.alike and word == "FOUND" %}<p>Or {{ first.alike|join(" or ") }}: what decides is below.</p>
{% endif %}{% if first and first.support %}<p>Supported? {{ first.support }}</p>{% endif %}
<p class="about">{{ about.replace("   ", " · ") }}</p></div></header>
<section class="card"><h2>Who reads whose logon</h2>
{% for title, cells in tables %}<table class="heat"><caption class="soft">{{ title }}</caption>
<thead><tr><th></th><th colspan="{{ nodes|length }}">a copy of the logon shown to</th></tr>
<tr><th>logged on at</th>{% for node in nodes %}<th scope="col">{{ node }}</th>{% endfor %}</tr></thead>
{% for issuer in nodes %}<tr><th scope="row">{{ issuer }}</th>{% for reader in nodes %}
{% set said = cell_word(cells.get((issuer, reader))) %}
<td class="{{ shade(said) }}" title="{{ cells[(issuer, reader)].detail if (issuer, reader) in cells }}">
<span>{{ said }}</span></td>{% endfor %}</tr>{% endfor %}</table>{% endfor %}
{% for said, meaning in legend %}<p class="soft">{{ said }}: {{ meaning }}</p>{% endfor %}</section>
{% for one in diagnoses %}<section class="card"><h2>{{ "Why" if loop.first else "Or" }}
<small>{{ one.rule }}, score {{ "%.2f"|format(one.score) }}</small></h2>
<p><b>{{ one.name }}.</b> {{ one.sentence }}</p><ul>
{% for row in one.evidence %}<li>{{ row }}</li>{% endfor %}
{% for row in one.against %}<li>against it: {{ row }}</li>{% endfor %}</ul>
{% if one.decides %}<h2>What would decide</h2><p>{{ one.decides }}</p>{% endif %}
{% if one.advice %}<h2>What to do</h2><p>{{ one.advice }}</p>{% endif %}
{% if one.source %}<p class="soft">Source: {{ sources(one.source) }}</p>{% endif %}</section>{% endfor %}
<section class="card long"><h2>The nodes <small>≠ marks what differs</small></h2><table class="rows">
<tr><th></th>{% for node in nodes %}<th>{{ node }}</th>{% endfor %}</tr>
{% for row in rows %}<tr><td>{% if row.differs %}<b>≠ {{ row.name }}</b>{% else %}{{ row.name }}{% endif %}</td>
{% for value in row.values %}<td>{% if row.differs %}<b>{{ value or "-" }}</b>{% else %}{{ value }}{% endif %}</td>
{% endfor %}</tr>{% endfor %}</table></section>
{% if notes %}<section class="card"><h2>Notes</h2><ul>{% for note in notes %}<li>{{ note }}</li>{% endfor %}</ul>
</section>{% endif %}</body></html>
"""


def render(
    facts: DoctorFacts, diagnoses: Sequence[Diagnosis], about: str, simulated: str = ""
) -> str:
    """The page.  Whatever a server sent is escaped; there is no script, and none may run."""
    first = diagnoses[0] if diagnoses else None
    word = word_of(first)
    tables = [(title, _cells(facts, public)) for public, title in _TITLES]
    said = {cell_word(cell) for cell in facts.cookie_matrix}
    return _PAGE.render(
        simulated=simulated,
        about=about,
        word=word,
        tone={"FOUND": "fail", "SOUND": "pass"}.get(word, "unsure"),
        first=first,
        fault=FAULTS.get(first.fault, "") if first and word == "FOUND" else "",
        nodes=[node.name for node in facts.nodes],
        tables=[(title, cells) for title, cells in tables if cells],
        legend=[(word, meaning) for word, meaning in LEGEND.items() if word in said],
        rows=rows_of(facts.nodes),
        diagnoses=diagnoses[:3],
        notes=[
            *(f"{node.name}: {text}" for node in facts.nodes for text in node.problems),
            *facts.notes,
        ],
    )


_TITLES = ((False, "private computer"), (True, "public computer"))


def word_of(first: Diagnosis | None) -> str:
    """The word before the sentence."""
    if first is None or first.rule == NOT_KNOWN:
        return "UNKNOWN"
    return "SOUND" if first.rule == SOUND else "FOUND"


def shade(said: str) -> str:
    """The class of a cell; its word stands in it as well."""
    if said == READS:
        return "kept"
    return "not_exercised" if said == UNASKED else "all"


def _cells(facts: DoctorFacts, public: bool) -> dict[tuple[str, str], MatrixCell]:
    return {(c.from_, c.to): c for c in facts.cookie_matrix if c.public is public}


def sources(keys: str) -> str:
    """The documents behind some keys."""
    known = [SOURCES[key] for key in keys.split() if key in SOURCES]
    return "; ".join(known) or keys


_PAGE = PageTemplate(PAGE, STYLE, {"cell_word": cell_word, "shade": shade, "sources": sources})
