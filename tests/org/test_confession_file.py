"""Falls if: an answer goes out before its confession is in the file."""

from __future__ import annotations

from pathlib import Path

import msgspec

from exsim.org.confession import Confession
from exsim.org.serve import ConfessionFile


def test_a_confession_is_in_the_file_when_it_was_made(tmp_path: Path) -> None:
    path = tmp_path / "EXCH13.jsonl"
    file = ConfessionFile(str(path))
    made = [Confession("", "EXCH13", str(n), "GET", "/owa/", 200, "served") for n in range(2)]
    for number, one in enumerate(made, 1):
        file.add(one)
        lines = path.read_bytes().splitlines()
        assert [msgspec.json.decode(line, type=Confession) for line in lines] == made[:number]
