"""What a worker elsewhere makes of an order, and how what it writes comes back.

Falls if: a file that an order names is not there on the other machine, or readable by others; a clock that differs
shifts the times of a history; bytes are sent twice, not at all or before those they follow, also when a part is compressed meanwhile, or a full part stays
uncompressed where it arrives; a worker
writes outside of the run's directory; an address beyond this machine is taken without a certificate; a master whose
disk is full, or who hears nonsense, waits for ever; or a signal to a worker costs what its load still writes; a load that stands still keeps a worker whose master is gone, or one
that is given up goes on; or the longer a load is, the more is read each second.
"""

from __future__ import annotations

import signal
import socket
import stat
import time
from pathlib import Path
from threading import Event as Signal
from typing import Any

import msgspec
import pytest

from exsim.conduct import far_worker, patience
from exsim.conduct.far import DATA, END, EVENT, INPUT, Ended, FarOrder, Piece, far_order, place
from exsim.conduct.far_loads import FarLoad, inside
from exsim.conduct.far_worker import LARGEST, Leash, Tail, _obey, _passed_on, here
from exsim.drive.channel import Channel, ChannelError, Frame
from exsim.runs import parts
from exsim.runs.errors import OperatorError
from exsim.runs.exits import GONE, STILL, Exit
from exsim.runs.made import entries, foreseen, left
from tests.load.orders import orders
from tests.runs.test_made import writing


class Heard:
    """A channel that keeps what is sent: file -> its bytes."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}

    def send(self, kind: str, body: bytes) -> None:
        found = msgspec.msgpack.decode(body)
        self.files[found["file"]] = self.files.get(found["file"], b"") + found["data"]


def test_an_order_arrives_with_the_files_that_it_names(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("one")
    (tmp_path / "key.pem").write_text("two")
    order = msgspec.structs.replace(
        orders(2)[1],
        ca=str(tmp_path / "ca.pem"),
        lb_ca="system",
        client_key=str(tmp_path / "key.pem"),
    )
    said = msgspec.json.decode(msgspec.json.encode(far_order(order)), type=FarOrder)
    home = tmp_path / "there" / "2026"
    got = here(said, home)
    assert (got.directory, got.lb_ca, got.client_cert) == (str(home), "system", "")
    assert [Path(file).read_text() for file in (got.ca, got.client_key)] == ["one", "two"]
    assert all(
        stat.S_IMODE(Path(file).stat().st_mode) == 0o600 for file in (got.ca, got.client_key)
    )
    assert got.assignments == order.assignments
    assert (home / "history").is_dir()


def test_a_clock_that_is_ahead_is_made_up_for(tmp_path: Path) -> None:
    said = msgspec.structs.replace(far_order(orders()[0]), clock=time.time() - 100)
    assert here(said, tmp_path / "x").started - said.order.started == pytest.approx(100, abs=5)


def test_every_byte_is_sent_once_also_of_a_part_that_was_compressed(tmp_path: Path) -> None:
    folder, heard = tmp_path / "history", Heard()
    folder.mkdir()
    tail = Tail(tmp_path)
    first = folder / "w1.jsonl"
    first.write_bytes(b"a" * 10)
    tail.send(heard)
    first.write_bytes(b"a" * 10 + b"b" * (LARGEST + 5))
    (folder / "w1.1.jsonl").write_bytes(b"c\n")
    (tmp_path / "ledger.jsonl").write_bytes(b"d\n")
    parts.compress(first)
    tail.send(heard)
    tail.send(heard)
    assert heard.files == {
        "history/w1.jsonl": b"a" * 10 + b"b" * (LARGEST + 5),
        "history/w1.1.jsonl": b"c\n",
        "ledger.jsonl": b"d\n",
    }


@pytest.mark.parametrize("name", ["../../x", "/etc/x", "history/../../x"])
def test_a_worker_writes_below_the_run_s_directory_alone(tmp_path: Path, name: str) -> None:
    assert inside(tmp_path, name).resolve().is_relative_to(tmp_path)


def test_beyond_this_machine_it_takes_a_certificate_and_always_a_secret(tmp_path: Path) -> None:
    good, short = tmp_path / "good", tmp_path / "short"
    good.write_text("x" * 16 + "\n")
    short.write_text("x")
    assert place("127.0.0.1:9", good, master=True).secret == b"x" * 16
    wrong = [
        ("10.0.0.1", good, "--certificate"),
        ("127.0.0.1", None, "--secret"),
        ("127.0.0.1", short, "1 bytes"),
        ("127.0.0.1", tmp_path / "none", "No such file"),
        ("a/b", good, "not an address"),
    ]
    for address, secret, expected in wrong:
        with pytest.raises(OperatorError, match=expected):
            place(address, secret, master=True)
    with pytest.raises(OperatorError, match="--ca"):
        place("master.example", good, master=False)
    with pytest.raises(OperatorError):
        place("127.0.0.1", good, master=False, ca=str(good))


def test_a_channel_that_is_gone_stops_the_sending(tmp_path: Path) -> None:
    class Gone:
        def send(self, kind: str, body: bytes) -> None:
            raise ChannelError("gone")

    (tmp_path / "ledger.jsonl").write_bytes(b"d\n")
    with pytest.raises(ChannelError):
        Tail(tmp_path).send(Gone())


class Said:
    """A worker's end of a channel, which tells what it is given and keeps what it hears."""

    def __init__(self, *frames: Frame) -> None:
        self.frames = list(frames)
        self.heard: list[tuple[str, bytes]] = []
        self.silent = self.closed = False

    def close(self) -> None:
        self.closed = True

    def receive(self) -> Frame | None:
        return self.frames.pop(0) if self.frames else None

    def send(self, kind: str, body: bytes) -> None:
        self.heard.append((kind, body))


