"""Falls if: a line is lost between `append` and the file, a torn or foreign line stops the reader, or the
order in which one user's lines were written is changed by merging; or a disk without room is told by nobody."""

from __future__ import annotations

import errno
import os
import re
from pathlib import Path

import msgspec
import pytest

from exsim.runs import history
from exsim.runs.history import BATCH, HistoryWriter, read_history
from exsim.session.brief import Brief
from exsim.session.hop import ConnectionLine, Evidence, Hop, Line, Mark


def hop(user: int, t: float, took: float = 0.01, seq: int = 1) -> Hop:
    return Hop(
        utc="2026-11-22T05:12:15.918Z",
        t=t,
        took=took,
        user=user,
        session=f"{user}.1",
        seq=seq,
        protocol="owa",
        step="poll",
        request="POST /owa/service.svc?action=FindItem",
        status=440,
        set_cookies={"cadata": None},
        body=Evidence(bytes=154, is_="refusal_440"),
    )


MARK = Mark(utc="2026-11-22T05:12:15.918Z", t=0.5, what="logon", user=1, facts={"private": True})
CONNECTION = ConnectionLine(utc="", t=0.6, user=1, conn=2, source="127.0.9.1:1", address="x")


def written(path: Path, lines: list[Line]) -> None:
    with HistoryWriter(path) as writer:
        for line in lines:
            writer.append(line)


def test_what_was_written_is_read(tmp_path: Path) -> None:
    lines: list[Line] = [MARK, CONNECTION, hop(1, 0.7)]
    written(tmp_path / "w0.jsonl", lines)
    found = read_history(tmp_path)
    assert list(found) == lines
    assert list(found) == lines, "a history can be read again"
    assert (found.unreadable, found.torn) == (0, 0)


def test_lines_are_on_disk_after_a_flush_and_after_every_batch(tmp_path: Path) -> None:
    path = tmp_path / "history" / "w0.jsonl"
    writer = HistoryWriter(path)
    writer.append(MARK)
    assert path.read_bytes() == b""
    writer.flush()
    assert path.read_bytes().count(b"\n") == 1
    for _ in range(BATCH):
        writer.append(MARK)
    assert path.read_bytes().count(b"\n") == 1 + BATCH == writer.written
    writer.close()
    writer.close()


def test_closing_writes_what_is_held(tmp_path: Path) -> None:
    writer = HistoryWriter(tmp_path / "w0.jsonl")
    writer.append(MARK)
    writer.close()
    assert list(read_history(tmp_path)) == [MARK]


def test_a_flush_in_the_middle_of_a_flush_writes_nothing_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when a signal's handler closes the history while its loop is writing."""
    writer = HistoryWriter(tmp_path / "w0.jsonl")
    write = os.write

    def interrupted(file: int, data: memoryview) -> int:
        monkeypatch.setattr(history.os, "write", write)
        writer.flush()
        return write(file, data)

    writer.append(MARK)
    monkeypatch.setattr(history.os, "write", interrupted)
    writer.flush()
    writer.close()
    assert list(read_history(tmp_path)) == [MARK]


