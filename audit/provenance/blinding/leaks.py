"""The last look: no file of a blind package may hold an identity, in any spelling, in whatever it is wrapped.

It searches what `Names` has replaced more widely than `Names` replaces: without regard to case, accents and what stands
between words, within longer words, in the texts behind markup, escapes, base64 and compression, in the objects of PDFs, and
in names of files.
"""

from __future__ import annotations

import base64
import binascii
import html
import re
import unicodedata
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from urllib.parse import unquote

from audit.errors import InputError
from audit.provenance.blinding import pdf_texts
from audit.provenance.blinding.names import Identity

_WORDS = re.compile(r"[^\W_]+")
_TAG = re.compile(r"<[^<>]{0,2000}>")
_ESCAPED = re.compile(r"\\u([0-9a-fA-F]{4})|\\([\\/_&%#${}-])")
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{40,}={0,2}")
_DIGEST = re.compile("[0-9a-f]+")
_HEX = re.compile(r"(?<![0-9a-z])[0-9a-f]{7,64}(?![0-9a-z])")
# Letters of ASCII; in the name of a file digits and underscores count, too.
_INSIDE, _INSIDE_FILE = re.compile("[a-z]"), re.compile(r"\w")
_MARKS = re.compile("[\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\u3099\u309a\ufe20-\ufe2f]")
_LITERAL = frozenset({"file", "file-name", "path", "remote"})
_ASCII = bytes(byte if byte < 0x80 else 0x20 for byte in range(256))
# In many compressed bytes any four letters stand somewhere by chance, but hardly eight printable characters in a row.
_SMALL = 4096
_RUN = re.compile(rb"[ -~]{8,}")
_PNG = b"\x89PNG\r\n\x1a\n"
# How a zlib stream begins.
_COMPRESSED = re.compile(rb"\x78[\x01\x5e\x9c\xda]")
_HOME = re.compile(r"(?:/home/|/Users/|[A-Za-z]:\\{1,2}Users\\{1,2})[\w.-]+")
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u2060\ufeff\u202a-\u202e\u2066-\u2069]")
# Fonts hold no names of teams, and their bytes hold everything.
_FONTS = (b"wOF2", b"wOFF", b"\x00\x01\x00\x00", b"OTTO", b"true")
_DEPTH = 3
# The shortest prefix of a commit that counts as one.
_COMMIT = 7
# Characters of a text around what was found.
_AROUND = 30


@dataclass(frozen=True, slots=True)
class Leak:
    """An identity in a file.

    Attributes:
        file: Its name in the package.
        place: Where in it.
        identity: What was found.
        around: The text around it.
    """

    file: str
    place: str
    identity: Identity
    around: str


class Search:
    """The search for a set of identities."""

    def __init__(self, identities: Iterable[Identity]) -> None:
        self.identities = tuple(dict.fromkeys(identities))

    @cached_property
    def _needles(self) -> tuple[tuple[Identity, tuple[str, ...], tuple[re.Pattern[str], ...]], ...]:
        """For each identity the texts that every spelling has, and patterns for normal texts."""
        found = []
        for one in self.identities:
            words = _WORDS.findall(normal(one.value))
            if one.kind != "commit" and words:
                whole = one.kind in _LITERAL
                hints = (normal(one.value).rstrip("/"),) if whole else tuple(sorted(set(words), key=len, reverse=True))
                if one.kind == "person" and len(words) > 1:
                    hints = ()  # an initial may stand for a word
                found.append((one, hints, tuple(map(re.compile, _patterns(one, words)))))
        return tuple(found)

    @cached_property
    def _capitals(self) -> tuple[tuple[Identity, re.Pattern[str]], ...]:
        """Single words inside others: `TeamHUFS`, and letters with stops: `H. U. F. S.`."""
        found = []
        for one in self.identities:
            if one.kind in {"record", "acronym", "owner", "given", "host", "user"} and one.value.isalpha():
                forms = {re.escape(form) for form in (one.value.upper(), one.value.capitalize())}
                spelt = r"[.\s]{1,2}".join(one.value.upper())
                parts = f"(?<=[a-z])(?:{'|'.join(sorted(forms))})(?![a-z])|(?<![A-Za-z.]){spelt}(?![A-Za-z])"
                found.append((one, re.compile(parts)))
        return tuple(found)

    def in_files(self, files: Mapping[str, bytes]) -> list[Leak]:
        """Every identity that is in a file or its name, once for each file, the first place of each."""
        found: dict[tuple[str, Identity], Leak] = {}
        for name in sorted(files):
            for place, text in _texts(name, files[name]):
                for one, around in self.in_text(text):
                    found.setdefault((name, one), Leak(name, place, one, around))
        return list(found.values())

    def in_text(self, text: str) -> Iterator[tuple[Identity, str]]:
        """The identities in a text, with the text around each."""
        plain = normal(text)
        # Patterns are tried only on texts that have all their words: texts are long, and nearly all have none.
        for one, hints, patterns in self._needles:
            if all(hint in plain for hint in hints):
                match = next(
                    (found for pattern in patterns for found in pattern.finditer(plain) if _alone(one, found)), None
                )
                if match is not None:
                    yield one, _around(plain, match)
        letters = plain.replace(".", "").replace(" ", "") if self._capitals else ""
        for one, pattern in self._capitals:
            if normal(one.value) in letters:
                match = pattern.search(text)
                if match is not None:
                    yield one, _around(text, match)
        for one in self.identities:
            if one.kind == "commit" and one.value[:_COMMIT] in plain:
                for match in _HEX.finditer(plain):
                    if one.value.startswith(match[0]):
                        yield one, _around(plain, match)
        if "/home/" in plain or "users" in plain:
            match = _HOME.search(text)
            if match is not None:
                yield Identity("path", match[0], "path"), _around(text, match)


