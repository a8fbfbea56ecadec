"""Which front end can pass a request on to which mailbox, and which directories a version has at all.

A front end hands on to its own kind and to later versions as far as Microsoft says so (COEX); what it
answers where it cannot is documented nowhere, and so a setting.
"""

from __future__ import annotations

from exsim.org.attribution import build_of
from exsim.org.settings import Node

# Version of the front end -> versions of mailboxes that it can pass on to (COEX).  2013 to 2016 and 2019 is
# up-version proxying, by design; 2010 cannot pass up.  Pairs that cannot be in one organisation are left out.
PASSES_ON: dict[str, frozenset[str]] = {
    "2010": frozenset({"2010"}),
    "2013": frozenset({"2010", "2013", "2016", "2019"}),
    "2016": frozenset({"2010", "2013", "2016", "2019", "se"}),
    "2019": frozenset({"2013", "2016", "2019", "se"}),
    "se": frozenset({"2016", "2019", "se"}),
}
# Directory -> the first build that has it; the others are as old as 2010.
SINCE = {"mapi": (15, 0, 847)}  # 2013 SP1: OXDSCLI


def can_pass_on(front_end: Node, home: Node) -> bool:
    """Whether `front_end` can reach a mailbox on `home`."""
    return home.version in PASSES_ON[front_end.version]


def has(node: Node, vdir: str) -> bool:
    """Whether a server of this build has the virtual directory at all."""
    return build_of(node) >= SINCE.get(vdir, ())
