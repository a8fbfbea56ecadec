"""The HTML report's template.  Every value is escaped by the engine; nothing in here switches that off."""

HEAT = """
{% macro heat(table, titled=true) %}
<table class="heat">
{% if titled %}<caption class="soft">{{ table.protocol|protocol_name }}: lost / sessions at first meeting
{%- if table.home %}, mailboxes on {{ table.home }}{% endif %}</caption>{% endif %}
<thead><tr><th></th><th colspan="{{ table.columns|length }}">served by</th></tr>
<tr><th>{{ "logged on at" if has_login(table.protocol) }}</th>
{%- for column in table.columns %}<th scope="col">{{ column }}</th>{% endfor %}</tr></thead>
{% for row in table.rows %}<tr><th scope="row">{{ row }}</th>
{%- for column in table.columns %}{% set pool = table.cells.get((row, column)) %}
<td class="{{ shade(pool) }}" title="{{ hint(pool) }}">
{%- if pool and pool.sessions %}<b>{{ pool.lost }}/{{ pool.sessions }}</b> {% endif -%}
<span>{{ word(pool) }}</span></td>
{%- endfor %}</tr>
{% endfor %}</table>
{% endmacro %}
"""

CAUSE = """
{% macro cause(one) %}
<p><b>{{ one.name }}</b> (score {{ "%.2f"|format(one.score) }}, inferred from what the clients saw).
{{ one.sentence }}</p>
<p>{{ blame(one) }} {{ class_sentence(one) }} {{ one.support }}</p>
{% if one.evidence %}<p>What speaks for it:</p><ul>{% for row in one.evidence %}<li>{{ row }}</li>{% endfor %}</ul>{% endif %}
{% if one.against %}<p>What speaks against it:</p><ul>{% for row in one.against %}<li>{{ row }}</li>{% endfor %}</ul>{% endif %}
<p><b>What decides:</b> {{ one.decides }}</p><p><b>What to do:</b> {{ one.advice }}</p>
<p class="soft">Source: {{ documents(one)|join("; ") }} · <code>exsim explain {{ one.rule }}</code></p>
{% endmacro %}
"""

