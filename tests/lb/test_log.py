"""Falls if: a disk that is full ends the balancer's log in a traceback of its thread, or unsaid, or lines that the
system threw away are not counted in the file."""

from __future__ import annotations

import socket
import threading
from pathlib import Path

import pytest

from exsim.lb.log import LogCapture, missing_by


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs Linux")
def test_a_full_disk_is_said_when_the_log_is_closed(capsys: pytest.CaptureFixture[str]) -> None:
    capture = LogCapture(Path("/dev/full"), lambda line: line)
    host, port = capture.address.split(":")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as balancer:
        for _ in range(20):
            balancer.sendto(b"x" * 1000, (host, int(port)))
    with pytest.raises(OSError, match="No space left on device: '/dev/full'"):
        capture.close()
    assert "Traceback" not in capsys.readouterr().err


@pytest.mark.skipif(not Path("/proc/net/udp").exists(), reason="needs Linux")
@pytest.mark.parametrize(("sent", "some_lost"), [(1, False), (400, True)])
def test_lines_that_came_too_fast_are_counted_in_the_last_line_of_the_file(
    sent: int, some_lost: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("exsim.lb.log.RECEIVE_BUFFER", 1)  # the least that the system gives
    go_on = threading.Event()

    def redact(line: bytes) -> bytes:
        go_on.wait(5)
        return line

    capture = LogCapture(tmp_path / "lb.log", redact)
    host, port = capture.address.split(":")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as balancer:
        for _ in range(sent):
            balancer.sendto(b"x" * 500, (host, int(port)))
    go_on.set()
    capture.close()
    lines = (tmp_path / "lb.log").read_bytes().splitlines()
    kept = lines.count(b"x" * 500)
    assert (missing_by(lines[-1]), len(lines)) == (sent - kept, kept + some_lost)
    assert (kept < sent) == some_lost
