"""Master and worker over a channel: frames arrive whole, and nobody gets past the greeting without the secret.

Falls if: a frame is changed, a silent or closed connection raises where it should end, somebody with another secret
(or no exsim at all) is let in on either side, holds the others up, or TLS is not checked by the worker.
"""

from __future__ import annotations

import secrets
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import pytest

from exsim.drive import channel as channel_module
from exsim.drive.channel import (
    LONGEST,
    Channel,
    ChannelError,
    Frame,
    accepted,
    connected,
    is_loopback,
    listening,
    master_tls,
    worker_tls,
)
from exsim.lab.certificates import Authority

SECRET, OTHER = b"s" * 20, b"t" * 20
opened: list[Channel] = []


@pytest.fixture(autouse=True)
def closed() -> Iterator[None]:
    """Whatever stands at the end of a test is closed."""
    yield
    while opened:
        opened.pop().close()


@pytest.fixture
def door() -> Iterator[socket.socket]:
    with listening("127.0.0.1", 0) as door:
        yield door


def met(door: socket.socket, mine: bytes, theirs: bytes, *tls: ssl.SSLContext) -> list[object]:
    """What master and worker have after their greeting: a channel each, or why there is none."""
    found: list[object] = [None, None]
    at_master, at_worker = tls or (None, None)

    def answer() -> None:
        try:
            found[0] = accepted(door, mine, secrets.token_bytes, at_master)
        except ChannelError as problem:
            found[0] = problem

    thread = Thread(target=answer, daemon=True)
    thread.start()
    host, port = "localhost" if tls else "127.0.0.1", door.getsockname()[1]
    try:
        found[1] = connected(host, port, theirs, secrets.token_bytes, at_worker)
    except ChannelError as problem:
        found[1] = problem
    thread.join(10)
    opened.extend(one for one in found if isinstance(one, Channel))
    return found


def test_frames_arrive_whole_and_in_order_both_ways(door: socket.socket) -> None:
    master, worker = met(door, SECRET, SECRET)
    assert isinstance(master, Channel) and isinstance(worker, Channel)
    large = bytes(range(256)) * 9000
    for kind, body in (("d", large), ("e", b""), ("x", b"\0")):
        sending = Thread(target=worker.send, args=(kind, body))
        sending.start()
        assert master.receive() == Frame(kind, body)
        sending.join()
    master.send("i", b"stop\n")
    assert worker.receive_at_last() == Frame("i", b"stop\n")
    worker.close()
    assert master.receive() is None
    with pytest.raises(ChannelError):
        for _ in range(50):
            master.send("i", large)


def test_another_secret_is_turned_away_on_both_sides(door: socket.socket) -> None:
    master, worker = met(door, SECRET, OTHER)
    assert isinstance(master, ChannelError) and isinstance(worker, ChannelError)


@pytest.mark.parametrize(
    "said", [b"GET / HTTP/1.1\r\n\r\n", b"", b"w\xff\xff\xff\xff", b"w" + b"\0" * 4]
)
def test_a_stranger_gets_nothing(door: socket.socket, said: bytes) -> None:
    with socket.create_connection(door.getsockname()) as stranger:
        stranger.sendall(said)
        stranger.shutdown(socket.SHUT_WR)
        with pytest.raises(ChannelError):
            accepted(door, SECRET, secrets.token_bytes, None)


def test_a_worker_trusts_no_master_that_only_repeats_what_it_hears() -> None:
    """Without the secret a false master cannot prove itself, whatever the worker proved to it."""
    with listening("127.0.0.1", 0) as door:

        def false() -> None:
            connection, _ = door.accept()
            channel = Channel(connection)
            opened.append(channel)
            channel.send("n", b"n" * 32)
            heard = channel.receive()
            channel.send("m", heard.body[32:] if heard else b"")

        Thread(target=false, daemon=True).start()
        with pytest.raises(ChannelError):
            connected("127.0.0.1", door.getsockname()[1], SECRET, secrets.token_bytes, None)


def test_a_frame_too_long_ends_the_channel(door: socket.socket) -> None:
    master, worker = met(door, SECRET, SECRET)
    assert isinstance(master, Channel) and isinstance(worker, Channel)
    worker._connection.sendall(b"d" + (LONGEST + 1).to_bytes(4, "big"))
    assert master.receive() is None


def test_a_worker_checks_who_vouches_for_the_master(door: socket.socket, tmp_path: Path) -> None:
    ours, another = Authority("ours"), Authority("another")
    (tmp_path / "host.pem").write_text(ours.host_certificate(["localhost"]))
    for name, authority in (("ours", ours), ("another", another)):
        (tmp_path / name).write_text(authority.pem)
    tls = master_tls(str(tmp_path / "host.pem"), "")
    good = met(door, SECRET, SECRET, tls, worker_tls(str(tmp_path / "ours")))
    assert all(isinstance(one, Channel) for one in good)
    bad = met(door, SECRET, SECRET, tls, worker_tls(str(tmp_path / "another")))
    assert all(isinstance(one, ChannelError) for one in bad)


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        *(("127.0.0.1", True), ("127.9.9.9", True), ("::1", True), ("localhost", True)),
        *(("10.0.0.1", False), ("0.0.0.0", False), ("master", False)),
    ],
)
def test_only_loopback_is_this_machine(host: str, expected: bool) -> None:
    assert is_loopback(host) is expected


def test_whoever_comes_and_says_nothing_holds_the_door_for_a_step_of_a_greeting_alone(
    door: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    limits: list[float | None] = []
    greeting = channel_module._greeting

    def watched(channel: Channel, kind: str) -> bytes:
        limits.append(channel._connection.gettimeout())
        return greeting(channel, kind)

    monkeypatch.setattr(channel_module, "_greeting", watched)
    monkeypatch.setattr(channel_module, "LIMIT", 0.05)
    with socket.create_connection(door.getsockname()), pytest.raises(ChannelError):
        accepted(door, SECRET, secrets.token_bytes, None)
    assert limits == [0.05]
    monkeypatch.setattr(channel_module, "LIMIT", 5.0)
    master, _ = met(door, SECRET, SECRET)
    assert isinstance(master, Channel)
    assert master._connection.gettimeout() == channel_module.SILENCE


def test_a_machine_that_is_gone_is_noticed_by_both_sides(door: socket.socket) -> None:
    """It says nothing any more, so the system is told how long to wait for its word."""
    for one in met(door, SECRET, SECRET):
        assert isinstance(one, Channel)
        opened.append(one)
        connection = one._connection
        assert connection.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
        found = {
            name: connection.getsockopt(socket.IPPROTO_TCP, getattr(socket, name))
            for name in channel_module.DEATH
        }
        assert found == channel_module.DEATH
        asked = found["TCP_KEEPIDLE"] + found["TCP_KEEPINTVL"] * found["TCP_KEEPCNT"]
        assert asked * 1000 <= found["TCP_USER_TIMEOUT"] == channel_module.SILENCE * 1000
