"""The comparison page's template and what its look adds to the report's; every value is escaped by the engine."""

STYLE = """
.sides{display:grid;grid-template-columns:1fr 1fr;gap:8px;margin:8px 0}
.side{background:var(--card);border:1px solid var(--line);border-top:6px solid var(--soft);border-radius:6px;
padding:7px 14px;min-width:0}
.side.more{border-top-color:var(--bad)}.side.fewer{border-top-color:var(--good)}
.side h2{font-size:15px;letter-spacing:0;text-transform:none;color:var(--ink);margin:0;overflow-wrap:anywhere}
.side .big{font-size:26px;font-weight:700;line-height:1.25;font-variant-numeric:tabular-nums}
.side.more .big{color:var(--bad)}.side.fewer .big{color:var(--good)}
.both{margin:2px 0 8px;width:100%;table-layout:fixed;border-spacing:0}
.both caption{text-align:left}
.both th{overflow-wrap:anywhere}.both thead th{text-align:center}.both thead th:first-child{text-align:left}
.both td{border:3px solid var(--card);border-radius:8px;padding:0}
.both .half{display:flex;gap:6px;align-items:baseline;justify-content:center;padding:4px 6px;flex-wrap:wrap}
.both .half i{font-style:normal;font-weight:700;opacity:.8}
.both .half b{font-size:15px;font-variant-numeric:tabular-nums}
.both .half span{font-size:12px}
.both .half+.half{border-top:2px solid var(--card)}
.both .lost{background:var(--bad-soft);color:var(--bad)}
.both .all{background:var(--bad);color:var(--bad-ink)}
.both .kept{background:var(--good-soft);color:var(--good)}
.both .too_few{background:var(--warn-soft);color:var(--warn)}
.both .prevented,.both .not_exercised{color:var(--soft);background:var(--mute)}
.both .prevented{background:repeating-linear-gradient(135deg,var(--mute) 0 6px,var(--card) 6px 12px)}
.wide-table{overflow-x:auto}
.difference{white-space:pre-wrap;overflow-wrap:anywhere}
.difference .minus{color:var(--bad)}.difference .plus{color:var(--good)}
.rows td.mono{overflow-wrap:anywhere}.rows td:nth-child(n+2){overflow-wrap:break-word}
@media (max-width:640px){.sides{gap:6px}.side{padding:6px 9px}.side .big{font-size:21px}
.verdict{grid-template-columns:1fr;padding:7px 10px}.verdict .first{font-size:16px}
.both th{font-size:11px;padding:3px 2px}.both .half{padding:4px 1px;gap:0 4px}.both .half b{font-size:14px}
.both .half span{font-size:10.5px}.rows td,.rows th{padding:3px 4px}body{padding:6px 6px 30px}.card{padding:8px 8px}}
@media print{.sides,.both tr{break-inside:avoid}}
"""

PICTURE = """
{% macro half(letter, side) %}<div class="half {{ shade(side) }}" title="{{ hint(side) }}"><i>{{ letter }}</i>
{%- if side.sessions %} <b>{{ side.lost }}/{{ side.sessions }}</b>{% endif %} <span>{{ state(side) }}</span></div>
{% endmacro %}
{% macro both(picture) %}
<table class="both"><caption class="soft">{{ picture.protocol|protocol_name }}: lost / sessions at first meeting
{%- if picture.home %}, mailboxes on {{ picture.home }}{% endif %}; in each cell A above B</caption>
<thead><tr><th></th><th colspan="{{ picture.columns|length }}">served by</th></tr>
<tr><th>{{ "logged on at" if has_login(picture.protocol) }}</th>
{%- for column in picture.columns %}<th scope="col">{{ column }}</th>{% endfor %}</tr></thead>
{% for row in picture.rows %}<tr><th scope="row">{{ row }}</th>
{%- for column in picture.columns %}{% set pair = picture.cells.get((row, column)) %}
<td>{% if pair %}{{ half("A", pair.a) }}{{ half("B", pair.b) }}{% endif %}</td>{% endfor %}</tr>
{% endfor %}</table>
{% endmacro %}
"""

