"""What was done to a lab while it stood, a line each: which node was killed, drained, brought back, and when.

Written for tests beside the nodes' confessions (`nodes/lab.jsonl`); judgement never reads it.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path


class Diary:
    """Lines of `{"utc", "what", "node"}`; each is in the file when `note` returns."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def note(self, what: str, node: str = "") -> None:
        """`what` was done (to `node`) now."""
        utc = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        line = json.dumps({"utc": utc, "what": what, "node": node})
        with self._path.open("a", encoding="utf-8") as file:
            file.write(line + "\n")
