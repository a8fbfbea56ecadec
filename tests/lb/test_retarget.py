"""Moving a configuration to this machine.

Falls if: a line that decides how requests are spread is changed, a line that cannot work here stays, a
change is made in silence, or a server is taken for the wrong node.
"""

import re
from itertools import count
from pathlib import Path

import pytest

from exsim.lb.errors import LbError, MovingError
from exsim.lb.retarget import retarget
from exsim.lb.rig import HARMLESS, MAY_MATTER, Rig
from exsim.lb.server_lines import contains, matches, normal
from exsim.wire import names

EVIDENCE = f"http-response set-header {names.LB_SERVER} %b/%s"
SCENARIOS = Path(__file__).parents[2] / "scenarios" / "haproxy"
NODES = {
    "EXCH16-SYD-01": "127.0.0.1:1601",
    "EXCH16-SYD-02": "127.0.0.1:1602",
    "EXCH13": "127.0.0.1:1301",
}
TLS = {node: address.replace(":1", ":2") for node, address in NODES.items()}


def rig(**more):
    ports = count(4000)
    values = {
        "nodes": NODES,
        "nodes_tls": TLS,
        "next_address": lambda tls: f"127.0.0.1:{next(ports)}",
        "certificate": "/lab/host.pem",
        "log": "127.0.0.1:514",
        "socket": "/lab/runtime.sock",
    }
    return Rig(**{**values, **more})


def moved(line, section="backend b", **more):
    """What becomes of one line within a section, and the changes that name it."""
    text = (
        f"frontend f\n  bind :1\n  mode http\n  log global\n  option httplog\n{section}\n  {line}\n"
    )
    made = retarget(text, rig(**more))
    number = text.splitlines().index(f"  {line}") + 1
    body = made.text.splitlines()
    title = next(index for index, one in enumerate(body) if one == section.splitlines()[0])
    after = body[title + len(section.splitlines())].strip()
    return after, [change for change in made.changes if change.line == number]


@pytest.mark.parametrize(
    ("line", "after", "kind"),
    [
        (
            "server ISP_exch13 maxconn 1000 weight 10 check",
            "server ISP_exch13 127.0.0.1:1301 maxconn 1000 weight 10 check",
            HARMLESS,
        ),
        (
            "server exch16-syd-02 10.0.0.2:80 check",
            "server exch16-syd-02 127.0.0.1:1602 check",
            HARMLESS,
        ),
        (
            "server exch13 exch13.corp:443 ssl verify required ca-file /x check",
            "server exch13 127.0.0.1:2301 ssl check verify none",
            HARMLESS,
        ),
        ("server exch13 ssl check", "server exch13 127.0.0.1:2301 ssl check verify none", HARMLESS),
        (
            "server exch13 10.0.0.2:80 check port 8080",
            "server exch13 127.0.0.1:1301 check",
            MAY_MATTER,
        ),
        (
            "server exch13 10.0.0.2:80 source 10.0.0.9 usesrc clientip cookie A",
            "server exch13 127.0.0.1:1301 cookie A",
            MAY_MATTER,
        ),
        (
            "server exch13 10.0.0.2:80 send-proxy-v2-ssl check",
            "server exch13 127.0.0.1:1301 check",
            MAY_MATTER,
        ),
        (
            "server exch13 10.0.0.2:80 send-proxy-v2-ssl-cn proxy-v2-options ssl,cert-cn check",
            "server exch13 127.0.0.1:1301 check",
            MAY_MATTER,
        ),
        (
            "server exch13 10.0.0.2:80 namespace inner socks4 10.0.0.9:1080 check",
            "server exch13 127.0.0.1:1301 check",
            MAY_MATTER,
        ),
        (
            "server exch13 10.0.0.2:80 check addr 10.0.0.3 agent-check agent-addr 10.0.0.3 agent-port 8080",
            "server exch13 127.0.0.1:1301 check",
            MAY_MATTER,
        ),
        (
            "server exch13 exch13.corp:80 resolvers own init-addr libc,none check",
            "server exch13 127.0.0.1:1301 check",
            HARMLESS,
        ),
        (
            "server exch13 10.0.0.2:80 send-proxy cookie A",
            "server exch13 127.0.0.1:1301 cookie A",
            MAY_MATTER,
        ),
        (
            "default-server inter 3s ssl verify required ca-file /x",
            "default-server inter 3s ssl verify none",
            HARMLESS,
        ),
        ("no option forceclose", "# dropped: no option forceclose", HARMLESS),
        ("no option http-tunnel", "# dropped: no option http-tunnel", HARMLESS),
        ("option forceclose", "option httpclose", MAY_MATTER),
        ("option http-tunnel", "# dropped: option http-tunnel", MAY_MATTER),
        ("option dontlog-normal", "# dropped: option dontlog-normal", HARMLESS),
        ("contimeout 5000", "timeout connect 5000", HARMLESS),
        ("srvtimeout 50s", "timeout server 50s", HARMLESS),
        ("redispatch", "option redispatch", HARMLESS),
        (r"rspadd X-A:\ b\ c", r"http-response add-header X-A b\ c", HARMLESS),
        ("log 10.0.0.1 local0", "log global", HARMLESS),
        ("no log", "log global", HARMLESS),
        (
            "errorfile 503 /etc/haproxy/503.http",
            "# dropped: errorfile 503 /etc/haproxy/503.http",
            MAY_MATTER,
        ),
        ("acl bad src -f /etc/bad.lst", "acl bad src -f /dev/null", MAY_MATTER),
    ],
)
def test_each_change_is_made_and_said(line, after, kind):
    got, changes = moved(line)
    assert got == after
    assert [(change.before, change.kind) for change in changes] == [(line, kind)]
    assert changes[0].why


