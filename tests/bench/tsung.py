"""Tsung's configuration of the session flow: users that do one session after the other."""

from __future__ import annotations

from pathlib import Path
from xml.sax.saxutils import quoteattr

from tests.bench.window import SERVICE_CALLS

AGENT = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/126.0 Safari/537.36"


def _request(method: str, path: str, expected: str, body: str | None = None) -> str:
    contents = f" contents={quoteattr(body)}" if body is not None else ""
    return (
        f'<request><match do="abort" when="nomatch">{expected}</match>'
        f'<http url={quoteattr(path)} method="{method}" version="1.1"{contents}>'
        '<http_header name="Accept" value="*/*"/></http></request>\n'
    )


def _session() -> str:
    ok, found = "HTTP/1.1 200", "HTTP/1.1 302"
    steps = [
        _request("GET", "/owa/", found),
        _request("GET", "/owa/auth/logon.aspx?reason=0&replaceCurrent=1", ok),
        _request("POST", "/owa/auth.owa", found, "username=x&password=y"),
        _request("GET", "/owa/", ok),
    ]
    for number in range(SERVICE_CALLS):
        path = f"/owa/service.svc?action=FindItem&ID=-{number}"
        steps.append(_request("POST", path, "exsim-marker:user01@", "{}"))
    steps += [_request("POST", f"/owa/ev.owa2?UA=0&n={number}", ok, "") for number in range(2)]
    return "".join([*steps, _request("GET", "/owa/logoff.owa", found)])


def write_tsung(path: Path, port: int, scheme: str, users: int) -> None:
    """A run of `users` users at the target on `port`, for a minute at most."""
    kind = "ssl" if scheme == "https" else "tcp"
    path.write_text(
        f"""<?xml version="1.0"?>
<!DOCTYPE tsung SYSTEM "/usr/share/tsung/tsung-1.0.dtd">
<tsung loglevel="warning">
<clients><client host="localhost" use_controller_vm="true" maxusers="20000"/></clients>
<servers><server host="127.0.0.1" port="{port}" type="{kind}"/></servers>
<load duration="60" unit="second"><arrivalphase phase="1" duration="60" unit="second">
<users arrivalrate="200" unit="second"/></arrivalphase></load>
<options><option type="ts_http" name="user_agent">
<user_agent probability="100">{AGENT}</user_agent></option></options>
<sessions><session name="owa" probability="100" type="ts_http">
{_session()}</session></sessions></tsung>
"""
    )