NEWS = Frame(EVENT, b'{"event":"live"}')
PART = Frame(DATA, msgspec.msgpack.encode(Piece("history/w0.jsonl", b"{}")))
OVER = Frame(END, msgspec.json.encode(Ended(0, "")))


@pytest.mark.parametrize(
    ("frames", "code", "told", "stops"),
    [
        ((NEWS, PART, OVER), 0, 1, False),
        ((NEWS, PART), GONE, 1, False),
        ((NEWS, Frame(EVENT, b"{"), OVER), GONE, 1, True),
        ((NEWS, Frame(DATA, b"\xc1"), OVER), GONE, 1, True),
    ],
)
def test_a_worker_that_talks_nonsense_is_gone(
    tmp_path: Path, frames: tuple[Frame, ...], code: int, told: int, stops: bool
) -> None:
    channel: Any = Said(*frames)
    load = FarLoad(channel, (str(tmp_path), "main", 0))
    assert len(list(load.events())) == told
    assert load.ended() == code
    assert bool(channel.heard) == stops
    assert channel.closed == (code == GONE), "whoever is still there loads the farm for nobody"


def test_where_it_may_write_stands_in_the_run_before_a_load_elsewhere_begins(
    tmp_path: Path,
) -> None:
    class Sent(Said):
        def send(self, kind: str, body: bytes) -> None:
            self.found = left(entries(tmp_path / "ledger.jsonl"))

    channel: Any = Sent()
    order = writing(directory=str(tmp_path))
    FarLoad(channel, (str(tmp_path), "main", 0)).begin(order)
    assert channel.found == foreseen(order) != []


def test_a_worker_that_falls_silent_is_told_from_one_that_hangs_up() -> None:
    master, there = socket.socketpair()
    with there:
        load = FarLoad(Channel(master, 0.05), ("", "main", 0))
        assert list(load.events()) == []
        assert load.ended() == STILL
        assert load.last_words().startswith("silent for 30 s: it stood still, or its machine")


class Standing:
    """A load that does not end when it is asked to."""

    def __init__(self) -> None:
        self.asked, self.forced = Signal(), Signal()

    def stop(self) -> None:
        self.asked.set()

    def end_by_force(self) -> None:
        self.forced.set()

    def hear(self, line: bytes) -> None:
        """It does not."""


def test_a_load_that_stands_still_is_ended_by_force_when_its_master_is_gone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(far_worker, "LOOK", 0.01)
    monkeypatch.setattr(patience, "ENDING", 0.05)
    load: Any = Standing()
    master, here = socket.socketpair()
    with Leash(load) as leash:
        master.close()
        _obey(Channel(here), load, leash)
        assert load.asked.is_set() and leash.alone
        assert load.forced.wait(10)
    here.close()