@pytest.mark.parametrize(
    "line",
    [
        "balance roundrobin",
        "cookie LB01 insert indirect nocache",
        "http-reuse never",
        "option prefer-last-server",
        "option http-keep-alive",
        "option httpchk GET /owa/HealthCheck.htm",
        r"http-check expect string 200\ OK",
        "stick-table type ip size 10k",
        "timeout server 60s",
        "maxconn 1000",
        "retries 3",
        "http-request deny if { path /x } # why",
    ],
)
def test_what_decides_the_spread_stays_as_it_is(line):
    assert moved(line) == (line, [])


@pytest.mark.parametrize(
    ("line", "after", "kind"),
    [
        ("bind name INT_http", "bind 127.0.0.1:4001 name INT_http", HARMLESS),
        (
            "bind *:443 ssl crt /etc/x.pem alpn h2,http/1.1",
            "bind 127.0.0.1:4001 ssl crt /lab/host.pem alpn h2,http/1.1",
            HARMLESS,
        ),
        (
            "bind 10.0.0.1:443,10.0.0.2:443 name a ssl crt x",
            "bind 127.0.0.1:4001 name a ssl crt /lab/host.pem",
            HARMLESS,
        ),
        (
            "bind :443 ssl crt x verify optional ca-file y",
            "bind 127.0.0.1:4001 ssl crt /lab/host.pem",
            MAY_MATTER,
        ),
        ("bind :443 accept-proxy", "bind 127.0.0.1:4001", MAY_MATTER),
        ("bind quic4@:443 ssl crt x", "# dropped: bind quic4@:443 ssl crt x", MAY_MATTER),
    ],
)
def test_binds_get_an_address_of_this_machine(line, after, kind):
    got, changes = moved(line, "frontend g\n  mode http\n  log global\n  option httplog")
    assert got == after
    assert [change.kind for change in changes] == [kind]


