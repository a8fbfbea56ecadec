"""A history in parts, each compressed when it is full, read as one.

Falls if: a line is lost, doubled or moved at the end of a part, compressed or not; the tenth part is read before
the second; a part that is damaged or gone is not counted; gzip does not read it; an end in the middle of compressing costs a line; or the hub waits for it.
"""

from __future__ import annotations

import gzip
import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exsim.runs.history import BATCH, History, HistoryWriter, read_history
from exsim.runs.parts import (
    before,
    by_worker,
    compress,
    exists,
    name_of,
    packed,
    part,
    read_from,
    workers_of,
)
from exsim.session.hop import Mark


def mark(number: int) -> Mark:
    return Mark(utc="", t=float(number), what="user", user=number)


def numbers(history: History) -> list[int]:
    return [line.user for line in history if isinstance(line, Mark)]


def written(path: Path, count: int, limit: int, each: int, compressed: frozenset[int]) -> int:
    """Write `count` lines, flushed after `each`; compress those parts of the full ones.  How many are full."""
    full: list[Path] = []
    with HistoryWriter(path, limit, full.append) as writer:
        for number in range(count):
            writer.append(mark(number))
            if number % each == 0:
                writer.flush()
    for number, one in enumerate(full):
        assert one == part(path, number)
        if number in compressed:
            compress(one)
    return len(full)


@settings(max_examples=60, deadline=None)
@given(
    count=st.integers(0, 3 * BATCH),
    limit=st.integers(1, 20_000),
    each=st.integers(1, 2 * BATCH),
    compressed=st.frozensets(st.integers(0, 40)),
)
def test_in_however_many_parts_the_lines_are_read_as_they_were_written(
    tmp_path_factory: pytest.TempPathFactory,
    count: int,
    limit: int,
    each: int,
    compressed: frozenset[int],
) -> None:
    folder = tmp_path_factory.mktemp("parts")
    full = written(folder / "w0.jsonl", count, limit, each, compressed)
    history = read_history(folder)
    assert numbers(history) == list(range(count))
    assert (history.unreadable, history.torn, history.broken) == (0, 0, 0)
    assert [len(parts) for parts in history.workers] == [full + 1]
    assert not [one for one in folder.iterdir() if one.suffix == ".unfinished"]
    assert len(list(folder.glob("*.gz"))) == len([n for n in compressed if n < full])


def test_the_parts_of_workers_and_phases_are_kept_apart(tmp_path: Path) -> None:
    for name in ("w0", "w1", "w10", "w0-unmask"):
        written(tmp_path / f"{name}.jsonl", 24, 1, 2, frozenset(range(0, 40, 2)))
    history = read_history(tmp_path)
    assert workers_of(tmp_path) == ["w0", "w0-unmask", "w1", "w10"]
    assert [len(parts) for parts in history.workers] == [13] * 4
    assert all(one.stat().st_size for one in tmp_path.iterdir()), "no part is empty"
    assert sorted(numbers(history)) == sorted([*range(24)] * 4)
    for parts in history.workers:
        assert numbers(History(parts)) == list(range(24)), "the tenth part after the ninth"


def test_an_end_in_the_middle_of_compressing_costs_no_line(tmp_path: Path) -> None:
    written(tmp_path / "w0.jsonl", 20, 1, 4, frozenset())
    first = tmp_path / "w0.jsonl"
    first.with_name("w0.jsonl.unfinished").write_bytes(gzip.compress(first.read_bytes())[:-9])
    packed(part(first, 1)).write_bytes(
        gzip.compress(part(first, 1).read_bytes())
    )  # not yet removed
    history = read_history(tmp_path)
    assert numbers(history) == list(range(20))
    assert (history.unreadable, history.torn, history.broken) == (0, 0, 0)


@pytest.mark.parametrize("left", [0.2, 0.9])
def test_a_part_that_was_cut_off_is_counted_and_the_others_are_read(
    tmp_path: Path, left: float
) -> None:
    written(tmp_path / "w0.jsonl", 3 * BATCH, 1, 2 * BATCH, frozenset(range(9)))
    file = packed(part(tmp_path / "w0.jsonl", 1))
    data = file.read_bytes()
    file.write_bytes(data[: int(len(data) * left)])
    history = read_history(tmp_path)
    found = numbers(history)
    assert found[0] == 0 and found[-1] == 3 * BATCH - 1
    assert found == sorted(set(found))
    assert history.torn >= 1
    assert history.broken == 1


