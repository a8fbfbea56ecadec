"""The load's news.

Falls if: who looks beside the users, at each node by itself or at its health, is counted as one of them.
"""

from types import SimpleNamespace

from exsim.load.guard import HEALTH_USER
from exsim.load.status import users_of


def test_only_users_are_counted_as_users():
    told = ((1, False), (2, False), (10_001, True), (HEALTH_USER, False))
    clients = [
        SimpleNamespace(identity=SimpleNamespace(user=user, control=control))
        for user, control in told
    ]
    assert users_of(clients) == 2
