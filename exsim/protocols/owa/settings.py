"""What one browser is to do with OWA, as values.  Times in seconds of the scenario's own clock."""

from __future__ import annotations

from dataclasses import dataclass

from exsim.protocols.agent import Account
from exsim.protocols.settings import Life


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings(Life):
    """One browser's life: `logons` sessions, each with `polls` polls about `think` apart.

    `relogin_after`: pause before the next session; None stays on the logon page when thrown out.
    `background`: share of the polls that no user caused (UA=0); all of them without `user_activity`.
    `keep_alive`: seconds between keepalive.owa and ping.owa, in turn, while the page is there; None: neither.
    `change_mailbox`: further accounts of the same browser, taken in turn after each log-off.
    `late_answers`: the old page still has posts on the way while it logs off.
    `boot_page_kept`: the browser has an application cache and starts from the page that it holds.
    `drafts`: saved in each session, spread over its polls, in a folder of the user's own.
    `hang_after`: how long a user watches a boot request that gives no answer.
    `logon_retries`: how often a refused logon is tried again; each is one more bad password.
    """

    polls: int = 20
    connections: int = 6
    relogin_after: float | None = None
    logon_retries: int = 0
    user_activity: bool = True
    background: float = 0.3
    notifications: bool = True
    keep_alive: float | None = 30.0  # the real interval is not known (*assumed*)
    change_mailbox: tuple[Account, ...] = ()
    late_answers: bool = False
    boot_page_kept: bool = False
    scripts: bool = True  # fetch the boot page's scripts and styles (once a build, as a cache does)
    ecp: int = 0  # visits to the control panel in each session
    hang_after: float = 30.0
    drafts: int = 0
    signed: str = ""  # what stands in the subject of whatever is made: the run's id
