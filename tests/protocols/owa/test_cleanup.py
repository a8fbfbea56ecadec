"""A mailbox that is cleaned, against a mailbox that is played here.

Falls if: anything is removed that this run did not make, the folder goes while something lies in it or nobody
knows what does, a mailbox that could not be listed counts as clean, or a server that never ends a list holds
a clean-up for ever.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from random import Random
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from exsim.protocols.agent import Account, Agent
from exsim.protocols.flow import Request, Response
from exsim.protocols.owa.cleanup import Cleaned, clean
from tests.protocols.scripted import Answer, Scripted, answer
from tests.protocols.toy import HOST, Toy

ACCOUNT = Account("user01@example.com", "EX\\user01", "right", "2016")
SIGNED = "20261123-201500-roundrobin-1a2b"
OWN = f"exsim {SIGNED} 1.1"
OTHERS = ("exsim 20261122-101500-roundrobin-9f9f 1.1", f"RE: {OWN}", "")
EXSIM = "folder-exsim"


@dataclass
class Mailbox:
    """What lies in it, and how its server answers.

    `failing`: operations that fail, said with 200 or by a status.  `rows`: of one page of a list, at most.
    `ending`: whether a list says where it ends; None: it does not say.  `lying`: deletes are confirmed, not done.
    """

    items: dict[str, str] = field(default_factory=dict)
    folders: dict[str, tuple[str, str]] = field(
        default_factory=lambda: {"folder-a": ("msgfolderroot", "Projects"), EXSIM: ("msgfolderroot", "exsim")}
    )  # fmt: skip
    failing: frozenset[str] = frozenset()
    status: int = 200
    rows: int = 1000
    ending: bool | None = True
    endless: bool = False
    lying: bool = False
    removed: list[str] = field(default_factory=list)

    def __call__(self, request: Request) -> Answer | None:
        where = urlsplit(request.target)
        if where.path != "/owa/service.svc":
            return None
        [action] = parse_qs(where.query)["action"]
        if action in self.failing:
            failed = {"ResponseCode": "ErrorInternalServerError", "ResponseClass": "Error"}
            return said(failed) if self.status == 200 else answer(self.status)
        return said(getattr(self, action)(json.loads(request.body or b"")["Body"]))

    def FindFolder(self, body: dict[str, Any]) -> dict[str, Any]:
        parent = body["ParentFolderIds"][0]["Id"]
        shown = [
            {"FolderId": {"Id": key}, "DisplayName": name}
            for key, (above, name) in self.folders.items()
            if above == parent
        ]
        return {"RootFolder": {"Folders": shown, "IncludesLastItemInRange": True}}

    def FindItem(self, body: dict[str, Any]) -> dict[str, Any]:
        assert body["ParentFolderIds"][0]["Id"] == EXSIM, "no other folder is looked into"
        offset, all_ = body["Paging"]["Offset"], list(self.items.items())
        shown = all_[0 if self.endless else offset :][: self.rows]
        last = {} if self.ending is None else {
            "IncludesLastItemInRange": not self.endless and offset + len(shown) >= len(all_)
        }  # fmt: skip
        rows = [{"ItemId": {"Id": key}, "Subject": subject} for key, subject in shown]
        return {"RootFolder": {"Items": rows, **last}}

    def DeleteItem(self, body: dict[str, Any]) -> dict[str, Any]:
        [item] = [one["Id"] for one in body["ItemIds"]]
        self.removed.append(item)
        if not self.lying:
            del self.items[item]
        return {}

    def DeleteFolder(self, body: dict[str, Any]) -> dict[str, Any]:
        [folder] = [one["Id"] for one in body["FolderIds"]]
        self.removed.append(folder)
        del self.folders[folder]
        return {}


def said(message: dict[str, Any]) -> Response:
    body = {"Body": {"ResponseMessages": {"Items": [{"ResponseCode": "NoError", **message}]}}}
    return answer(200, ("Content-Type", "application/json"), body=json.dumps(body).encode())


def cleaned(mailbox: Mailbox) -> Cleaned:
    toy = Toy(special=mailbox)
    result = Scripted(toy).run(clean(Agent(HOST, Random(1), ACCOUNT), ACCOUNT, SIGNED), until=4000)
    assert isinstance(result, Cleaned) and result.address == ACCOUNT.address
    assert all(request.control for _, request in toy.seen)
    return result


def own(count: int) -> dict[str, str]:
    return {f"own-{number}": f"exsim {SIGNED} 1.{number}" for number in range(count)}


def others() -> dict[str, str]:
    return {f"other-{number}": subject for number, subject in enumerate(OTHERS)}


ROOT = {"folder-a": ("msgfolderroot", "Projects")}
BELOW = {**ROOT, EXSIM: ("msgfolderroot", "exsim"), "folder-b": (EXSIM, "keep this")}
NOT_FOLDERS, NOT_ITEMS = "its folders could not be listed", "the folder's items could not be listed"
CASES: dict[str, tuple[Mailbox, Cleaned]] = {
    "nothing was made": (Mailbox(folders=dict(ROOT)), Cleaned("")),
    "an empty folder": (Mailbox(), Cleaned("", 0, True)),
    "three drafts": (Mailbox(own(3)), Cleaned("", 3, True)),
    "others' items beside them": (Mailbox({**own(2), **others()}), Cleaned("", 2, False, 3)),
    "others' items alone": (Mailbox(others()), Cleaned("", 0, False, 3)),
    "a folder of the user's in it": (Mailbox(own(2), dict(BELOW)), Cleaned("", 2, False, 1)),
    "pages of two": (Mailbox({**others(), **own(5)}, rows=2), Cleaned("", 5, False, 3)),
    "pages that say no end": (Mailbox(own(5), rows=2, ending=None), Cleaned("", 5, True)),
    "folders fail": (Mailbox(own(2), failing=frozenset({"FindFolder"})), Cleaned("", problem=NOT_FOLDERS)),
    "folders fail by status": (Mailbox(own(2), failing=frozenset({"FindFolder"}), status=500), Cleaned("", problem=NOT_FOLDERS)),
    "items fail": (Mailbox(own(2), failing=frozenset({"FindItem"})), Cleaned("", problem=NOT_ITEMS)),
    "items fail by status": (Mailbox(others(), failing=frozenset({"FindItem"}), status=503), Cleaned("", problem=NOT_ITEMS)),
    "a list without end": (Mailbox(others(), endless=True), Cleaned("", problem="the folder has more than 60 items")),
    "a draft stays": (Mailbox(own(2), failing=frozenset({"DeleteItem"})), Cleaned("", problem="2 drafts could not be removed")),
    "a draft is said to go": (Mailbox(own(2), lying=True), Cleaned("", 2, problem="2 drafts could not be removed")),
    "the folder stays": (Mailbox(own(1), failing=frozenset({"DeleteFolder"})), Cleaned("", 1, problem="the folder could not be removed")),
    "refused midway": (Mailbox(own(2), failing=frozenset({"DeleteItem"}), status=440), Cleaned("", problem="the session was thrown out")),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_what_a_run_left_goes_and_nothing_else(name: str) -> None:
    mailbox, expected = CASES[name]
    before, folders = dict(mailbox.items), dict(mailbox.folders)
    found = cleaned(mailbox)
    told = (found.drafts, found.folder, found.others, found.problem)
    assert told == (expected.drafts, expected.folder, expected.others, expected.problem)
    foreign = {key for key, subject in before.items() if not subject.startswith(f"exsim {SIGNED} ")}
    assert foreign <= mailbox.items.keys() and foreign.isdisjoint(mailbox.removed)
    assert folders.keys() - mailbox.folders.keys() <= {EXSIM}
    assert EXSIM not in mailbox.removed or not mailbox.items


def test_a_second_time_does_no_harm() -> None:
    mailbox = Mailbox(own(2))
    assert cleaned(mailbox).drafts == 2
    again = cleaned(mailbox)
    assert (again.drafts, again.folder, again.problem) == (0, False, "")
    assert mailbox.folders == ROOT
