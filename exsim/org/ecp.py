"""The control panel on a back end: its page, and its services with a canary of their own (E13)."""

from __future__ import annotations

import json

from exsim.org.actions import marker
from exsim.org.answers import JSON, answer, delete_cookie, page, redirect, set_cookie
from exsim.org.back_request import Asked
from exsim.org.canary import Canaries
from exsim.org.templates import fill
from exsim.wire import names
from exsim.wire.message import Answer

PAGES = ("/ecp", "/ecp/", "/ecp/default.aspx")


class ControlPanel:
    """ECP of one back end."""

    def __init__(self, canaries: Canaries) -> None:
        self._canaries = canaries

    def answer(self, asked: Asked) -> Answer:
        """A page, a service, the way out, or 404 (which the front end turns into a refusal)."""
        incoming = asked.incoming
        if incoming.segment == "logoff.aspx":
            gone = [name for name in (names.ECP_CANARY,) if name in incoming.cookies]
            deletions = [delete_cookie(name, asked.when, "/ecp") for name in gone]
            return redirect(names.SIGNOUT_PAGE, deletions)
        if incoming.path in PAGES:
            return self._page(asked)
        if ".svc/" in incoming.path and incoming.method == "POST":
            return self._service(asked)
        return answer(404, b"<html><body><h1>Not Found</h1></body></html>")

    def _page(self, asked: Asked) -> Answer:
        carried = asked.incoming.cookies.get(names.ECP_CANARY, "")
        age = self._canaries.age(carried, asked.mailbox.sid, asked.when)
        if self._canaries.is_due(age):
            value = self._canaries.make(asked.mailbox.sid, asked.when)
            asked.cookies.append(set_cookie(names.ECP_CANARY, value, "path=/ecp; secure"))
        return page(fill("ecp", name=marker(asked.mailbox)))

    def _service(self, asked: Asked) -> Answer:
        incoming = asked.incoming
        sent = incoming.header(names.ECP_CANARY.lower()) or incoming.query.get(names.ECP_CANARY, "")
        sent = sent or incoming.form.get(names.ECP_CANARY, "")
        if self._canaries.age(sent, asked.mailbox.sid, asked.when) is None:
            fault = {"ExceptionType": "InvalidCanary", "Message": "", "StackTrace": ""}
            headers = [("jsonerror", "true"), ("X-ECP-ERROR", "InvalidCanary")]
            return answer(500, json.dumps(fault).encode(), JSON, headers)  # 500: assumed
        body = {"d": {"Output": [{"DisplayName": marker(asked.mailbox)}], "ErrorRecords": []}}
        return answer(200, json.dumps(body).encode(), JSON)