def test_a_write_that_takes_a_part_is_continued(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = os.write
    monkeypatch.setattr(history.os, "write", lambda file, data: write(file, data[:7]))
    written(tmp_path / "w0.jsonl", [MARK, hop(1, 1.0)])
    assert len(list(read_history(tmp_path))) == 2


def test_a_full_disk_is_said_and_not_swallowed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(file: int, data: memoryview) -> int:
        raise OSError(28, "No space left on device")

    writer = HistoryWriter(tmp_path / "w0.jsonl")
    writer.append(MARK)
    monkeypatch.setattr(history.os, "write", full)
    with pytest.raises(OSError, match="No space left"):
        writer.close()


def test_an_earlier_history_is_continued_and_never_cut(tmp_path: Path) -> None:
    for _ in range(2):
        written(tmp_path / "w0.jsonl", [MARK])
    assert list(read_history(tmp_path)) == [MARK, MARK]


@pytest.mark.parametrize("cut", range(1, 60, 7))
def test_a_torn_last_line_is_counted(tmp_path: Path, cut: int) -> None:
    written(tmp_path / "w0.jsonl", [MARK, hop(1, 1.0)])
    path = tmp_path / "w0.jsonl"
    path.write_bytes(path.read_bytes()[:-cut] if cut > 1 else path.read_bytes()[:-2])
    found = read_history(tmp_path)
    assert list(found) == [MARK]
    assert (found.unreadable, found.torn) == (0, 1)


@pytest.mark.parametrize(
    "line",
    [
        b"{}",
        b'{"kind":"hop"}',
        b'{"kind":"verdict","t":1}',
        b"\xff\xfe",
        b'{"kind":"mark","utc":"\xff","t":1,"what":"x"}',
        b"[" * 100_000,
        b"null",
        b"\x00" * 50,
        b'{"kind":"mark","utc":"","t":"x","what":""}',
    ],
    ids=range(9),
)
def test_a_line_that_is_none_is_counted_and_passed_over(tmp_path: Path, line: bytes) -> None:
    good = msgspec.json.encode(MARK)
    (tmp_path / "w0.jsonl").write_bytes(good + b"\n" + line + b"\n\n" + good + b"\n")
    found = read_history(tmp_path)
    assert list(found) == [MARK, MARK]
    assert (found.unreadable, found.torn) == (1, 0)


@pytest.mark.parametrize("users", [[1], [2], [3], [1, 2], [2, 3], [1, 2, 3], [4]])
@pytest.mark.parametrize("chunk", [1, 300, 1 << 18])
def test_the_lines_that_match_are_found_wherever_they_stand(
    tmp_path: Path, users: list[int], chunk: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history, "CHUNK", chunk)
    hops = [hop(user, t) for t, user in enumerate([1, 1, 2, 3, 1, 2, 2, 3])]
    written(tmp_path / "w0.jsonl", [*hops])
    with (tmp_path / "w0.jsonl").open("ab") as file:
        file.write(b'{"user":1')  # a torn line is looked for, too
    found = read_history(tmp_path)
    wanted = re.compile(b'"user":(?:%b)' % b"|".join(b"%d" % user for user in users))
    assert list(found.matching(wanted)) == [one for one in hops if one.user in users]
    assert found.torn == (1 in users)


def test_workers_are_merged_by_arrival(tmp_path: Path) -> None:
    written(tmp_path / "w0.jsonl", [hop(1, 0.0, 0.5), hop(1, 0.9, 0.1)])
    written(tmp_path / "w1.jsonl", [hop(2, 0.1, 0.1), hop(2, 0.6, 0.1)])
    found = [line for line in read_history(tmp_path) if isinstance(line, Hop)]
    assert [line.user for line in found] == [2, 1, 2, 1]
    assert [line.arrived for line in found] == sorted(line.arrived for line in found)


def test_one_users_lines_keep_the_order_they_were_written_in(tmp_path: Path) -> None:
    """Also where rounding, or a clock that was set back, makes them look otherwise."""
    written(tmp_path / "w0.jsonl", [hop(1, 5.0, seq=1), hop(1, 1.0, seq=2), hop(1, 9.0, seq=3)])
    written(tmp_path / "w1.jsonl", [hop(2, 2.0, seq=1), hop(2, 3.0, seq=2)])
    found = [line for line in read_history(tmp_path) if isinstance(line, Hop)]
    for user, expected in ((1, [1, 2, 3]), (2, [1, 2])):
        assert [line.seq for line in found if line.user == user] == expected


def test_a_brief_whose_template_is_gone_is_counted_as_unreadable(tmp_path: Path) -> None:
    brief = Brief(of=3, t=1.0, took=0.1, user=1, session="1.1", seq=1)
    written(tmp_path / "w0.jsonl", [brief, MARK, brief])  # type: ignore[list-item]
    found = read_history(tmp_path)
    assert list(found) == [MARK]
    assert (found.unreadable, found.torn) == (2, 0)
    assert list(found.matching(re.compile(b'"user":1'))) == [MARK]


def test_a_run_without_a_history_has_no_lines(tmp_path: Path) -> None:
    assert list(read_history(tmp_path / "history")) == []


def test_a_line_is_as_the_format_says(tmp_path: Path) -> None:
    written(tmp_path / "w0.jsonl", [hop(17, 12.418, 0.031)])
    line = msgspec.json.decode((tmp_path / "w0.jsonl").read_bytes())
    assert line["kind"] == "hop"
    assert line["body"] == {"bytes": 154, "is": "refusal_440"}
    assert line["set_cookies"] == {"cadata": None}


def test_a_disk_without_room_is_told_once_or_raised_and_what_was_written_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[OSError] = []
    writer = HistoryWriter(tmp_path / "w0.jsonl", failed=told.append)
    writer.append(MARK)
    writer.flush()

    def full(file: int, data: memoryview) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    write = os.write
    monkeypatch.setattr(history.os, "write", full)
    for _ in range(3 * BATCH):
        writer.append(MARK)
    assert [(one.errno, one.filename) for one in told] == [(errno.ENOSPC, "w0.jsonl")]
    monkeypatch.setattr(history.os, "write", write)
    writer.append(hop(1, 1.0))
    writer.close()
    assert list(read_history(tmp_path)) == [MARK], "nothing stands behind what is missing"
    monkeypatch.setattr(history.os, "write", full)
    writer = HistoryWriter(tmp_path / "w1.jsonl")
    writer.append(MARK)
    with pytest.raises(OSError, match="No space left"):
        writer.close()
