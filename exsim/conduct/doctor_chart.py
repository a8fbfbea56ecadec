"""The cookie matrix as it fills, and how often each password may still be sent or shown."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from exsim.judgement.evidence import MatrixCell
from exsim.protocols.agent import Account
from exsim.protocols.owa.crossing import Copy, Reply

NOT_ASKED = "not_asked"
METHODS = ("GET", "POST")
Key = tuple[str, str, bool]  # issuer, reader, private


@dataclass
class Budget:
    """How often each account's password may be sent or shown; `resting` accounts are asked no more."""

    limit: int
    used: dict[str, int] = field(default_factory=dict)
    resting: set[str] = field(default_factory=set)

    def spend(self, account: Account) -> bool:
        """Count one attempt; False when there is none left."""
        if not self.left(account):
            return False
        self.used[account.address] = self.used.get(account.address, 0) + 1
        return True

    def refund(self, account: Account) -> None:
        """The attempt was not made: no password left this machine."""
        self.used[account.address] -= 1

    def left(self, account: Account) -> int:
        if account.address in self.resting:
            return 0
        return self.limit - self.used.get(account.address, 0)

    def next(self, accounts: Sequence[Account]) -> Account | None:
        """The account that was used least."""
        able = [one for one in accounts if self.left(one) > 0]
        return max(able, key=self.left) if able else None


class Chart:
    """Who was shown whose copy, and what was said.  The first answer by each method stands."""

    def __init__(self) -> None:
        self.cells: dict[Key, MatrixCell] = {}

    def unanswered(self, copy: Copy, reader: str) -> tuple[str, ...]:
        """The methods by which `reader` was not asked yet; a public copy is shown by GET alone."""
        cell = self.cells.get((copy.issuer, reader, copy.private))
        wanted = METHODS if copy.private else METHODS[:1]
        if cell is None:
            return wanted
        said = {"GET": cell.get, "POST": cell.post}
        return tuple(method for method in wanted if said[method] == NOT_ASKED)

    def record(self, copy: Copy, reply: Reply, reader: str) -> None:
        """Write an answer of `reader` down."""
        cell = self.cells.setdefault(
            (copy.issuer, reader, copy.private),
            MatrixCell(from_=copy.issuer, to=reader, public=not copy.private),
        )
        place = reply.method.lower()
        if getattr(cell, place) != NOT_ASKED:
            return
        setattr(cell, place, reply.says)
        if reply.detail:
            said = f"{reply.method}: {reply.detail}"
            cell.detail = f"{cell.detail}; {said}" if cell.detail else said

    def rows(self, nodes: Sequence[str]) -> Iterator[MatrixCell]:
        """A private cell for every pair, asked or not; then public ones, where there are any."""
        pairs = [(issuer, reader) for issuer in nodes for reader in nodes]
        for issuer, reader in pairs:
            empty = MatrixCell(from_=issuer, to=reader)
            yield self.cells.get((issuer, reader, True), empty)
        for issuer, reader in pairs:
            cell = self.cells.get((issuer, reader, False))
            if cell is not None:
                yield cell
