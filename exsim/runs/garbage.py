"""How the garbage collector works while there is much to do: seldom.

Nearly everything that a request leaves behind goes by its count of references.  What is left for the
collector is little, while every library that was loaded would be looked through again and again.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

YOUNG = 20_000  # new containers until the young ones are looked through; Python's own figure is 700
TURNS = 20  # lookings until older ones are looked through too


def collect_seldom() -> None:
    """For a load process: to be called once, when everything is loaded and before the first user.

    What is there by then is never looked through at all.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG, TURNS, TURNS)


@contextmanager
def seldom() -> Iterator[None]:
    """For a reading of millions of lines: a quarter of its time went into looking for garbage that is not there."""
    before = gc.get_threshold()
    gc.set_threshold(YOUNG, TURNS, TURNS)
    try:
        yield
    finally:
        gc.set_threshold(*before)
