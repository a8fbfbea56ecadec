"""Presets: a name, a sentence, and what is different at which simulated nodes, as data.

A preset is a difference to a healthy organisation of the same nodes.  Where it concerns one node, that
is the last of the scenario unless "preset@NODE" names another.  `unreadable` says, for tests, who cannot
read whose logon cookies; the organisation itself is not told.
"""

from __future__ import annotations

from typing import Any

import msgspec

LATER = ("2016", "2019", "se")  # they share one reading rule: E16
NEWER = ("2013", *LATER)
ALL = "all"
CHOSEN = "chosen"  # the one node that a preset concerns
OTHERS = "others"
FIRST_OTHER = "{first other}"  # stands for that node's name in a value

# A node's build where the scenario gives none: of Microsoft's table "Exchange Server build numbers and
# release dates".  2013 and 2016 as they were in the months before the incident of March 2017.
BUILDS = {
    "2010": "14.3.123.4",  # SP3, February 2013
    "2013": "15.0.1263.5",  # CU15, December 2016
    "2016": "15.1.669.32",  # CU4, December 2016
    "2019": "15.2.1748.10",  # CU15, February 2025
    "se": "15.2.2562.17",  # RTM, July 2025
}
# A front end where nothing is wrong: what it can open beside its own (E13, E16).
HEALTHY: dict[str, dict[str, Any]] = {
    "2010": {},
    "2013": {"encrypt_with": "ssl", "decrypt_with": ["ssl"]},
    **{version: {"encrypt_with": "ssl", "decrypt_with": ["auth", "ssl"]} for version in LATER},
}


class Where(msgspec.Struct, frozen=True):
    """Some of the nodes: `which` is all, chosen or others; `versions` () is every version."""

    which: str = ALL
    versions: tuple[str, ...] = ()


class Difference(msgspec.Struct, frozen=True):
    """What is set otherwise at some nodes, in the organisation's own words."""

    where: Where = Where()
    front_end: dict[str, Any] = {}
    back_end: dict[str, Any] = {}


class Preset(msgspec.Struct, frozen=True):
    """One thing that is wrong with an organisation.

    `needs`: for each, the organisation must have a node of one of these versions.  `least`: nodes at
    least.  `unreadable`: (issuer, reader) pairs.  `public`: it shows in sessions of a public computer
    only.  `source`: keys of `wire.standing.SOURCES`, or "assumed".
    """

    name: str
    sentence: str
    source: str
    differences: tuple[Difference, ...] = ()
    needs: tuple[tuple[str, ...], ...] = ()
    least: int = 1
    unreadable: tuple[tuple[Where, Where], ...] = ()
    public: bool = False


THE_ONE, THE_OTHERS, EVERY = Where(CHOSEN), Where(OTHERS), Where()

