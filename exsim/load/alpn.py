"""One connection that offers HTTP/2 as a browser does: would the balancer have taken it?

The load speaks HTTP/1.1.  HAProxy from 2.8 offers h2 on every TLS bind (HAPROXY), browsers take it, and
there one connection carries all streams, so they may be spread differently than this run.
"""

from __future__ import annotations

import socket
import ssl

from exsim.drive.target import Target

BOTH = ("h2", "http/1.1")
LIMIT = 5.0  # seconds


def chosen_protocol(target: Target, offer: ssl.SSLContext) -> str:
    """What was chosen of h2 and http/1.1: "h2", "http/1.1", or "" (nothing, no TLS, no connection, or a proxy before it)."""
    if target.tls is None or target.proxy is not None:
        return ""
    try:
        with (
            socket.create_connection((target.address, target.port), LIMIT) as plain,
            offer.wrap_socket(plain, server_hostname=target.host) as spoken,
        ):
            return spoken.selected_alpn_protocol() or ""
    except (OSError, ssl.SSLError):
        return ""
