"""What a run talks to, as values: a balancer's address, the nodes behind it, and what is known of both."""

from __future__ import annotations

import re

import msgspec

from exsim.runs.runfile import BalancerChange

_COOKIE = re.compile(r"^\s*cookie\s+(\S+)\s.*\b(?:insert|rewrite|prefix)\b", re.MULTILINE)


class Rig(msgspec.Struct, frozen=True):
    """Where a run goes.  `nodes`: name -> its own URL; `config`: the balancer's file as run.

    `versions`: name -> version, as claimed.  `ca`: "system", or a file of certificates to trust.  `lb_ca`: the
    file for a balancer that was started here, where it is another than the nodes'.  Of a balancer that is not
    ours: `cookie`, the name of its persistence cookie, and `lb_values`, its values -> node, as far as they
    were seen.  `resolved`: every address that the url's name has.  `distrusted`: names in X-FEServer that are not believed.
    """

    url: str
    address: str
    nodes: dict[str, str]
    versions: dict[str, str]
    ca: str = "system"
    lb_ca: str = ""
    insecure: bool = False
    tls_min: str = "1.2"
    tls_legacy: bool = False
    client_cert: str = ""  # a file
    client_key: str = ""
    proxy: str = ""  # "host:port"
    hosts: tuple[str, ...] = ()
    logon_folder: str = ""  # where a logon flow of the user's own may be found
    config: str = ""
    changes: tuple[BalancerChange, ...] = ()
    warnings: tuple[str, ...] = ()
    lb_servers: dict[str, str] = {}
    haproxy: str = ""
    nginx: str = ""  # its version, where that is what runs in HAProxy's place
    haproxy_path: str = ""  # of whichever runs
    resolved: tuple[str, ...] = ()
    cookie: str = ""
    lb_values: dict[str, str] = {}
    distrusted: tuple[str, ...] = ()

    @property
    def lb_cookie(self) -> str:
        """The name of the balancer's persistence cookie; "" without one."""
        return self.cookie or cookie_in(self.config)


def cookie_in(config: str) -> str:
    """The name of the persistence cookie in a balancer's file; "" without one."""
    found = _COOKIE.search(config)
    return found.group(1) if found else ""