FIRST_SCREEN = """
{% if simulated %}<p class="banner"><b>{{ simulated }}</b></p>{% endif %}
{% if facts.assumed %}<p class="banner"><b>Assumed:</b> {{ facts.assumed }}</p>{% endif %}
<header class="verdict {{ tone }}"><div class="word">{{ said.word }}</div><div>
<p class="first">{{ said.sentences[0] }}</p>
{% if said.sentences[1:] %}<p>{{ said.sentences[1:]|join(" ") }}</p>{% endif %}
{% if h2 %}<p><b>Note:</b> {{ h2 }}</p>{% endif %}
<p class="about">{{ about|join(" · ") }}</p></div></header>
<div class="two"><section class="card"><h2>Where</h2>
{% for view in views %}{% for table in view.tables %}{{ heat(table) }}{% endfor %}
{% for sentence in view.sentences %}<p>{{ sentence }}</p>{% endfor %}{% endfor %}
{% if not views %}<p>No session met any node.</p>{% endif %}
{% if control %}<p>{{ control }}</p>{% endif %}
{% if spread %}<p>{{ spread }}</p>{% endif %}
{% if steered %}<p><b>Steered across on purpose</b>, never counted in the verdict:</p>
{% for view in steered %}{% for table in view.tables %}{{ heat(table, views|length > 1) }}{% endfor %}{% endfor %}{% endif %}
</section>
<section class="card"><h2>{{ "The proof" if proof and proof.alive else "What happened" if proof else "Why" }}
<small>{% if proof %}{{ "same cookies, two answers" if proof.alive }} (session {{ proof.session }}); at the left when each
was asked{% endif %}</small></h2>
{% if proof %}<table class="proof">
{% for line in proof.lines %}<tr{% if loop.first %} class="culprit"{% endif %}>
<td class="t mono">{{ clock(line.utc) }}</td>
<td><b>{{ line.node }}</b> <span class="mono soft">{{ shortened(line.request, 52) }}</span><br>{{ line.answer }}
{%- if loop.first %} <span class="mark">&#9668; took the session</span>
{%- else %}, {{ pause(line.later) }} later, with a copy{% endif %}</td></tr>
{% endfor %}</table>
<p>{{ proof.conclusion|join(" ") }}</p>
<p class="soft">See for yourself: <code>exsim show {{ proof.session }} {{ facts.run }} --curl</code>
· hop by hop: <a href="#stories">below</a></p>
{% else %}{% for reason in reasons %}<p>{{ reason.sentence }}</p>
{% else %}<p>Nothing speaks against a pass.</p>{% endfor %}{% endif %}
</section></div>
{% if not_it or diagnosis or how_many %}<section class="card words">
{% if not_it %}<h2>What it is not</h2><p>{{ not_it|join(" ") }}</p>{% endif %}
{% for one in diagnosis[:1] %}<h2>What it may be</h2><div>{{ cause(one) }}</div>{% endfor %}
{% if how_many %}<h2>How many users</h2><p>{{ how_many|join(" ") }}</p>{% endif %}
{% for one in diagnosis[1:] %}<details class="all"><summary>Also possible: {{ one.name }} (score
{{ "%.2f"|format(one.score) }})</summary>{{ cause(one) }}</details>{% endfor %}
</section>{% endif %}
<section class="card"><h2>Read this before you show it to anybody</h2><ul class="marks">
{% for remark in remarks %}<li class="{{ remark.mark }}"><i>{{ remark.mark }}</i>{{ remark.sentence }}</li>
{% endfor %}</ul></section>
"""

