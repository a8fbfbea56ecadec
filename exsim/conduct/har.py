"""One session of a run as an HTTP archive (HAR 1.2), for the tools that read such files.

Values of cookies are the history's salted hashes and bodies were never stored; the archive says so.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, urlsplit

import msgspec

import exsim
from exsim.conduct.tale import Tale, ToldHop, tell
from exsim.judgement.proof import answer_of
from exsim.runs.directory import RunDirectory
from exsim.session.hop import Hop

COMMENT = (
    "Made from the history of a run. Cookie values are short salted hashes: they show change, and let "
    "nobody in. Bodies were never stored; sizes are their own. Headers are those that the history keeps."
)
UNKNOWN = -1  # HAR: a number that is not available
PAGE = "session"


def as_har(directory: RunDirectory, session: str) -> str:
    """The session called `session` as HAR.  Raises RunError when there is none."""
    document = {"log": archive(tell(directory, session))}
    return msgspec.json.format(msgspec.json.encode(document), indent=1).decode() + "\n"


def archive(tale: Tale) -> dict[str, Any]:
    """The `log` object of a HAR file."""
    session = tale.session
    first = tale.hops[0].hop.utc if tale.hops else tale.run.started
    incident = session.incident
    took = f", lost at {incident.front_end or 'an unknown node'}" if incident else ""
    title = f"session {session.id}, {session.account or 'a user'}, {session.state}{took}"
    return {
        "version": "1.2",
        "creator": {"name": "exsim", "version": exsim.__version__},
        "pages": [
            {
                "startedDateTime": first,
                "id": PAGE,
                "title": title,
                "pageTimings": {"onContentLoad": UNKNOWN, "onLoad": UNKNOWN},
            }
        ],
        "entries": [entry(told, tale.run.url) for told in tale.hops],
        "comment": COMMENT,
    }


def entry(told: ToldHop, url: str) -> dict[str, Any]:
    """One hop.  Names that begin with an underscore are ours; HAR lets readers skip them."""
    hop = told.hop
    head = hop.took if hop.head is None else min(hop.head, hop.took)
    timings = {"send": 0.0, "wait": _milliseconds(head), "receive": _milliseconds(hop.took - head)}
    return {
        "pageref": PAGE,
        "startedDateTime": hop.utc,
        "time": round(sum(timings.values()), 3),
        "request": _request(hop, url),
        "response": _response(hop),
        "cache": {},
        "timings": timings,
        "serverIPAddress": hop.address.rpartition(":")[0].strip("[]"),
        "connection": str(hop.conn),
        "comment": answer_of(hop),
        "_step": hop.step,
        "_frontEnd": told.front_end,
        "_mark": told.mark,
        "_seq": hop.seq,
    }


def _request(hop: Hop, url: str) -> dict[str, Any]:
    query = parse_qsl(urlsplit(hop.target).query, keep_blank_values=True)
    return {
        "method": hop.method,
        "url": url.rstrip("/") + hop.target,
        "httpVersion": "HTTP/1.1",
        "cookies": [{"name": name, "value": value} for name, value in hop.cookies.items()],
        "headers": _pairs({"client-request-id": hop.client_request_id}),
        "queryString": [{"name": name, "value": value} for name, value in query],
        "headersSize": UNKNOWN,
        "bodySize": UNKNOWN,
    }


def _response(hop: Hop) -> dict[str, Any]:
    headers = {**hop.headers, "location": hop.location or "", "request-id": hop.request_id}
    return {
        "status": hop.status or 0,
        "statusText": hop.reason,
        "httpVersion": "HTTP/1.1",
        "cookies": [
            {"name": name, "value": value or "", **({} if value else {"comment": "deleted"})}
            for name, value in hop.set_cookies.items()
        ],
        "headers": _pairs(headers),
        "content": {
            "size": hop.body.bytes,
            "mimeType": hop.headers.get("content-type", ""),
            "comment": hop.body.is_,
        },
        "redirectURL": hop.location or "",
        "headersSize": UNKNOWN,
        "bodySize": hop.body.bytes if hop.status is not None else UNKNOWN,
        **({"_error": hop.error} if hop.error else {}),
    }


def _pairs(headers: dict[str, str]) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in headers.items() if value]


def _milliseconds(seconds: float) -> float:
    return round(max(0.0, seconds) * 1000, 3)
