"""A farm, and the telephone of each of its mailboxes."""

from __future__ import annotations

import pytest

from tests.org.activesync.phone import Phone
from tests.org.farm import Farm


@pytest.fixture
def stranger(farm: Farm) -> Phone:
    """A telephone that has no policy yet; its mailbox lives at EXCH13."""
    return Phone(farm, "EXCH16-SYD-01", farm.organisation.mailboxes[0])


@pytest.fixture
def phone(stranger: Phone) -> Phone:
    stranger.provision()
    return stranger
