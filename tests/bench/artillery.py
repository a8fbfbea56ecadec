"""Artillery's configuration of the session flow: users that do one session after the other."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.bench import session

PROCESSOR = Path(__file__).with_name("flow_artillery.cjs")
SESSIONS = 100_000  # of a user: more than there is time for


def _request(one: session.Asked) -> dict[str, Any]:
    asked = {
        "url": one["path"],
        "followRedirect": False,
        "beforeRequest": "dress",
        "afterResponse": "held",
    }
    if one["body"] is not None:
        asked["body"] = one["body"]
    return {one["method"].lower(): asked}


def write_artillery(path: Path, users: int) -> None:
    """A run of `users` users; its target is said on the command line."""
    every = map(_request, (*session.BEFORE, *session.CALLS, *session.AFTER))
    config = {
        "target": "http://127.0.0.1",
        "processor": str(PROCESSOR),
        "http": {"timeout": 60, "maxSockets": 1},
        "phases": [{"duration": 1, "arrivalCount": users}],
    }
    flow = [{"loop": [{"function": "forget"}, *every], "count": SESSIONS}]
    path.write_text(json.dumps({"config": config, "scenarios": [{"flow": flow}]}))
