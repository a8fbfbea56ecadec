"""The organisation's directory: who an account is, whether a password fits, where a mailbox lives."""

from __future__ import annotations

import hashlib

from exsim.org.entropy import guid_of
from exsim.org.settings import Mailbox, Node, Organisation


class Directory:
    """What Active Directory knows.  Accounts are found without regard to case."""

    def __init__(self, organisation: Organisation) -> None:
        self.bad: list[
            str
        ] = []  # addresses, one for each refused password, until they are confessed
        self._changed = False
        self._nodes = {node.name: node for node in organisation.nodes}
        self._logons: dict[str, Mailbox] = {}
        self._sids = {mailbox.sid: mailbox for mailbox in organisation.mailboxes}
        for mailbox in organisation.mailboxes:
            self._logons[mailbox.logon.lower()] = mailbox
            self._logons[mailbox.address.lower()] = mailbox

    def authenticate(self, user: str, password: str) -> Mailbox | None:
        """The mailbox of `user` (DOMAIN\\name or address), or None when the password is refused."""
        mailbox = self._logons.get(user.lower())
        if mailbox is None:
            return None
        good = (self._changed and mailbox.next_password) or mailbox.password
        if password != good:
            self.bad.append(mailbox.address)
            return None
        return mailbox

    def change_passwords(self) -> None:
        """From now on the next password of whoever has one is the good one, on every server at once."""
        self._changed = True

    def take_bad(self) -> tuple[str, ...]:
        """The refused passwords since this was last asked."""
        bad, self.bad = tuple(self.bad), []
        return bad

    def find(self, user: str, domain: str) -> Mailbox | None:
        """The mailbox of `user`, as a client writes name and domain apart; no password is looked at."""
        if domain:
            return self._logons.get(f"{domain}\\{user}".lower()) or self._logons.get(
                f"{user}@{domain}".lower()
            )
        return self._logons.get(user.lower())

    def by_sid(self, sid: str) -> Mailbox | None:
        return self._sids.get(sid)

    def by_address(self, address: str) -> Mailbox | None:
        found = self._logons.get(address.lower())
        return found if found is not None and found.address.lower() == address.lower() else None

    def home(self, mailbox: Mailbox) -> Node:
        """The node that holds the mailbox's active copy."""
        return self._nodes[mailbox.home]


def database_of(home: str) -> str:
    """The GUID of the database on a node: one database a node."""
    return guid_of(hashlib.sha256(f"database {home}".encode()).digest()[:16])
