"""Falls if: dice depend on the order in which they are asked for, two purposes share theirs, or an id, a
salt or a password repeats."""

from __future__ import annotations

import itertools
import uuid
from collections import Counter

import pytest

from exsim.runs.dice import SmallDice, Source


def test_dice_fall_alike_in_any_order() -> None:
    one, other = Source(7), Source(7)
    first = [one.dice("user", number).random() for number in range(5)]
    second = [other.dice("user", number).random() for number in reversed(range(5))]
    assert first == second[::-1]


def test_another_purpose_or_seed_has_other_dice() -> None:
    asked = [Source(7).dice("user", 1), Source(8).dice("user", 1), Source(7).dice("user", 11)]
    asked += [Source(7).dice("user", "1"), Source(7).dice("user1"), Source(7).dice("user", 1, 1)]
    assert len({dice.random() for dice in asked}) == len(asked)


def test_dice_fall_as_they_did_last_year() -> None:
    """A seed in a scenario is worth nothing if the next release throws otherwise."""
    assert Source(7).dice("user", 17).randrange(10**9) == 110357370


def test_small_dice_fall_alike_and_evenly_and_no_two_users_share_theirs() -> None:
    dice = Source(7).small_dice("user", 17)
    assert [Source(7).small_dice("user", 17).random()] == [
        Source(7).small_dice("user", 17).random()
    ]
    thrown = [dice.random() for _ in range(20_000)]
    assert min(thrown) >= 0 and max(thrown) < 1
    tenths = Counter(int(one * 10) for one in thrown)
    assert all(1800 < count < 2200 for count in tenths.values())
    faces = Counter(dice.randrange(3, 9) for _ in range(12_000))
    assert set(faces) == {3, 4, 5, 6, 7, 8} and min(faces.values()) > 1800
    assert len({Source(7).small_dice("user", number).random() for number in range(5000)}) == 5000
    assert len({dice.randrange(0, 1 << 62) & 0xFF for _ in range(200)}) > 100
    with pytest.raises(ValueError, match="nothing is between"):
        dice.randrange(1, 1)


def test_small_dice_are_those_of_the_paper() -> None:
    """SplitMix64 from 1234567: as printed with its reference implementation."""
    dice = SmallDice(1234567)
    assert [dice._draw() for _ in range(3)] == [
        6457827717110365317,
        3203168211198807973,
        9817491932198370423,
    ]


def test_request_ids_are_guids_and_never_repeat() -> None:
    ids = [
        number
        for worker in range(3)
        for run in range(2)
        for number in itertools.islice(Source(run).request_ids(worker), 9000)  # beyond three digits
    ]
    assert len(set(ids)) == len(ids)
    assert all(uuid.UUID(each).version == 4 and str(uuid.UUID(each)) == each for each in ids)


def test_two_workers_differ_even_when_the_same_bytes_were_drawn() -> None:
    source = Source(1, entropy=bytes)
    assert next(source.request_ids(0)) != next(source.request_ids(1))


def test_salts_and_passwords_are_not_the_seeds() -> None:
    assert Source(1).salt() != Source(1).salt()
    assert len(bytes.fromhex(Source(1).salt())) == 16
    drawn = {Source(1).password() for _ in range(50)}
    assert len(drawn) == 50
    for password in drawn:
        kinds = [str.isupper, str.islower, str.isdigit]
        assert all(any(kind(each) for each in password) for kind in kinds)
        assert len(password) == 24