@pytest.mark.parametrize("place", [0, 1, 100, 300, -6, -2])
def test_a_part_with_a_wrong_byte_is_counted_and_the_others_are_read(
    tmp_path: Path, place: int
) -> None:
    """`place`: in gzip's head, in its blocks, or in the check sum and length at the end (RFC 1952)."""
    written(tmp_path / "w0.jsonl", 3 * BATCH, 1, 2 * BATCH, frozenset(range(9)))
    file = packed(part(tmp_path / "w0.jsonl", 1))
    data = bytearray(file.read_bytes())
    data[place] ^= 0x55
    file.write_bytes(data)
    history = read_history(tmp_path)
    found = numbers(history)
    assert found[0] == 0 and found[-1] == 3 * BATCH - 1
    assert history.broken == 1


def test_gzip_itself_reads_a_compressed_part(tmp_path: Path) -> None:
    written(tmp_path / "w0.jsonl", 2 * BATCH, 1, BATCH, frozenset())
    data = (tmp_path / "w0.jsonl").read_bytes()
    compress(tmp_path / "w0.jsonl")
    assert gzip.decompress(packed(tmp_path / "w0.jsonl").read_bytes()) == data


@pytest.mark.parametrize("compressed", [False, True])
def test_a_part_can_be_read_from_any_place_on(tmp_path: Path, compressed: bool) -> None:
    first = tmp_path / "w0.jsonl"
    first.write_bytes(bytes(range(256)) * 1000)
    if compressed:
        compress(first)
    for place in (0, 1, 255_000, 256_000, 300_000):
        assert read_from(first, place, 3) == (bytes(range(256)) * 1000)[place : place + 3]
        assert read_from(first, place) == (bytes(range(256)) * 1000)[place:]


def test_a_part_that_is_gone_is_counted(tmp_path: Path) -> None:
    written(tmp_path / "w0.jsonl", 8, 1, 2, frozenset((0, 2)))
    packed(tmp_path / "w0.jsonl").unlink()
    part(tmp_path / "w0.jsonl", 1).unlink()
    history = read_history(tmp_path)
    assert numbers(history)[0] > 2
    assert history.broken == 2


def test_a_part_that_cannot_be_compressed_stays_as_it_is(tmp_path: Path) -> None:
    written(tmp_path / "w0.jsonl", 8, 1, 2, frozenset())
    (tmp_path / "w0.jsonl.unfinished").mkdir()  # where the compressed one would be made
    compress(tmp_path / "w0.jsonl")
    assert numbers(read_history(tmp_path)) == list(range(8))
    assert not packed(tmp_path / "w0.jsonl").exists()


def test_whoever_says_that_a_part_is_full_does_not_wait(tmp_path: Path) -> None:
    """The writer has its next part before anybody is told, and never touches the full one again."""
    seen: list[tuple[Path, bytes, bool]] = []
    path = tmp_path / "w0.jsonl"

    def full(one: Path) -> None:
        seen.append((one, one.read_bytes(), part(path, len(seen) + 1).exists()))

    with HistoryWriter(path, 1, full) as writer:
        for number in range(6):
            writer.append(mark(number))
            writer.flush()
    assert [one for one, _, _ in seen] == [part(path, number) for number in range(5)]
    assert all(one.read_bytes() == data and following for one, data, following in seen)


@pytest.mark.parametrize(
    ("name", "earlier"),
    [
        ("w0.jsonl", None),
        ("w0.1.jsonl", "w0.jsonl"),
        ("w0-unmask.12.jsonl", "w0-unmask.11.jsonl"),
        ("kept.bak", None),
    ],
)
def test_a_part_knows_which_it_follows(tmp_path: Path, name: str, earlier: str | None) -> None:
    found = before(tmp_path / name)
    assert found == (tmp_path / earlier if earlier else None)


def test_a_part_is_there_compressed_or_not(tmp_path: Path) -> None:
    first = tmp_path / "w0.jsonl"
    assert not exists(first)
    first.write_bytes(b"x\n")
    assert exists(first)
    compress(first)
    assert exists(first) and not first.exists()


def test_workers_are_called_by_their_number_and_phase() -> None:
    names = [name_of(worker, phase) for worker, phase in ((0, "main"), (3, ""), (0, "unmask"))]
    assert names == ["w0", "w3", "w0-unmask"]


def test_a_foreign_file_is_a_worker_of_its_own(tmp_path: Path) -> None:
    files = [tmp_path / name for name in ("kept.bak", "w0.2.jsonl.gz", "w0.10.jsonl", "w0.jsonl")]
    ways = [[one.name for one in parts] for parts in by_worker(files)]
    assert sorted(ways) == [["kept.bak"], ["w0.jsonl", "w0.2.jsonl", "w0.10.jsonl"]]


def test_a_pipe_or_a_device_is_no_part_of_a_history(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "w0.jsonl")
    (tmp_path / "w1.jsonl").symlink_to("/dev/zero")
    (tmp_path / "w2.jsonl").write_bytes(b"")
    assert workers_of(tmp_path) == ["w2"]
