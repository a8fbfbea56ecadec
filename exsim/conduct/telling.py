"""The hops of the few sessions that are told one by one, fetched from a history in a reading of its own.

Only the lines that may be among them are decoded, and only what is told is kept: a history of hours has
millions of others.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from exsim.judgement.judge import sessions_to_tell
from exsim.judgement.proof import is_culprit, replayed
from exsim.runs.directory import RunDirectory
from exsim.session.hop import Hop
from exsim.session.records import Findings, Incident, Session


def hops_to_tell(directory: RunDirectory, findings: Findings) -> dict[int, list[Hop]]:
    """User -> the hops of his that a proof or a story is made of, in order of arrival."""
    told = sessions_to_tell(findings)
    if not told:
        return {}
    users = {user: Told(told, user) for user in {session.user for session in told}}
    hops: dict[int, list[Hop]] = defaultdict(list)
    for line in directory.history().matching(_pattern(users)):
        if isinstance(line, Hop) and line.user in users and users[line.user].wants(line):
            hops[line.user].append(line)
    return {user: in_full(found) for user, found in hops.items()}


def in_full(hops: Sequence[Hop]) -> list[Hop]:
    """One user's hops, those that stand in brief and in full in full, in their places."""
    full = {hop.seq: msgspec.structs.replace(hop, again=False) for hop in hops if hop.again}
    return [full.get(hop.seq, hop) for hop in hops if not hop.again]


class Told:
    """What is told of one user, and its culprits as far as they have been met."""

    def __init__(self, told: Iterable[Session], user: int) -> None:
        own = [session for session in told if session.user == user]
        self.incidents = [session.incident for session in own if session.incident is not None]
        self.sessions = {session.id for session in own}
        self.asked = {seq for one in self.incidents for seq in (one.seq, *one.aftermath)}
        self._culprits: list[tuple[Incident, Hop]] = []

    def wants(self, hop: Hop) -> bool:
        """Whether a hop of this user is told; its culprit arrived before what is replayed of it."""
        if hop.control:
            return any(replayed(hop, incident, culprit) for incident, culprit in self._culprits)
        if hop.seq not in self.asked:
            return hop.session in self.sessions
        self._culprits += [(one, hop) for one in self.incidents if is_culprit(hop, one)]
        return True


def _pattern(users: Mapping[int, Told]) -> re.Pattern[bytes]:
    """Found in a hop's line, in full or in brief, of one of these users: of a session, or of a request by its number.

    What replays a session's cookies names that session, too.

    Begins with what is the same in each, so that it is looked for quickly.
    """
    names = "|".join(re.escape(name) for one in users.values() for name in one.sessions)
    numbers = "|".join(str(seq) for one in users.values() for seq in one.asked)
    who = "|".join(map(str, users))
    text = (
        rf',"user":(?:{who}),'
        rf'"session":(?:"(?:{names})"|"[^"]*","seq":(?:{numbers})[,}}])'
    )
    return re.compile(text.encode())
