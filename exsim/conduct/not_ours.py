"""A target whose logon is not Exchange's own: what stands before it, recognised by its first answers.

Behind such a page there may be no logon cookie of Exchange at all, so nothing here can be lost, and no
password was tried.
"""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlsplit

from exsim.judgement.words import counted_noun
from exsim.session.hop import Hop

# What a redirect's address or a cookie's name holds, in lower case -> whose it is.  F5's first address is
# known from its users' reports; the others are *assumed* from what these products are known to use.
SIGNS_OF = (
    ("/my.policy", "F5 APM's"),
    ("mrhsession", "F5 APM's"),
    ("/adfs/", "AD FS's"),
    ("login.microsoftonline.com", "Entra ID's"),
    ("duosecurity.com", "Duo's"),
    ("/lm_auth_proxy", "Kemp ESP's"),
    ("/logon/logonpoint", "NetScaler AAA's"),
    ("/vpn/", "NetScaler's"),
    ("nsc_", "NetScaler's"),
    ("/cookieauth.dll", "TMG's"),
    (".okta.com", "Okta's"),
)


def not_ours(host: str, hops: Sequence[Hop], elsewhere: Sequence[str]) -> str:
    """The sentence.  `elsewhere`: hosts that a redirect led to and nobody followed it to."""
    sent = counted_noun(len(hops), next(iter({hop.method for hop in hops}), "GET"))
    return (
        f"{host} does not show Exchange's logon page: {whose(hops, elsewhere)}. There are no Exchange "
        f"logon cookies to lose here. Nothing was sent but {sent}."
    )


def hidden_logon(host: str, hops: Sequence[Hop]) -> str:
    """Somebody is logged on, and Exchange gave out no cookies for it: the sentence."""
    forms = any(hop.method == "POST" and hop.step == "logon" for hop in hops)
    how = "took the form itself" if forms else "logs its users on"
    return (
        f"{host}: something before Exchange {how} (Kerberos delegation, a single sign-on appliance): after "
        "the logon there is none of Exchange's own logon cookies (cadata). They cannot be refused or lost, "
        "and a session that ends there is ended by that appliance. Nothing is concluded."
    )


def whose(hops: Sequence[Hop], elsewhere: Sequence[str]) -> str:
    """Whose logon it is, as far as its answers say."""
    for hop in hops:
        location = (hop.location or "").lower()
        seen = " ".join([location, *(name.lower() for name in hop.set_cookies)])
        for text, owner in SIGNS_OF:
            if text in seen:
                return f"it is {owner} ({_place(hop) or text})"
    if elsewhere:
        return f"it sends its users to {elsewhere[-1]}"
    last = hops[-1] if hops else None
    if last is None:
        return "nothing was asked"
    if last.status == 401:
        asks = last.headers.get("www-authenticate", "").partition(" ")[0] or "credentials"
        return f"it asks for {asks} (401), not for a form"
    if last.body.is_ == "boot_page":
        return (
            f"{last.path} came without any logon: something before it logs its users on, or this is a page "
            "of somebody else's (a captive portal, a notice)"
        )
    if last.body.is_ == "foreign_logon":
        return f"{last.path} is a logon page of somebody else's"
    return f"{last.path} answers {last.status} without a form that Exchange would read"


def _place(hop: Hop) -> str:
    """Where the answer leads: a path, or another host's name; never its query."""
    try:
        url = urlsplit(hop.location or "")
    except ValueError:
        return ""
    return url.path if url.path not in ("", "/") else url.netloc
