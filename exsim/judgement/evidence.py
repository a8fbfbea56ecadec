"""What a doctor's few dozen requests found: each node's fingerprint, and who reads whose logon cookies.

Values only, shaped as they stand in the doctor's JSON.  Probing fills them in; `diagnosis` reads them.
"""

from __future__ import annotations

import msgspec

ANSWERS = {
    "readable": "the copy was served",
    "reason_0": "to the logon page: no usable cookie was seen",
    "reason_2": "to the logon page: the cookie was read, its password refused",
    "reason_3": "to the logon page: the cookie was read, and held for expired",
    "login_timeout": "440: a POST tells no reason",
    "elsewhere": "to another host, to sign in there; `detail` says which",
    "error": "anything else; `detail` says what",
    "not_asked": "no budget was left, or the node could not be met",
}


class NodeFacts(msgspec.Struct, kw_only=True, omit_defaults=True):
    """One node, as it answered.

    `lengths`: characters of cadataSig and cadataKey as issued.  `skew`: seconds its Date is ahead of our
    clock.  `authentication`: virtual directory -> schemes it offers.  `health`: virtual directory -> "200",
    a status, or "closed".  `certificate`: sha256 thumbprint, key type and expiry, where it speaks TLS to us.
    """

    name: str
    version: str = ""  # as claimed
    build: str = ""  # as its logon page says
    owa_version: str = ""
    server: str = ""
    signature_length: int = 0
    key_length: int = 0
    secure: bool | None = None
    same_site: str = ""
    skew: float | None = None
    authentication: dict[str, list[str]] = {}
    health: dict[str, str] = {}
    certificate: dict[str, str] = {}
    logon: str = ""  # accepted, refused, error: …, not_asked
    problems: list[str] = []


class MatrixCell(msgspec.Struct, rename={"from_": "from"}, omit_defaults=True):
    """A copy of a logon at `from_`, shown to `to`.  `get` and `post`: keys of ANSWERS."""

    from_: str
    to: str
    get: str = "not_asked"
    post: str = "not_asked"
    public: bool = False  # the logon said "public computer"
    detail: str = ""


class DoctorFacts(msgspec.Struct, kw_only=True):
    """Everything a doctor's visit found."""

    nodes: list[NodeFacts]
    cookie_matrix: list[MatrixCell]
    through: str = "nodes"  # "nodes": at their own addresses; "balancer": through it alone
    requests: int = 0
    notes: list[str] = []


class Diagnosis(msgspec.Struct, kw_only=True):
    """One hypothesis, scored from 0 to 1, with the rows that speak for it.

    `decides`: what would tell it from the next best.  `advice`: what to do.  `source`: the document that
    says so, or "assumed".  `fault`: "Exchange", "balancer", or "" where it is neither.  `against`: rows
    that speak against it.  `alike`: rules that explain what was seen as well as this one does: together
    they are one class, until the step of `decides` is taken.  `sentence`: the cause in a sentence or two.
    `support`: whether such a pool is supported.  `lost`: sessions of a finished run that it explains.
    """

    rule: str
    name: str
    score: float
    evidence: list[str] = []
    decides: str = ""
    advice: str = ""
    source: str = ""
    fault: str = ""
    sentence: str = ""
    against: list[str] = []
    alike: list[str] = []
    support: str = ""
    lost: int = 0
