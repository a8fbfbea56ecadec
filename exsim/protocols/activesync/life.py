"""One telephone that lives through sessions: it signs in, fetches, waits, and is switched off and on."""

from __future__ import annotations

from itertools import count

from exsim.protocols import session_mark
from exsim.protocols.activesync import documents, fetching, waiting
from exsim.protocols.activesync.device import Device, new_device
from exsim.protocols.activesync.phone import Phone
from exsim.protocols.activesync.settings import Settings
from exsim.protocols.agent import Account, Agent
from exsim.protocols.flow import Flow, Start, Stop, Task
from exsim.protocols.negotiate import Signer
from exsim.protocols.succession import sessions

SUBJECT = "exsim"  # of a message; no marker, which would say whose mailbox it lies in


def live(client: Agent, account: Account, settings: Settings) -> Flow[None]:
    """What one telephone does, session after session.

    Never raises for what a server answers.  Where it ends: `succession`.
    """
    device = new_device(account.address, settings)
    yield from sessions(client, settings, lambda: _session(client, account, settings, device))


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
    yield session_mark.logon(phone.number, account, settings)
    ready = yield from _begin(phone)
    mail = yield from _user(phone)
    waits = 0
    while ready and not phone.gone() and waits < settings.polls:
        yield from (_look(phone) if settings.control else waiting.wait(phone))
        waits += 1
    if not phone.gone():
        phone.end("left")
        if settings.logoff:
            yield session_mark.logoff(phone.number, account)
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
