"""Where the load connects: the balancer, and each node by itself, always with the URL's own Host."""

from __future__ import annotations

from urllib.parse import urlsplit

from exsim.drive.target import Target
from exsim.drive.tls import context, context_for
from exsim.runs.addresses import endpoint
from exsim.runs.order import Order


def targets_of(order: Order) -> dict[str | None, Target]:
    """Origin (None: the scenario's target) -> where it is.  One TLS context is shared by all,
    but for a balancer that was started here and is vouched for by nobody else.

    Raises OSError when the file of trusted certificates cannot be read.
    """
    url = urlsplit(order.url)
    host = url.netloc.removesuffix(":443")
    tls = context_for(order)
    proxy = endpoint(order.proxy)[1:] if order.proxy else None
    before = context(order.lb_ca) if order.lb_ca else tls
    _, where, port = endpoint(order.address)
    found: dict[str | None, Target] = {
        None: Target(
            where,
            port,
            host,
            before if url.scheme == "https" else None,
            proxy=proxy,
            signature=order.signature,
        )
    }
    for name, address in order.nodes.items():
        scheme, where, port = endpoint(address)
        found[name] = Target(
            where,
            port,
            host,
            tls if scheme == "https" else None,
            proxy=proxy,
            signature=order.signature,
        )
    return found
