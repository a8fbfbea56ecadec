"""How many connections a client has, and which of them it takes.

Falls if: more are open than there may be, or whoever wants a fresh one waits for ever behind idle ones.
"""

from exsim.drive.pool import Pool


class Line:
    def __init__(self):
        self.alive = True

    def drop(self):
        self.alive = False


def pool(limit):
    made = []

    def make():
        made.append(Line())
        return made[-1]

    return Pool(make, limit), made


def test_a_fresh_connection_takes_the_place_of_the_oldest_idle_one():
    one, made = pool(2)
    for line in [one.next(), one.next()]:
        one.give(line)
    fresh = one.next(fresh=True)
    assert fresh is made[2] and not made[0].alive and made[1].alive
    assert one.open == 2


def test_all_of_a_full_pool_can_be_taken_anew():
    one, made = pool(2)
    for line in [one.next(), one.next()]:
        one.give(line)
    assert [one.next(fresh=True), one.next(fresh=True)] == made[2:]
    assert one.next(fresh=True) is None and one.open == 2
    assert [line.alive for line in made] == [False, False, True, True]


def test_a_connection_that_is_forgotten_twice_makes_room_for_one_alone():
    one, _ = pool(2)
    first, _ = one.next(), one.next()
    for _ in range(2):
        first.pool.forget(first)
    assert one.next() is not None and one.next() is None
