"""What goes wrong between a configuration and a running balancer, in one line."""

from __future__ import annotations


class LbError(ValueError):
    """A configuration that cannot be moved, or a HAProxy that will not run.

    The message is what a person reads: "file:line: …", or HAProxy's own words.
    """


class MovingError(LbError):
    """A configuration that cannot be moved as it is: whoever wrote it can put it right."""
