"""Files that an operator gave, read within bounds of bytes and of time.

Falls if: a device without an end or a file of hundreds of megabytes is read whole, a pipe that nobody
writes is waited for without a limit, or a pipe that somebody does write cannot be read.
"""

from __future__ import annotations

import errno
import os
import threading
from pathlib import Path

import pytest

from exsim.runs import given

FEW = 1 << 20


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(given, "PATIENCE", 0.05)


def a_pipe(folder: Path) -> Path:
    path = folder / "pipe"
    os.mkfifo(path)
    return path


def written(path: Path, data: bytes) -> threading.Thread:
    """Somebody who opens a pipe and writes `data` to it."""

    def write() -> None:
        with path.open("wb") as file:
            file.write(data)

    writer = threading.Thread(target=write, daemon=True)
    writer.start()
    return writer


def refused(path: Path, most: int = FEW) -> int:
    with pytest.raises(OSError) as found:
        given.content(path, most)
    assert found.value.strerror
    return found.value.errno or 0


@pytest.mark.parametrize("extra", [0, 1])
def test_a_file_of_as_many_bytes_as_allowed_is_read_and_one_more_is_too_many(tmp_path, extra):
    path = tmp_path / "file"
    path.write_bytes(b"x" * (FEW + extra))
    if extra:
        assert refused(path) == errno.EFBIG
    else:
        assert len(given.content(path, FEW)) == FEW


def test_a_device_without_an_end_has_too_many_bytes():
    assert refused(Path("/dev/zero")) == errno.EFBIG


def test_a_directory_is_no_file(tmp_path):
    assert refused(tmp_path) == errno.EISDIR


def test_a_pipe_is_read_to_its_end(tmp_path, monkeypatch):
    monkeypatch.setattr(given, "PATIENCE", 20.0)
    path = a_pipe(tmp_path)
    data = b"email,logon\r\n" * 20_000  # more than a pipe holds at once
    writer = written(path, data)
    assert given.text(path) == data.decode().replace("\r\n", "\n")
    writer.join()


def test_a_pipe_of_a_shell_is_read_though_its_writer_has_gone(tmp_path):
    reading, writing = os.pipe()
    os.write(writing, b"secret")
    os.close(writing)
    try:
        assert given.content(Path(f"/dev/fd/{reading}")) == b"secret"
    finally:
        os.close(reading)


def test_a_pipe_of_a_shell_whose_writer_wrote_nothing_is_empty(tmp_path, monkeypatch):
    monkeypatch.setattr(given, "PATIENCE", 20.0)
    reading, writing = os.pipe()
    os.close(writing)
    try:
        assert given.content(Path(f"/dev/fd/{reading}")) == b""
    finally:
        os.close(reading)


def test_a_pipe_that_nobody_writes_is_given_up(tmp_path):
    assert refused(a_pipe(tmp_path)) == errno.ETIMEDOUT


def test_a_pipe_without_an_end_has_too_many_bytes(tmp_path, monkeypatch):
    monkeypatch.setattr(given, "PATIENCE", 20.0)
    reading, writing = os.pipe()
    pour = threading.Thread(target=endless, args=(writing,), daemon=True)
    pour.start()
    try:
        assert refused(Path(f"/dev/fd/{reading}")) == errno.EFBIG
    finally:
        os.close(reading)
        pour.join(20)
    assert not pour.is_alive()


def endless(handle: int) -> None:
    try:
        while True:
            os.write(handle, b"x" * 4096)
    except BrokenPipeError:
        os.close(handle)


def test_what_can_be_read_is_there_and_a_folder_is_not(tmp_path):
    assert given.is_there(a_pipe(tmp_path))
    assert not given.is_there(tmp_path)
    assert not given.is_there(tmp_path / "none")
    assert not given.is_there(tmp_path / ("x" * 5000))
    assert not given.is_there(Path("a\0b"))


@pytest.mark.parametrize(
    ("name", "why"),
    [
        (".", errno.EISDIR),
        ("none", errno.ENOENT),
        ("pipe", errno.EINVAL),
        ("/dev/zero", errno.EINVAL),
        ("large", errno.EFBIG),
    ],
)
def test_what_is_read_by_others_must_be_an_ordinary_file(tmp_path, name, why):
    a_pipe(tmp_path)
    with (tmp_path / "large").open("wb") as file:
        file.truncate(given.MOST + 1)
    with pytest.raises(OSError) as found:
        given.require_ordinary(str(tmp_path / name))
    assert found.value.errno == why
    assert found.value.filename


def test_an_ordinary_file_and_none_at_all_may_be_read_by_others(tmp_path):
    (tmp_path / "ca.pem").write_text("anything")
    given.require_ordinary(str(tmp_path / "ca.pem"), "")
