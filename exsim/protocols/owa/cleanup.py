"""What a run left in one mailbox, removed: its own drafts in the folder "exsim", and the folder once it is empty.

Nothing else is touched: an item is deleted only if it lies in that folder and its subject begins with the
run's id, and the folder only after a list was seen that shows nothing in it.  What could not be listed counts
as left behind.  Safe to repeat.  All hops are marked control.
"""

from __future__ import annotations

from dataclasses import dataclass

from exsim.protocols.agent import Account, Agent
from exsim.protocols.checked import MEANINGS
from exsim.protocols.flow import Flow
from exsim.protocols.owa import drafts, leave, logon, opening
from exsim.protocols.owa import headers as lines
from exsim.protocols.owa.markup import read_boot_page
from exsim.protocols.owa.page import Page
from exsim.protocols.owa.settings import Settings

MOST = drafts.ROWS * drafts.PAGES  # items that are tried, whatever a list goes on showing


@dataclass(frozen=True, slots=True)
class Cleaned:
    """What came of one mailbox.  `problem` "": it is as it was before the run, as far as the run goes.

    `others`: items and folders of others that lie in the folder, which is then kept.
    """

    address: str
    drafts: int = 0
    folder: bool = False
    others: int = 0
    problem: str = ""


def clean(client: Agent, account: Account, signed: str) -> Flow[Cleaned]:
    """Log on, remove what the run `signed` made, log off.  Never raises for what a server answers."""
    yield from client.rest(0)
    settings = Settings(control=True, notifications=False)
    shown = yield from opening.open_owa(client, account, settings, client.number)
    if shown.form is None:
        return Cleaned(account.address, problem=MEANINGS["no_form"])
    entry = yield from logon.post_form(client, account, settings, shown.form)
    if entry.destination is None:
        said = "refused" if entry.refused else f"{entry.response.status or entry.response.error}"
        return Cleaned(account.address, problem=f"the logon was not accepted: {said}")
    page = Page(client, account, settings, entry.number)
    landing = yield from client.visit(
        page.request("GET", entry.destination, "boot", lines.NAVIGATION)
    )
    page.build = read_boot_page(landing.response.body).build
    cleaned = yield from _Removal(page, f"{drafts.FOLDER} {signed} ").carry_out()
    yield from leave.give_back(client, account, settings)
    return cleaned


class _Removal:
    """Of everything in one mailbox whose subject begins with `prefix`.  `removed`: how many so far."""

    def __init__(self, page: Page, prefix: str) -> None:
        self.page = page
        self.prefix = prefix
        self.removed = 0

    def carry_out(self) -> Flow[Cleaned]:
        try:
            return (yield from self._carry_out())
        except drafts.Untold as problem:
            return self._ended(str(problem))

    def _carry_out(self) -> Flow[Cleaned]:
        page = self.page
        folder = yield from drafts.find_folder(page)
        if folder is None:
            return self._ended()
        others, failed = yield from self._remove_from(folder)
        if failed:
            return self._ended(f"{failed} drafts could not be removed", others)
        others += yield from drafts.folders_in(page, folder)
        if others:
            return self._ended(others=others)
        gone = yield from drafts.delete_folder(page, folder)
        return self._ended("" if gone else "the folder could not be removed", folder=gone)

    def _remove_from(self, folder: str) -> Flow[tuple[int, int]]:
        """Remove what there is, each once, until a list shows nothing new; others' items, and own that are left."""
        tried: set[str] = set()
        while True:
            items = yield from drafts.items_in(self.page, folder)
            own = [identity for identity, subject in items if subject.startswith(self.prefix)]
            fresh = [identity for identity in own if identity not in tried]
            if not fresh or len(tried) > MOST:
                return len(items) - len(own), len(own)
            tried.update(fresh)
            for identity in fresh:
                self.removed += yield from drafts.delete_item(self.page, identity)

    def _ended(self, problem: str = "", others: int = 0, folder: bool = False) -> Cleaned:
        if problem and self.page.gone():
            problem = "the session was thrown out"
        return Cleaned(self.page.account.address, self.removed, folder, others, problem)
