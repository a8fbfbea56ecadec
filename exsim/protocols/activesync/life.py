"""One telephone that lives through sessions: it signs in, fetches, waits, and is switched off and on."""

from __future__ import annotations

from itertools import count

from exsim.protocols.activesync import documents, fetching, waiting
from exsim.protocols.activesync.device import Device, new_device
from exsim.protocols.activesync.phone import Phone
from exsim.protocols.activesync.settings import Settings
from exsim.protocols.agent import Account, Agent
from exsim.protocols.flow import Flow, Mark, Start, Stop, Task
from exsim.protocols.negotiate import Signer

SHORTEST_PAUSE = 1.0  # seconds between two sessions (*assumed*)
SUBJECT = "exsim"  # of a message; no marker, which would say whose mailbox it lies in


def live(client: Agent, account: Account, settings: Settings) -> Flow[None]:
    """What one telephone does, session after session.

    Never raises for what a server answers.  Ends when `settings.logons` sessions are over, when its
    password is refused, or when the directory takes nothing that this client can show.
    """
    yield from client.rest(0)
    device, retries = new_device(account.address, settings), settings.logon_retries
    for turn in range(settings.logons) if settings.logons else count():
        if turn:
            yield from client.rest(max(settings.think, SHORTEST_PAUSE))
        phone = yield from _session(client, account, settings, device)
        if phone.ended == "unmeasured":
            return
        if phone.ended == "refused" and not phone.accepted:
            if not retries:
                return
            retries -= 1


def _session(client: Agent, account: Account, settings: Settings, device: Device) -> Flow[Phone]:
    """One session from its first request to its end."""
    client.number += 1
    client.account = account
    signer = Signer(
        account,
        settings.authentication,
        preemptive=settings.preemptive,
        channel_binding=settings.channel_binding,
    )
    phone = Phone(client, account, settings, signer, device, client.number)
    yield Mark("logon", _facts(phone))
    ready = yield from _begin(phone)
    mail = yield from _user(phone)
    waits = 0
    while ready and not phone.gone() and waits < settings.polls:
        yield from (_look(phone) if settings.control else waiting.wait(phone))
        waits += 1
    if not phone.gone():
        phone.end("left")
        if settings.logoff:
            yield Mark("logoff", {"number": phone.number, "account": account.address})
    if mail is not None and not mail.done:
        yield Stop(mail)
    return phone


def _begin(phone: Phone) -> Flow[bool]:
    """Versions, policy, folders, who I am, mail; whether the telephone can wait for more."""
    yield from phone.options()
    if not phone.gone() and not phone.device.policy_key:
        yield from phone.provision()
    if phone.gone():
        return False
    if not (yield from fetching.folders(phone)):
        return False
    yield from phone.who_am_i()
    if phone.gone():
        return False
    return (yield from fetching.sync(phone, phone.device.folders))


def _look(phone: Phone) -> Flow[None]:
    """What a control session does instead of waiting: somebody opens the mailbox now and then."""
    yield from phone.client.rest(phone.settings.think)
    yield from fetching.sync(phone, phone.device.folders)


def _user(phone: Phone) -> Flow[Task | None]:
    """Somebody who writes, beside the waiting."""
    settings = phone.settings
    if phone.gone() or not settings.mail_every or phone.is_stranger or settings.control:
        return None
    task: Task = yield Start(_write(phone), "mail")
    return task


def _write(phone: Phone) -> Flow[None]:
    """Messages to oneself: no other address is known here, and none outside the accounts is written to."""
    address = phone.account.address
    for number in count(1):
        yield from phone.client.rest(
            phone.settings.mail_every * phone.client.dice.uniform(0.5, 1.5)
        )
        if phone.gone():
            return
        mime = documents.message(address, address, f"{SUBJECT} {number}")
        yield from phone.ask("SendMail", documents.send_mail(f"{phone.number}-{number}", mime))


def _facts(phone: Phone) -> dict[str, str | int | float | bool | None]:
    """The facts of a "logon" mark."""
    account, settings = phone.account, phone.settings
    facts: dict[str, str | int | float | bool | None] = {
        "number": phone.number,
        "account": account.address,
        "home": account.home,
        "private": settings.private,
        "forced": settings.forced,
        "control": settings.control,
        "population": settings.population,
    }
    if settings.wanted:
        facts["wanted"] = settings.wanted
    return facts
