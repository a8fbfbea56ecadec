"""Where the load connects, and what it says there.

Falls if: a node is asked by its own name instead of the URL's, is spoken to without the TLS that its
address wants (or with it), or a file of authorities that cannot be read is passed over.
"""

from __future__ import annotations

import socket
import ssl

import msgspec
import pytest

from exsim.drive.target import Target
from exsim.drive.tls import context
from exsim.load.alpn import BOTH, chosen_protocol
from exsim.load.targets import targets_of
from tests.load.orders import orders


def test_every_origin_is_asked_by_the_urls_own_host() -> None:
    found = targets_of(orders()[0])
    assert {name: (one.address, one.port, one.host) for name, one in found.items()} == {
        None: ("127.0.0.1", 9443, "exchange.isp.com.au"),
        "EXCH13": ("127.0.0.1", 8013, "exchange.isp.com.au"),
        "EXCH16-SYD-01": ("127.0.0.1", 8443, "exchange.isp.com.au"),
    }


def test_tls_is_spoken_where_the_address_says_so_and_one_context_serves_all() -> None:
    found = targets_of(orders()[0])
    assert found["EXCH13"].tls is None
    assert found[None].tls is not None
    assert found[None].tls is found["EXCH16-SYD-01"].tls
    assert found[None].tls.verify_mode is ssl.CERT_REQUIRED


def test_a_port_that_is_not_https_own_belongs_to_the_host() -> None:
    for url, host in (("https://mail.x:8443", "mail.x:8443"), ("https://mail.x:443", "mail.x")):
        found = targets_of(orders(url=url)[0])
        assert {one.host for one in found.values()} == {host}
        assert {one.server_name for one in found.values()} == {"mail.x"}


def test_certificates_are_unchecked_only_when_the_scenario_says_so() -> None:
    order = msgspec.structs.replace(orders()[0], insecure=True)
    tls = targets_of(order)[None].tls
    assert tls is not None and tls.verify_mode is ssl.CERT_NONE


def test_authorities_that_cannot_be_read_are_an_error() -> None:
    with pytest.raises(OSError, match="No such file"):
        targets_of(msgspec.structs.replace(orders()[0], ca="/nosuch/ca.pem"))


def test_where_nobody_answers_no_protocol_was_chosen() -> None:
    with socket.create_server(("127.0.0.1", 0)) as door:
        port = int(door.getsockname()[1])
    tls = targets_of(orders()[0])[None].tls
    assert chosen_protocol(Target("127.0.0.1", port, "x", tls), context(None, True, BOTH)) == ""
    assert chosen_protocol(Target("127.0.0.1", port, "x"), context(None, True, BOTH)) == "", (
        "no TLS, no ALPN"
    )
