"""Falls if: libwbxml, where it is installed, reads another tree in our bytes than we wrote.

Everywhere else its readings of 77 documents are held in tests/vectors/activesync (tests/wire/test_wbxml.py).
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from exsim.wire.wbxml import decode, encode
from tests.wire.wbxml_vectors import Recorded, is_same, recorded, shape_of, shape_of_xml

TOOL = shutil.which("wbxml2xml")
pytestmark = [
    pytest.mark.lab,
    pytest.mark.skipif(TOOL is None, reason="wbxml2xml is not installed (libwbxml2-utils)"),
]


@pytest.mark.parametrize("each", recorded(), ids=lambda each: each.name)
def test_wbxml2xml_reads_what_we_write(each: Recorded, tmp_path: Path) -> None:
    file = tmp_path / "document.wbxml"
    file.write_bytes(encode(decode(each.wbxml)))
    command = [str(TOOL), "-l", "ACTIVESYNC", "-k", "-m", "0", "-o", "-", str(file)]
    said = subprocess.run(command, capture_output=True, timeout=10, check=True)
    xml = said.stdout.decode().partition('"http://www.microsoft.com/">')[2]
    every = each.name.startswith("every token")
    assert is_same(shape_of(decode(each.wbxml)), shape_of_xml(xml), texts=not every)
