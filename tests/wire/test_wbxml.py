"""Falls if: a document of a real server is read or written differently, or a broken one is not refused cleanly."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exsim.wire.errors import WireError
from exsim.wire.wbxml import HEADER, Element, decode, encode, tags
from exsim.wire.wbxml_pages import PAGES, TAGS, TOKENS
from tests.wire.wbxml_vectors import (
    Recorded,
    dialogue_documents,
    is_same,
    recorded,
    shape_of,
    shape_of_xml,
)

air = tags("AirSync")
SYNC = bytes.fromhex("03016a00455c4f4b03300001520335000101 0101")  # MS-ASWBXML's own order of tags


def test_the_dialogues_hold_what_two_servers_said() -> None:
    assert len(dialogue_documents()) == 77


@pytest.mark.parametrize("document", dialogue_documents(), ids=range(77))
def test_a_document_of_a_real_server_is_written_again_byte_for_byte(document: bytes) -> None:
    assert encode(decode(document)) == document


@pytest.mark.parametrize("each", recorded(), ids=lambda each: each.name)
def test_libwbxml_reads_the_same_in_it(each: Recorded) -> None:
    # In documents of every token it takes some texts for binary; there the tags are what counts.
    every = each.name.startswith("every token")
    assert is_same(shape_of(decode(each.wbxml)), shape_of_xml(each.xml), texts=not every)


def test_a_sync_is_written_as_the_specification_shows_it() -> None:
    collection = air("Collection", air("SyncKey", "0"), air("CollectionId", "5"))
    assert encode(air("Sync", air("Collections", collection))) == SYNC


def test_the_table_is_whole() -> None:
    assert len(PAGES) == 25
    assert 3 not in TAGS
    assert len(TOKENS) == sum(len(page) for page in TAGS.values()) == 586
    assert all(0x05 <= token < 0x40 for page in TAGS.values() for token in page)


def test_an_element_finds_what_stands_in_it() -> None:
    root = decode(SYNC)
    assert root.text("Collections", "Collection", "CollectionId") == "5"
    assert root.text("Collections", "Status") is None
    assert root.find("Collections", "AirSync:Collection", "SyncKey") == air("SyncKey", "0")
    assert [element.tag for element in root.walk()] == [
        "AirSync:Sync",
        "AirSync:Collections",
        "AirSync:Collection",
        "AirSync:SyncKey",
        "AirSync:CollectionId",
    ]
    assert Element("ComposeMail:Mime", (b"abc", "d")).data() == b"abcd"


BROKEN = [
    (b"", "begins with nothing"),
    (b"\x03\x01\x6a\x01\x00\x05", "begins with 03 01 6a 01"),  # a string table
    (HEADER, "ends after 4 bytes"),
    (HEADER + b"\x45", "ends after 5 bytes"),
    (HEADER + b"\x45\x4b\x03\x30\x00\x01", "ends after 10 bytes"),
    (HEADER + b"\x45\x4b\x03\x30", "a text without an end"),
    (HEADER + b"\x45\x03\xff\x00\x01", "not UTF-8"),
    (HEADER + b"\x01", "nothing is open"),
    (HEADER + b"\x05\x01", "1 bytes behind the root"),
    (HEADER + b"\x03\x30\x00", "outside of the root"),
    (HEADER + b"\x00\x03\x05", "there is no page 3"),
    (HEADER + b"\x00\x1a\x05", "there is no page 26"),
    (HEADER + b"\x11", "page 0 has no token 0x11"),
    (HEADER + b"\x45\x04\x01", "no token 0x04"),  # a literal
    (HEADER + b"\x45\x02\x20\x01", "no token 0x02"),  # an entity
    (HEADER + b"\x85\x01", "token 0x85"),  # attributes
    (HEADER + b"\x45\x83\x00\x01", "token 0x83"),  # a string of the table
    (HEADER + b"\x45\xc3\x05abc\x01", "5 bytes of data are promised"),
    (HEADER + b"\x45\xc3\xff\xff\xff\xff\xff\x01", "more than 32 bits"),
    (HEADER + b"\x45" * 65 + b"\x01" * 65, "nested more than 64"),
]


@pytest.mark.parametrize(("document", "complaint"), BROKEN, ids=lambda each: str(each)[:40])
def test_a_broken_document_is_refused_with_what_is_wrong(document: bytes, complaint: str) -> None:
    with pytest.raises(WireError, match=complaint):
        decode(document)


UNWRITABLE = [
    (Element("AirSync:Nothing"), "no page has this tag"),
    (air("Status", "a\0b"), "NUL"),
    (air("Status", "\ud800"), "UTF-8 cannot hold"),
]


@pytest.mark.parametrize(("element", "complaint"), UNWRITABLE)
def test_what_the_wire_cannot_hold_is_not_written(element: Element, complaint: str) -> None:
    with pytest.raises(WireError, match=complaint):
        encode(element)


def test_too_deep_a_nesting_is_not_written() -> None:
    element = air("Status", "1")
    for _ in range(64):
        element = air("Sync", element)
    with pytest.raises(WireError, match="nested"):
        encode(element)


# Properties -------------------------------------------------------------------------------------

TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=12)
CONTENTS = st.none() | st.lists(TEXTS | st.binary(max_size=300), max_size=3).map(tuple)
LEAVES = st.builds(Element, st.sampled_from(sorted(TOKENS)), CONTENTS)
TREES = st.recursive(
    LEAVES,
    lambda inner: st.builds(
        Element,
        st.sampled_from(sorted(TOKENS)),
        st.lists(inner | TEXTS | st.binary(max_size=9), max_size=4).map(tuple),
    ),
    max_leaves=12,
)


@given(TREES)
def test_what_was_written_is_read_again(tree: Element) -> None:
    assert decode(encode(tree)) == tree


@given(TREES, st.data())
def test_every_truncation_is_refused(tree: Element, data: st.DataObject) -> None:
    document = encode(tree)
    with pytest.raises(WireError):
        decode(document[: data.draw(st.integers(0, len(document) - 1))])


@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused(noise: bytes) -> None:
    for document in (noise, HEADER + noise):
        try:
            tree = decode(document)
        except WireError:
            continue
        assert decode(encode(tree)) == tree


@given(st.sampled_from(dialogue_documents()), st.data())
def test_a_changed_byte_is_read_or_refused(document: bytes, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(document) - 1))
    changed = document[:at] + data.draw(st.binary(min_size=1, max_size=1)) + document[at + 1 :]
    try:
        decode(changed)
    except WireError:
        return
