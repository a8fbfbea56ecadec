"""Moving whole sections of a configuration: peers, pages of errors, stores of certificates.

Falls if: what is not here stays in and keeps HAProxy from starting, or a section takes lines of another's.
"""

from exsim.lb.retarget import retarget
from exsim.lb.rig import MAY_MATTER
from tests.lb.test_retarget import rig


def test_peers_become_this_balancer_alone():
    text = "global\n nbthread 1\npeers p\n peer lb1 10.0.0.1:1024\n peer lb2 10.0.0.2:1024\nlisten l\n bind :1\n"
    made = retarget(text, rig())
    assert "localpeer lb1" in made.text and "peer lb1 127.0.0.1:4000" in made.text
    assert "\n peer lb2" not in made.text


def test_peers_in_their_newer_form_become_this_balancer_alone():
    text = "frontend f\n bind :1\npeers p\n bind 10.0.0.1:1024\n server lb1\n server lb2 10.0.0.2:1024\n"
    made = retarget(text, rig())
    assert "localpeer lb1" in made.text and "\n peer lb1 127.0.0.1:4001\n" in made.text
    assert "\n bind 10.0.0.1" not in made.text and "\n server lb2" not in made.text


def test_pages_of_http_errors_and_keys_of_tickets_are_not_here():
    text = (
        "http-errors own\n errorfile 503 /etc/503.http\n"
        "frontend f\n bind :443 ssl crt x tls-ticket-keys /etc/keys\n mode http\n errorfiles own\n"
    )
    made = retarget(text, rig())
    assert "bind 127.0.0.1:4000 ssl crt /lab/host.pem\n" in made.text
    kept = [line for line in made.text.splitlines() if not line.startswith("#")]
    assert not [line for line in kept if "errorfile" in line or "/etc/" in line]
    assert {change.kind for change in made.changes if "errorfile" in change.before} == {MAY_MATTER}


def test_a_store_of_certificates_is_left_out_and_takes_nothing_that_is_globals():
    text = "global\n maxconn 9\ncrt-store web\n load crt x.pem\nfrontend f\n bind :1\n"
    made = retarget(text, rig()).text
    assert "# dropped: load crt x.pem" in made
    assert made.index("stats socket") < made.index("# dropped: crt-store web")
