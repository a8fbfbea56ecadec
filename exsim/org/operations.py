"""What a mailbox answers to a buffer of remote operations, whichever protocol carried it (MS-OXCROPS)."""

from __future__ import annotations

from exsim.org.contents import Box
from exsim.wire import rop

FORMAT_ERROR = 0x4B6  # ecRpcFormat
LOGON_OBJECT = 1  # the handle that a logon is given


def operate(box: Box, data: bytes) -> bytes:
    """The buffer of answers.  Raises WireError at what cannot be read."""
    operations, _ = rop.unpack(data)
    answers = b"".join(_operated(box, one) for one in rop.asked(operations))
    return rop.pack(answers, (LOGON_OBJECT,))


def _operated(box: Box, asked: rop.Asked) -> bytes:
    if asked.operation == rop.LOGON:
        guid = bytes.fromhex(box.guid.replace("-", ""))
        return rop.logged_on(guid, guid)
    if asked.operation == rop.RELEASE:  # is not answered
        return b""
    if any(tag != rop.OWNER_NAME for tag in asked.tags):
        return rop.failed(asked.operation, rop.NOT_FOUND)
    return rop.properties(*[box.marker for _ in asked.tags])
