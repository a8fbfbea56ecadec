"""Mail as a device hands it over: MIME, of which who, to whom, what about and the text are kept."""

from __future__ import annotations

import email
import email.policy
from dataclasses import dataclass
from email.errors import MessageError
from email.message import EmailMessage
from email.utils import getaddresses

LONGEST_SUBJECT = 255


@dataclass(frozen=True, slots=True)
class Message:
    """What is kept of it."""

    subject: str = ""
    to: tuple[str, ...] = ()
    text: str = ""


def parsed(mime: bytes) -> Message:
    """The message; whatever cannot be read of it is empty."""
    try:
        read = email.message_from_bytes(mime, policy=email.policy.default)
        assert isinstance(read, EmailMessage)
        subject = " ".join(str(read.get("Subject", "")).split())[:LONGEST_SUBJECT]
        lines = [str(value) for name in ("To", "Cc", "Bcc") for value in read.get_all(name, ())]
        part = read.get_body(("plain", "html"))
        text = "" if part is None else str(part.get_content())
    except (MessageError, ValueError, LookupError, IndexError, AttributeError, TypeError):
        return Message()  # the standard library's parser raises all of these for broken mail
    to = tuple(address for _, address in getaddresses(lines) if "@" in address)
    return Message(_sayable(subject), to, _sayable(text))


def _sayable(text: str) -> str:
    """Without what a document cannot hold."""
    return text.replace("\0", "").encode("utf-8", "replace").decode()
