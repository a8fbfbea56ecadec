"""The order that the load process is given on its standard input, as one JSON document.

Everything it needs and may know.  Passwords are in it, which is why it is never written to a file; it
names nothing that is wrong with the organisation.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from exsim.runs.accounts import Account
from exsim.runs.sections import Expect, Limits, Load, Population

WORKER_STRIDE = 100_000  # user numbers between two workers
STOP_WORD = b"stop"  # on the load's standard input, where there are no signals to say it with
Phase = Literal["check", "cleanup", "control", "main", "forced", "unmask"]


class Combination(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a steered session is to meet: logged on at `login`, served by `serving`, a mailbox of `home`.

    `account`: the mailbox to take, where it matters which; "" leaves it to the load.
    """

    login: str
    serving: str
    home: str
    account: str = ""


class Order(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What one worker is to do.

    `started`: the run's zero on the wall clock, in seconds since 1970.  `address`: "127.0.0.1:8443",
    where to connect for `url`.  `nodes`: name -> "http://127.0.0.1:1234" or "https://…", each node by
    itself; said with the url's Host and SNI.  `ca`: "system" or a path; `lb_ca`:
    the same for a balancer that was started here in front of nodes that are not ours.  `lb_cookie`: name of the
    balancer's own cookie, which alone stands in clear in a history.  `lb_servers`: the balancer's name
    of a server -> node.  `assignments`: for each population of the scenario, for each of its users, the
    accounts that his browser uses, in turn.  `logons`: when the phases before logged on in their last minute, in
    seconds since the run's zero.
    """

    scenario: str  # its name
    seed: int
    population: tuple[Population, ...]
    load: Load
    expect: Expect
    directory: str
    url: str
    address: str
    started: float
    salt: str
    assignments: tuple[tuple[tuple[Account, ...], ...], ...]
    spare: tuple[Account, ...] = ()  # for control and steered sessions; nobody else uses them
    phase: Phase = "main"
    worker: int = 0
    workers: int = 1
    hosts: tuple[str, ...] = ()  # credentials go to these, and to the url's own
    nodes: dict[str, str] = {}
    versions: dict[str, str] = {}  # node -> version, as claimed by the scenario
    ca: str = "system"
    lb_ca: str = ""
    insecure: bool = False
    tls_min: str = "1.2"
    tls_legacy: bool = False
    client_cert: str = ""  # a file
    client_key: str = ""
    proxy: str = ""  # "host:port"
    lb_cookie: str = ""
    lb_servers: dict[str, str] = {}
    lb_values: dict[str, str] = {}  # of the balancer's cookie -> node, where they were seen before
    distrusted: tuple[str, ...] = ()  # names in X-FEServer that are not believed
    combinations: tuple[Combination, ...] = ()
    time_scale: float = 1.0
    writes: str = "none"
    lab: bool = False  # balancer and nodes are ours: nobody can be locked out
    limits: Limits = Limits()
    resting: dict[str, str] = {}  # account -> why it is asked no more
    logons: tuple[float, ...] = ()
    logon: str = ""  # "module:flow" of the user's own
    logon_folder: str = ""  # where it may be found
    signature: str = ""  # what is added to every User-Agent, so that the farm's own people can tell

    @property
    def table(self) -> str:
        """The file of Locust's own table: of each load process its own, where there are several."""
        alone = self.workers == 1 and self.worker == 0
        return "locust_stats.csv" if alone else f"locust_stats-w{self.worker}.csv"

    def as_json(self) -> bytes:
        """For the load's standard input only: it holds passwords."""
        return msgspec.json.encode(self)


def read_order(text: bytes) -> Order:
    """The order that `as_json` wrote.  Raises msgspec.DecodeError on anything else."""
    return msgspec.json.decode(text, type=Order)