def test_a_load_that_nobody_asked_to_end_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(far_worker, "LOOK", 0.01)
    monkeypatch.setattr(patience, "ENDING", 0.02)
    load: Any = Standing()
    with Leash(load):
        assert not load.forced.wait(0.2)


def data(name: str, lines: bytes) -> Frame:
    return Frame(DATA, msgspec.msgpack.encode(Piece(f"history/{name}.jsonl", lines)))


def test_a_part_that_is_full_is_compressed_where_it_arrives(tmp_path: Path) -> None:
    names = ["w0", "w0", "w0.1", "w0.1", "w0.2"]
    frames = [data(name, f"{number}\n".encode()) for number, name in enumerate(names)]
    channel: Any = Said(*frames, OVER)
    load = FarLoad(channel, (str(tmp_path), "main", 0))
    assert list(load.events()) == []
    assert load.ended() == 0
    folder = tmp_path / "history"
    assert sorted(one.name for one in folder.iterdir()) == [
        *("w0.1.jsonl.gz", "w0.2.jsonl", "w0.jsonl.gz"),
    ]
    read = b""
    for one in parts.by_worker(folder.iterdir())[0]:
        with parts.opened(one) as file:
            read += file.read()
    assert read == b"0\n1\n2\n3\n4\n"


def test_parts_are_sent_in_their_order(tmp_path: Path) -> None:
    """Whoever is killed in the middle loses the end of a history, and no piece of its middle."""
    first = tmp_path / "history" / "w0.jsonl"
    first.parent.mkdir()
    for number in range(12):
        parts.part(first, number).write_bytes(b"x")
    parts.compress(first)
    channel: Any = Heard()
    Tail(tmp_path).send(channel)
    assert list(channel.files) == [
        f"history/{parts.part(first, number).name}" for number in range(12)
    ]


def test_a_part_that_was_sent_is_neither_read_again_nor_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A load of hours has many of them, and this is done each second."""
    first = tmp_path / "history" / "w0.jsonl"
    first.parent.mkdir()
    for number in range(3):
        parts.part(first, number).write_bytes(b"%d\n" % number)
    parts.compress(first)
    channel: Any = Heard()
    tail = Tail(tmp_path)
    tail.send(channel)
    parts.compress(parts.part(first, 1))

    def never(*more: object) -> None:
        raise AssertionError("it is read anew")

    monkeypatch.setattr(parts.igzip, "open", never)
    parts.part(first, 2).write_bytes(b"2\nthe last\n")
    tail.send(channel)
    assert channel.files == {
        "history/w0.jsonl": b"0\n",
        "history/w0.1.jsonl": b"1\n",
        "history/w0.2.jsonl": b"2\nthe last\n",
    }
    assert [one.name for one in first.parent.iterdir()] == ["w0.2.jsonl"]


def test_a_history_that_cannot_be_written_ends_the_worker_and_says_why(tmp_path: Path) -> None:
    (tmp_path / "history").write_text("no folder: the file system says no, as a full one does")
    channel: Any = Said(NEWS, PART, OVER)
    load = FarLoad(channel, (str(tmp_path), "main", 0))
    assert len(list(load.events())) == 1
    assert channel.heard == [(INPUT, b"stop\n")]
    assert load.ended() == Exit.ENVIRONMENT
    assert load.last_words().startswith("no room here for what it saw, history: ")


def test_a_signal_ends_the_load_first_and_a_second_one_waits_for_nothing() -> None:
    stopped: list[str] = []

    class Going:
        def stop(self) -> None:
            stopped.append("stop")

    load: Any = Going()
    before = signal.getsignal(signal.SIGTERM)
    try:
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        with pytest.raises(KeyboardInterrupt), _passed_on(load) as came:
            signal.raise_signal(signal.SIGTERM)
            assert (came, stopped) == ([signal.SIGTERM], ["stop"])
            signal.raise_signal(signal.SIGTERM)
        assert stopped == ["stop"]
    finally:
        signal.signal(signal.SIGTERM, before)
