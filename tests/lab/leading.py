"""A TLS listener that a test scripts: what stands before Exchange, or leads a client away from it."""

from __future__ import annotations

import http.server
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from exsim.lab.certificates import Authority
from tests.lab.outside import HOST

Answer = tuple[int, list[tuple[str, str]], bytes]


@dataclass
class Seen:
    """One request that came."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes

    def header(self, name: str) -> str:
        return self.headers.get(name.lower(), "")

    @property
    def path(self) -> str:
        return self.target.partition("?")[0].lower()


class Server:
    """`answer(request)` gives status, headers and body.  `seen` are the requests so far."""

    def __init__(self, answer: Callable[[Seen], Answer], host: str = HOST) -> None:
        self.answer = answer
        self.seen: list[Seen] = []
        self._folder = TemporaryDirectory(prefix="exsim-test-")
        authority = Authority("somebody else's")
        folder = Path(self._folder.name)
        self.ca = folder / "ca.pem"
        self.ca.write_text(authority.pem)
        pem = folder / "host.pem"
        pem.write_text(authority.host_certificate([host, "localhost", "127.0.0.1"]))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pem)
        self._listener = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._listener.handle_error = lambda *rest: None  # type: ignore[method-assign]  # a client that left
        self._listener.socket = context.wrap_socket(self._listener.socket, server_side=True)
        self.address = f"127.0.0.1:{self._listener.server_address[1]}"

    def target(self) -> dict[str, Any]:
        """What changes in a scenario's [target] that goes here."""
        return {"address": self.address, "ca": str(self.ca), "nodes": {}}

    def __enter__(self) -> Server:
        threading.Thread(target=self._listener.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *rest: object) -> None:
        self._listener.shutdown()
        self._listener.server_close()
        self._folder.cleanup()


def _handler(server: Server) -> type[http.server.BaseHTTPRequestHandler]:
    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *rest: object) -> None:
            pass

        def _answer(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            headers = {name.lower(): value for name, value in self.headers.items()}
            request = Seen(self.command, self.path, headers, self.rfile.read(length))
            server.seen.append(request)
            status, more, body = server.answer(request)
            self.send_response(status)
            for name, value in more:
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = do_HEAD = do_OPTIONS = _answer

    return Handler
