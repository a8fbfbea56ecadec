"""What stands in the way of a test and is nobody's verdict: no balancer, a port in use, a target that is down."""

from __future__ import annotations


class EnvironmentProblem(Exception):
    """No test took place.  The text is one line, ready to be printed."""
