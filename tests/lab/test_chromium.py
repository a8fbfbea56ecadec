"""A browser that we did not write, through the real balancer: the witness from outside.

Falls if: Chromium cannot log on by the two pages and their script, is kept where the verdict says that
sessions are lost, or is thrown out where it says that they are kept.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from exsim.conduct.rig import lab_for, plan_for
from exsim.lab.balancers import BalancerPlan
from exsim.lab.lab import Lab
from exsim.runs.accounts import Account
from exsim.runs.assignment import make_lab_accounts
from exsim.runs.dice import Source
from exsim.runs.scenario import load_scenario
from tests.lab.browser import Chromium, Page, Seen, browsing, chromium
from tests.lab.rig import Browser
from tests.lab.runs import BALANCERS, scenario

BINARY = chromium()
pytestmark = [
    pytest.mark.lab,
    pytest.mark.skipif(BINARY is None, reason="no Chromium here: apt-get install chromium"),
]
READY = "document.body && document.body.dataset.state === 'ready'"
AT_THE_PAGE = "!!document.getElementById('username')"
ROUND, MORE = 6, 18  # calls of the page's own start, and as many again as fill six connections
CALLS = f'for (let number = 0; number < {MORE}; number++) StartPage.call("FindItem", false);'
ATTEMPTS = 9
TURNS = ("EXCH16-SYD-01", "EXCH16-SYD-02", "EXCH13")  # the order of the file's servers


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Lab, list[Account]]]:
    """The incident's organisation behind both of its balancers."""
    folder: Path = tmp_path_factory.mktemp("chromium")
    path = scenario(folder)
    read = load_scenario(path)
    accounts = make_lab_accounts(read, Source(read.seed))
    workaround = BalancerPlan("cookie", (BALANCERS / "cookie.cfg").read_text(), "cookie.cfg")
    with lab_for(read, folder, accounts, [*plan_for(read, path), workaround]) as standing:
        yield standing, accounts


@contextmanager
def at(standing: Lab, balancer: str) -> Iterator[Chromium]:
    assert BINARY is not None
    with browsing(BINARY, standing.host, standing.addresses[balancer]) as browser:
        yield browser


def logged_on(page: Page, url: str, account: Account) -> Seen:
    """By the pages' own scripts, as a person would; the answer that accepted the logon."""
    page.open(f"{url}/owa/")
    page.type("username", account.logon)
    page.type("password", account.password)
    page.look("document.querySelector('input[type=submit]').click()")
    page.until(lambda: any(one.path == "/owa/auth.owa" for one in page.seen), "the logon's answer")
    (accepted,) = [one for one in page.seen if one.path == "/owa/auth.owa"]
    assert accepted.status == 302 and "reason=" not in accepted.headers["location"]
    return accepted


def next_turn_is(standing: Lab, wanted: str) -> None:
    """Others' connections until the balancer's next one goes to that node: left to chance, logons walk in step with it."""
    before = TURNS[TURNS.index(wanted) - 1]
    for _ in range(4 * len(TURNS)):
        with Browser(standing, "balancer") as other:
            if other.get("/owa/").getheader("X-FEServer") == before:
                return
    raise AssertionError(f"no turn of {before}")


def refusals(page: Page, accepted: Seen) -> list[Seen]:
    """Answers after the logon that refuse its cookies: 440, or the way to the logon page."""
    return [
        one
        for one in page.seen[page.seen.index(accepted) + 1 :]
        if one.status == 440 or "/auth/logon.aspx" in one.headers.get("location", "")
    ]


def served(page: Page) -> list[Seen]:
    return [one for one in page.seen if one.path == "/owa/service.svc" and one.status == 200]


def stays(page: Page, accepted: Seen) -> None:
    """The page starts and works on six connections, until it has done enough or is thrown out."""
    page.until(lambda: refusals(page, accepted) or page.look(READY), "a start")
    page.look(CALLS)
    page.until(lambda: refusals(page, accepted) or len(served(page)) >= ROUND + MORE, "answers")


def is_out(page: Page, url: str) -> bool:
    """Whether whoever asks for his mail now has to log on."""
    page.open(f"{url}/owa/")
    page.until(lambda: page.look(AT_THE_PAGE) or page.look(READY), "a page")
    return bool(page.look(AT_THE_PAGE))


def test_round_robin_throws_out_whom_a_2016_node_logged_on_and_nobody_else(lab):
    standing, accounts = lab
    met: set[str | None] = set()
    with at(standing, "balancer") as browser:
        for account in accounts[:ATTEMPTS]:
            next_turn_is(standing, "EXCH16-SYD-01" if "EXCH13" in met else "EXCH13")
            page = browser.page()
            accepted = logged_on(page, standing.url, account)
            met.add(accepted.front_end)
            stays(page, accepted)
            refused = refusals(page, accepted)
            assert bool(refused) == (accepted.front_end != "EXCH13"), list(map(str, page.seen))
            assert {one.front_end for one in refused[:1]} <= {"EXCH13"}, (
                "the first took the cookies"
            )
            assert is_out(page, standing.url) == bool(refused)
            if "EXCH13" in met and len(met) > 1:
                return
    raise AssertionError(f"{ATTEMPTS} logons met {met} only")


def test_the_workaround_keeps_a_browser_at_one_node(lab):
    standing, accounts = lab
    with at(standing, "cookie") as browser:
        for account in accounts[-4:-1]:
            page = browser.page()
            accepted = logged_on(page, standing.url, account)
            stays(page, accepted)
            assert refusals(page, accepted) == []
            assert {one.front_end for one in served(page)} == {accepted.front_end}
            assert not is_out(page, standing.url)


def test_a_wrong_password_leads_back_to_the_page_and_says_so(lab):
    standing, accounts = lab
    with at(standing, "cookie") as browser:
        page = browser.page()
        page.open(f"{standing.url}/owa/")
        page.type("username", accounts[-1].logon)
        page.type("password", "not the password")
        page.look("document.querySelector('input[type=submit]').click()")
        assert page.wait("location.href.indexOf('reason=2') > 0")
        assert page.wait("document.getElementById('username') && 1")