def test_the_global_section_loses_what_needs_another_place():
    text = """global
  chroot /var/lib/haproxy
  user haproxy
  daemon
  log /dev/log local0
  stats socket /run/admin.sock
  stats timeout 30s
  nbthread 4
  maxconn 80000
  tune.bufsize 32768
listen l
  bind :80
"""
    made = retarget(text, rig(most_connections=4000))
    kept = [
        line.strip() for line in made.text.splitlines() if line.strip() and not line.startswith("#")
    ]
    assert kept[:8] == [
        "global",
        "stats timeout 30s",
        "nbthread 1",
        "maxconn 4000",
        "tune.bufsize 32768",
        "log 127.0.0.1:514 len 8192 format raw local0",
        "stats socket /lab/runtime.sock mode 600 level admin",
        "listen l",
    ]
    assert {change.line for change in made.changes if change.before} == {2, 3, 4, 5, 6, 8, 9, 12}


@pytest.mark.parametrize(
    ("scale", "value", "after"),
    [(0.1, "60s", "6000ms"), (0.1, "1500", "150ms"), (0.05, "5m", "15000ms"), (0.1, "1ms", "1ms")],
)
def test_timeouts_shrink_with_the_labs_time(scale, value, after):
    got, changes = moved(f"timeout server {value}", time_scale=scale)
    assert got == f"timeout server {after}"
    assert bool(changes) == (value != after)


@pytest.mark.parametrize(("release", "stays"), [((2, 8), True), ((3, 0), True), ((3, 2), False)])
def test_prefer_last_server_leaves_a_frontend_where_it_would_be_refused(release, stays):
    got, _ = moved("option prefer-last-server", "frontend g\n  mode http", release=release)
    assert (got == "option prefer-last-server") is stays


@pytest.mark.parametrize(
    ("server", "nodes", "found"),
    [
        ("ISP_exch16_syd_02", ["EXCH16-SYD-01", "EXCH16-SYD-02"], ["EXCH16-SYD-02"]),
        ("ISP_exch13", ["EXCH1", "EXCH13"], ["EXCH13"]),
        ("ISP_exch13", ["EXCH1"], []),
        ("n1_exch16_syd_01", ["EXCH16-SYD-01"], ["EXCH16-SYD-01"]),
        ("cas", ["CAS-01", "CAS-02"], ["CAS-01", "CAS-02"]),
        ("mail1", ["EXCH13"], []),
    ],
)
def test_a_server_is_the_node_whose_name_it_contains(server, nodes, found):
    assert matches(server, dict.fromkeys(nodes, "")) == found


def test_names_are_compared_by_letters_and_digits():
    assert normal("ISP_Exch16-SYD.02") == "ispexch16syd02"
    assert contains("exch13", "exch13") and not contains("exch13", "exch1")


def test_a_mapping_goes_before_any_guess():
    got, _ = moved("server ISP_exch13 10.0.0.1:80", servers={"ISP_exch13": "EXCH16-SYD-01"})
    assert got == "server ISP_exch13 127.0.0.1:1601"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "listen l\n bind :1\n server mail1 10.0.0.1:80\n",
            "x.cfg:3: server mail1 is none of the nodes",
        ),
        (
            "listen l\n bind :1\n server exch16 10.0.0.1:80\n",
            "x.cfg:3: server exch16 may be EXCH16-SYD-01 or EXCH16-SYD-02",
        ),
        ("listen l\n bind :1\n server-template s 3 _http._tcp\n", "x.cfg:3: server-template: "),
        (
            "listen l\n bind :1\n timeout client soon now\n",
            "x.cfg:3: timeout client: soon is no time",
        ),
        (
            "backend b\n balance roundrobin\n",
            "x.cfg:1: has neither a frontend nor a listen section",
        ),
        ("mode http\nlisten l\n", "x.cfg:1: mode: stands before the first section"),
    ],
)
def test_what_cannot_be_moved_is_one_line_with_its_place(text, message):
    with pytest.raises(LbError) as caught:
        retarget(text, rig(time_scale=0.5), "x.cfg")
    assert str(caught.value).startswith(message)
    assert "\n" not in str(caught.value)


