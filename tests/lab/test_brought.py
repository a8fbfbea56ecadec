"""A target whose logon exsim does not make: a browser's cookies, and a flow of the user's own, by the command line.

Falls if: such a run measures nothing, names a login front end that nobody knows, leaves a cookie's value or a password
in any file, or a mistake in the file or the flow is more than one line.
"""

from __future__ import annotations

import http.client
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote_plus, urlencode

import pytest

from exsim.judgement.results import decode
from exsim.runs.accounts import Account
from tests.lab.outside import HOST, Stranger, one_line, stranger
from tests.lab.searched import found_in
from tests.slice.test_brought import ROOT

pytestmark = [pytest.mark.lab, pytest.mark.slow]


@pytest.fixture(scope="module")
def farm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stranger]:
    folder = tmp_path_factory.mktemp("brought")
    with stranger(folder, preset="authcert_asymmetry", count=6) as made:
        yield made


def browser_logs_on(farm: Stranger, account: Account, node: str) -> dict[str, str]:
    """The cookies of a browser that is logged on at `node`."""
    connection = http.client.HTTPConnection(farm.lab.nodes[node]["http"], timeout=10)
    form = {"destination": f"https://{HOST}/owa/", "flags": "4", "forcedownlevel": "0",
            "username": account.logon, "password": account.password, "isUtf8": "1"}  # fmt: skip
    kind = {"Content-Type": "application/x-www-form-urlencoded", "Host": HOST}
    connection.request("POST", "/owa/auth.owa", urlencode(form), kind)
    answer = connection.getresponse()
    lines = answer.headers.get_all("Set-Cookie") or []
    connection.close()
    pairs = [line.partition(";")[0].partition("=") for line in lines]
    return {name: value for name, _, value in pairs}


def export(path: Path, cookies: dict[str, str]) -> None:
    rows = [
        f"#HttpOnly_{HOST}\tFALSE\t/\tTRUE\t0\t{name}\t{value}" for name, value in cookies.items()
    ]
    path.write_text("# Netscape HTTP Cookie File\n" + "\n".join(rows) + "\n")
    path.chmod(0o600)


def test_a_browsers_session_is_measured_and_stands_in_no_file(farm: Stranger) -> None:
    account = farm.of("2016", 1)[0]
    cookies = browser_logs_on(farm, account, "EXCH16-SYD-01")
    path = farm.scenario(
        [account], secrets={account.address: "env:NOBODY_READS_THIS"},
        target={"session": "cookies.txt"}, load={"duration": "6s"},
    )  # fmt: skip
    export(path.parent / "cookies.txt", cookies)
    told = farm.run(path)
    assert told.code == 1, told.everything
    assert told.directory is not None
    results = decode(told.directory.results.read_bytes())
    assert results.lost >= 1 and {cell.login_front_end for cell in results.matrix} == {None}
    assert {cell.serving_front_end for cell in results.matrix if cell.lost} == {"EXCH13"}
    assert "Which front end took these sessions' logon is not known" in " ".join(told.out.split())
    assert not [hop for hop in told.hops if hop.step in ("logon", "logoff")]
    values = {value for name, value in cookies.items()}
    assert len(values) == 5
    assert found_in([told.directory.path], values | {quote_plus(one) for one in values}) == []
    assert not any(value in told.everything for value in values)


def test_a_session_that_is_over_is_one_line(farm: Stranger) -> None:
    account = farm.of("2016", 1)[0]
    path = farm.scenario([account], target={"session": "cookies.txt"})
    export(path.parent / "cookies.txt", {"cadata": "AAAA", "cadataKey": "AAAA"})
    told = farm.run(path)
    assert told.code == 4, told.everything
    assert "is not let in: it has expired or was logged off" in one_line(told)
    (path.parent / "cookies.txt").chmod(0o644)
    told = farm.run(path)
    assert told.code == 2 and "chmod 600" in one_line(told)


FLOWS = {
    "": ("cannot be imported", 2),
    "log_on = 7": ("is no function", 2),
    "def log_on(client, account):\n    yield\n    raise ValueError(account.password)\n": ("portal:log_on: it yields a NoneType, which is no command", 4),
    "def log_on(client, account):\n    yield from client.rest(0)\n    raise ValueError(account.password)\n": ("line 3: ValueError", 4),
}  # fmt: skip


@pytest.mark.parametrize("source", FLOWS)
def test_a_flow_that_does_not_work_is_one_line(farm: Stranger, source: str) -> None:
    words, code = FLOWS[source]
    account = farm.of("2016", 1)[0]
    path = farm.scenario([account], target={"logon": "portal:log_on"})
    if source:
        (path.parent / "portal.py").write_text(source)
    told = farm.run(path)
    assert told.code == code, told.everything
    assert words in one_line(told) and account.password not in told.everything
    assert found_in([path.parent / "reports"], {account.password}) == []


def test_a_flow_that_fails_under_load_is_one_line_as_well(farm: Stranger) -> None:
    account = farm.of("2016", 1)[0]
    path = farm.scenario([account], target={"logon": "portal:log_on"}, load={"duration": "20s"})
    shown = re.search(
        r"```python\n(# portal\.py.*?)```", (ROOT / "README.md").read_text(), re.DOTALL
    )
    assert shown
    fails = '    if client.origin is None and len(list(HERE.rglob("w0.jsonl"))):\n        raise KeyError(account.password)\n'
    source = shown[1].replace("    fields = {", fails + "    fields = {", 1)
    (path.parent / "portal.py").write_text(
        "from pathlib import Path\nHERE = Path(__file__).parent\n" + source
    )
    told = farm.run(path)
    assert told.code == 4 and "KeyError" in one_line(told), told.everything
    assert account.password not in told.everything
    assert found_in([path.parent / "reports"], {account.password}) == []


def test_the_flow_in_readme_logs_on(farm: Stranger) -> None:
    accounts = farm.of("2016", 2)
    shown = re.search(
        r"```python\n(# portal\.py.*?)```", (ROOT / "README.md").read_text(), re.DOTALL
    )
    assert shown
    path = farm.scenario(accounts, target={"logon": "portal:log_on"}, balancer="cookie")
    (path.parent / "portal.py").write_text(shown[1])
    told = farm.run(path)
    assert told.code == 3 and "sessions were lost" in told.out, (
        told.everything
    )  # too few met all nodes
    assert farm.exsim("accounts", "check", path).code == 0
    doctor = farm.exsim("doctor", path)
    assert doctor.code == 2 and "target.logon" in one_line(doctor)


def test_two_accounts_that_a_flow_does_not_let_in_end_the_run_with_5(farm: Stranger) -> None:
    accounts = farm.of("2016", 3)
    before = farm.bad_passwords()
    wrong = {one.address: "not-the-Password-1" for one in accounts[:2]}
    path = farm.scenario(accounts, secrets=wrong, target={"logon": "portal:log_on"})
    shown = re.search(
        r"```python\n(# portal\.py.*?)```", (ROOT / "README.md").read_text(), re.DOTALL
    )
    assert shown
    (path.parent / "portal.py").write_text(shown[1])
    told = farm.run(path)
    assert told.code == 5 and not told.marks("load_started"), told.everything
    assert farm.bad_passwords() - before == dict.fromkeys(wrong, 1)
