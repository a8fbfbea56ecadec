"""From the scenario's words to a client that lives: its agent, its settings, its flow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from functools import partial
from pathlib import Path
from typing import Any

from exsim.drive.driver import Client
from exsim.load.worker import Worker
from exsim.protocols import PROTOCOLS
from exsim.protocols.agent import Account as Login
from exsim.protocols.agent import Agent
from exsim.protocols.flow import Flow
from exsim.runs.accounts import Account
from exsim.runs.clients import HttpClient
from exsim.runs.order import Order
from exsim.runs.own_logon import OwnLogon
from exsim.runs.sections import Population

FOREVER = 1_000_000  # logons: as many as the run lasts


def host_of(order: Order) -> str:
    """Host (and port, where it is not 443) of the scenario's URL."""
    return order.url.partition("//")[2].partition("/")[0].removesuffix(":443")


def login(account: Account, own: OwnLogon | None = None) -> Login:
    """An account as a flow takes it; `own`: how it logs on, where that is the user's own doing."""
    return Login(
        account.address,
        account.logon,
        account.password,
        account.home,
        account.cookies,
        own.flow if own is not None else None,
    )


def agent(worker: Worker, user: int, account: Account, origin: str | None = None) -> Agent:
    """The browser of user `user`, with dice of its own."""
    order = worker.order
    return Agent(
        host_of(order),
        worker.source.small_dice("user", user),
        login(account, worker.own_logon),
        hosts=order.hosts,
        origin=origin,
    )


def settings_of(
    scenario: Population,
    accounts: Sequence[Account],
    signed: str = "",
    own_logon: OwnLogon | None = None,
    **more: Any,
) -> Any:
    """What a population's flow is to do, from what the scenario says of a session and of its client.

    A client has what its `Settings` has: of `Session` each reads its part (`runs.checks` refuses the rest).
    """
    session, protocol = scenario.session, PROTOCOLS[scenario.protocol]
    values: dict[str, Any] = {
        **{name: getattr(session, name) for name in session.__struct_fields__},
        "connections": session.connections or protocol.connections,
        "logons": session.logons or FOREVER,
        "keep_alive": session.keep_alive or None,
        "change_mailbox": tuple(login(one, own_logon) for one in accounts[1:]),
        "origin": scenario.node or None,
        "signed": signed,
        **more,
    }
    known = {field.name for field in fields(protocol.settings)}
    table = scenario.client
    own = {name: getattr(table, name) for name in table.__struct_fields__} if table else {}
    return protocol.settings(
        **{**{name: value for name, value in values.items() if name in known}, **own}
    )


def _signing_in(client: HttpClient) -> dict[str, Any]:
    """What the detector has to know of how a client signs in."""
    return {"authentication": client.authentication}


def start_user(
    worker: Worker, user: int, index: int, accounts: Sequence[Account], **more: Any
) -> tuple[Client, Flow[None]]:
    """The client of user `user` of population `index`, marked in the history, and its flow.

    `more` overrides settings, for control sessions and steered ones.
    """
    population = worker.order.population[index]
    alike = len(accounts) == 1 and not more  # as all users of the population are
    settings = worker.settings.get(index) if alike else None
    if settings is None:
        settings = settings_of(
            population,
            accounts,
            Path(worker.order.directory).name,
            worker.own_logon,
            population=index,
            **more,
        )
        if alike:
            worker.settings[index] = settings
    control = bool(more.get("control"))
    client = worker.client(user, population.protocol, settings.connections, control)
    client.mark(
        "user",
        {
            "account": accounts[0].address,
            "home": accounts[0].home,
            "protocol": population.protocol,
            "population": index,
            "private": settings.private,
            **({"control": True} if control else {}),
            **({} if population.client is None else _signing_in(population.client)),
        },
    )
    browser = agent(worker, user, accounts[0], settings.origin)
    protocol = PROTOCOLS[population.protocol]
    known = login(accounts[0], worker.own_logon)
    if protocol.give_back is not None and not known.cookies:  # a browser's session is somebody's
        worker.clients[client] = partial(protocol.give_back, browser, known, settings)
    return client, protocol.flow(browser, known, settings)