def test_evidence_goes_into_http_and_into_nothing_else():
    text = "defaults\n mode http\nlisten a\n bind :1\nbackend b\n mode tcp\nbackend c\n balance roundrobin\n"
    made = retarget(text, rig())
    assert made.text.count(EVIDENCE) == 2
    assert EVIDENCE not in made.text[made.text.index("backend b") : made.text.index("backend c")]


def test_a_backend_that_is_missing_answers_503():
    made = retarget("frontend f\n bind :1\n mode http\n use_backend gone if TRUE\n", rig())
    assert "backend gone\n    mode http\n    http-request return status 503" in made.text
    assert [change.kind for change in made.changes if change.line == 4] == [MAY_MATTER]


def test_files_of_the_incident_keep_every_line_that_is_not_in_the_list():
    for path in sorted(SCENARIOS.glob("*.cfg")):
        nodes = NODES | {"EXCH10-SYD-01": "127.0.0.1:1", "EXCH10-SYD-02": "127.0.0.1:2"}
        text = path.read_text()
        made = retarget(text, rig(nodes=nodes), path.name)
        changed = {change.line for change in made.changes}
        lines = made.text.splitlines()
        for number, line in enumerate(text.splitlines(), start=1):
            assert number in changed or line in lines, f"{path.name}:{number}"
        assert not [change for change in made.changes if change.kind == MAY_MATTER]


# Nodes that are not ours ---------------------------------------------------------------------------
CHECKED = ("verify", "required", "ca-file", "/ca.pem", "verifyhost", "mail.example.com")
FARM = {
    "nodes": {"EXCH10": "10.0.0.10:80"},
    "nodes_tls": {"EXCH13": "10.0.0.13:443"},
    "node_tls": CHECKED,
    "sni": "mail.example.com",
    "naming": "[target.map]",
}
TLS_WORDS = " ".join(CHECKED) + " sni str(mail.example.com)"


@pytest.mark.parametrize(
    ("line", "after", "kind"),
    [
        (
            "server exch13 10.9.9.9:443 ssl verify none",
            f"server exch13 10.0.0.13:443 ssl {TLS_WORDS}",
            HARMLESS,
        ),
        (
            "server exch13 10.9.9.9:443 ssl sni req.hdr(host)",
            f"server exch13 10.0.0.13:443 ssl sni req.hdr(host) {' '.join(CHECKED)}",
            HARMLESS,
        ),
        (
            "server exch13 10.9.9.9:80 check",
            f"server exch13 10.0.0.13:443 ssl check {TLS_WORDS} check-sni mail.example.com",
            MAY_MATTER,
        ),
        ("server exch10 10.9.9.9:80 check", "server exch10 10.0.0.10:80 check", HARMLESS),
    ],
)
def test_a_node_of_a_farm_is_asked_for_the_urls_own_name(line, after, kind):
    got, changes = moved(line, "backend b\n  mode http", **FARM)
    assert got == after
    assert [change.kind for change in changes] == [kind]


def test_a_balancer_that_hands_on_bytes_lets_clients_and_nodes_speak_tls_with_each_other():
    text = "listen a\n mode tcp\n bind :443\n server exch13 10.9.9.9:443 check\n"
    for more in ({}, FARM):
        made = retarget(text, rig(**more))
        line = next(one for one in made.text.splitlines() if "server exch13" in one)
        assert line.split() == [
            "server",
            "exch13",
            (more or {"nodes_tls": TLS})["nodes_tls"]["EXCH13"],
            "check",
        ]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("server exch10 ssl", "EXCH10 has no address for TLS here"),
        (
            "server exch19 10.0.0.1:80",
            "none of the nodes EXCH10, EXCH13: say which one it is in [target.map]",
        ),
    ],
)
def test_a_server_that_cannot_be_placed_names_line_and_remedy(line, said):
    with pytest.raises(MovingError, match=re.escape(said)):
        moved(line, "backend b\n  mode http", **FARM)
