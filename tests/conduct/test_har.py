"""A session as a HAR file.

Falls if: a field that HAR 1.2 requires is missing or of another type, a hop is left out, or what is not a
value of a cookie does not say so.
"""

import json
from datetime import datetime

import pytest

from exsim.conduct.har import as_har
from tests.conduct.made_run import hop, logged_on, run_directory

NUMBER = (int, float)
# Required by HAR 1.2, object by object
REQUIRED = {
    "log": {"version": str, "creator": dict, "entries": list},
    "creator": {"name": str, "version": str},
    "page": {"startedDateTime": str, "id": str, "title": str, "pageTimings": dict},
    "entry": {
        "startedDateTime": str, "time": NUMBER, "request": dict, "response": dict, "cache": dict,
        "timings": dict,
    },
    "request": {
        "method": str, "url": str, "httpVersion": str, "cookies": list, "headers": list,
        "queryString": list, "headersSize": int, "bodySize": int,
    },
    "response": {
        "status": int, "statusText": str, "httpVersion": str, "cookies": list, "headers": list,
        "content": dict, "redirectURL": str, "headersSize": int, "bodySize": int,
    },
    "content": {"size": int, "mimeType": str},
    "timings": {"send": NUMBER, "wait": NUMBER, "receive": NUMBER},
    "pair": {"name": str, "value": str},
}  # fmt: skip


def has_all(kind, found):
    for field, type_ in REQUIRED[kind].items():
        assert isinstance(found.get(field), type_), f"{kind}.{field}: {found.get(field)!r}"


def log_of(folder, session="1.1", lines=None):
    return json.loads(as_har(run_directory(folder, lines), session))["log"]


@pytest.mark.parametrize("session", ["1.1", "2.1"])
def test_everything_that_har_requires_is_there(tmp_path, session):
    log = log_of(tmp_path, session)
    has_all("log", log)
    has_all("creator", log["creator"])
    for page in log["pages"]:
        has_all("page", page)
    for entry in log["entries"]:
        has_all("entry", entry)
        request, response = entry["request"], entry["response"]
        has_all("request", request)
        has_all("response", response)
        has_all("content", response["content"])
        has_all("timings", entry["timings"])
        for pair in request["cookies"] + request["headers"] + request["queryString"]:
            has_all("pair", pair)
        for pair in response["cookies"] + response["headers"]:
            has_all("pair", pair)
        assert entry["pageref"] == log["pages"][0]["id"]
        assert entry["time"] == pytest.approx(sum(entry["timings"].values()))
        assert datetime.fromisoformat(entry["startedDateTime"]).tzinfo is not None


def test_every_hop_is_an_entry(tmp_path):
    entries = log_of(tmp_path)["entries"]
    assert [(e["request"]["method"], e["response"]["status"], e["_mark"]) for e in entries] == [
        ("POST", 302, ""),
        ("GET", 200, ""),
        ("POST", 440, "culprit"),
        ("POST", 440, "aftermath"),
        ("GET", 200, "control"),
        ("GET", 302, "control"),
    ]
    culprit = entries[2]
    assert culprit["request"]["url"].startswith("https://exchange.isp.com.au/owa/service.svc?")
    assert {"name": "action", "value": "FindItem"} in culprit["request"]["queryString"]
    assert {"name": "cadata", "value": "", "comment": "deleted"} in culprit["response"]["cookies"]


def test_it_says_that_cookies_are_hashes_and_bodies_are_not_there(tmp_path):
    comment = log_of(tmp_path)["comment"]
    assert "hashes" in comment and "Bodies were never stored" in comment


def test_a_request_without_an_answer_is_an_entry_too(tmp_path):
    none = hop(1, 2, 1.1, "GET /owa/", None, error="reset", ended="unanswered", head=None)
    entry = log_of(tmp_path, lines=[*logged_on(1, 1.0), none])["entries"][1]
    assert (entry["response"]["status"], entry["response"]["_error"]) == (0, "reset")
    has_all("response", entry["response"])
