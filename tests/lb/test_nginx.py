"""An nginx file moved to this machine.

Falls if: it is taken for HAProxy's or the other way round, an address of the operator's stays in it, or what
cannot be moved is moved all the same.
"""

from itertools import count
from pathlib import Path

import pytest

from exsim.lb.errors import MovingError
from exsim.lb.nginx import is_nginx, retarget
from exsim.lb.rig import HARMLESS, Rig

SCENARIOS = Path(__file__).parents[2] / "scenarios"
OURS = sorted((SCENARIOS / "nginx").glob("*.conf"))
HOME = Path("/run/lab")


def rig(*nodes, **servers):
    ports = count(4001)
    places = {name: f"127.0.0.1:{port}" for port, name in enumerate(nodes, 3001)}
    return Rig(
        nodes=places,
        nodes_tls={name: place.replace(":3", ":5") for name, place in places.items()},
        next_address=lambda tls: f"127.0.0.1:{next(ports)}",
        certificate="/run/lab/host.pem",
        log="",
        socket="",
        servers=servers.get("servers", {}),
    )


def conf(inside, at_http=""):
    return f"events {{\n}}\nhttp {{\n{at_http}\n    server {{\n        listen 192.0.2.10:443 ssl;\n{inside}\n    }}\n}}\n"


@pytest.mark.parametrize("path", OURS, ids=lambda path: path.stem)
def test_our_own_files_are_told_and_moved(path):
    made = retarget(path.read_text(), rig("EXCH16"), HOME, path.name)
    assert is_nginx(path.read_text()) and made.servers == {"192.0.2.21:80": "EXCH16"}
    kept = [line for line in made.text.splitlines() if not line.lstrip().startswith("#")]
    assert not any("192.0.2." in line or "mail.pem" in line for line in kept)
    assert [bind.address for bind in made.binds] == ["127.0.0.1:4001"]
    assert {change.kind for change in made.changes} == {HARMLESS}
    assert len(made.changes) == 4, "listen, certificate, key, server"


@pytest.mark.parametrize(
    "path", sorted(SCENARIOS.glob("haproxy/*.cfg")), ids=lambda path: path.stem
)
def test_no_file_of_haproxy_is_taken_for_one(path):
    assert not is_nginx(path.read_text())


def test_servers_are_nodes_in_their_order_or_as_somebody_says():
    text = conf(
        "",
        "    upstream a {\n        server 10.0.0.1;\n        server 10.0.0.2:81 weight=2;\n    }",
    )
    made = retarget(text, rig("A", "B"), HOME)
    assert made.servers == {"10.0.0.1": "A", "10.0.0.2:81": "B"}
    assert "server 127.0.0.1:3002 weight=2;" in made.text
    told = retarget(text, rig("A", "B", servers={"10.0.0.1": "B", "10.0.0.2:81": "A"}), HOME)
    assert told.servers == {"10.0.0.1": "B", "10.0.0.2:81": "A"}


@pytest.mark.parametrize(
    ("passed", "place"),
    [
        ("proxy_pass https://up;", "127.0.0.1:5001"),
        ("proxy_pass https://up/owa/;", "127.0.0.1:5001"),
        ("proxy_pass http://up;", "127.0.0.1:3001"),
        ("proxy_pass http://up; # not https://up", "127.0.0.1:3001"),
        ("# proxy_pass https://up;", "127.0.0.1:3001"),
        ("proxy_pass https://other;", "127.0.0.1:3001"),
    ],
)
def test_an_upstream_that_is_spoken_to_by_tls_gets_the_nodes_tls_addresses(passed, place):
    text = conf(f"        {passed}", "    upstream up {\n        server 10.0.0.1:443;\n    }")
    assert f"server {place};" in retarget(text, rig("A"), HOME).text


def test_a_literal_address_is_moved_and_a_name_is_not():
    made = retarget(conf("        proxy_pass https://10.0.0.1:443/x;"), rig("A"), HOME)
    assert "proxy_pass https://127.0.0.1:5001/x;" in made.text
    assert (
        "proxy_pass http://up;"
        in retarget(conf("        proxy_pass http://up;"), rig("A"), HOME).text
    )


def test_what_whoever_runs_it_says_is_left_out():
    text = "user www-data;\npid /run/nginx.pid;\nworker_processes auto;\n" + conf(
        "        access_log /var/log/x;"
    )
    made = retarget(text, rig("A"), HOME).text
    assert "www-data" not in made and "/var/log" not in made and "auto" not in made
    assert made.startswith("daemon off;\nmaster_process off;\n")


WRONG = [
    (conf("        include /etc/nginx/more.conf;"), "a.conf:7: include: write it out, it cannot be moved"),
    ("load_module x.so;\n" + conf(""), "a.conf:1: load_module: write it out, it cannot be moved"),
    (conf("        proxy_pass http://10.0.0.1;\n        proxy_pass http://10.0.0.2;"), "a.conf:8: 10.0.0.2: more servers than nodes; say which node it is: [lab] servers"),
    ("events {\n}\nhttp {\n", "a.conf: http is never closed"),
    ("events {\n}\nhttp {\n}\n", "a.conf: listens nowhere"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "said"), WRONG)
def test_what_cannot_be_moved_is_said_in_one_line(text, said):
    with pytest.raises(MovingError) as found:
        retarget(text, rig("A"), HOME, "a.conf")
    assert str(found.value) == said


def test_a_node_that_is_none_is_said():
    with pytest.raises(MovingError, match="X is not a node"):
        retarget(
            conf("        proxy_pass http://10.0.0.1;"),
            rig("A", servers={"10.0.0.1": "X"}),
            HOME,
        )
