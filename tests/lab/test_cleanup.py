"""What a run makes in mailboxes, and its removal: after a whole run, after a SIGKILL, and twice.

Falls if: something is made that does not stand in the ledger first, a clean-up leaves any of it or touches
anything else, a second one does harm, another farm is cleaned, or the report does not say what is left.
"""

from __future__ import annotations

import http.client
import json
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import psutil
import pytest

from exsim.runs import made
from exsim.runs.accounts import Account
from exsim.runs.directory import open_run
from tests.lab.outside import HOST, Stranger, one_line, stranger

pytestmark = [pytest.mark.lab, pytest.mark.slow]
WRITING = {"drafts": 2, "polls": 4, "think": "200ms", "relogin_after": "300ms"}


@pytest.fixture(scope="module")
def farm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stranger]:
    with stranger(tmp_path_factory.mktemp("cleanup"), count=6, balancers=("cookie",)) as made_farm:
        yield made_farm


class Reader:
    """A client of nobody's: logs on at a node itself and lists what lies in a mailbox's own folders."""

    def __init__(self, farm: Stranger, account: Account) -> None:
        address = farm.lab.nodes["EXCH16-SYD-01"]["http"]
        self.connection = http.client.HTTPConnection(address, timeout=10)
        self.cookies: dict[str, str] = {}
        form = {"destination": f"https://{HOST}/owa/", "flags": "4", "forcedownlevel": "0",
                "username": account.logon, "password": account.password, "isUtf8": "1"}  # fmt: skip
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        assert self.ask("POST", "/owa/auth.owa", urlencode(form).encode(), kind)[0] == 302
        assert self.ask("GET", "/owa/")[0] == 200

    def ask(
        self, method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None
    ) -> tuple[int, bytes]:
        cookies = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        lines = {"Host": HOST, "Cookie": cookies, **(headers or {})}
        self.connection.request(method, path, body, lines)
        answer = self.connection.getresponse()
        for line in answer.headers.get_all("Set-Cookie") or []:
            name, _, rest = line.partition("=")
            self.cookies[name] = rest.partition(";")[0]
        return answer.status, answer.read()

    def call(self, action: str, **body: object) -> list[dict[str, object]]:
        headers = {"X-OWA-CANARY": self.cookies["X-OWA-CANARY"], "Action": action,
                   "Content-Type": "application/json; charset=utf-8"}  # fmt: skip
        request = json.dumps({"Header": {}, "Body": body}).encode()
        status, text = self.ask("POST", f"/owa/service.svc?action={action}", request, headers)
        assert status == 200, text
        root = json.loads(text)["Body"]["ResponseMessages"]["Items"][0]["RootFolder"]
        return root["Folders"] if "Folders" in root else root["Items"]

    def contents(self) -> dict[str, list[object]]:
        found: dict[str, list[object]] = {}
        for folder in self.call("FindFolder", Traversal="Shallow"):
            items = self.call("FindItem", ParentFolderIds=[folder["FolderId"]])
            found[str(folder["DisplayName"])] = [item["Subject"] for item in items]
        return found


def everything(farm: Stranger) -> dict[str, dict[str, list[object]]]:
    found = {}
    for account in farm.accounts:
        reader = Reader(farm, account)
        found[account.address] = reader.contents()
        reader.connection.close()
    return found


def writing(farm: Stranger, **more: object) -> Path:
    return farm.scenario(
        farm.of("2016", 2), balancer="cookie", session=WRITING, target={"writes": "own-mailbox"}, **more
    )  # fmt: skip


def test_what_a_run_makes_lies_in_one_folder_is_told_and_is_removed(farm: Stranger) -> None:
    before = everything(farm)
    assert not any(before.values())
    path = writing(farm)
    told = farm.run(path)
    assert told.code in (0, 3), told.everything
    signed = told.directory.path.name
    lying = [subject for box in everything(farm).values() for subject in box.get("exsim", [])]
    assert lying and all(str(one).startswith(f"exsim {signed} ") for one in lying)
    assert "in the folder exsim of" in " ".join(told.out.split()), told.out
    entered = {entry.name for entry in made.entries(told.directory.ledger) if entry.what == "draft"}
    assert set(lying) <= entered
    done = farm.exsim("cleanup", told.directory.path, "--scenario", path)
    assert done.code == 0 and "Left behind: nothing." in done.out, done.everything
    assert everything(farm) == before
    assert "Left behind: nothing." in told.directory.report_text.read_text()
    again = farm.exsim("cleanup", told.directory.path, "--scenario", path)
    assert again.code == 0 and again.out == " Left behind: nothing.\n"


def test_after_a_sigkill_every_mailbox_is_as_it_was_once_it_is_cleaned(farm: Stranger) -> None:
    before = everything(farm)
    path = writing(farm, load={"duration": "60s"})
    reports = path.parent / "reports"
    with farm.started("run", path, "--reports", reports, "--quiet") as process:
        end = time.monotonic() + 40
        while time.monotonic() < end and not _drafts(reports):
            time.sleep(0.1)
        children = psutil.Process(process.pid).children(recursive=True)
        process.send_signal(signal.SIGKILL)
        for child in children:
            child.kill()
        psutil.wait_procs(children, 10)
    directory = open_run(str(reports / "mail"))
    assert not directory.read_run().ended and everything(farm) != before
    done = farm.exsim("cleanup", directory.path, "--scenario", path)
    assert done.code == 0, done.everything
    assert everything(farm) == before
    assert farm.exsim("cleanup", directory.path, "--scenario", path).code == 0


def _drafts(reports: Path) -> list[made.Entry]:
    found = [one for path in reports.glob("mail/*/ledger.jsonl") for one in made.entries(path)]
    return [one for one in found if one.what == "draft"]


@pytest.mark.slow
def test_what_others_put_into_the_folder_stays(farm: Stranger) -> None:
    first, second = writing(farm), writing(farm)
    told, other = farm.run(first), farm.run(second)
    assert told.directory and other.directory
    done = farm.exsim("cleanup", told.directory.path, "--scenario", first)
    assert done.code == 0 and "of others and stays" in done.out, done.everything
    lying = [str(one) for box in everything(farm).values() for one in box.get("exsim", [])]
    assert lying and all(one.startswith(f"exsim {other.directory.path.name} ") for one in lying)
    assert farm.exsim("cleanup", other.directory.path, "--scenario", second).code == 0
    assert not any(everything(farm).values())


def test_writes_that_are_not_allowed_are_one_line_and_another_farm_is_not_cleaned(
    farm: Stranger,
) -> None:
    path = farm.scenario(farm.of("2016", 1), balancer="cookie", session=WRITING)
    told = farm.run(path)
    assert told.code == 2 and told.directory is None
    assert 'session.drafts: 2: nothing may be written: target.writes is "none"' in one_line(told)
