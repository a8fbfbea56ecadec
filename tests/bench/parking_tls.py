"""TLS for the target that parks, in its own process: what it answers at once leaves at once.

With a load balancer between them the client was woken for each answer by itself and, at a low rate, paid for waking
the balancer with each request: a wake-up without TLS cost 98 to 127 µs through one, and 77 to 95 without it.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from pathlib import Path

PIECE = 65536  # bytes read at once


class Tls(asyncio.Protocol, asyncio.WriteTransport):
    """One connection over TLS: the transport of who speaks inside.  (asyncio's own holds 256 KiB a connection.)"""

    def __init__(self, context: ssl.SSLContext, made: Callable[[], asyncio.Protocol]) -> None:
        super().__init__()
        self.inside, self.ready = made(), False
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self.incoming, self.outgoing, server_side=True)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.incoming.write(data)
        try:
            if not self.ready:
                self.tls.do_handshake()
                self.ready = True
                self.inside.connection_made(self)
            while data := self.tls.read(PIECE):
                self.inside.data_received(data)
            self.transport.close()  # it said that it closes
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLError:
            self.transport.close()
        self._flush()

    def connection_lost(self, error: Exception | None) -> None:
        if self.ready:
            self.inside.connection_lost(error)

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.tls.write(data)
        self._flush()

    def _flush(self) -> None:
        if self.outgoing.pending:
            self.transport.write(self.outgoing.read())


def context_of(certificate: Path) -> ssl.SSLContext:
    """HTTP/1.1 over TLS, by the key and the chain in one file."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    context.set_alpn_protocols(["http/1.1"])
    return context
