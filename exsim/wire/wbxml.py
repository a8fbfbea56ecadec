"""WBXML as ActiveSync speaks it: a document to bytes and back (MS-ASWBXML, WBXML 1.3).

What ActiveSync never uses is refused: string tables, entities, literal tags, attributes, processing
instructions.  Strict in both directions: whatever `decode` accepts, `encode` writes again byte for byte,
as long as its writer switched pages only where it had to and counted lengths in the fewest bytes.

    page = tags("FolderHierarchy")
    encode(page("FolderSync", page("SyncKey", "0")))
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from exsim.wire.errors import WireError
from exsim.wire.wbxml_pages import TAGS, TOKENS

HEADER = b"\x03\x01\x6a\x00"  # WBXML 1.3, public id unknown, UTF-8, no string table
SWITCH_PAGE, END, STR_I, OPAQUE = 0x00, 0x01, 0x03, 0xC3
CONTENT, ATTRIBUTES = 0x40, 0x80  # bits of a tag's token
DEEPEST = 64  # elements within elements; the deepest real document has about ten

Content = tuple["Element | str | bytes", ...]


@dataclass(frozen=True, slots=True)
class Element:
    """One element: `tag` with its namespace ("AirSync:Sync") and what stands in it.

    `content` holds elements, text (str) and opaque data (bytes).  None: the tag was written without
    content; an empty tuple: with a content that is empty, which is another byte on the wire.
    """

    tag: str
    content: Content | None = None

    def __iter__(self) -> Iterator[Element]:
        """The elements directly within."""
        return (part for part in self.content or () if isinstance(part, Element))

    def all(self, name: str) -> list[Element]:
        """The elements directly within, of the same namespace unless `name` brings its own."""
        wanted = name if ":" in name else f"{self.tag.partition(':')[0]}:{name}"
        return [element for element in self if element.tag == wanted]

    def find(self, *path: str) -> Element | None:
        """The first element at the end of `path`, step by step from here; None without one."""
        here: Element | None = self
        for name in path:
            here = next(iter(here.all(name)), None) if here is not None else None
        return here

    def text(self, *path: str) -> str | None:
        """The text of the first element at the end of `path`; None where there is no such element."""
        found = self.find(*path)
        if found is None:
            return None
        return "".join(part for part in found.content or () if isinstance(part, str))

    def data(self, *path: str) -> bytes | None:
        """Its opaque data and text as bytes; None where there is no such element."""
        found = self.find(*path)
        if found is None:
            return None
        parts = (part for part in found.content or () if not isinstance(part, Element))
        return b"".join(part.encode() if isinstance(part, str) else part for part in parts)

    def walk(self) -> Iterator[Element]:
        """This element and all within, in the order of the wire."""
        waiting = [self]
        while waiting:
            element = waiting.pop()
            yield element
            waiting.extend(reversed(list(element)))


def tags(namespace: str) -> Callable[..., Element]:
    """A maker of elements of one namespace: `page("Status", "1")`, `page("Get")`."""

    def make(name: str, *content: Element | str | bytes) -> Element:
        return Element(f"{namespace}:{name}", content or None)

    return make


def encode(root: Element) -> bytes:
    """The document.  WireError for a tag that no page has, a text with a NUL, or too deep a nesting."""
    written = bytearray(HEADER)
    page = 0
    waiting: list[Element | str | bytes | None] = [root]  # None: the end of an element
    depth = 0
    while waiting:
        part = waiting.pop()
        if part is None:
            depth -= 1
            written.append(END)
        elif isinstance(part, Element):
            page = _write_tag(written, part, page)
            if part.content is not None:
                depth += 1
                if depth > DEEPEST:
                    raise WireError(f"{part.tag}: nested more than {DEEPEST} deep")
                waiting.append(None)
                waiting.extend(reversed(part.content))
        elif isinstance(part, str):
            written += _string(part)
        else:
            written.append(OPAQUE)
            written += _length(len(part)) + part
    return bytes(written)


def _write_tag(written: bytearray, element: Element, page: int) -> int:
    """The tag, behind a switch of pages where one is needed; the page that holds then."""
    known = TOKENS.get(element.tag)
    if known is None:
        raise WireError(f"{element.tag}: no page has this tag")
    number, token = known
    if number != page:
        written += bytes((SWITCH_PAGE, number))
    written.append(token | CONTENT if element.content is not None else token)
    return number


def _string(text: str) -> bytes:
    try:
        encoded = text.encode()
    except UnicodeEncodeError as error:
        raise WireError("a text that UTF-8 cannot hold") from error
    if b"\0" in encoded:
        raise WireError("a text with a NUL in it, which would end it")
    return bytes((STR_I,)) + encoded + b"\0"


def _length(number: int) -> bytes:
    """`number` as mb_u_int32: seven bits a byte, the highest first."""
    digits = [number & 0x7F]
    while number := number >> 7:
        digits.append(number & 0x7F | 0x80)
    return bytes(reversed(digits))


def decode(document: bytes) -> Element:
    """The root element of `document`.  WireError for whatever is not one whole, known document."""
    if document[:4] != HEADER:
        raise WireError(f"begins with {document[:4].hex(' ') or 'nothing'}, not with 03 01 6a 00")
    return _Reader(document, len(HEADER)).root()


class _Reader:
    """A place in a document."""

    def __init__(self, document: bytes, at: int) -> None:
        self._document = document
        self._at = at
        self._page = 0

    def root(self) -> Element:
        # Open elements and what they hold so far; the first entry is the document itself.
        open_: list[tuple[str, list[Element | str | bytes]]] = [("", [])]
        while True:
            token = self._byte()
            inside = open_[-1][1]
            if token == SWITCH_PAGE:
                self._switch()
            elif token == END:
                if len(open_) == 1:
                    raise WireError(f"byte {self._at - 1}: an end, and nothing is open")
                tag, content = open_.pop()
                open_[-1][1].append(Element(tag, tuple(content)))
            elif token in (STR_I, OPAQUE):
                if len(open_) == 1:
                    raise WireError(f"byte {self._at - 1}: text outside of the root element")
                inside.append(self._string() if token == STR_I else self._opaque())
            else:
                tag = self._tag(token)
                if token & CONTENT:
                    if len(open_) > DEEPEST:
                        raise WireError(f"byte {self._at - 1}: nested more than {DEEPEST} deep")
                    open_.append((tag, []))
                else:
                    inside.append(Element(tag))
            if len(open_) == 1 and open_[0][1]:
                return self._whole(open_[0][1][0])

    def _whole(self, root: Element | str | bytes) -> Element:
        if self._at != len(self._document):
            raise WireError(f"{len(self._document) - self._at} bytes behind the root element")
        assert isinstance(root, Element)
        return root

    def _byte(self) -> int:
        if self._at >= len(self._document):
            raise WireError(f"ends after {len(self._document)} bytes, within an element")
        self._at += 1
        return self._document[self._at - 1]

    def _switch(self) -> None:
        page = self._byte()
        if page not in TAGS:
            raise WireError(f"byte {self._at - 1}: there is no page {page}")
        self._page = page

    def _tag(self, token: int) -> str:
        if token & ATTRIBUTES:
            raise WireError(f"byte {self._at - 1}: token 0x{token:02x} is not of ActiveSync")
        tag = TAGS[self._page].get(token & ~CONTENT)
        if tag is None:
            raise WireError(f"byte {self._at - 1}: page {self._page} has no token 0x{token:02x}")
        return tag

    def _string(self) -> str:
        end = self._document.find(b"\0", self._at)
        if end < 0:
            raise WireError(f"byte {self._at}: a text without an end")
        text, self._at = self._document[self._at : end], end + 1
        try:
            return text.decode()
        except UnicodeDecodeError as error:
            raise WireError(f"byte {self._at}: a text that is not UTF-8") from error

    def _opaque(self) -> bytes:
        length = 0
        for _ in range(5):
            digit = self._byte()
            length = length << 7 | digit & 0x7F
            if not digit & 0x80:
                break
        else:
            raise WireError(f"byte {self._at}: a length of more than 32 bits")
        if length > len(self._document) - self._at:
            raise WireError(f"byte {self._at}: {length} bytes of data are promised, fewer came")
        self._at += length
        return self._document[self._at - length : self._at]
