"""The accounts of a target, each with what it logs on with: its password, or a browser's session."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from exsim.runs.accounts import Account, read_accounts
from exsim.runs.cookie_file import EACH, CookieFileProblem, read_cookies
from exsim.runs.errors import ScenarioError
from exsim.runs.own_logon import OwnLogonProblem, load_own_logon
from exsim.runs.sections import Target


def target_accounts(target: Target, path: Path) -> list[Account]:
    """The accounts of `target`, whose files stand relative to the scenario at `path`.

    Raises AccountsError, and ScenarioError for a file of cookies, or a flow of one's own, that cannot be used.
    """
    if target.logon:
        try:
            load_own_logon(target.logon, path.parent)
        except OwnLogonProblem as problem:
            raise ScenarioError(str(path), "target.logon", str(problem)) from None
    if not target.session:
        return read_accounts(path.parent / target.accounts)
    accounts = read_accounts(path.parent / target.accounts, secrets=False)
    if EACH not in target.session and len(accounts) > 1:
        raise ScenarioError(
            str(path),
            "target.session",
            f'"{target.session}" is one browser\'s, and {target.accounts} holds {len(accounts)} accounts; '
            f'leave one, or write a file for each: "sessions/{EACH}.txt"',
        )
    host = urlsplit(target.url).hostname or ""
    try:
        return [
            msgspec.structs.replace(
                one,
                cookies=read_cookies(path.parent / target.session.replace(EACH, one.address), host),
            )
            for one in accounts
        ]
    except CookieFileProblem as problem:
        raise ScenarioError(str(path), "target.session", str(problem)) from None


def by_the_form(target: Target, path: Path) -> None:
    """Raises ScenarioError where exsim is not to log on by Exchange's own form, node by node."""
    key = "target.session" if target.session else "target.logon" if target.logon else ""
    if key:
        raise ScenarioError(
            str(path),
            key,
            "exsim run alone can use it: here a logon is made at each node, by the form",
        )
