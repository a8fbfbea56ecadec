"""The target of the benchmarks: a HAProxy that answers an OWA session by itself, and is never the bottleneck."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

from exsim.lab.certificates import Authority
from exsim.lb.binary import find_haproxy

TARGET_CPU = "0"
# One that never sleeps and is left behind, because we were killed, would take a processor for good
ENDING_WITH_US = ("setpriv", "--pdeathsig", "KILL")
ADMIN = "admin.sock"  # beside the configuration: where it tells what it counted
COOKIES = {
    "cadata": "c" * 128,
    "cadataTTL": "t" * 24,
    "cadataKey": "k" * 344,
    "cadataIV": "i" * 344,
    "cadataSig": "s" * 344,
}
CANARY = "C" * 76
SERVICE_BODY = (
    '{"Header":{"ServerVersionInfo":{"MajorVersion":15,"MinorVersion":1,"MajorBuildNumber":669,'
    '"MinorBuildNumber":32,"Version":"V2017_01_07"}},"Body":{"ResponseMessages":{"Items":[{"__type":'
    '"FindItemResponseMessage:#Exchange","ResponseCode":"NoError","ResponseClass":"Success",'
    '"Subject":"exsim-marker:user01@isp.com.au","Padding":"' + "p" * 1180 + '"}]}}}'
)
# What fills a page is to be like a page: searching runs of one letter costs many times as much.
LINE = (
    '<div class="signInInputLabel" id="userNameLabel" aria-hidden="true">User name:</div>'
    '<script src="/owa/auth/15.1.669/scripts/premium/flogon.js"></script>'
)
LOGON_PAGE = (
    "<!DOCTYPE html><html><head><title>logon</title></head><body><!-- "
    "{57A118C6-2DA9-419d-BE9A-F92B0F9A418B} --><form action='/owa/auth.owa' method='POST' "
    "name='logonForm'><input type='hidden' name='destination' value='https://mail.example/owa/'>"
    "<input type='hidden' name='flags' value='4'><input name='username'><input name='password'>"
    "</form>" + LINE * 50 + "</body></html>"
)


def config(folder: Path, plain: int, tls: int) -> str:
    """The whole configuration; bodies stand in files beside it."""
    (folder / "logon.html").write_text(LOGON_PAGE)
    (folder / "owa.html").write_text(
        "<html><script>Program.main()</script>" + LINE * 52 + "</html>"
    )
    (folder / "service.json").write_text(SERVICE_BODY)
    (folder / "host.pem").write_text(Authority("bench").host_certificate(["mail.example"]))
    fe = 'hdr X-FEServer EX16-01 hdr request-id "%[uuid()]" hdr Server Microsoft-IIS/10.0'
    be = "hdr X-CalculatedBETarget ex16-01.isp.com.au hdr X-BEServer EX16-01 hdr X-DiagInfo EX16-01"
    becookie = f'hdr Set-Cookie "X-BackEndCookie=S-1-5-21-1={"b" * 160}; path=/owa; HttpOnly"'
    five = " ".join(f'hdr Set-Cookie "{k}={v}; path=/; HttpOnly"' for k, v in COOKIES.items())
    rules = [
        f"status 302 {fe} hdr Location /owa/ {five} if {{ path /owa/auth.owa }}",
        f"status 200 content-type text/html file {folder}/logon.html {fe} if {{ path /owa/auth/logon.aspx }}",
        f"status 440 content-type text/html string no {fe} if {{ method POST }} !live",
        f"status 302 {fe} hdr Location /owa/auth/logon.aspx?reason=0 if !live",
        f"status 200 content-type application/json file {folder}/service.json {fe} {be} {becookie} if {{ path /owa/service.svc }}",
        f'status 200 content-type text/html file {folder}/owa.html {fe} {be} hdr Set-Cookie "X-OWA-CANARY={CANARY}; path=/" {becookie} if {{ path /owa/ }}',
        f"status 302 {fe} hdr Location /owa/auth/signout.aspx if {{ path /owa/logoff.owa }}",
        f'status 200 content-type application/json string "{{cid:1}}" {fe} {be} if {{ path /owa/ev.owa2 }}',
        "status 404",
    ]
    body = "\n".join(f"  http-request return {rule}" for rule in rules)
    # It never sleeps: whoever asks seldom, because he is slow, would pay with each request for waking it up.
    return f"""global
  nbthread 1
  busy-polling
  maxconn 4000
  stats socket {folder}/{ADMIN} level user
defaults
  mode http
  option http-buffer-request
  timeout client 600s
  timeout server 600s
  timeout connect 5s
  timeout http-keep-alive 600s
frontend bench
  bind 127.0.0.1:{plain}
  bind 127.0.0.1:{tls} ssl crt {folder}/host.pem alpn http/1.1
  acl live req.cook(cadata) -m found
{body}
"""


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as door:
        return int(door.getsockname()[1])


@contextmanager
def target(folder: Path) -> Iterator[tuple[int, int]]:
    """The target, up; its plain and its TLS port.  It has a processor of its own."""
    plain, tls = free_port(), free_port()
    path = folder / "target.cfg"
    path.write_text(config(folder, plain, tls))
    haproxy = find_haproxy(None).path
    process = subprocess.Popen(
        [*ENDING_WITH_US, "taskset", "-c", TARGET_CPU, haproxy, "-db", "-f", str(path)]
    )
    try:
        for _ in range(100):
            try:
                urlopen(f"http://127.0.0.1:{plain}/owa/auth/logon.aspx", timeout=1).close()
                break
            except OSError:
                time.sleep(0.05)
        else:
            raise SystemExit("the target does not come up")
        yield plain, tls
    finally:
        process.terminate()
        process.wait(5)


if __name__ == "__main__":
    sys.exit("imported by the benchmarks")
