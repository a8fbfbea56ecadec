"""Falls if: two threads that make one file again hinder each other, or a reader sees half of it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

from exsim.runs.written import replacing


def test_two_threads_may_replace_one_file_at_a_time(tmp_path: Path) -> None:
    path, both = tmp_path / "latest.txt", Barrier(2, timeout=10.0)

    def write(content: bytes) -> None:
        with replacing(path) as file:
            both.wait()  # each has begun, and none is done
            file.write(content)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(write, (b"one", b"other")))
    assert path.read_bytes() in (b"one", b"other")
    assert [one.name for one in tmp_path.iterdir()] == ["latest.txt"]
