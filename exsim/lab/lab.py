"""A simulated organisation with balancers in front of it, up for as long as the `with` block lasts.

Everything listens on loopback.  Keys and passwords reach the nodes through their standard input and no
file; the balancer's certificate lies in a private directory until it has been read.  When the block ends
(also by an exception or a signal) every process that was started here is gone.  Decides nothing about a
run: scenario and verdict are elsewhere.
"""

from __future__ import annotations

import shutil
import signal
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import FrameType
from typing import Any

from exsim.lab.balancers import BalancerPlan, Behind, LabBalancer
from exsim.lab.certificates import Authority, organisation_certificates
from exsim.lab.diary import Diary
from exsim.lab.died import Died
from exsim.lab.nginx import NginxBalancer
from exsim.lab.nodes import NodeProcess
from exsim.lab.scaffold import Scaffold
from exsim.lb.binary import Binary, find_haproxy
from exsim.lb.nginx import find_nginx, is_nginx
from exsim.lb.rig import Change
from exsim.runs.organisation import certificate_names

UP_LIMIT = 30.0  # seconds until every node serves
DOWN_LIMIT = 2.0  # seconds from asking the nodes to end to ending them


class Lab(Scaffold):
    """`with Lab(…) as lab:` and the lab stands.  Raises MovingError or LabError when it cannot.

    `nodes` and `mailboxes` are shaped like the organisation's own settings.  `directory` is the run
    directory: confessions go to `nodes/NAME.jsonl`, the first balancer's log to `lb.log`, another's to
    `lb-NAME.log`, each line through `redact` first.  `port`: of the first balancer, 0 for any.
    """

    def __init__(
        self,
        directory: Path,
        nodes: Sequence[Mapping[str, Any]],
        mailboxes: Sequence[Mapping[str, Any]],
        balancers: Sequence[BalancerPlan] = (),
        *,
        redact: Callable[[bytes], bytes],
        host: str = "exchange.isp.com.au",
        domain: str = "LAB",
        time_scale: float = 1.0,
        seed: int = 0,
        haproxy: str | None = None,
        port: int = 0,
        module: str = "exsim.org",
    ) -> None:
        self.host = host
        self.directory = directory
        self.balancers: dict[str, LabBalancer] = {}
        self.nodes: dict[str, dict[str, str]] = {}
        self._settings = [dict(node) for node in nodes]
        self._organisation: dict[str, Any] = {
            "nodes": self._settings,
            "mailboxes": [dict(mailbox) for mailbox in mailboxes],
            "host": host,
            "domain": domain,
            "time_scale": time_scale,
            "seed": seed,
        }
        self._plans = list(balancers)
        self._redact = redact
        self._haproxy = haproxy
        self._port = port
        self._module = module
        self._binary: Binary | None = None
        self._processes: dict[str, NodeProcess] = {}
        self._home: Path | None = None
        self._orders: dict[str, Any] = {}
        self._old_handler: Any = None
        self._diary = Diary(directory / "nodes" / "lab.jsonl")

    # What a run needs to know --------------------------------------------------------------------
    @property
    def url(self) -> str:
        """What users type.  Where it leads is in `addresses`."""
        return f"https://{self.host}"

    @property
    def addresses(self) -> dict[str, str]:
        """Balancer -> the host:port that `url` leads to through it."""
        return {name: balancer.address for name, balancer in self.balancers.items()}

    @property
    def ca_pem_path(self) -> Path:
        """The authority that vouches for balancers and nodes; there as long as the lab is."""
        assert self._home is not None, "the lab does not stand"
        return self._home / "ca.pem"

    @property
    def haproxy_version(self) -> str:
        return self._binary.version if self._binary else ""

    @property
    def haproxy_path(self) -> str:
        return self._binary.path if self._binary else ""

    @property
    def changes(self) -> list[Change]:
        """What was changed in the balancers' files, in order."""
        return [change for one in self.balancers.values() for change in one.changes]

    @property
    def warnings(self) -> list[str]:
        """HAProxy's own warnings about the files as they run."""
        return [warning for one in self.balancers.values() for warning in one.warnings]

    @property
    def lb_servers(self) -> dict[str, str]:
        """lb_server -> node."""
        servers: dict[str, str] = {}
        for one in self.balancers.values():
            servers |= one.servers
        return servers

    @property
    def pids(self) -> dict[str, int]:
        """Every process that runs for the lab."""
        running = self._running()
        return {name: one.pid for name, one in running.items() if one.pid is not None}

    def died(self) -> list[Died]:
        """Processes that ended without being asked to."""
        running = self._running()
        ended = ((name, one.died(), one) for name, one in running.items())
        return [Died(name, code, one.words()) for name, code, one in ended if code is not None]

    def _running(self) -> dict[str, NodeProcess | LabBalancer]:
        return {**self._processes, **self.balancers}

    # What may be done to it ----------------------------------------------------------------------
    def kill(self, node: str) -> None:
        """End a node at once; its addresses refuse from now on."""
        self._diary.note("kill", node)
        self._processes[node].kill()

    def restart(self, node: str) -> None:
        """Bring a killed node back at its old addresses.  Raises LabError."""
        self._diary.note("restart", node)
        self._processes[node].restart(self._orders)
        self._processes[node].wait_ready(time.monotonic() + UP_LIMIT)

    def pause(self, node: str) -> None:
        """Stop a node's process: it accepts, and answers nothing."""
        self._diary.note("pause", node)
        self._processes[node].signal(signal.SIGSTOP)

    def resume(self, node: str) -> None:
        """Undo `pause`."""
        self._diary.note("resume", node)
        self._processes[node].signal(signal.SIGCONT)

    def recycle(self, node: str) -> None:
        """As an application pool's recycling: caches and stale certificates go."""
        self._diary.note("recycle", node)
        self._processes[node].signal(signal.SIGUSR1)

    def drain(self, node: str, state: str = "drain") -> None:
        """Tell every balancer to send nobody new to a node ("maint": nobody at all; "ready": as before)."""
        self._diary.note(state, node)
        for balancer in self.balancers.values():
            for lb_server, name in balancer.servers.items():
                if name == node:
                    balancer.runtime.set_state(lb_server, state)

    def reload(self) -> None:
        """Reload every balancer's file, as an operator does."""
        self._diary.note("reload")
        for balancer in self.balancers.values():
            balancer.reload()

    def change_passwords(self) -> None:
        """Every mailbox that has a next password has it from now on, at every node."""
        self._diary.note("change_passwords")
        for process in self._processes.values():
            process.signal(signal.SIGUSR2)

    # Up and down ---------------------------------------------------------------------------------
    def _up(self) -> None:
        self._heed_sigterm()
        if not all(is_nginx(plan.text) for plan in self._plans):
            self._binary = find_haproxy(self._haproxy)
        self._home = Path(tempfile.mkdtemp(prefix="exsim-"))  # 0700
        self._start_nodes()
        authority = Authority("exsim lab")
        self.ca_pem_path.write_text(authority.pem)
        names = [
            self.host,
            *(str(node["fqdn"]) for node in self._settings),
            "localhost",
            "127.0.0.1",
        ]
        certificate = authority.host_certificate(names)
        self._tell_nodes(certificate)
        self._start_balancers(certificate)

    def _start_nodes(self) -> None:
        """All at once, and before the certificates are made: a node is a second at loading its parts."""
        confessions = self.directory / "nodes"
        confessions.mkdir(parents=True, exist_ok=True)
        for node in self._settings:
            name = str(node["name"])
            down = bool(node.get("back_end", {}).get("down", False))
            self._processes[name] = process = NodeProcess(
                name, confessions / f"{name}.jsonl", back_end_down=down, module=self._module
            )
            self.nodes[name] = {"http": process.http, "https": process.https}
            process.start()

    def _tell_nodes(self, certificate: str) -> None:
        wanted = certificate_names(self._settings)
        self._orders = {
            "organisation": {
                **self._organisation,
                "certificates": organisation_certificates(wanted),
            },
            "back_ends": {name: process.back for name, process in self._processes.items()},
            "tls": {"certificate": certificate},
        }
        for process in self._processes.values():
            process.tell(self._orders)
        end = time.monotonic() + UP_LIMIT
        for process in self._processes.values():
            process.wait_ready(end)

    def _start_balancers(self, certificate: str) -> None:
        if not self._plans:
            return
        assert self._home is not None
        pem = self._home / "host.pem"
        pem.touch(mode=0o600)
        pem.write_text(certificate)
        behind = Behind(
            {name: places["http"] for name, places in self.nodes.items()},
            {name: places["https"] for name, places in self.nodes.items()},
        )
        port = self._port
        for plan in self._plans:
            log = "lb.log" if not self.balancers else f"lb-{plan.name}.log"
            kind, binary = self._kind_of(plan)
            balancer = kind(plan, binary, self.directory / log, self._redact)
            self.balancers[plan.name] = balancer
            balancer.start(
                self._home,
                pem,
                behind,
                port=port,
                time_scale=float(self._organisation["time_scale"]),
            )
            port = 0
        pem.unlink()  # HAProxy reads it once

    def _kind_of(self, plan: BalancerPlan) -> tuple[type[LabBalancer], Binary]:
        if self._binary is None or is_nginx(plan.text):
            return NginxBalancer, find_nginx()
        return LabBalancer, self._binary

    def _down(self) -> None:
        """End everything; what is not there yet or any more is no matter."""
        with (
            ExitStack() as last
        ):  # whatever of it fails, such as a log on a full disk, the others are ended
            last.callback(self._leave_nothing)
            last.callback(self._end_nodes)
            for balancer in self.balancers.values():
                last.callback(balancer.stop)

    def _end_nodes(self) -> None:
        for process in self._processes.values():
            process.ask_to_end()
        end = time.monotonic() + DOWN_LIMIT
        for process in self._processes.values():
            process.close(end)

    def _leave_nothing(self) -> None:
        if self._home is not None:
            shutil.rmtree(self._home, ignore_errors=True)
        if self._old_handler is not None:
            signal.signal(signal.SIGTERM, self._old_handler)
            self._old_handler = None

    def _heed_sigterm(self) -> None:
        """A SIGTERM that nobody handles ends the block like a Ctrl-C, instead of leaving the lab behind."""
        if threading.current_thread() is not threading.main_thread():
            return
        if signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
            self._old_handler = signal.signal(signal.SIGTERM, _interrupt)


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt
