"""Users as Locust knows them: there until it takes them away, though none has a greenlet that runs.

Falls if: a user does not come, is not counted, is not let go when Locust stops, keeps its mailbox, stays without
one, or has stacks of its own while it waits.
"""

from __future__ import annotations

import subprocess
import sys

# Importing Locust replaces the sockets of the process: a process of its own.
COMING_AND_GOING = """
import gevent
from gevent import get_hub
from locust.env import Environment
from exsim.load import users
from tests.load.orders import orders

(order,) = orders()
mailboxes = sum(map(len, order.assignments))


class Client:
    def run(self, flow, name):
        came.append(flow)


class Worker:
    def __init__(self):
        self.order, self.homes, self.leaving = order, {}, False

    def let_go(self, client):
        gone.append(client)


came, gone, asked = [], [], []


def start_user(worker, number, population, accounts):
    asked.append((number, population))
    return Client(), number


users.start_user = start_user
classes = users.user_classes(order)
users.employ(classes, Worker())
environment = Environment(user_classes=classes, host="https://mail.example")
runner = environment.create_local_runner()


def turn(count):
    runner.start(count, spawn_rate=1000)
    runner.spawning_greenlet.join(timeout=5)
    gevent.sleep(0.05)


for round_ in range(2):
    turn(mailboxes)
    assert runner.user_count == mailboxes == len(came) == len(set(asked)), "all have come, each to a mailbox"
    assert not any(one.dead for one in runner.user_greenlets)
    assert not any(map(bool, runner.user_greenlets)), "none runs"
    runner.stop()
    gevent.sleep(0.05)
    assert runner.user_count == 0 and len(gone) == len(set(gone)) == mailboxes, "all were let go, once"
    came, gone, asked = [], [], []

one = classes[0](environment)
for _ in order.assignments[0]:
    one.numbers.take(0)
one.start(runner.user_greenlets)
gevent.sleep(0.05)
assert runner.user_count == 0 and not asked, "who has no mailbox does not stay"

two = classes[0](environment)
two.numbers.give(0, two.numbers.firsts[0])
presence = two.start(runner.user_greenlets)
presence.kill(block=False)
gevent.sleep(0.05)
assert runner.user_count == 0 and not asked, "who was sent away before it came does not come"


def fail(*_):
    raise OSError("no space left on device")


errors = []
get_hub().handle_error = lambda *error: errors.append(error)
free = len(two.numbers.free[0])
three = classes[0](environment)
Client.run, right = fail, Client.run
three.start(runner.user_greenlets)
gevent.sleep(0.05)
assert runner.user_count == 0 and errors, "whose flow cannot begin does not stay"
assert len(two.numbers.free[0]) == free and len(gone) == 1, "nor keeps a mailbox"
Client.run = right
four = classes[0](environment)
presence = four.start(runner.user_greenlets)
gevent.sleep(0.05)
Worker.let_go = fail
try:
    presence.kill(block=False)
except OSError:
    pass
gevent.sleep(0.05)
assert runner.user_count == 0 and len(two.numbers.free[0]) == free, "nor one that cannot be let go"
print("well")
"""


def test_users_come_stay_and_go_without_a_greenlet_that_runs() -> None:
    done = subprocess.run(
        [sys.executable, "-c", COMING_AND_GOING], capture_output=True, text=True, timeout=60
    )
    assert done.stdout.strip().endswith("well"), done.stderr