def normal(text: str) -> str:
    """A text without case, accents, compatibility forms and invisible characters."""
    if text.isascii():
        return text.casefold()
    return _MARKS.sub("", unicodedata.normalize("NFKD", _INVISIBLE.sub("", text))).casefold()


def _patterns(one: Identity, words: list[str]) -> list[str]:
    """Patterns of an identity's spellings in normal texts; each begins with plain letters, which makes the search fast."""
    if one.kind in _LITERAL:
        return [re.escape(normal(one.value).rstrip("/"))]
    gap = r"[\W_]?" if one.kind in {"repository", "repository-name"} else r"[\W_]{0,12}"
    orders = {tuple(words)}
    if one.kind != "person" or len(words) == 1:
        return [gap.join(map(re.escape, words))]
    orders |= {(words[-1], *words[:-1]), (*words[1:], words[0])}
    found = [gap.join(map(re.escape, order)) for order in sorted(orders)]
    for given, family in ((words[0], words[-1]), (words[-1], words[0])):
        initial, name = re.escape(given[0]), re.escape(family)
        found += [rf"{initial}\.[\W_]{{0,2}}{name}", rf"{name},\s{{0,2}}{initial}\."]
    return found


def _alone(one: Identity, match: re.Match[str]) -> bool:
    """Whether no letter beside it makes another word. Digits and underscores may; a particle may follow a Korean name."""
    if one.kind in {"path", "remote"}:
        return True
    text, first, last = match.string, match.start(), match.end()
    inside = _INSIDE_FILE if one.kind in _LITERAL else _INSIDE
    return not (inside.match(text, first - 1) if first else None) and not inside.match(text, last)


def _around(text: str, match: re.Match[str]) -> str:
    return " ".join(text[max(0, match.start() - _AROUND) : match.end() + _AROUND].split())


def _texts(name: str, data: bytes) -> Iterator[tuple[str, str]]:
    """(place, text) of everything that can be read in a file."""
    yield "its name", name
    if data.startswith(b"%PDF-"):
        try:
            for place, found in pdf_texts.texts(data):
                yield from _wrapped(place, found, _DEPTH)
        except ValueError as error:
            raise InputError(f"cannot be searched for identities ({error})", where=name) from None
    yield from _wrapped("", data, _DEPTH)


def _wrapped(place: str, data: str | bytes, depth: int) -> Iterator[tuple[str, str]]:
    """A text, and the texts that are wrapped in it."""
    if isinstance(data, bytes):
        if data.startswith(_FONTS):
            return
        try:
            text = data.decode("utf-8")
        except UnicodeDecodeError:
            few = len(data) <= _SMALL
            runs = data.translate(_ASCII) if few else b"\n".join(_RUN.findall(data))
            yield place or "its bytes", runs.decode("ascii")
            if data.startswith(_PNG):
                yield from ((place or "its bytes", text) for text in _notes_of_png(data))
            for encoding in ("utf-16-be", "utf-16-le"):
                yield place or "its bytes", data.decode(encoding, "ignore")
            return
    else:
        text = data
    yield place or "its text", text
    for derived in _derived(text):
        yield place or "its text", derived
    if depth:
        for match in _BASE64.finditer(text):
            decoded = b"" if _DIGEST.fullmatch(match[0]) else _decoded(match[0])
            if decoded:
                yield from _wrapped(f"base64 in {place or 'its text'}", decoded, depth - 1)


def _notes_of_png(data: bytes) -> Iterator[str]:
    """The texts that a PNG carries beside its pixels; none behind a broken chunk."""
    at = len(_PNG)
    while at + 8 <= len(data):
        size, kind = int.from_bytes(data[at : at + 4]), data[at + 4 : at + 8]
        content = data[at + 8 : at + 8 + size]
        if kind in {b"tEXt", b"iTXt", b"zTXt", b"eXIf"}:
            yield content.translate(_ASCII).decode("ascii")
            for start in (match.end() for match in _COMPRESSED.finditer(content)):
                with suppress(zlib.error):
                    yield zlib.decompressobj().decompress(content[start - 2 :], 1 << 20).decode("utf-8", "replace")
        at += size + 12


def _derived(text: str) -> Iterator[str]:
    """The text without markup and escapes, as a reader or a program sees it."""
    if "<" in text or "&" in text:
        yield html.unescape(_TAG.sub("", text))
        yield html.unescape(_TAG.sub(" ", text))
    if "%" in text:
        yield unquote(text)
    if "\\" in text:
        yield _ESCAPED.sub(lambda match: chr(int(match[1], 16)) if match[1] else match[2], text)


def _decoded(run: str) -> bytes:
    """The bytes of a run of base64; empty if it is none."""
    text = run.replace("-", "+").replace("_", "/").rstrip("=")
    if len(text) % 4 == 1:
        text = text[:-1]
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        return b""
