"""Pages of a list: what IndexedPageItemView and its kin ask for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar
from xml.etree.ElementTree import Element

from exsim.org.ews.soap import number_of

MOST_ROWS = 1000  # EWSFindCountLimit (EWS13)
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """`rows` of a list of `total`; the next page begins at `after`; `last`: there is none."""

    rows: Sequence[T]
    after: int
    total: int
    last: bool

    def root(self, inside: str) -> str:
        """The RootFolder element around `inside`."""
        return (
            f'<m:RootFolder IndexedPagingOffset="{self.after}" TotalItemsInView="{self.total}"'
            f' IncludesLastItemInRange="{"true" if self.last else "false"}">{inside}</m:RootFolder>'
        )


def page(rows: Sequence[T], view: Element | None) -> Page[T]:
    """The page of `rows` that `view` asks for; no view: all, but never more than the limit."""
    offset, most, from_end = 0, MOST_ROWS, False
    if view is not None:
        offset = number_of(view, "Offset", 0)
        most = min(number_of(view, "MaxEntriesReturned", MOST_ROWS), MOST_ROWS)
        from_end = view.get("BasePoint") == "End"
    if from_end:
        end = max(0, len(rows) - offset)
        start = max(0, end - most)
        return Page(rows[start:end], offset + end - start, len(rows), start == 0)
    taken = rows[offset : offset + most]
    after = min(len(rows), offset + len(taken))
    return Page(taken, after, len(rows), after >= len(rows))
