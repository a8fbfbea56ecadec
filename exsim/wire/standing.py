"""How sure we are of a name or a number, and who says so.

Every constant of `wire.names` that states something about Exchange is registered here with one of three
standings and a source, so that `exsim probe --assumptions` can print what nobody has confirmed.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TypeVar

Value = TypeVar("Value", str, int, float)


class Standing(Enum):
    DOCUMENTED = "documented"  # Microsoft or a vendor says so in public
    OBSERVED = "observed"  # seen on the wire, or in the behaviour of a server of a named build
    ASSUMED = "assumed"  # inferred; a real farm may prove it wrong


SOURCES = {
    "E13": "behaviour of Exchange 2013 CU23, build 15.0.1497.10",
    "E16": "behaviour of the front end of Exchange 2016, build 15.1.2176.9",
    "MWC": "what Microsoft's own synthetic OWA client does (Exchange 2013)",
    "CAP16": "capture of a 2016 farm of two nodes, build 15.1.1466.3, July 2018",
    "CAPSE": "browser capture of build 15.2.2562.37",
    "QA-440": "learn.microsoft.com Q&A 1163949: IIS log line of a 440, February 2022",
    "HEAD-440": "HEAD probe of a 2019 node: 440, Content-Length 43, Connection: close",
    "FEERR": "captures of front-end errors: a 2019 MAPI 401 (15.2.1118.7), an Autodiscover 401 (15.2.986.14)",
    "LOGON": "rendered logon pages of 15.1.1913 and 15.2.858, and their flogon.js",
    "ORANGE": "blog.orange.tw 2021-08, ProxyOracle (Exchange part 2)",
    "KB5005341": "support.microsoft.com KB5005341, OWA or ECP stops working after the July 2021 update",
    "KB2617816": "learn.microsoft.com KB2617816, OWA or ECP with an expired OAuth certificate",
    "KB3032024": "support.microsoft.com KB3032024, OWA and ECP redirect to the FBA page (CNG key)",
    "KB3002351": "docs.microsoft.com KB3002351, load balancer marks Client Access server as down",
    "LB16": "Exchange team blog, Load Balancing in Exchange 2016 (ba-p/604048)",
    "CERT13": "Exchange team blog, Certificate planning in Exchange 2013 (ba-p/587150)",
    "E14KEYS": "technet bb123719, forms-based authentication of 2007 and 2010",
    "HAP10": "HAProxy Technologies, deployment guide for Exchange 2010",
    "E14": "captures of OWA 2010 clients",
    "HAP1828": "github.com/haproxy/haproxy issue 1828: 401s of MAPI and EWS, and Extended Protection",
    "ASHTTP": "MS-ASHTTP, ActiveSync: HTTP protocol",
    "COEX": "learn.microsoft.com, new features of 2016 and 2019, and upgrading to SE: who proxies to whom",
    "PSEX": "learn.microsoft.com, Exchange Management Shell: remote PowerShell and its address",
    "OXWOAB": "MS-OXWOAB, the manifest of the offline address book",
    "OXDSCLI": "MS-OXDSCLI, Autodiscover",
    "IISAUTH": "learn.microsoft.com, IIS windowsAuthentication and authPersistNonNTLM",
    "EP": "learn.microsoft.com, Configure Windows Extended Protection in Exchange Server",
    "NLMP": "MS-NLMP, NT LAN Manager authentication protocol",
    "NTHT": "MS-NTHT, NTLM over HTTP",
    "EWS13": "Microsoft's EWS developer documentation: throttling, affinity, notifications",
    "EWSMA": "behaviour of Microsoft's EWS Managed API",
    "EXLIB": "what the EWS client exchangelib 5.6.0 sends and demands",
    "OXWSITEMID": "MS-OXWSITEMID, how EWS writes the ids of items and folders",
    "K6917": "my.f5.com K6917, encoding of the BIG-IP persistence cookie",
    "SEED": "serverfault 836124, the incident of March 2017",
    "PROXIES": "measurements of NTLM through HAProxy, nginx and Caddy",
    "NGINX": "measurements on nginx 1.22 and 1.31",
    "OXCMAPIHTTP": "MS-OXCMAPIHTTP, MAPI over HTTP",
    "EWSNOTIFY": "learn.microsoft.com, EWS: how to maintain affinity between subscriptions and the server",
    "ADSOAP": "Microsoft's Autodiscover developer documentation: SOAP, errors, order of URLs",
    "MAPICLIENTS": "what several implementations of MAPI over HTTP call its cookies",
    "MAPISE": "captures of MAPI over HTTP with Exchange SE, build 15.2.2562.45, by the client mapi-client-rs, August 2026",
    "RPCH": "MS-RPCH, RPC over HTTP version 2",
    "ASCMD": "MS-ASCMD, commands of ActiveSync",
    "ASPROV": "MS-ASPROV, provisioning of ActiveSync",
    "ZPUSH": "dialogue with Z-Push 2.7.1, an ActiveSync server that we did not write",
    "SOGO": "dialogues with SOGo 5.8.0, an ActiveSync server that we did not write",
    "HT203719": "support.apple.com HT203719 (TS4511): after several errors 500 a device fetches everything anew",
    "HT203209": "support.apple.com HT203209 and KB905013: heartbeats through firewalls and balancers",
    "OXCRPC": "MS-OXCRPC, the calls of a mail client over RPC",
    "IMPACKET": "what the RPC over HTTP client of impacket 0.13 sends and says of Exchange",
    "DUO": "duo.com/docs/owa-faq, Duo for OWA: a session key shared by several servers",
    "HAPROXY": "HAProxy configuration manual and measurements on 2.8",
}


@dataclass(frozen=True, slots=True)
class Fact:
    """One registered constant: its value, its standing and the key of its source in `SOURCES`."""

    value: str | int | float
    standing: Standing
    source: str


FACTS: list[Fact] = []


def _register(value: Value, standing: Standing, source: str) -> Value:
    for key in source.split():
        assert key in SOURCES, f"{value!r}: {key} is not in SOURCES"
    FACTS.append(Fact(value, standing, source))
    return value


def documented(value: Value, source: str) -> Value:
    """`value`, registered as stated in public by `source` (keys of `SOURCES`, separated by spaces)."""
    return _register(value, Standing.DOCUMENTED, source)


def observed(value: Value, source: str) -> Value:
    """`value`, registered as seen on the wire or in a named build."""
    return _register(value, Standing.OBSERVED, source)


def assumed(value: Value, source: str = "") -> Value:
    """`value`, registered as inferred; `source` names what it was inferred from, if anything."""
    return _register(value, Standing.ASSUMED, source)
