"""What Autodiscover has to tell of one mailbox: its names, and where each protocol is served."""

from __future__ import annotations

import hashlib

from exsim.org.actions import marker
from exsim.org.attribution import build_of
from exsim.org.contents import mailbox_guid
from exsim.org.directory import Directory
from exsim.org.entropy import guid_of
from exsim.org.settings import Mailbox, Node, Organisation

MAPI_SINCE = (15, 0, 847, 32)  # the first build that honours X-MapiHttpCapability (OXDSCLI)
OFFLINE_ADDRESS_BOOK = guid_of(hashlib.sha256(b"offline address book").digest()[:16])


class Addresses:
    """One node's knowledge.  Who may ask for whose mailbox is not restricted (assumed)."""

    def __init__(self, organisation: Organisation, node: Node) -> None:
        self._organisation = organisation
        self._node = node
        self._directory = Directory(organisation)

    def find(self, address: str) -> Mailbox | None:
        """The mailbox of an address."""
        return self._directory.by_address(address.strip())

    def url(self, vdir: str, rest: str) -> str:
        """The address of a directory, as set at this node, or the organisation's one name."""
        own = self._node.front_end.external_urls.get(vdir.lower(), "")
        return own or f"https://{self._organisation.host}/{vdir}{rest}"

    def mapi(self, mailbox: Mailbox, end: str) -> str:
        """The address of MAPI over HTTP for one mailbox; `end` is emsmdb or nspi."""
        return f"{self.url('mapi', f'/{end}/')}?MailboxId={self.mailbox_id(mailbox)}"

    def mapi_offered(self, mailbox: Mailbox, asked: str) -> bool:
        """Whether the answer tells of MAPI over HTTP; `asked` is the client's X-MapiHttpCapability."""
        able = asked.isascii() and asked.isdigit() and int(asked[:9]) >= 1
        served = build_of(self._directory.home(mailbox)) >= MAPI_SINCE
        return able and served and self._node.back_end.autodiscover.mapi_http

    def mailbox_id(self, mailbox: Mailbox) -> str:
        return f"{mailbox_guid(mailbox)}@{mailbox.address.partition('@')[2]}"

    def settings(self, mailbox: Mailbox) -> dict[str, str]:
        """What GetUserSettings may ask for, by name (ADSOAP)."""
        host = self._organisation.host
        ews = self.url("EWS", "/Exchange.asmx")
        return {
            "UserDisplayName": marker(mailbox),
            "UserDN": legacy_dn(mailbox),
            "AutoDiscoverSMTPAddress": mailbox.address,
            "InternalMailboxServer": self.mailbox_id(mailbox),
            "InternalRpcClientServer": self.mailbox_id(mailbox),
            "ExternalMailboxServer": host,
            "InternalEwsUrl": ews,
            "ExternalEwsUrl": ews,
            "InternalOABUrl": self.oab(),
            "ExternalOABUrl": self.oab(),
            "MobileMailboxPolicy": "",
            "EwsSupportedSchemas": SCHEMAS,
            "CasVersion": self._node.build,
        }

    def oab(self) -> str:
        return self.url("OAB", f"/{OFFLINE_ADDRESS_BOOK}/")

    @property
    def host(self) -> str:
        return self._organisation.host


SCHEMAS = (
    "Exchange2007, Exchange2007_SP1, Exchange2010, Exchange2010_SP1, Exchange2010_SP2, Exchange2013"
)


def legacy_dn(mailbox: Mailbox) -> str:
    """The distinguished name by which Outlook logs on (assumed, but for its form)."""
    return f"/o=exsim/ou=users/cn=Recipients/cn={mailbox.address.partition('@')[0]}"
