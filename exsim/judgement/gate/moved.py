"""Who had to move: from the node that something befell to each of the others that the balancer uses.

A node's death shows something only where somebody was on it, and only of the nodes where he went then.
"""

from __future__ import annotations

from collections.abc import Iterable

from exsim.judgement.matrix import counted
from exsim.judgement.words import listed
from exsim.session.attribution import net_bios
from exsim.session.records import Session


def nobody_moved(sessions: Iterable[Session], node: str) -> str:
    """A sentence about the front ends to which no session was moved from `node`; "" where there is none.

    Asked of those that take logons; what the balancer keeps in reserve need not take anybody.
    """
    gone, moved, used = net_bios(node), set[str](), set[str | None]()
    for session in filter(counted, sessions):
        used.add(session.login_front_end)
        moved.update(_after(session, gone))
    missing = sorted(name for name in used - moved if name and name != gone)
    if moved and not missing:
        return ""
    where = f" to {listed(missing)}" if missing else ""
    return f"Nobody was moved from {gone}{where}: what happens there is not known."


def _after(session: Session, node: str) -> list[str]:
    """Whom a session met after it was at `node`."""
    path = [session.login_front_end, *(meeting.front_end for meeting in session.meetings)]
    if node not in path:
        return []
    return [name for name in path[path.index(node) :] if name and name != node]