BELOW = """
<section class="card"><h2>What this run does not cover, whatever its verdict</h2><ul class="wide">
{% for what in not_covered %}<li>{{ what }}</li>{% endfor %}</ul></section>
{% if reasons and proof %}<section class="card"><h2>Reasons</h2><ul>
{% for reason in reasons %}<li>{{ reason.outcome }}: {{ reason.sentence }}</li>{% endfor %}</ul></section>
{% endif %}
{% if chart %}<section class="card"><h2>Losses over time</h2>
<svg viewBox="0 -8 960 152" role="img" aria-label="Sessions begun and lost over time">
{% for bar in chart.bars %}<g><title>{{ "%.0f"|format(bar.since) }} to {{ "%.0f"|format(bar.until) }} s:
{{ bar.begun }} begun, {{ bar.lost }} lost</title>
<rect class="begun" x="{{ bar.x + 1 }}" width="{{ bar.width / 2 - 1 }}" y="{{ 120 - bar.begun_height }}"
 height="{{ bar.begun_height }}"/>
<rect class="gone" x="{{ bar.x + bar.width / 2 }}" width="{{ bar.width / 2 - 1 }}"
 y="{{ 120 - bar.lost_height }}" height="{{ bar.lost_height }}"/></g>
{% endfor %}<line x1="0" x2="960" y1="120.5" y2="120.5"/>
<text x="0" y="138">0 s</text><text x="960" y="138" text-anchor="end">{{ "%.0f"|format(chart.span) }} s</text>
</svg>
<p class="soft"><span class="key" style="background:var(--bar)"></span>sessions begun
<span class="key" style="background:var(--bad)"></span>sessions lost; the highest bar is {{ chart.most }}</p>
</section>{% endif %}
{% if latencies %}<section class="card"><h2>How long each step took <small>half of the answers came within
the time under "half", 95 of 100 within the next</small></h2>
<div class="wide-table"><table class="rows"><tr><th>protocol</th><th>step</th><th class="n">answers</th><th class="n">half</th>
<th class="n">95 of 100</th><th class="n">99 of 100</th><th class="n">longest</th><th class="n">99 of 100 by schedule</th></tr>
{% for row in latencies %}<tr><td>{{ row.protocol }}</td><td>{{ row.step }}</td><td class="n">{{ row.count }}
</td>{% for value in (row.p50, row.p95, row.p99, row.max) %}<td class="n">{{ latency(value) }}</td>
{% endfor %}<td class="n">{% if row.by_schedule %}{{ latency(row.by_schedule.p99) }}{% endif %}</td></tr>
{% endfor %}</table></div>
<p class="soft">By schedule: from the moment at which a request was to leave, and with those that its client would have
sent while an answer held it up.</p></section>{% endif %}
<section class="card long" id="stories"><h2>Lost sessions, hop by hop</h2>
{% for story in stories %}<details{% if loop.first %} open{% endif %}><summary><b>{{ story.session }}</b>
begun at {{ story.login_front_end or "an unknown node" }}, lost at {{ story.culprit or "an unknown node" }}
{{ "%.1f"|format(story.age) }} s after its logon <span class="soft">{{ story.account }}</span></summary>
<table class="hops">{% for line in story.lines %}<tr class="{{ line.mark }}">
<td class="t mono">{{ clock(line.utc) }}</td><td><b>{{ line.node or "?" }}</b></td>
<td class="mono">{{ line.request }}</td><td>{{ line.answer }}</td><td class="soft">{{ line.step }}</td>
<td class="t">{{ latency(line.took) }}</td><td class="mark">{% if line.mark == "culprit" %}&#9668; {% endif %}
{{- marks[line.mark] }}</td></tr>{% endfor %}</table>
{% if story.omitted %}<p class="soft">{{ story.omitted }} hops further away are left out.</p>{% endif %}
{% for line in story.lines if line.mark == "culprit" and (line.request_id or line.client_request_id) %}
<p class="soft">In the node's own logs: request-id <code>{{ line.request_id or "not given" }}</code>,
client-request-id <code>{{ line.client_request_id or "not given" }}</code></p>{% endfor %}
</details>{% else %}<p>No session was lost.</p>{% endfor %}
{% if untold %}<p class="soft">{{ untold }} further lost sessions look alike: <code>exsim show SESSION {{ facts.run }}</code>
</p>{% endif %}</section>
<section class="card"><h2>Also seen <small>wrong, and cost no session</small></h2>
{% if findings %}<ul>{% for line in findings %}<li>{{ line }}</li>{% endfor %}</ul>
{% else %}<p>Nothing.</p>{% endif %}</section>
{% if balancer %}<section class="card long"><h2>The balancer as it ran <small>{{ balancer.version }}
{%- if balancer.source %}, from {{ balancer.source }}{% endif %}</small></h2>
{% if weighty %}<p>Changed in the file so that it runs here, and may matter:</p><ul>
{% for change in weighty %}<li>{{ change }}</li>{% endfor %}</ul>{% endif %}
{% for title, those in [("changed in the file so that it runs here, harmless", harmless),
("said of it by the balancer itself", balancer.warnings)] if those %}
<details><summary>{{ those|length }} {{ title }}</summary><ul>
{% for one in those %}<li class="mono">{{ one }}</li>{% endfor %}</ul></details>{% endfor %}
{% if balancer.config %}<details><summary>{{ balancer.name or "configuration" }}, without its secrets</summary>
<pre>{{ balancer.config }}</pre></details>{% endif %}</section>{% endif %}
<p class="soft">exsim {{ facts.exsim }} · {{ facts.run }}{% if facts.started %} · {{ facts.started }}
to {{ facts.ended }}{% endif %}</p>
"""

PAGE = (
    HEAT
    + CAUSE
    + """<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark">
<title>{{ said.word }}: {{ facts.title or facts.scenario or "exsim" }}</title><style>{{ style }}</style></head><body>
"""
    + FIRST_SCREEN
    + BELOW
    + "</body></html>\n"
)
