"""All texts of a PDF: what its pages show, and whatever its objects hold (metadata, links, attachments, a signature).

The pages are read by PDFium. The objects are not interpreted: every stream is decompressed, and strings are taken from it
and from the file by their syntax (ISO 32000-1, section 7.3.4), so that nothing is passed over because no reader would show
it.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator

_STREAM = re.compile(rb"stream\r?\n(.*?)\r?\n?endstream", re.DOTALL)
_HEX_STRING = re.compile(rb"<([0-9A-Fa-f\s]{8,})>")
_ESCAPE = re.compile(rb"\\([0-7]{1,3}|\r?\n|.)", re.DOTALL)
_UTF16 = b"\xfe\xff"
# Of a decompressed stream; those of a report have a few megabytes.
_MOST = 1 << 28


def texts(data: bytes) -> Iterator[tuple[str, str | bytes]]:
    """(place, text or bytes) of everything in a PDF.

    Raises:
        ValueError: It is not a PDF that can be read.
    """
    yield from _pages(data)
    yield from _strings("its objects", data)
    for number, match in enumerate(_STREAM.finditer(data), 1):
        place = f"stream {number}"
        try:
            inside = zlib.decompressobj().decompress(match[1], _MOST)
        except zlib.error:
            continue  # in the clear, or not of this kind: its bytes are looked at with the file's
        yield place, inside
        yield from _strings(place, inside)


def _pages(data: bytes) -> Iterator[tuple[str, str]]:
    import pypdfium2

    try:
        document = pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError as error:
        raise ValueError(str(error)) from None
    try:
        for number in range(len(document)):
            page = document[number]
            text = page.get_textpage()
            yield f"page {number + 1}", text.get_text_bounded()
            text.close()
            page.close()
    finally:
        document.close()


def _strings(place: str, data: bytes) -> Iterator[tuple[str, str | bytes]]:
    """Hexadecimal strings, and literal ones with their escapes resolved."""
    decoded = []
    for match in _HEX_STRING.finditer(data):
        digits = b"".join(match[1].split())
        raw = bytes.fromhex((digits + b"0" * (len(digits) % 2)).decode("ascii"))
        if raw.startswith(_UTF16):
            decoded.append(raw.decode("utf-16", "replace"))
        else:
            yield place, raw
    plain = _ESCAPE.sub(_resolved, data)
    decoded += [part.decode("utf-16-be", "ignore") for part in plain.split(_UTF16)[1:]]
    yield place, "\n".join(decoded)
    if plain != data:
        yield place, plain


def _resolved(match: re.Match[bytes]) -> bytes:
    found = match[1]
    if found[:1] in b"01234567":
        return bytes([int(found, 8) & 0xFF])
    return b"" if found.endswith(b"\n") else found
