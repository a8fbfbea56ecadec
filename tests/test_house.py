"""The house rules that a reader relies on, held by the build and not by goodwill.

Falls if: a room imports one it may not, an outside package leaves its room, a file or a function outgrows
its bound, a room takes a name that says nothing, or the README's map no longer is the tree.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from statistics import median

import pytest

ROOT = Path(__file__).parent.parent
HOUSE = ROOT / "exsim"

# room -> the rooms it may import.  `org` and `load` are in no other row: both are reached as processes.
MAY_IMPORT: dict[str, set[str]] = {
    "wire": set(),
    "session": {"wire"},
    "protocols": {"wire", "session"},
    "drive": {"wire", "session", "protocols"},
    "org": {"wire"},
    "runs": {"wire", "session", "protocols"},
    "judgement": {"wire", "session", "protocols", "runs"},
    "load": {"wire", "session", "protocols", "drive", "runs"},
    "lb": set(),
    "lab": {"lb", "runs"},
    "conduct": {"wire", "session", "protocols", "drive", "runs", "judgement", "lb", "lab"},
    "cli": {"conduct", "runs", "judgement"},
    "__main__": {"cli"},
}
PROCESSES = {"drive", "load", "org", "lb", "lab", "runs", "conduct", "cli"}
SOCKETS = {"drive", "load", "org", "lb", "lab"}
# package -> the only rooms that may import it
ONLY_IN: dict[str, set[str]] = {
    "locust": {"load"},
    "gevent": {"load", "drive"},
    "requests": set(),
    "bs4": {"protocols"},
    "spnego": {"protocols", "org"},
    "scipy": {"judgement"},
    "hdrh": {"judgement"},
    "isal": {"session", "runs"},
    "socket": SOCKETS,
    "ssl": SOCKETS,
    "select": SOCKETS,
    "asyncio": {"org"},
    "time": PROCESSES,
    "subprocess": PROCESSES,
    "signal": PROCESSES,
    "threading": PROCESSES,
    "random": {"runs"},
    "secrets": {"runs"},
    "uuid": {"runs"},
}
SANS_IO = ("wire", "session", "protocols", "judgement")
EMPTY_WORDS = {"utils", "util", "helpers", "helper", "common", "misc", "stuff", "tools"}
PYTHON_FILES = sorted(HOUSE.rglob("*.py"))
ALL_FILES = [*PYTHON_FILES, *sorted((ROOT / "tests").rglob("*.py"))]


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


def room_of(path: Path) -> str:
    return path.relative_to(HOUSE).parts[0].removesuffix(".py")


def imports() -> Iterator[tuple[str, list[str], str]]:
    """Every import of exsim: the room it stands in, the dotted name, and file:line."""
    for path in PYTHON_FILES:
        for node in ast.walk(tree(path)):
            names: list[str] = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                assert node.level == 0, f"{path}:{node.lineno}: write the import in full"
                names = [f"{node.module}.{alias.name}" for alias in node.names]
            for name in names:
                yield room_of(path), name.split("."), f"{path.relative_to(ROOT)}:{node.lineno}"


def test_rooms_import_only_downwards() -> None:
    for room, name, where in imports():
        if name[0] == "exsim" and len(name) > 1 and name[1] not in (room, "__version__"):
            assert name[1] in MAY_IMPORT[room], f"{where}: {room} may not import {name[1]}"


def test_every_room_is_known() -> None:
    rooms = {room_of(path) for path in PYTHON_FILES} - {"__init__", "__main__"}
    assert rooms <= set(MAY_IMPORT), rooms - set(MAY_IMPORT)


def test_each_outside_package_keeps_to_its_rooms() -> None:
    for room, name, where in imports():
        if name[0] in ONLY_IN:
            assert room in ONLY_IN[name[0]], f"{where}: {name[0]} belongs in {ONLY_IN[name[0]]}"


def test_asyncio_has_one_door() -> None:
    for _, name, where in imports():
        if name[0] == "asyncio":
            assert where.startswith("exsim/org/serve"), where


def test_the_pure_rooms_open_no_file() -> None:
    for path in PYTHON_FILES:
        if room_of(path) in SANS_IO:
            for node in ast.walk(tree(path)):
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                    assert node.func.id != "open", f"{path}:{node.lineno}"


def test_the_pure_rooms_look_at_no_clock() -> None:
    """`datetime` may parse and format a moment there; it may not ask for one."""
    for path in PYTHON_FILES:
        if room_of(path) in SANS_IO:
            for node in ast.walk(tree(path)):
                if isinstance(node, ast.Attribute):
                    assert node.attr not in ("now", "utcnow", "today"), f"{path}:{node.lineno}"


@pytest.mark.parametrize("path", ALL_FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_files_and_functions_stay_small(path: Path) -> None:
    text = path.read_text()
    assert text.count("\n") <= 400, f"{path}: find the second thing it does and name it"
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            size = (node.end_lineno or 0) - node.lineno + 1
            assert size <= 50, f"{path}:{node.lineno}: {node.name} has {size} lines"


def test_most_rooms_are_small() -> None:
    sizes = [path.read_text().count("\n") for path in PYTHON_FILES]
    assert median(sizes) <= 150


def test_no_file_takes_a_name_that_says_nothing() -> None:
    for path in ALL_FILES:
        assert path.stem not in EMPTY_WORDS, path


def test_every_module_says_what_it_is() -> None:
    for path in PYTHON_FILES:
        text = path.read_text()
        assert not text.strip() or ast.get_docstring(ast.parse(text)), path


def test_only_the_door_and_the_drivers_step_catch_everything() -> None:
    allowed = {"exsim/cli/__init__.py", "exsim/drive/task.py"}
    for path in ALL_FILES:
        for node in ast.walk(tree(path)):
            broad = isinstance(node, ast.ExceptHandler) and (
                node.type is None
                or (
                    isinstance(node.type, ast.Name)
                    and node.type.id in ("Exception", "BaseException")
                )
            )
            if broad:
                assert str(path.relative_to(ROOT)) in allowed, f"{path}:{node.lineno}"
