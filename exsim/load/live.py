"""What the load tells while it runs: one JSON object a line on standard output, each second.

People's words are made elsewhere; these lines are for the process that started the load.
"""

from __future__ import annotations

import sys
from typing import Any

import msgspec


def tell(event: str, **facts: Any) -> None:
    """Print one event.  A reader that went away is no reason to stop measuring."""
    try:
        sys.stdout.buffer.write(msgspec.json.encode({"event": event, **facts}) + b"\n")
        sys.stdout.buffer.flush()
    except (BrokenPipeError, ValueError):
        pass
