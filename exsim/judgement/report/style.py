"""The look of the HTML report: light, dark and print; no picture, no font, nothing from outside."""

STYLE = """
:root{--paper:#fbfbfa;--card:#fff;--ink:#1c2126;--soft:#5a646e;--line:#dcdfe3;--bad:#b3261e;--bad-ink:#fff;
--bad-soft:#fbe6e4;--good:#1d6f42;--good-soft:#e6f3eb;--warn:#8a5a00;--warn-soft:#fff3d6;--mute:#eef0f2;
--bar:#9fb0c0}
@media (prefers-color-scheme:dark){:root{--paper:#14171a;--card:#1c2024;--ink:#e6e9ec;--soft:#9aa5b0;
--line:#323a42;--bad:#ff8a80;--bad-ink:#2b0704;--bad-soft:#4a1f1c;--good:#7fd6a4;--good-soft:#17352497;
--warn:#ffce73;--warn-soft:#3c2f12;--mute:#262c32;--bar:#566370}}
*{box-sizing:border-box}
html{font:13.5px/1.36 system-ui,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif;background:var(--paper);
color:var(--ink)}
body{margin:0 auto;max-width:1260px;padding:8px 14px 40px}
h2{font-size:12px;letter-spacing:.06em;text-transform:uppercase;color:var(--soft);margin:0 0 6px}
h2 small{letter-spacing:0;text-transform:none;font-weight:400}
p{margin:0 0 4px}
ul{margin:0;padding-left:18px}ul.wide{columns:2;column-gap:24px}
code,pre,.mono,td.n{font-family:ui-monospace,"Cascadia Mono","DejaVu Sans Mono",Consolas,monospace;
font-size:12.5px}
.banner{background:var(--warn-soft);border:1px solid var(--warn);border-radius:6px;padding:5px 12px;
margin-bottom:6px}
.verdict{background:var(--card);border:1px solid var(--line);border-left:10px solid var(--soft);
border-radius:6px;padding:7px 16px;display:grid;grid-template-columns:auto 1fr;gap:0 18px}
.verdict .word{font-size:20px;font-weight:700;line-height:1.3;white-space:nowrap}
.verdict .first{font-size:18px;font-weight:600;line-height:1.35}
.verdict .about{color:var(--soft);margin-top:4px}
.fail{border-left-color:var(--bad)}.fail .word{color:var(--bad)}
.pass{border-left-color:var(--good)}.pass .word{color:var(--good)}
.unsure{border-left-color:var(--warn)}.unsure .word{color:var(--warn)}
.two{display:grid;grid-template-columns:minmax(0,11fr) minmax(0,10fr);gap:8px;margin:8px 0}
.card{background:var(--card);border:1px solid var(--line);border-radius:6px;padding:8px 14px;
margin:8px 0;min-width:0}
.two .card{margin:0}
.words{display:grid;grid-template-columns:150px 1fr;gap:5px 14px}
.words .all{grid-column:1/-1}.words>div>:first-child{margin-top:0}
.words h2{margin-top:2px}
table{border-collapse:collapse}
th{font-weight:600;text-align:left;padding:3px 8px;color:var(--soft)}
td{padding:3px 8px;vertical-align:top}
.heat{margin:2px 0 8px;width:100%;table-layout:fixed}
.heat th{overflow-wrap:anywhere}
.heat thead th{text-align:center}.heat thead th:first-child{text-align:left}
.heat td{text-align:center;border:3px solid var(--card);border-radius:8px;padding:5px 4px;
background:var(--mute)}
.heat b{font-size:16px;font-variant-numeric:tabular-nums}
.heat caption{text-align:left}.heat span{font-size:12px}
.heat .lost{background:var(--bad-soft);color:var(--bad)}
.heat .all{background:var(--bad);color:var(--bad-ink)}
.heat .kept{background:var(--good-soft);color:var(--good)}
.heat .too_few{background:var(--warn-soft);color:var(--warn)}
.heat .prevented,.heat .not_exercised{color:var(--soft)}
.heat .prevented{background:repeating-linear-gradient(135deg,var(--mute) 0 6px,var(--card) 6px 12px)}
.proof{width:100%;margin-bottom:4px}
.proof td{border-top:1px solid var(--line)}
.proof .t,.hops .t{white-space:nowrap;color:var(--soft)}
.culprit{background:var(--bad-soft)}
.culprit .mark{color:var(--bad);font-weight:700}
.aftermath{color:var(--soft)}
.control{background:var(--mute)}
.marks{list-style:none;padding:0;columns:2;column-gap:24px}
.marks li{break-inside:avoid;padding-left:44px;text-indent:-44px}
.marks i{display:inline-block;width:44px;text-indent:0;font-style:normal;font-weight:700;font-size:11px;
text-transform:uppercase}
.marks .ok i{color:var(--good)}.marks .note i{color:var(--warn)}
.soft{color:var(--soft)}
p,li,summary,code{overflow-wrap:anywhere}.wide-table{overflow-x:auto}.wide-table td.n{white-space:nowrap}
.rows{width:100%}.rows td,.rows th{border-top:1px solid var(--line)}
.rows td.n,.rows th.n{text-align:right}
.hops{width:100%}.hops td{border-top:1px solid var(--line);overflow-wrap:anywhere}
.hops td:nth-child(2){white-space:nowrap;max-width:180px;overflow:hidden;text-overflow:ellipsis}
@media (min-width:901px){.hops td.soft,.hops .mark{white-space:nowrap}}
details{margin:4px 0}summary{cursor:pointer;padding:3px 0}
pre{overflow-x:auto;background:var(--mute);padding:10px;border-radius:6px;margin:6px 0}
svg{display:block;width:100%;height:auto}
svg .begun{fill:var(--bar)}svg .gone{fill:var(--bad)}svg text{fill:var(--soft);font-size:12px}
svg line{stroke:var(--line)}
.key{display:inline-block;width:10px;height:10px;margin:0 5px 0 12px}
@media (max-width:640px){.rows td,.rows th{padding:3px 4px}.rows td.n{font-size:11.5px}
.verdict{grid-template-columns:1fr}}
@media (max-width:900px){.marks{columns:1}.two{grid-template-columns:1fr}.words{grid-template-columns:1fr}}
@media print{:root{--paper:#fff;--card:#fff;--ink:#000;--soft:#444}body{max-width:none;padding:0}
.card,.verdict{break-inside:avoid}.long{break-inside:auto}
*{-webkit-print-color-adjust:exact;print-color-adjust:exact}
details::details-content{content-visibility:visible;display:block}pre{white-space:pre-wrap}}
"""
