"""A request that a back end serves: who asks, and which cookies the answer will set."""

from __future__ import annotations

from dataclasses import dataclass, field

from exsim.org.contents import Box, Contents
from exsim.org.incoming import Incoming
from exsim.org.outcome import Stream
from exsim.org.settings import Mailbox
from exsim.wire.message import Answer, Headers

Reply = tuple[Answer, Stream | None]  # the stream, where there is one, is the body


@dataclass(slots=True)
class Asked:
    """`incoming` in the name of `mailbox`; `contents` are this back end's mailboxes.

    `cookies` collects Set-Cookie lines.
    """

    incoming: Incoming
    mailbox: Mailbox
    flags: int
    contents: Contents
    cookies: Headers = field(default_factory=list)

    @property
    def when(self) -> float:
        return self.incoming.when

    @property
    def box(self) -> Box:
        """What lies in the mailbox."""
        return self.contents.box(self.mailbox)
