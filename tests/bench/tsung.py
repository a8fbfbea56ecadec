"""Tsung's configuration of the session flow: users that do one session after the other.

It keeps the cookies of each user itself; the canary, and what else a call says of itself, stands in the file.
"""

from __future__ import annotations

from pathlib import Path
from xml.sax.saxutils import quoteattr

from tests.bench import session
from tests.bench.target import CANARY

EXPECTED = {"open": "HTTP/1.1 302", "logon": "HTTP/1.1 302", "logoff": "HTTP/1.1 302"}
OWN_PLACE = ("User-Agent", "Content-Type")  # headers that Tsung writes from elsewhere
OWN = (CANARY, "-1", f"{session.CLIENT_ID}_179544602998001", "2026-11-23T15:00:29.980")


def _request(one: session.Asked) -> str:
    service = one["step"] == "service"
    expected = "exsim-marker:user01@" if service else EXPECTED.get(one["step"], "HTTP/1.1 200")
    headers = {**one["headers"], session.REQUEST_ID: "8f1c7735-85a9-4000-879e-000000000001"}
    if service:
        headers |= dict(zip(session.OWN, OWN, strict=True))
    kind = headers.get("Content-Type")
    more = f" content_type={quoteattr(kind)}" if kind else ""
    more += f" contents={quoteattr(one['body'])}" if one["body"] is not None else ""
    lines = "".join(
        f"<http_header name={quoteattr(name)} value={quoteattr(value)}/>"
        for name, value in headers.items()
        if name not in OWN_PLACE
    )
    return (
        f'<request><match do="abort" when="nomatch">{expected}</match>'
        f'<http url={quoteattr(one["path"])} method="{one["method"]}" version="1.1"{more}>'
        f"{lines}</http></request>\n"
    )


def write_tsung(path: Path, port: int, scheme: str) -> None:
    """A run of users at the target on `port`, for a minute at most."""
    kind = "ssl" if scheme == "https" else "tcp"
    requests = "".join(map(_request, (*session.BEFORE, *session.CALLS, *session.AFTER)))
    agent = session.BEFORE[0]["headers"]["User-Agent"]
    path.write_text(
        f"""<?xml version="1.0"?>
<!DOCTYPE tsung SYSTEM "/usr/share/tsung/tsung-1.0.dtd">
<tsung loglevel="warning">
<clients><client host="localhost" use_controller_vm="true" maxusers="20000"/></clients>
<servers><server host="127.0.0.1" port="{port}" type="{kind}"/></servers>
<load duration="60" unit="second"><arrivalphase phase="1" duration="60" unit="second">
<users arrivalrate="200" unit="second"/></arrivalphase></load>
<options><option type="ts_http" name="user_agent">
<user_agent probability="100">{agent}</user_agent></option></options>
<sessions><session name="owa" probability="100" type="ts_http">
{requests}</session></sessions></tsung>
"""
    )
