"""An nginx in a lab, where a HAProxy would stand.  It keeps no log for us and is not steered while it runs."""

from __future__ import annotations

from pathlib import Path

from exsim.lab.balancers import Behind, LabBalancer
from exsim.lb.errors import LbError
from exsim.lb.nginx import retarget
from exsim.lb.nginx_process import Nginx
from exsim.lb.rig import Rig
from exsim.lb.runtime import Runtime


class NginxBalancer(LabBalancer):
    """The same as `LabBalancer` for a file of nginx.  Its timeouts are not scaled."""

    software = "nginx"

    def start(
        self,
        home: Path,
        certificate: Path,
        behind: Behind,
        *,
        port: int = 0,
        time_scale: float = 1.0,
    ) -> None:
        if time_scale != 1.0:
            raise LbError(f"{self._plan.source}: nginx's timeouts are not scaled: time_scale = 1")
        rig = Rig(
            nodes=behind.nodes,
            nodes_tls=behind.nodes_tls,
            naming=behind.naming,
            next_address=self._addresses(port),
            certificate=str(certificate),
            log="",
            socket="",
            servers=self._plan.servers,
        )
        made = retarget(self._plan.text, rig, home, self._plan.source)
        self._takes(made)
        path = home / f"{self.name}.conf"
        path.touch(mode=0o600)
        path.write_text(made.text)
        self._process = Nginx(self._binary, path, home, self.address)
        self._process.start()

    def reload(self) -> None:
        raise LbError("an nginx is not reloaded here")

    def full(self) -> list[str]:
        return []

    @property
    def runtime(self) -> Runtime:
        raise LbError("an nginx has no runtime socket")
