"""The pages that are kept as files: read once, filled in with escaped values."""

from __future__ import annotations

import html
import json
import re
from functools import lru_cache
from importlib import resources

PLACE = re.compile(r"\{\{(js:)?(\w+)\}\}")


@lru_cache(maxsize=32)
def text(name: str) -> str:
    """The file `name` as it is."""
    return (resources.files("exsim.org") / "pages" / name).read_text(encoding="utf-8")


def fill(name: str, /, **values: str) -> str:
    """Page `name` with each `{{value}}` escaped for HTML, each `{{js:value}}` as a script's string."""

    def put(match: re.Match[str]) -> str:
        value = values[match[2]]
        if match[1]:
            return json.dumps(value).replace("<", "\\u003c")
        return html.escape(value)

    return PLACE.sub(put, text(f"{name}.html"))
