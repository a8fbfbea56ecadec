"""A second factor's module before OWA and ECP: whoever has a logon must show this module's cookie as well.

Products of that kind keep what the user has proved in a cookie of their own, sealed with a key that is to be shared
by all nodes (DUO).  Without a cookie that it can open, it sends the browser to its authority, and deletes nothing.
Simplified here, *assumed*: the factor counts as given with the form, so that the cookie comes with its answer.
"""

from __future__ import annotations

import hashlib
import hmac

from exsim.org.answers import redirect, set_cookie
from exsim.org.incoming import Incoming
from exsim.org.logon import cookie_attributes
from exsim.org.outcome import Outcome
from exsim.org.refusal import LOGOFF_SEGMENTS
from exsim.org.settings import Mailbox, Node
from exsim.wire import names

AUTHORITY = "https://second-factor.example/frame"  # a name that leads nowhere (RFC 2606)


class SecondFactor:
    """The module of one node; without a key it is not installed, and asks nothing."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._key = (node.front_end.second_factor or "").encode()

    def given(self, incoming: Incoming, outcome: Outcome) -> Outcome:
        """The answer to a logon form; an accepted one brings the module's cookie."""
        if self._key and outcome.user and outcome.answer.status == 302:
            attributes = cookie_attributes(incoming, self._node)
            sealed = self._sealed(outcome.user)
            outcome.answer.headers.append(set_cookie(names.SECOND_FACTOR, sealed, attributes))
        return outcome

    def asks(self, incoming: Incoming, mailbox: Mailbox) -> Outcome | None:
        """To the authority, where the module's cookie is missing or of another key; None: go on."""
        if not self._key or incoming.segment == LOGOFF_SEGMENTS.get(incoming.vdir):
            return None
        shown = incoming.cookies.get(names.SECOND_FACTOR, "")
        if hmac.compare_digest(shown.encode(), self._sealed(mailbox.address).encode()):
            return None
        carried = any(name in incoming.cookies for name in names.LOGON_COOKIES)
        class_ = "refused" if carried else "refused_bare"
        return Outcome(redirect(AUTHORITY), class_, "second_factor", mailbox.address)

    def _sealed(self, address: str) -> str:
        return hmac.new(self._key, address.lower().encode(), hashlib.sha256).hexdigest()
