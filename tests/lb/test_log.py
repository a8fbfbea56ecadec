"""Falls if: a disk that is full ends the balancer's log in a traceback of its thread, or unsaid."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from exsim.lb.log import LogCapture


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
