"""What one simulated organisation is: its nodes, mailboxes and certificates, as one JSON document.

The lab writes it to each node's standard input; presets are differences to it.  Time-outs of sessions, and
what opens which cookie, are those of E13 and E16.  Durations in Exchange's seconds, before the time scale.
"""

from __future__ import annotations

import msgspec


class FrontEnd(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The Client Access side of a node: what it seals logon cookies with, what it can open, its timers."""

    ssl: str = "ssl"  # certificate that the forms module takes for the site's own
    stale_ssl: str | None = (
        None  # cached by the worker process until it is recycled; wins over `ssl`
    )
    auth: str | None = "auth"  # organisation-wide Auth certificate; None: missing or expired
    encrypt_with: str = "ssl"  # "ssl" or "auth"
    decrypt_with: tuple[str, ...] = ("ssl",)
    opens: tuple[str, ...] | None = (
        None  # certificates whose cookies it was measured to open, instead
    )
    signature: str = "rsa"  # "rsa", or "hmac": July 2021 update or later
    key: str = "csp"  # "cng": its private key cannot be used to decrypt
    public_timeout: float = 900.0
    private_timeout: float = 28800.0
    mowa_timeout: float = 57600.0
    clock_offset: float = 0.0
    inactive: tuple[str, ...] = ()  # drained components, by virtual directory: "owa", "ecp", …
    second_factor: str | None = (
        None  # key of a second factor's module before the forms directories; None: there is none
    )
    wipes: bool = True  # False: refuses without deleting the cookies (no real Exchange; for tests)
    broken_back_ends: tuple[str, ...] = ()  # nodes to which Kerberos fails: 503
    answer_delay: dict[str, float] = {}  # path -> seconds held back before the answer
    unreachable_logon: bool = False  # post-2021 node without a valid Auth certificate: 500 at logon
    # virtual directory ("ews", "rpc", …) -> its methods: "basic", "ntlm", "negotiate"; absent: the default
    authentication: dict[str, tuple[str, ...]] = {}
    # what is answered for a mailbox of a version that this one cannot pass on to (assumed); 0: passes on
    out_of_reach: int = 503
    extended_protection: str = (
        "none"  # "allow", "require": NTLM must name the node's own certificate
    )
    auth_persist_non_ntlm: bool = False  # a one-leg token holds for the whole connection (IISAUTH)
    # virtual directory ("owa", "ecp") -> its address; absent: the organisation's one name
    internal_urls: dict[str, str] = {}
    external_urls: dict[str, str] = {}
    monitoring: float = (
        0.0  # seconds between two failed PowerShell requests of its own health monitoring; 0: none
    )
    moved: dict[str, str] = {}  # virtual directory -> where IIS sends everybody who asks for it


class EwsFaults(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What goes wrong in EWS on purpose, and its limits.  Shares are of requests, from 0 to 1."""

    busy: float = 0.0  # share that is throttled
    busy_form: str = (
        "fault"  # how: a SOAP "fault", a "message" with 200, or a bare 503: "unavailable"
    )
    back_off: float = 5.0  # seconds that a fault tells the client to wait
    forget: float = 0.0  # share of requests for events that find the node's subscriptions gone
    truncate: int = 0  # documents after which a stream is torn; 0: never
    heartbeat: float = 30.0  # seconds of a stream without an event (assumed)
    connections: int = 0  # streams of one user; 0: the version's own limit
    subscriptions: int = 0  # of one user; 0: the version's own limit


class ActiveSync(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """ActiveSync at a node's mailbox side.  Heartbeats in a device's seconds."""

    provisioning: bool = True  # False: no policy, and no key is asked for
    policy_changes: float = 0.0  # seconds after which the policy is another, again and again
    least_heartbeat: float = 60.0
    most_heartbeat: float = 3540.0
    most_folders: int = 200  # of one Ping (assumed)
    redirect: str = ""  # 451: the address that every device is sent to
    # "Sync:3" -> share of the requests of a command that get this status, in a document or (from 400) by HTTP
    statuses: dict[str, float] = {}


class Autodiscover(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What Autodiscover says at a node's mailbox side."""

    redirect_address: str = ""  # whoever asks for another address is told to ask for this one
    redirect_url: str = ""  # everybody is told to ask there
    mapi_http: bool = True  # whether MAPI over HTTP is offered to those who can speak it


class Mapi(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """MAPI over HTTP at a node's mailbox side: its timers, and what goes wrong on purpose."""

    enabled: bool = True  # False: X-ResponseCode 16
    pending_period: float = 0.0  # seconds between two PENDING; 0: the version's own
    expiration: float = 900.0  # seconds without a request after which a context is gone (MAPISE)
    forget: float = 0.0  # share of Executes that find their context gone
    execute: float = 0.0  # seconds that an Execute takes
    silent: bool = False  # no PENDING is sent
    truncate: int = 0  # PENDINGs after which a NotificationWait is torn; 0: never


class BackEnd(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The mailbox side of a node."""

    version_check: bool = False  # 412 when the client's boot page is of another build
    app_cache: bool = False
    canary_secret: str = (
        "organisation"  # shared; a node with another refuses the others' canaries: 449
    )
    canary_changes: float = 0.0  # seconds after which that secret is another, again and again
    stall: dict[str, float] = {}  # path -> share of requests that are held for `stall_seconds`
    stall_seconds: float = 60.0
    think: float = 0.0  # seconds every answer takes
    down: bool = False  # nobody listens
    # RPC over HTTP: whether channels are joined that came through different front ends, and how many
    # bytes an OUT channel may carry
    channels_across: bool = True
    channel_length: int = 2**30
    channels_recycled: bool = True  # an OUT channel that is nearly spent is replaced by another
    ews: EwsFaults = EwsFaults()
    activesync: ActiveSync = ActiveSync()
    autodiscover: Autodiscover = Autodiscover()
    mapi: Mapi = Mapi()


class Node(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One Exchange server."""

    name: str  # NetBIOS name in capitals: EXCH16-SYD-01
    version: str  # one of wire.names.VERSIONS
    build: str  # 15.1.669.32
    fqdn: str
    site: str = "SYD"
    front_end: FrontEnd = FrontEnd()
    back_end: BackEnd = BackEnd()


class Mailbox(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One account with its mailbox.  `home` is the node that holds its active copy."""

    address: str
    logon: str  # as typed on the page: LAB\user01 (the address is accepted too)
    password: str
    home: str
    sid: str
    name: str = ""
    next_password: str = ""  # takes the other's place when somebody changes passwords


class Organisation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Everything a node process needs to know, itself included.

    `certificates`: name -> PEM of private key and certificate.  `time_scale`: org timers and TTLs are
    multiplied by it.  `seed`: where a node's own dice (stalls, ids) start.
    """

    nodes: tuple[Node, ...]
    mailboxes: tuple[Mailbox, ...]
    certificates: dict[str, str]
    host: str = "exchange.isp.com.au"
    domain: str = "LAB"
    time_scale: float = 1.0
    seed: int = 0

    def node(self, name: str) -> Node:
        """The node called `name`; KeyError when there is none."""
        for node in self.nodes:
            if node.name == name:
                return node
        raise KeyError(name)
