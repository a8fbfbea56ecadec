"""A connection: lean HTTP/1.1 over a bare non-blocking socket on gevent's hub.

An ordinary answer is taken apart by `answer`, every other is read by llhttp.  One exchange at a time.
What goes wrong (refused, reset, closed, truncated, tls, unreadable) is reported to the exchange as data,
never raised: hostile bytes end the connection and nothing else.
"""

from __future__ import annotations

import errno
import re
import socket as plain_socket
import ssl
from time import perf_counter
from typing import TYPE_CHECKING, Any

import httptools
from gevent import get_hub, monkey

from exsim.drive.answer import BUFFER, CHUNK, ordinary, until_close
from exsim.drive.asking import connect_request, head_of
from exsim.drive.tls import words

if TYPE_CHECKING:
    from exsim.drive.driver import Client
    from exsim.drive.exchange import Exchange
    from exsim.drive.hub import HubWorld
    from exsim.drive.pool import Pool
    from exsim.drive.target import Resumption

# `import locust` replaces socket.socket for the whole process; the hub wants the one below it.
Socket: Any = monkey.get_original("socket", "socket")
READ, WRITE = 1, 2
LARGEST_BODY = 32 * 1024 * 1024  # bytes; more in one whole answer is a hostile server
LARGEST_HEAD = 256 * 1024
MOST_PIECES = 10_000  # that a flow has not yet taken
LARGEST_PROXY_HEAD = 16 * 1024
ACCEPTED_BY_PROXY = re.compile(rb"HTTP/1\.[01] 2\d\d\b")  # RFC 9110 9.3.6: any 2xx
NOBODYS = httptools.HttpResponseParser(object())  # of connections that are gone


