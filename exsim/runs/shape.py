"""What the values of a scenario are made of: a table, and the kinds of number in it."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

Seconds = Annotated[float, Meta(ge=0, extra={"duration": True})]
Interval = Annotated[float, Meta(gt=0, extra={"duration": True})]
Count = Annotated[int, Meta(ge=0)]
Positive = Annotated[int, Meta(ge=1)]
Share = Annotated[float, Meta(ge=0, le=1)]


class Section(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A table of a scenario; a key that it does not have is a mistake."""
