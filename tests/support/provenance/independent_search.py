"""A search of files for spellings that shares nothing with the program's: pypdf for PDFs, zipfile for archives, plain `in`."""

from __future__ import annotations

import base64
import html
import io
import json
import re
import unicodedata
import zipfile
from collections.abc import Iterator, Mapping, Sequence

import pypdf


def found(files: Mapping[str, bytes], spellings: Sequence[str]) -> list[tuple[str, str]]:
    """(file, spelling) for every spelling that is somewhere in a file, whatever stands between its words."""
    hits = []
    for name, data in files.items():
        for text in texts(name, data):
            plain = _plain(text)
            tight = re.sub(r"[^0-9a-z]", "", plain)
            for spelling in spellings:
                letters = re.sub(r"[^0-9a-z]", "", spelling)
                if spelling in plain or (len(letters) >= 7 and letters in tight):
                    hits.append((name, spelling))
    return sorted(set(hits))


def texts(name: str, data: bytes) -> Iterator[str]:
    """Every text of a file: as it is, behind markup and base64, and inside PDFs and archives."""
    yield name
    if b"\0" in data or data.startswith((b"%PDF-", b"PK")):
        yield _printable(data)
    else:
        yield data.decode("utf-8", "replace")
        yield data.decode("latin-1")
    if data.startswith(b"%PDF-"):
        yield from _of_pdf(data)
    if data.startswith(b"PK"):
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            yield archive.comment.decode("latin-1")
            for entry in archive.infolist():
                yield entry.comment.decode("latin-1") + repr(entry.extra)
                yield from texts(entry.filename, archive.read(entry))
    if name.endswith(".html"):
        yield html.unescape(re.sub(r"<[^>]*>", "", data.decode("utf-8")))
        yield from (match for match in re.findall(r'(?:id|href)="([^"]*)"', data.decode("utf-8")))
    if name.endswith(".sigstore.json"):
        yield base64.b64decode(json.loads(data)["dsseEnvelope"]["payload"]).decode()
    if name.endswith(".pem"):
        yield base64.b64decode("".join(data.decode("ascii").split("-----")[2].split())).decode("latin-1")


def _of_pdf(data: bytes) -> Iterator[str]:
    reader = pypdf.PdfReader(io.BytesIO(data))
    for page in reader.pages:
        yield page.extract_text()
        yield repr(page.get("/Annots"))
    yield repr(reader.metadata)
    yield repr(reader.outline)
    for name, contents in reader.attachments.items():
        for inner in contents:
            yield from texts(name, inner)
    for number in range(1, len(reader.xref[0]) if 0 in reader.xref else 1):
        item = reader.get_object(number)
        if isinstance(item, pypdf.generic.StreamObject):
            contents = item.get_data()
            yield _printable(contents) if b"\0" in contents else contents.decode("latin-1")
        yield repr(item)


def _printable(data: bytes) -> str:
    """Runs of eight and more printable characters: in a megabyte of compressed bytes are any four letters."""
    return "\n".join(run.decode("ascii") for run in re.findall(rb"[ -~]{8,}", data))


def _plain(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text)
    return "".join(c for c in decomposed if not unicodedata.combining(c)).casefold()
