"""The main phase: Locust spawns the scenario's users, and takes them away when its time is over."""

from __future__ import annotations

import csv
from pathlib import Path

from gevent import config
from locust.env import Environment
from locust.stats import PERCENTILES_TO_REPORT, StatsCSV

from exsim.load.leaving import leave
from exsim.load.live import tell
from exsim.load.statistics import keep_in_batches
from exsim.load.users import employ, user_classes
from exsim.load.worker import Worker

LEAVING = 5.0  # seconds that Locust is given to take its users away


def main_phase(worker: Worker) -> None:
    """Run every population for the scenario's duration, or until the worker is told to stop."""
    config.track_greenlet_tree = False  # nobody asks who started whom; a kilobyte of each user
    order = worker.order
    users = sum(map(len, order.assignments))
    worker.make_room(users)
    if worker.stopping.is_set():
        return
    classes = user_classes(order)
    employ(classes, worker)
    environment = Environment(user_classes=list(classes), host=order.url)
    runner = environment.create_local_runner()
    # Nobody but Locust itself listens here: what went well is noted in its table, what did not is fired.
    worker.recorder.note = keep_in_batches(environment, worker.world.started).note
    worker.recorder.fire = environment.events.request.fire
    for begin in worker.on_load:
        begin()
    worker.mark("load_started", users=users)
    tell("load_started", worker=order.worker)  # from now on its end is known
    runner.start(users, spawn_rate=order.load.spawn_rate)
    try:
        worker.stopping.wait(timeout=order.load.duration * order.time_scale)
    finally:
        worker.mark("load_ended")
        leave(worker)
        runner.quit()
        runner.greenlet.join(timeout=LEAVING)
        worker.recorder.fire = worker.recorder.note = None
        write_statistics(environment, Path(order.directory) / order.table)


def write_statistics(environment: Environment, path: Path) -> None:
    """Locust's own table of requests, for people who know it."""
    with path.open("w", newline="") as file:
        StatsCSV(environment, PERCENTILES_TO_REPORT).requests_csv(csv.writer(file))
