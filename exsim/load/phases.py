"""The phases of a run that a load process can be ordered to carry out, by name."""

from __future__ import annotations

from collections.abc import Callable

import gevent

from exsim.drive.tls import context, context_for
from exsim.load.alpn import BOTH, chosen_protocol
from exsim.load.checking import check_accounts
from exsim.load.cleaning import clean_up
from exsim.load.proving import Proving
from exsim.load.spawn import main_phase
from exsim.load.steering import control_sessions, steered_sessions
from exsim.load.worker import Worker


def _main(worker: Worker) -> None:
    """What a browser would have been offered, each node by itself, and the load: in a lab beside each other."""
    order = worker.order
    if order.worker == 0:
        offer = context(order.lb_ca, protocols=BOTH) if order.lb_ca else context_for(order, BOTH)
        chosen = chosen_protocol(worker.world.targets[None], offer)
        worker.mark("alpn", chosen=chosen)
        if order.lab:  # nobody there is spared by going first
            worker.beside = gevent.spawn(control_sessions, worker)
        else:
            control_sessions(worker)
    worker.recorder.on_loss = Proving(worker).prove
    main_phase(worker)
    if worker.beside is not None:
        worker.beside.get()


def _steered(worker: Worker) -> None:
    """Sessions put where the order wants them, each loss with its proof."""
    worker.recorder.on_loss = Proving(worker).prove
    steered_sessions(worker)


PHASES: dict[str, Callable[[Worker], None]] = {
    "check": check_accounts,
    "cleanup": clean_up,
    "main": _main,
    "control": control_sessions,
    "forced": _steered,
    "unmask": _steered,
}
