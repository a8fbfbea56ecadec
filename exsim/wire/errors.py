"""The one error of this room: the other side sent what cannot be read.

A `ValueError`, so that who asks only whether something is readable need not know this module.
"""

from __future__ import annotations


class WireError(ValueError):
    """Bytes that break their own format: truncated, malformed, or of a kind that nobody sends here."""
