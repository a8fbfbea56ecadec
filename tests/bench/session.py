"""The 25 requests of the flow benchmark's session: what a browser asks of OWA, in the words of exsim's own flow.

Every client sends these: a load tool that asked with fewer and shorter headers would be doing another flow.  What
differs from call to call (`OWN`) each makes by its own means: the canary out of its cookies, the ids counted, the
time from its clock.
"""

from __future__ import annotations

import json
from itertools import cycle, islice
from pathlib import Path
from typing import Any

from exsim.protocols.owa import headers
from exsim.protocols.owa.actions import ACTIONS, CLICKS
from exsim.wire import names

SERVICE_CALLS = 18
# What the start page told the page (CAP16's form)
BUILD = "15.1.669.32"
CLIENT_ID = "5C1E0F3D9A7B4E6F8D2C1B0A99887766"
REQUEST_ID = "client-request-id"  # of every request
OWN = (
    names.CANARY,
    names.ACTION_ID,
    names.CORRELATION_ID,
    names.CLIENT_BEGIN,
)  # of a call of service.svc

Asked = dict[str, Any]


def _asked(
    step: str, method: str, path: str, lines: headers.Lines, body: str | None = None
) -> Asked:
    return {"step": step, "method": method, "path": path, "headers": dict(lines), "body": body}


def _calls() -> list[Asked]:
    """The calls of service.svc: the actions of a user's clicks in their shares, in turn."""
    mixed = [name for turn in range(4) for name, share in CLICKS if turn < share]
    calls = []
    for number, name in enumerate(islice(cycle(mixed), SERVICE_CALLS), 1):
        action = ACTIONS[name]
        lines = (*action.user, (names.CLIENT_BUILD, BUILD), (names.VERSION_ID, BUILD))
        path = f"{action.target}-{number}&AC=1"
        calls.append(_asked("service", "POST", path, lines, action.content.decode()))
    return calls


BEFORE = [
    _asked("open", "GET", "/owa/", headers.NAVIGATION),
    _asked("logon_form", "GET", "/owa/auth/logon.aspx?reason=0", headers.NAVIGATION),
    _asked("logon", "POST", "/owa/auth.owa", headers.LOGON_FORM, "username=x&password=y"),
    _asked("boot", "GET", "/owa/", headers.NAVIGATION),
]
CALLS = _calls()
AFTER = [
    _asked("channel", "POST", "/owa/ev.owa2?UA=0", headers.BACKGROUND_CALL, ""),
    _asked("channel", "POST", "/owa/ev.owa2?UA=0&n=1", headers.BACKGROUND_CALL, ""),
    _asked("logoff", "GET", "/owa/logoff.owa", headers.NAVIGATION),
]


def write_json(folder: Path) -> Path:
    """The session in `folder`, for clients in JavaScript."""
    told = {"client_id": CLIENT_ID, "before": BEFORE, "calls": CALLS, "after": AFTER}
    path = folder / "session.json"
    path.write_text(json.dumps(told))
    return path


def write_lua(folder: Path) -> Path:
    """The same in one row, for clients in Lua."""
    path = folder / "session.lua"
    told = {"client_id": CLIENT_ID, "requests": [*BEFORE, *CALLS, *AFTER]}
    path.write_text(f"return {_lua(told)}")
    return path


def _lua(value: Any) -> str:
    """As Lua writes it: of plain text a string is what JSON's is."""
    if isinstance(value, dict):
        return f"{{{','.join(f'[{_lua(key)}]={_lua(held)}' for key, held in value.items())}}}"
    if isinstance(value, list):
        return f"{{{','.join(map(_lua, value))}}}"
    return "nil" if value is None else json.dumps(value)
