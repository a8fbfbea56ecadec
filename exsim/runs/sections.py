"""What stands in a scenario, section by section, with the defaults that are filled in.

Values only.  Durations are seconds of the scenario's time, before the lab's time scale.  What the types
cannot say is in `checks`; how a mistake is put into words is in `complaint`.
"""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import UNSET, Meta, UnsetType, field

from exsim.runs import changes, clients
from exsim.runs.shape import Count, Positive, Seconds, Section, Share

Version = Literal["2010", "2013", "2016", "2019", "se"]
# Names of protocols; `checks` says which of them have a client
Protocol = Literal[
    "owa", "ews", "activesync", "outlook_anywhere", "mapi_http", "autodiscover", "oab"
]
Directory = Literal[
    "ews", "microsoft-server-activesync", "rpc", "mapi", "autodiscover", "oab", "powershell"
]  # virtual directories where a request itself is authenticated
Component = Literal["owa", "ecp", Directory]  # what a node may have switched off
Method = Literal["negotiate", "ntlm", "basic"]
Confidence = Annotated[float, Meta(ge=0.5, le=0.9999)]


Rig = Literal["lab", "target", "shadow"]


class FrontEndChange(Section, frozen=True, omit_defaults=True):
    """What a scenario may change at a simulated node's front end; the names are the organisation's own."""

    ssl: str | UnsetType = UNSET
    stale_ssl: str | UnsetType = UNSET
    auth: str | UnsetType = UNSET
    encrypt_with: Literal["ssl", "auth"] | UnsetType = UNSET
    decrypt_with: tuple[Literal["ssl", "auth"], ...] | UnsetType = UNSET
    opens: tuple[str, ...] | UnsetType = UNSET
    signature: Literal["rsa", "hmac"] | UnsetType = UNSET
    key: Literal["csp", "cng"] | UnsetType = UNSET
    public_timeout: Seconds | UnsetType = UNSET
    private_timeout: Seconds | UnsetType = UNSET
    mowa_timeout: Seconds | UnsetType = UNSET
    clock_offset: float | UnsetType = UNSET
    inactive: tuple[Component, ...] | UnsetType = UNSET
    second_factor: str | UnsetType = UNSET
    wipes: bool | UnsetType = UNSET
    broken_back_ends: tuple[str, ...] | UnsetType = UNSET
    answer_delay: dict[str, Seconds] | UnsetType = UNSET
    unreachable_logon: bool | UnsetType = UNSET
    authentication: dict[Directory, tuple[Method, ...]] | UnsetType = UNSET
    out_of_reach: Annotated[int, Meta(ge=0, le=599)] | UnsetType = UNSET
    extended_protection: Literal["none", "allow", "require"] | UnsetType = UNSET
    auth_persist_non_ntlm: bool | UnsetType = UNSET
    internal_urls: dict[str, str] | UnsetType = UNSET
    external_urls: dict[str, str] | UnsetType = UNSET
    monitoring: Seconds | UnsetType = UNSET
    moved: dict[Directory, str] | UnsetType = UNSET


class BackEndChange(Section, frozen=True, omit_defaults=True):
    """The same for the mailbox side of a node."""

    version_check: bool | UnsetType = UNSET
    app_cache: bool | UnsetType = UNSET
    canary_secret: str | UnsetType = UNSET
    canary_changes: Seconds | UnsetType = UNSET
    stall: dict[str, Share] | UnsetType = UNSET
    stall_seconds: Seconds | UnsetType = UNSET
    think: Seconds | UnsetType = UNSET
    down: bool | UnsetType = UNSET
    channels_across: bool | UnsetType = UNSET
    channel_length: Annotated[int, Meta(ge=128 * 1024, le=2**31)] | UnsetType = UNSET
    channels_recycled: bool | UnsetType = UNSET
    ews: changes.EwsChange | UnsetType = UNSET
    activesync: changes.ActiveSyncChange | UnsetType = UNSET
    autodiscover: changes.AutodiscoverChange | UnsetType = UNSET
    mapi: changes.MapiChange | UnsetType = UNSET


