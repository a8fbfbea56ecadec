"""What a run left in one mailbox, removed: its own drafts in the folder "exsim", and the folder once it is empty.

Nothing else is touched: an item is deleted only if it lies in that folder and its subject begins with the
run's id.  Safe to repeat.  All hops are marked control.
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


@dataclass(frozen=True, slots=True)
class Cleaned:
    """What came of one mailbox.  `problem` "": it is as it was before the run, as far as the run goes.

    `others`: items of others that lie in the folder, which is then kept.
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
    cleaned = yield from _remove(page, f"{drafts.FOLDER} {signed} ")
    yield from leave.give_back(client, account, settings)
    return cleaned


def _remove(page: Page, prefix: str) -> Flow[Cleaned]:
    address = page.account.address
    folder = yield from drafts.find_folder(page)
    if page.gone():
        return Cleaned(address, problem="the session was thrown out")
    if folder is None:
        return Cleaned(address)
    items = yield from drafts.items_in(page, folder)
    removed, failed, others = 0, 0, 0
    for identity, subject in items:
        if not subject.startswith(prefix):
            others += 1
        elif (yield from drafts.delete_item(page, identity)):
            removed += 1
        else:
            failed += 1
    if page.gone() or failed:
        problem = (
            f"{failed} drafts could not be removed" if failed else "the session was thrown out"
        )
        return Cleaned(address, removed, False, others, problem)
    if others:
        return Cleaned(address, removed, False, others)
    gone = yield from drafts.delete_folder(page, folder)
    return Cleaned(address, removed, gone, 0, "" if gone else "the folder could not be removed")
