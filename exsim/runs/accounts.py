"""Accounts: who logs on, with what, and where his mailbox is said to live.

A file of accounts is `email,logon,home,secret`.  A secret is `env:NAME`, `cmd:…`, `prompt`, or stands
there itself if nobody but the owner may read the file.  `home` is a claim, to be compared with what the
back end says.
"""

from __future__ import annotations

import csv
import getpass
import os
import subprocess
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import msgspec

from exsim.protocols.jar import Cookie
from exsim.runs import given
from exsim.runs.errors import AccountsError
from exsim.wire import names

COLUMNS = ("email", "logon", "home", "secret")
SECRET = frozenset(("password", "cookies"))
COMMAND_LIMIT = 30.0  # seconds that a `cmd:` may take


class Account(msgspec.Struct, frozen=True, omit_defaults=True):
    """One mailbox and how its user logs on.

    `logon` is typed exactly so.  `home`: version that holds the mailbox.  `node`, `sid` and `name` are
    known in the lab only.
    """

    address: str
    logon: str
    home: str
    password: str
    node: str = ""
    sid: str = ""
    name: str = ""
    cookies: tuple[Cookie, ...] = ()  # of a browser that is logged on already; in no file of ours

    def __repr__(self) -> str:
        return f"Account({self.address!r}, logon={self.logon!r}, home={self.home!r})"

    def claim(self) -> dict[str, str]:
        """What may be written down: everything but the password and the cookies."""
        facts = msgspec.to_builtins(self)
        return {key: value for key, value in facts.items() if key not in SECRET}

    def as_mailbox(self) -> dict[str, str]:
        """As the simulated organisation takes it on its standard input."""
        return {
            "address": self.address,
            "logon": self.logon,
            "password": self.password,
            "home": self.node,
            "sid": self.sid,
            "name": self.name,
        }


def read_accounts(
    path: Path,
    ask: Callable[[str], str] = getpass.getpass,
    trust: bool = False,
    secrets: bool = True,
) -> list[Account]:
    """The accounts of `path`, with their passwords; without them (`secrets` False) nothing is asked or run.

    `ask` is called for `prompt`.  `trust` skips the look at the file's mode, which says nothing on
    Windows.  Raises AccountsError with the file's name and line.
    """
    try:
        text = given.text(path, "utf-8-sig")
    except (OSError, UnicodeDecodeError) as problem:
        why = problem.strerror if isinstance(problem, OSError) else "it is not UTF-8"
        raise AccountsError(f"{path.name}: cannot be read: {why} ({path})") from None
    literal = trust or os.name == "nt" or not path.stat().st_mode & 0o077
    accounts: list[Account] = []
    for where, row in _rows(path.name, text):
        account = _account(where, row, accounts)
        if secrets:
            password = _secret(where, account.address, row[-1], ask, literal)
            account = msgspec.structs.replace(account, password=password)
        accounts.append(account)
    if not accounts:
        raise AccountsError(f"{path.name}: holds no account")
    return accounts


def _read(file: str, reader: Iterable[list[str]]) -> Iterator[list[str]]:
    try:
        yield from reader
    except csv.Error as problem:
        raise AccountsError(f"{file}: is no CSV: {problem}") from None


def _rows(file: str, text: str) -> Iterator[tuple[str, list[str]]]:
    reader = csv.reader(text.splitlines(), skipinitialspace=True)
    seen_heading = False
    for row in _read(file, reader):
        where = f"{file}:{reader.line_num}"
        row = [cell.strip() for cell in row]
        if not any(row) or row[0].startswith("#"):
            continue
        if not seen_heading:
            seen_heading = True
            if tuple(cell.lower() for cell in row) == COLUMNS:
                continue
            raise AccountsError(f"{where}: the first line must be {','.join(COLUMNS)}")
        if len(row) != len(COLUMNS):
            raise AccountsError(
                f"{where}: {len(row)} columns, expected {len(COLUMNS)}: {','.join(COLUMNS)}"
            )
        yield where, row


def _account(where: str, row: list[str], before: Sequence[Account]) -> Account:
    email, logon, home, _ = row
    home = home.lower()
    name, at, domain = email.partition("@")
    if not (name and at and domain):
        raise AccountsError(f'{where}: email: "{email}" is not an address')
    if not logon:
        raise AccountsError(
            f"{where}: logon: is empty; write it exactly as it is typed on the page"
        )
    if home not in names.VERSIONS:
        raise AccountsError(
            f'{where}: home: "{home}" is not a version; one of {", ".join(names.VERSIONS)}'
        )
    if any(email.lower() == other.address.lower() for other in before):
        raise AccountsError(f'{where}: email: "{email}" is there twice; one user, one mailbox')
    return Account(email, logon, home, "")


def _secret(where: str, email: str, secret: str, ask: Callable[[str], str], literal: bool) -> str:
    kind, colon, rest = secret.partition(":")
    if secret == "prompt":
        password = ask(f"password of {email}: ")
    elif colon and kind == "env":
        password = os.environ.get(rest, "")
        if not password:
            raise AccountsError(f"{where}: secret: the environment has no {rest}")
    elif colon and kind == "cmd":
        password = _from_command(where, rest)
    elif not literal:
        raise AccountsError(
            f"{where}: secret: a password itself needs a file that only its owner can read (chmod 600);"
            " or write env:NAME, cmd:… or prompt"
        )
    else:
        password = secret
    if not password:
        raise AccountsError(f"{where}: secret: is empty")
    return password


def _from_command(where: str, command: str) -> str:
    """The first line that `command` prints.  Neither it nor its output is repeated in an error."""
    try:
        done = subprocess.run(
            command, shell=True, capture_output=True, text=True, timeout=COMMAND_LIMIT, check=False
        )
    except subprocess.TimeoutExpired:
        raise AccountsError(
            f"{where}: secret: the command took longer than {COMMAND_LIMIT:.0f} s"
        ) from None
    if done.returncode:
        raise AccountsError(f"{where}: secret: the command ended with {done.returncode}")
    return done.stdout.partition("\n")[0].rstrip("\r")