class Node(Section, frozen=True):
    """One simulated Exchange server.  An empty `build` or `fqdn` is filled in by version and name."""

    name: str  # NetBIOS name in capitals: EXCH16-SYD-01
    version: Version
    build: str = ""
    fqdn: str = ""
    site: str = "SYD"
    front_end: FrontEndChange = FrontEndChange()
    back_end: BackEndChange = BackEndChange()


class Lab(Section, frozen=True):
    """Balancer and nodes are ours, on loopback.

    `nodes`, or `org`: a file of nodes that `exsim doctor --save-org` wrote, relative to the scenario.
    `balancer`: a HAProxy file (or one of nginx), relative to the scenario, or "none".  `preset`: what is wrong with the
    organisation; "name@NODE" says at which node.  `haproxy`: the version that must run ("2.8"), or "".
    `tls`: who ends it, the balancer ("offload") or the nodes.  `port` 0 is asked of the kernel.
    `servers`: the balancer's name of a server -> node, where the names do not tell by themselves.
    `accept`: lines of the balancer's file whose mechanical change may matter, and may stand in a gate.
    """

    balancer: str
    nodes: tuple[Node, ...] = ()
    org: str = ""
    preset: str | tuple[str, ...] = ("healthy",)
    host: str = "exchange.isp.com.au"
    port: Annotated[int, Meta(ge=0, le=65535)] = 0
    time_scale: Annotated[float, Meta(ge=0.05, le=1)] = 1.0
    haproxy: str = ""
    tls: Literal["offload", "nodes"] = "offload"
    servers: dict[str, str] = field(default_factory=dict)
    accept: tuple[Positive, ...] = ()

    @property
    def plain(self) -> bool:
        """Whether no node has settings of its own."""
        nothing = (FrontEndChange(), BackEndChange())
        return all((node.front_end, node.back_end) == nothing for node in self.nodes)

    @property
    def presets(self) -> tuple[str, ...]:
        """The presets asked for, one or several."""
        return (self.preset,) if isinstance(self.preset, str) else self.preset


class Tls(Section, frozen=True):
    """How old a TLS is spoken to a target.  `min` below 1.2 accepts weak keys and hashes as well.

    `legacy`: also to a server without RFC 5746, as browsers do.
    """

    min: Literal["1.0", "1.1", "1.2", "1.3"] = "1.2"
    legacy: bool = False


class Target(Section, frozen=True):
    """Neither balancer nor nodes are ours.

    `url` gives Host, SNI and the certificate's name, also at a node's own address.  `address` pins the
    balancer.  Credentials go to the url's host and to `hosts`, nowhere else.  `nodes`: name -> its own
    "host:port" (or "http://host:port", which needs `cleartext`).  `confirm` repeats the url's host when
    it is not this machine.  `balancer`: a HAProxy file that is run here, in front of the nodes, in place of
    the balancer that is there; `map`: its name of a server -> node, where the names do not tell.
    `client_cert`, `client_key`: of ours, in PEM, where the farm asks for one.  `proxy`: "host:port", asked to
    CONNECT; those of the environment are ignored.  `writes`: what may be written there; "own-mailbox" is
    drafts in a folder "exsim" of the test mailboxes.
    `session`: cookies of a browser that is logged on ("{email}" in it: a file for each account).  `logon`: a flow of
    one's own that logs on, as "module:flow".
    """

    url: str
    accounts: str
    address: str = ""
    hosts: tuple[str, ...] = ()
    nodes: dict[str, str] = field(default_factory=dict)
    ca: str = "system"
    insecure: bool = False
    cleartext: bool = False
    confirm: str = ""
    balancer: str = ""
    map: dict[str, str] = field(default_factory=dict)
    tls: Tls = Tls()
    client_cert: str = ""
    client_key: str = ""
    proxy: str = ""
    writes: Literal["none", "own-mailbox"] = "none"
    session: str = ""
    logon: str = ""


