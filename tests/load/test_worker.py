"""Falls if: a full part of a worker's history is not compressed by the time it is closed, or a line of it is lost."""

from __future__ import annotations

from pathlib import Path

import msgspec

from exsim.load.worker import Worker
from exsim.runs.history import read_history
from exsim.runs.parts import packed, part
from tests.load.orders import orders


def test_full_parts_are_compressed_before_the_worker_is_gone(tmp_path: Path) -> None:
    worker = Worker(msgspec.structs.replace(orders()[0], directory=str(tmp_path)))
    writer = worker.history
    writer._limit = 1
    for number in range(3):
        worker.mark("looked", number=number)
        writer.flush()
    worker.close()
    assert packed(writer.path).is_file()
    assert packed(part(writer.path, 1)).is_file()
    assert part(writer.path, 2).is_file(), "the last one is not full"
    assert len(list(writer.path.parent.iterdir())) == 3
    history = read_history(writer.path.parent)
    assert [line.facts["number"] for line in history] == [0, 1, 2]
