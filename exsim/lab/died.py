"""A process that ended without being asked to."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Died:
    """One process of a lab, or a balancer, that ended by itself: its exit code, and its last words."""

    name: str
    code: int
    words: str