class Session(Section, frozen=True):
    """What one browser (or another client) does from a logon to its end, and after it.

    A client of another protocol has some of these keys; one that it has not is a mistake.
    `polls` calls, `think` apart, over `connections` connections (0: as many as the real client opens).  `relogin_after`: how long the user
    waits on the logon page; absent, and he stays there.  `logons` 0: as many as the run lasts.
    `user_activity` False: nothing extends the session.  `background`: share of polls that are the page's own doing.
    `change_mailbox`: versions of further mailboxes that are used in the same browser, in turn.
    `boot_page_kept`: the start page of the last mailbox is used again.  `ecp`: visits to the options.
    `keep_alive`: seconds between two of them, 0 for none.  `hang_after`: when a user gives up waiting
    for the page.  `drafts`: saved in each session, in a folder "exsim" of the user's own; on a target they
    need `writes = "own-mailbox"`, and `exsim cleanup` removes them.
    """

    polls: Count = 10
    connections: Annotated[int, Meta(ge=0, le=32)] = 0
    think: Seconds = 2.0
    relogin_after: Seconds | None = None
    logons: Count = 0
    private: bool = True
    user_activity: bool = True
    background: Share = 0.25
    notifications: bool = True
    keep_alive: Seconds = 60.0
    change_mailbox: tuple[Version, ...] = ()
    late_answers: bool = False
    logoff: bool = True
    boot_page_kept: bool = False
    ecp: Count = 0
    hang_after: Seconds = 30.0
    drafts: Count = 0
    logon_retries: Count = 0


class Population(Section, frozen=True):
    """One kind of user.  `node`: these users talk to that node itself, past the balancer.

    `ews` and the like: what the client of that protocol does; only the population's own may be there.
    """

    mailbox: Version
    users: Positive
    protocol: Protocol = "owa"
    node: str = ""
    session: Session = Session()
    ews: clients.Ews = clients.Ews()
    activesync: clients.ActiveSync = clients.ActiveSync()
    outlook_anywhere: clients.OutlookAnywhere = clients.OutlookAnywhere()
    mapi_http: clients.MapiHttp = clients.MapiHttp()
    autodiscover: clients.Autodiscover = clients.Autodiscover()
    oab: clients.Oab = clients.Oab()

    @property
    def client(self) -> clients.HttpClient | None:
        """What the scenario says of this protocol's client; None for OWA, which has no table of its own."""
        table: clients.HttpClient | None = getattr(self, self.protocol, None)
        return table


class Load(Section, frozen=True):
    """How users come, and what the run does besides them.

    `spawn_rate` users a second.  `control`: sessions at each node by itself, before the others, where
    the nodes' addresses are known.  `force`: make every combination be met.  `unmask`: after a pass
    under persistence, steer one session across for each combination that was prevented.
    `source_addresses`: a user keeps one; "127.0.9.1-127.0.9.20" is a range.  `stop_at_wrong_mailbox`:
    an answer from another user's mailbox ends the run with exit code 5 (it fails in any case).
    `history`: "incidents" keeps hops in full only of lost sessions, of what is not ordinary and of a sample,
    and of all others what is counted.  `wait_for_workers`: how long a master waits for those on other
    machines, from the moment at which the load is to begin.
    """

    duration: Annotated[float, Meta(ge=1, extra={"duration": True})] = 60.0
    spawn_rate: Annotated[float, Meta(gt=0)] = 5.0
    control: Count = 4
    force: bool = False
    unmask: bool = True
    source_addresses: str | tuple[str, ...] = ()
    workers: Annotated[int, Meta(ge=1, le=64)] = 1
    wait_for_workers: Annotated[float, Meta(ge=1, extra={"duration": True})] = 60.0
    stop_at_wrong_mailbox: bool = True
    history: Literal["full", "incidents"] = "full"


class Limits(Section, frozen=True):
    """The most that a run may ask of a target.

    What is absent has no ceiling where the target is this machine, and that of `limits.DEFAULTS` elsewhere.
    `users` at once.  `logons_per_minute` and `requests_per_second` are kept across the phases of a run by holding
    back, which shows as lateness; a load begins when there is room for its users' logons.  `window`: when the run is ended at the latest, from its start.  `attempts`: of one
    account's password, that are refused or not yet confirmed.
    """

    users: Positive | None = None
    logons_per_minute: Positive | None = None
    requests_per_second: Annotated[float, Meta(gt=0)] | None = None
    window: Annotated[float, Meta(ge=1, extra={"duration": True})] | None = None
    attempts: Annotated[int, Meta(ge=1, le=100)] = 6


