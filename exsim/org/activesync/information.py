"""Settings: whose mailbox it is, what the device is, and that nobody is out of office (MS-ASCMD)."""

from __future__ import annotations

from exsim.org.activesync.call import Call
from exsim.wire.wbxml import Element, tags

page = tags("Settings")
ACCOUNTS = 141  # protocol 14.1: addresses by account
BAD_PARAMETER = "5"


def settings(call: Call) -> Element:
    """Each part that was asked for, with a status of its own."""
    parts = []
    for asked in call.body:
        name = asked.tag.partition(":")[2]
        if name == "UserInformation":
            parts.append(page(name, page("Status", "1"), page("Get", *_addresses(call))))
        elif name == "DeviceInformation" and asked.find("Set") is not None:
            parts.append(page(name, page("Status", "1")))
        elif name == "Oof" and asked.find("Get") is not None:
            state = page("Get", page("OofState", "0"))
            parts.append(page(name, page("Status", "1"), state))
        else:
            parts.append(page(name, page("Status", BAD_PARAMETER)))
    return page("Settings", page("Status", "1"), *parts)


def _addresses(call: Call) -> list[Element]:
    address = call.asked.mailbox.address
    if call.version < ACCOUNTS:
        return [page("EmailAddresses", page("SMTPAddress", address))]
    own = page("SMTPAddress", address), page("PrimarySmtpAddress", address)
    return [page("Accounts", page("Account", page("EmailAddresses", *own)))]
