"""Every file of a folder searched for words that must not be there, byte by byte; compressed ones also inside."""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import quote, quote_plus

SHORTEST = 6  # characters: a shorter word is found anywhere


def found_in(folders: Iterable[Path], words: Iterable[str]) -> list[str]:
    """ "file: word" for each word, however it is written, that stands in any file below `folders`."""
    wanted = {form: word for word in words if len(word) >= SHORTEST for form in forms(word)}
    found = []
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            if path.is_symlink() or not path.is_file():
                continue
            data = path.read_bytes()
            data += gzip.decompress(data) if data[:2] == b"\x1f\x8b" else b""
            found += [f"{path}: {word}" for form, word in wanted.items() if form in data]
    return found


def forms(word: str) -> set[bytes]:
    """A word as it may stand in a file: plain, in a URL, in JSON, in base64 at any of its three offsets."""
    plain = word.encode()
    found = {
        plain,
        quote(word, safe="").encode(),
        quote_plus(word).encode(),
        json.dumps(word)[1:-1].encode(),
    }
    for offset in range(3):
        coded = base64.b64encode(b"\0" * offset + plain)
        whole = coded[(0, 2, 3)[offset] : len(coded) - 4 if (len(plain) + offset) % 3 else None]
        found.add(whole)
    return {form for form in found if len(form) >= SHORTEST}