class LostLimit(Section, frozen=True):
    """How many may be lost of the sessions that a criterion speaks of; what is left out means any.

    `login`, `serving`, `home`: a node or a version.  With `serving` the trial is a session's first meeting
    with such a front end, without it the session.  `max`: the share that must be shown not to be
    exceeded, at `confidence`.  `over`: whether sessions or accounts are what must show it.
    """

    max: Annotated[float, Meta(gt=0, le=1)]
    protocol: str = ""
    login: str = ""
    serving: str = ""
    home: str = ""
    confidence: Confidence = 0.95
    over: Literal["sessions", "accounts"] = "sessions"


class LatencyLimit(Section, frozen=True):
    """Within which time a share `quantile` of a step's answers must have come; `protocol` "" is any."""

    step: str
    quantile: Annotated[float, Meta(ge=0.1, le=0.9999)]
    max: Annotated[float, Meta(ge=0, extra={"duration": True})]
    protocol: str = ""
    confidence: Confidence = 0.95


class Expect(Section, frozen=True):
    """What a pass demands.

    `persistence` "held": no session may change front end.  `min_sessions_per_combination`: fewer, and
    the verdict is inconclusive.  The time-outs are the farm's own settings: a session past them has expired.
    `lost`, `latency`: criteria of their own, beside the others.  `wrong_mailbox` 0 asks that answers were
    seen which say whose they are (one of another user always fails).  `no_worse_by`: how much larger the
    share lost may be than that of a baseline.
    """

    max_lost_sessions: Count = 0
    persistence: Literal["none", "held"] = "none"
    min_sessions_per_combination: Count = 10
    max_unattributed: Share = 0.02
    public_timeout: Seconds = 900.0
    private_timeout: Seconds = 28800.0
    lost: tuple[LostLimit, ...] = ()
    latency: tuple[LatencyLimit, ...] = ()
    wrong_mailbox: Annotated[int, Meta(ge=0, le=0)] | None = None
    no_worse_by: Annotated[float, Meta(gt=0, le=1)] = 0.05


class Ab(Section, frozen=True):
    """What `exsim ab` compares; A is `[lab] balancer`.

    `b`: the other HAProxy file, relative to the scenario.  `max_pairs`: of sessions, after which it is left
    undecided.  `margin`: a difference of the shares lost that is certainly smaller counts as none.
    """

    b: str = ""
    max_pairs: Positive = 100
    margin: Annotated[float, Meta(gt=0, le=1)] = 0.05


class Scenario(Section, frozen=True):
    """One scenario, whole: exactly one of `lab` and `target`.

    `assumed`: one sentence on a mechanism in it that is inferred and not documented; it is repeated
    wherever the result is shown.
    """

    title: str
    population: Annotated[tuple[Population, ...], Meta(min_length=1)]
    seed: int = 0
    lab: Lab | None = None
    target: Target | None = None
    load: Load = Load()
    limits: Limits = Limits()
    expect: Expect = Expect()
    ab: Ab | None = None
    assumed: str = ""

    @property
    def rig(self) -> Rig:
        """ "lab", "target", or "shadow": real nodes behind a balancer that is run here."""
        if self.target is None:
            return "lab"
        return "shadow" if self.target.balancer else "target"

    @property
    def time_scale(self) -> float:
        """How fast time runs: 1 wherever the nodes are not ours."""
        return self.lab.time_scale if self.lab is not None else 1.0

    @property
    def node_names(self) -> tuple[str, ...]:
        """The nodes that the scenario names, in its order."""
        if self.lab is not None:
            return tuple(node.name for node in self.lab.nodes)
        return tuple(self.target.nodes) if self.target is not None else ()

    @property
    def users(self) -> int:
        return sum(population.users for population in self.population)
