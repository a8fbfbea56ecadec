"""What keeps a lab from standing."""

from __future__ import annotations


class LabError(Exception):
    """The lab does not stand.  One line of what happened; below it the child's own last words, if any."""

    def __init__(self, what: str, words: str = "") -> None:
        super().__init__(f"{what}\n{words}" if words else what)
        self.what = what
        self.words = words
