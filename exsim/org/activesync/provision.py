"""Provision: a device fetches the policy, says that it has taken it, and gets the key (MS-ASPROV)."""

from __future__ import annotations

from exsim.org.activesync.call import DEVICE_INFORMATION, Call, Refused
from exsim.org.activesync.policy import Policy
from exsim.wire import activesync as names
from exsim.wire.wbxml import Element, tags

page = tags("Provision")
settings = tags("Settings")
WRONG_KEY = "5"  # of the policy: it was acknowledged with a key that nobody gave
WANTS_INFORMATION = 141  # protocol 14.1: the device says what it is, or it is told nothing

# A policy that asks nothing of a device
DOCUMENT = (
    ("DevicePasswordEnabled", "0"),
    ("AlphanumericDevicePasswordRequired", "0"),
    ("PasswordRecoveryEnabled", "0"),
    ("AttachmentsEnabled", "1"),
    ("MinDevicePasswordLength", "4"),
    ("AllowSimpleDevicePassword", "1"),
    ("DevicePasswordHistory", "0"),
)


def provision(call: Call, policy: Policy) -> Element:
    """Either phase: a request with a key acknowledges, one without asks."""
    asked = call.body.find("Policies", "Policy")
    informs = call.body.find("Settings:DeviceInformation", "Set") is not None
    told = [settings("DeviceInformation", settings("Status", "1"))] if informs else []
    if asked is None:
        return page("Provision", page("Status", "1"), *told)
    kind = asked.text("PolicyType") or ""
    shown = asked.text("PolicyKey")
    if kind != names.POLICY_TYPE:
        answered = page("Policy", page("PolicyType", kind), page("Status", "3"))
    elif shown is None:
        if call.version >= WANTS_INFORMATION and not informs:
            raise Refused(DEVICE_INFORMATION)
        answered = _offered(policy)
    else:
        answered = _acknowledged(shown, asked.text("Status"), policy)
    return page("Provision", *told, page("Status", "1"), page("Policies", answered))


def _offered(policy: Policy) -> Element:
    rules = page("EASProvisionDoc", *(page(name, value) for name, value in DOCUMENT))
    return page(
        "Policy",
        page("PolicyType", names.POLICY_TYPE),
        page("Status", "1"),
        page("PolicyKey", str(policy.temporary)),
        page("Data", rules),
    )


def _acknowledged(shown: str, status: str | None, policy: Policy) -> Element:
    """The final key for whoever took the policy (1) or part of it (2); the first key again otherwise."""
    kind = page("PolicyType", names.POLICY_TYPE)
    if shown != str(policy.temporary):
        return page("Policy", kind, page("Status", WRONG_KEY))
    key = policy.final if status in ("1", "2") else policy.temporary
    return page("Policy", kind, page("Status", "1"), page("PolicyKey", str(key)))