class HubLine:
    """One keep-alive connection of a client's pool."""

    # Without, a connection is 1.5 KB larger: these are more attributes than Python shares the names of
    __slots__ = (
        "address", "alive", "alpn", "asked_proxy", "at_once", "certificate", "client", "complete", "early",
        "exchange", "head_done", "incoming", "keep", "message", "method", "note", "number",
        "origin", "out", "outgoing", "parser", "phrase", "pool", "reader", "ready", "received",
        "socket", "source", "target", "tls", "until_close", "used", "wire_out", "world", "writer",
    )  # fmt: skip

    def __init__(self, world: HubWorld, client: Client, origin: str | None, number: int) -> None:
        target = world.targets[origin]
        self.world = world
        self.number = number
        self.pool: Pool
        self.note: Any = None
        self.origin = origin
        self.source = client.identity.source
        self.address = f"{target.address}:{target.port}"
        self.alpn = ""
        self.certificate = b""
        self.alive = True
        self.used = 0
        self.exchange: Exchange | None = None
        self.client = client
        self.target = target
        self.out = bytearray()  # plain bytes that wait for connection or handshake
        self.wire_out = b""  # bytes that the socket did not take yet
        self.ready = False
        self.method = ""
        self.received = 0
        self.at_once = False  # what comes next may be a whole answer
        self.message: list[tuple[bytes, bytes]] = []
        self.head_done = False
        self.complete = False
        self.until_close = False
        self.keep = True
        self.phrase = ""
        self.tls: ssl.SSLObject | None = None
        self.asked_proxy: bytes | None = None  # what a proxy has said so far to our CONNECT
        self.incoming = self.outgoing = None if target.tls is None else ssl.MemoryBIO()
        self.parser = httptools.HttpResponseParser(self)
        self._connect(client.identity.source)

    # Connecting ---------------------------------------------------------------------------------
    def _connect(self, source: str) -> None:
        address, port = self.target.proxy or (self.target.address, self.target.port)
        self.socket = Socket(plain_socket.AF_INET6 if ":" in address else plain_socket.AF_INET)
        self.socket.setblocking(False)
        self.socket.setsockopt(plain_socket.IPPROTO_TCP, plain_socket.TCP_NODELAY, 1)
        loop = get_hub().loop
        self.reader = loop.io(self.socket.fileno(), READ)
        self.writer = loop.io(self.socket.fileno(), WRITE)
        self.early: str | None = None
        try:
            if source:
                self.socket.bind((source, 0))
            self.socket.connect((address, port))
        except BlockingIOError:
            pass
        except OSError as error:
            self.early = _name_of(error, "refused")
            get_hub().loop.run_callback(self._fail, self.early)
            return
        self.writer.start(self._connected)

    def _connected(self) -> None:
        self.writer.stop()
        code = self.socket.getsockopt(plain_socket.SOL_SOCKET, plain_socket.SO_ERROR)
        if code:
            self._fail("timeout" if code == errno.ETIMEDOUT else "refused")
            return
        self.source = "{}:{}".format(*self.socket.getsockname()[:2])
        self.reader.start(self._readable)
        if self.target.proxy is not None:
            self.asked_proxy, self.at_once = b"", False
            self._push(connect_request(self.target.address, self.target.port))
        else:
            self._speak()

    def _speak(self) -> None:
        """The way to the other side is open."""
        if self.target.tls is None:
            self._established("")
            return
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = self.target.tls.wrap_bio(
            self.incoming,
            self.outgoing,
            server_hostname=self.target.server_name,
            session=self.target.resumption.session if self.target.resumption else None,
        )
        self._handshake()

    def _handshake(self) -> None:
        assert self.tls is not None
        try:
            self.tls.do_handshake()
        except ssl.SSLWantReadError:
            self._flush_tls()
            return
        except ssl.SSLError as error:
            self.client.mark("tls", {"address": self.address, "error": words(error)})
            self._fail("tls")
            return
        self._flush_tls()
        if self.target.resumption is not None:
            self._remember(self.target.resumption, self.tls)
        self.alpn = self.tls.selected_alpn_protocol() or ""
        self.certificate = self.tls.getpeercert(True) or b""
        self._established(self.tls.version() or "")

    @staticmethod
    def _remember(resumption: Resumption, tls: ssl.SSLObject) -> None:
        resumption.resumed += bool(tls.session_reused)
        resumption.session = resumption.session or tls.session

    def _established(self, tls: str) -> None:
        self.ready = True
        self.client.connected(self, tls)
        if self.out:
            waiting, self.out = bytes(self.out), bytearray()
            self.write(waiting)

    # Sending ------------------------------------------------------------------------------------
    def begin(self, exchange: Exchange, client_request_id: str, length: int | None) -> None:
        if not self.alive:  # it never stood, and who has leased it does not know
            get_hub().loop.run_callback(self._fail, self.early or "closed")
            return
        request = exchange.request
        self.method = request.method
        self.at_once = not exchange.piecewise
        if self.received:  # llhttp read the answer before
            self.received = 0
            self.head_done = self.complete = self.until_close = False
        data = head_of(request, self.target, client_request_id, length)
        if not self.ready:
            self.write(data)
        elif self.tls is None or self.outgoing is None:
            self._push(data)
        else:
            self.tls.write(data)
            self._push(self.outgoing.read())

    def write(self, data: bytes) -> None:
        if not self.alive:
            return
        if not self.ready:
            self.out += data
        elif self.tls is None:
            self._push(data)
        else:
            self.tls.write(data)
            self._flush_tls()

    def _flush_tls(self) -> None:
        assert self.outgoing is not None
        if self.outgoing.pending:
            self._push(self.outgoing.read())

    def _push(self, data: bytes) -> None:
        sent = 0
        if not self.wire_out:
            try:
                sent = self.socket.send(data)
            except BlockingIOError:
                pass
            except OSError as error:
                get_hub().loop.run_callback(self._fail, _name_of(error, "reset"))
                return
        if sent < len(data):
            self.wire_out += data[sent:]
            self.writer.start(self._writable)

    def _writable(self) -> None:
        self.writer.stop()
        waiting, self.wire_out = self.wire_out, b""
        self._push(waiting)

    # Receiving ----------------------------------------------------------------------------------
    def _readable(self) -> None:
        try:
            length = self.socket.recv_into(BUFFER)
        except BlockingIOError:
            return
        except OSError as error:
            self._fail(_name_of(error, "reset"))
            return
        exchange = self.exchange
        if self.at_once and self.tls is None and exchange is not None:  # nearly always
            answer = ordinary(length)
            if answer is not None:
                exchange.on_answer(perf_counter() - self.world.zero, answer)
                return
            self.at_once = False
        if self.asked_proxy is not None:
            self._hear_proxy(BUFFER[:length].tobytes())
        elif self.tls is not None:
            self._decrypt(length)
        elif length:
            self._feed(BUFFER[:length].tobytes())
        else:
            self._eof()

    def _hear_proxy(self, data: bytes) -> None:
        """What the proxy says to CONNECT; what it refuses is a mark, and no answer of the target's."""
        assert self.asked_proxy is not None
        self.asked_proxy += data
        head, ended, _ = self.asked_proxy.partition(b"\r\n\r\n")
        if ended and ACCEPTED_BY_PROXY.match(head):
            self.asked_proxy = None
            self._speak()
        elif ended or not data or len(head) > LARGEST_PROXY_HEAD:
            said = head.partition(b"\r\n")[0][:100].decode("latin-1") or "it closed the connection"
            self.client.mark("proxy", {"address": self.address, "said": said})
            self._fail("proxy")

    def _decrypt(self, length: int) -> None:
        assert self.tls is not None and self.incoming is not None
        if length:
            self.incoming.write(BUFFER[:length])
        else:
            self.incoming.write_eof()
        if not self.ready:
            if length:
                self._handshake()
            else:
                self._fail("tls")
            if not self.ready:
                return
        incoming = self.incoming
        read: Any = self.tls.read  # into a buffer it tells how much, which its type does not say
        while self.alive:  # all that is pending: an answer may be larger than one record
            try:
                length = read(CHUNK, BUFFER)
            except ssl.SSLWantReadError:
                self._flush_tls()
                return
            except ssl.SSLError as error:  # TLS 1.3: a certificate is asked for after the handshake
                self.client.mark("tls", {"address": self.address, "error": words(error)})
                length = 0
            if not length:
                self._eof()
                return
            exchange = self.exchange
            answer = ordinary(length) if self.at_once and exchange is not None else None
            if answer is not None and exchange is not None:
                exchange.on_answer(perf_counter() - self.world.zero, answer)
            else:
                self.at_once = False
                self._feed(BUFFER[:length].tobytes())
            if not incoming.pending and length < CHUNK:  # more than a record holds
                return

    def _feed(self, data: bytes) -> None:
        exchange = self.exchange
        if exchange is None:  # nobody asked: a close notice, or a hostile server
            self._gone()
            return
        self.received += len(data)
        try:
            self.parser.feed_data(data)
        except (httptools.HttpParserUpgrade, httptools.HttpParserError):
            self._fail("unreadable")
            return
        if self.complete:
            self.complete = False
            exchange.on_end(None, not self._stays_open())
        elif (
            (not exchange.piecewise and self.received > LARGEST_BODY)
            or (not self.head_done and self.received > LARGEST_HEAD)
            or len(exchange.inbox) > MOST_PIECES
        ):
            self._fail("unreadable")

    def _stays_open(self) -> bool:
        if self.method == "HEAD":  # llhttp would wait for the body that it was promised
            self.parser = httptools.HttpResponseParser(self)
            return not any(k == b"connection" and v.lower() == b"close" for k, v in self.message)
        return self.keep and not self.until_close

    def _eof(self) -> None:
        exchange = self.exchange
        if exchange is None:
            self._gone()
        elif self.until_close and self.head_done:
            exchange.on_end(None, True)
        else:
            self._fail("truncated" if exchange.status is not None else "closed")

    # What llhttp reports ------------------------------------------------------------------------
    def on_message_begin(self) -> None:
        self.message = []

    def on_header(self, name: bytes, value: bytes) -> None:
        self.message.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        status = self.parser.get_status_code()
        exchange = self.exchange
        if status < 200 or exchange is None:  # 100 Continue is a message of its own
            return
        self.head_done = True
        self.until_close = until_close(status, self.message)
        exchange.on_head(status, self.phrase, self.message)
        self.phrase = ""
        if self.method == "HEAD":
            self.complete = True

    def on_status(self, phrase: bytes) -> None:
        self.phrase = phrase.decode("latin-1")

    def on_body(self, data: bytes) -> None:
        if self.exchange is not None and self.method != "HEAD":
            self.exchange.on_piece(data)

    def on_message_complete(self) -> None:
        if self.head_done:
            self.complete = True
            self.keep = bool(self.parser.should_keep_alive())  # llhttp knows it only here

    # Ending -------------------------------------------------------------------------------------
    def _fail(self, error: str) -> None:
        exchange = self.exchange
        if exchange is None:
            self.early = self.early or error
            self._gone()
        else:
            exchange.on_end(error, True)

    def _gone(self) -> None:
        """An idle connection that the other side ended."""
        if self.alive:
            self.drop()
            self.pool.forget(self)

    def drop(self) -> None:
        if not self.alive:
            return
        self.alive = False
        self.world.lines.discard(self)
        for watcher in (self.reader, self.writer):
            watcher.stop()
            watcher.close()
        self.socket.close()
        self.parser = NOBODYS  # ours holds us, and TLS with us, for the garbage collector


_NAMES: tuple[tuple[type[OSError], str], ...] = (
    (ConnectionRefusedError, "refused"),
    (ConnectionResetError, "reset"),
    (BrokenPipeError, "closed"),
    (TimeoutError, "timeout"),
)


def _name_of(error: OSError, otherwise: str) -> str:
    return next((name for kind, name in _NAMES if isinstance(error, kind)), otherwise)