PAGE = (
    PICTURE
    + """<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark">
<title>A {{ document.a.name }}, B {{ document.b.name }}</title><style>{{ style }}</style></head><body>
{% if document.simulated %}<p class="banner"><b>{{ document.simulated }}</b></p>{% endif %}
<header class="verdict {{ tone }}"><div class="word">{{ word }}</div><div>
<p class="first">{{ first }}</p>
{% if sentences %}<p>{{ sentences|join(" ") }}</p>{% endif %}</div></header>
<div class="sides">{% for letter, side, place, paired in sides %}
<section class="side {{ place }}"><h2>{{ letter }}: {{ side.name }}</h2>
<p class="big">{% if paired %}{{ paired.lost }} of {{ pairs }}{% else %}{{ side.lost }} of {{ side.sessions }}{% endif %} lost</p>
<p class="soft">{{ side.changed }} of {{ side.sessions }} sessions changed node</p>
{% if side.incomplete %}<p><b>Not complete:</b> {{ side.incomplete }}</p>{% endif %}
<p class="soft mono">{{ side.run }}</p></section>{% endfor %}</div>
<section class="card"><h2>Where</h2>
{% for picture in pictures %}{{ both(picture) }}{% else %}<p>No session met any node.</p>{% endfor %}
{% if pairs is not none %}<p class="soft">Every session until the trial was over, also of pairs that were not needed.</p>{% endif %}
</section>
{% if pairs is none %}<section class="card"><h2>How sure <small>95 of 100 such intervals hold the true share</small></h2>
<div class="wide-table"><table class="rows"><tr><th></th><th class="n">sessions lost</th><th class="n">share lies in</th><th class="n">by account in</th>
<th class="n">accounts that lost one</th><th class="n">fewer than</th></tr>
{% for one in document.losses %}{% for letter, side in (("A", one.a), ("B", one.b)) %}
<tr><td>{{ one.protocol|protocol_name }} {{ letter }}</td><td class="n">{{ side.lost }} of {{ side.sessions }}</td>
<td class="n">{{ between(side.low, side.high) }}</td>
<td class="n">{{ between(side.clustered_low, side.clustered_high) }}</td>
<td class="n">{{ side.accounts_lost }} of {{ side.accounts }}</td><td class="n">{{ percent(side.accounts_bound) if side.accounts_bound < 1 else "not known" }}</td></tr>
{% endfor %}<tr><td>B more than A</td><td></td><td></td><td class="n">{{ points(one.low) }} to {{ points(one.high) }} points</td>
<td></td><td></td></tr>
{% endfor %}</table></div></section>{% endif %}
{% if one_sided %}<section class="card"><h2>Met in one of them only</h2><ul>
{% for cell in one_sided %}<li>{{ cell.login_front_end or "any node" }} → {{ cell.serving_front_end }}
{%- if cell.mailbox_back_end %}, mailbox on {{ cell.mailbox_back_end }}{% endif %}: only in {{ cell.only_in|upper }}
({{ words(cell) }})</li>{% endfor %}</ul></section>{% endif %}
<section class="card long"><h2>What differs between the set-ups</h2>
{% if document.differences %}<div class="wide-table"><table class="rows"><tr><th>key</th><th>A</th><th>B</th></tr>
{% for one in document.differences %}<tr><td class="mono">{{ one.key }}</td><td>{{ one.a }}</td><td>{{ one.b }}</td></tr>
{% endfor %}</table></div>{% elif not document.balancer_difference %}<p>Nothing.</p>{% endif %}
{% if document.balancer_difference %}<details{% if document.balancer_difference|length < 40 %} open{% endif %}>
<summary>the balancer's file as it ran: {{ document.balancer_difference|length }} lines of difference</summary>
<pre class="difference">{% for line in document.balancer_difference %}<span class="{{ sign(line) }}">{{ line }}</span>
{% endfor %}</pre></details>{% endif %}</section>
{% if document.latencies %}<section class="card long"><h2>How long each step took <small>half of the answers within
/ 95 of 100 within; compared user by user</small></h2>
<div class="wide-table"><table class="rows"><tr><th>step</th><th class="n">A</th><th class="n">B</th><th>slower</th></tr>
{% for one in document.latencies %}<tr><td>{{ one.protocol|protocol_name }} {{ one.step }}</td>
{% for row in (one.a, one.b) %}<td class="n">{% if row %}{{ latency(row.p50) }} / {{ latency(row.p95) }}{% endif %}</td>
{% endfor %}<td>{{ one.slower|upper or "–" }}</td></tr>{% endfor %}</table></div></section>{% endif %}
</body></html>
"""
)