_LIST = (
    Preset("healthy", "Nothing is wrong.", "CERT13 LB16"),
    Preset(
        "authcert_asymmetry",
        "Nodes of 2016 and later seal logon cookies with the Auth certificate, which 2013 cannot open.",
        "E13 E16 SEED",
        (Difference(Where(versions=LATER), {"encrypt_with": "auth"}),),
        needs=(("2013",), LATER),
        least=2,
        unreadable=((Where(versions=LATER), Where(versions=("2013",))),),
    ),
    Preset(
        "cert_split",
        "One node has another certificate than the others.",
        "CERT13 LB16",
        (Difference(THE_ONE, {"ssl": "ssl-2"}),),
        needs=(NEWER,),
        least=2,
        unreadable=((THE_ONE, THE_OTHERS), (THE_OTHERS, THE_ONE)),
    ),
    Preset(
        "stale_cert",
        "One node still works with its former certificate, until its application pool is recycled.",
        "E13",
        (Difference(THE_ONE, {"stale_ssl": "ssl-old"}),),
        needs=(NEWER,),
        least=2,
        unreadable=((THE_ONE, THE_OTHERS), (THE_OTHERS, THE_ONE)),
    ),
    Preset(
        "cng_node",
        "One node cannot use its certificate's key to open logon cookies, not even its own (CNG key).",
        "KB3032024 E13",
        (Difference(THE_ONE, {"key": "cng"}),),
        needs=(NEWER,),
        unreadable=((EVERY, THE_ONE),),
    ),
    Preset(
        "hmac_skew",
        "All nodes but one have the July 2021 update, and sign logon cookies in another way.",
        "KB5005341",
        (
            Difference(THE_OTHERS, {"signature": "hmac"}),
            Difference(THE_ONE, {"signature": "rsa"}),
        ),
        needs=(NEWER,),
        least=2,
        unreadable=((THE_ONE, THE_OTHERS), (THE_OTHERS, THE_ONE)),
    ),
    Preset(
        "auth_cert_expired",
        "The organisation's Auth certificate has expired, and every node has the July 2021 update.",
        "KB2617816 KB5005341",
        (Difference(EVERY, {"signature": "hmac", "auth": None, "unreachable_logon": True}),),
        needs=(NEWER,),
        unreadable=((EVERY, EVERY),),
    ),
    Preset(
        "e14_no_affinity",
        "The nodes are of 2010: each can open its own logon cookies only.",
        "E14KEYS HAP10",
        needs=(("2010",),),
        least=2,
    ),
    Preset(
        "short_public_ttl",
        "The time-out for public computers is one minute.",
        "E13 QA-440",
        (Difference(EVERY, {"public_timeout": 60.0}),),
        public=True,
    ),
    Preset(
        "clock_skew",
        "One node's clock is half an hour ahead.",
        "E13",
        (Difference(THE_ONE, {"clock_offset": 1800.0}),),
        least=2,
        unreadable=((THE_OTHERS, THE_ONE),),
        public=True,
    ),
    Preset(
        "be_kerberos_broken",
        "One front end cannot sign in to one back end: 503.",
        "E13",
        (Difference(THE_ONE, {"broken_back_ends": [FIRST_OTHER]}),),
        needs=(NEWER,),
        least=2,
    ),
    Preset(
        "canary_epoch_change",
        "One back end has a canary secret of its own, another one every quarter of a minute: 449.",
        "E13",
        (Difference(THE_ONE, back_end={"canary_secret": "another", "canary_changes": 15.0}),),
        needs=(NEWER,),
        least=2,
    ),
    Preset(
        "build_skew",
        "Back ends refuse a page of another build: 412, once.",
        "E13",
        (Difference(EVERY, back_end={"version_check": True, "app_cache": True}),),
        needs=(NEWER,),
    ),
    Preset(
        "boot_stall",
        "One start in ten hangs: its first data come a minute late.",
        "assumed",
        (Difference(EVERY, back_end={"stall": {"sessiondata.ashx": 0.1}, "stall_seconds": 60.0}),),
        needs=(NEWER,),
    ),
    Preset(
        "drained",
        "OWA and ECP are switched off at one node: its health check fails.",
        "LB16",
        (Difference(THE_ONE, {"inactive": ["owa", "ecp"]}),),
        needs=(NEWER,),
        least=2,
    ),
    Preset(
        "late_wipe",
        "Answers to a page's last requests come seconds late, and delete cookies that are no longer theirs.",
        "assumed",
        (Difference(EVERY, {"answer_delay": {"/owa/plt1.ashx": 4.0, "/owa/keepalive.owa": 4.0}}),),
        needs=(NEWER,),
    ),
    Preset(
        "second_factor_key_split",
        "One node's second-factor module has a key of its own: it does not know who passed at the others.",
        "DUO",
        (
            Difference(THE_OTHERS, {"second_factor": "shared"}),
            Difference(THE_ONE, {"second_factor": "its own"}),
        ),
        needs=(NEWER,),
        least=2,
    ),
)
PRESETS: dict[str, Preset] = {preset.name: preset for preset in _LIST}
