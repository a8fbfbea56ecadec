"""How the garbage collector of a load process works: seldom, and never over what was there at its start.

Nearly everything that a request leaves behind goes by its count of references.  What is left for the
collector is little, while every library that was loaded would be looked through again and again.
"""

from __future__ import annotations

import gc

YOUNG = 20_000  # new containers until the young ones are looked through; Python's own figure is 700
TURNS = 20  # lookings until older ones are looked through too


def collect_seldom() -> None:
    """To be called once, when everything is loaded and before the first user."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG, TURNS, TURNS)
