"""A cache of rendered PDFs on disk, so that an unchanged audit is not laid out again.

Content-addressed: the name of an entry is a hash of audit.json, the edition, and everything else that determines the PDF:
templates, report code, layout libraries with their versions, fonts, language. It can be deleted at any time; damaged entries
are ignored.
"""

from __future__ import annotations

import contextlib
import ctypes
import ctypes.util
import hashlib
import os
import shutil
import subprocess
import sys
import zlib
from collections.abc import Callable, Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from audit._util.files import write_atomic
from audit._util.paths import ROOT, TEMPLATES
from audit.report.editions import Edition
from audit.report.language import Language

_FORMAT = b"repro-audit/pdf/2"
# PDFs, of which an audit has several.
_KEPT = 24
_PACKAGES = ("weasyprint", "pydyf", "fonttools", "tinyhtml5", "tinycss2", "cssselect2", "pyphen", "pillow", "jinja2",
             "markupsafe", "brotli", "zopfli", "cffi")  # fmt: skip
# Library -> the function that returns its version as text; None to use the file name instead.
_LIBRARIES = {"pango-1.0": "pango_version_string", "harfbuzz": "hb_version_string", "harfbuzz-subset": None}
# Environment variables that fontconfig and Pango read.
_VARIABLES = ("LANG", "LC_ALL", "LC_CTYPE", "PANGO_LANGUAGE", "FONTCONFIG_FILE", "FONTCONFIG_PATH", "XDG_DATA_HOME")


def cached_pdf(
    folder: Path | None,
    document: bytes,
    edition: Edition,
    language: Language,
    begin: Callable[[], Callable[[], bytes]],
) -> Callable[[], bytes]:
    """A function that returns a PDF of a document, from the cache or laid out and then cached.

    Args:
        folder: The folder of the cache; None to disable it.
        document: The bytes of audit.json.
        edition: Which of its PDFs.
        language: In which language.
        begin: Begins to lay it out, and returns a function that waits for the PDF.
    """
    if folder is None:
        return begin()
    path = folder / f"{_key(document, edition, language)}.pdf"
    known = _read(path)
    if known is not None:
        return lambda: known
    wait = begin()

    def keep() -> bytes:
        made = wait()
        # An unwritable cache is not an error: the PDF is just rendered again next time.
        with contextlib.suppress(OSError):
            write_atomic(path, hashlib.sha256(made).digest() + made)
            oldest_first = sorted(folder.glob("*.pdf"), key=lambda item: item.stat().st_mtime_ns)
            for old in oldest_first[:-_KEPT]:
                old.unlink()
        return made

    return keep


def _read(path: Path) -> bytes | None:
    try:
        raw = path.read_bytes()
    except OSError:
        return None
    return raw[32:] if hashlib.sha256(raw[32:]).digest() == raw[:32] else None


def _key(document: bytes, edition: Edition, language: Language) -> str:
    total = hashlib.sha256(_FORMAT)
    for part in (document, edition.encode(), language.encode(), *_surroundings()):
        total.update(len(part).to_bytes(8, "big") + part)
    return total.hexdigest()


def _surroundings() -> Iterator[bytes]:
    """What determines the bytes of the PDF, besides the document."""
    for folder, pattern in ((TEMPLATES, "**/*"), (ROOT / "audit", "**/*.py")):
        for path in sorted(item for item in folder.glob(pattern) if item.is_file()):
            yield path.relative_to(ROOT).as_posix().encode()
            yield path.read_bytes()
    yield f"{sys.version} zlib {zlib.ZLIB_RUNTIME_VERSION}".encode()
    for name in _PACKAGES:
        with contextlib.suppress(PackageNotFoundError):
            yield f"{name} {version(name)}".encode()
    for name, function in _LIBRARIES.items():
        yield f"{name} {_library_version(name, function)}".encode()
    for name in _VARIABLES:
        yield f"{name}={os.environ.get(name, '')}".encode()
    yield _fonts()


def _library_version(name: str, function: str | None) -> str:
    file = ctypes.util.find_library(name)
    if file is None or function is None:
        return str(file)
    ask = getattr(ctypes.CDLL(file), function)
    ask.restype = ctypes.c_char_p
    return str(ask().decode())


def _fonts() -> bytes:
    """All fonts that fontconfig knows, with file and version, in a fixed order."""
    program = shutil.which("fc-list")
    if program is None:
        return b""
    listed = subprocess.run(
        [program, "--format", "%{file} %{fontversion} %{family} %{style}\n"],
        capture_output=True,
        check=False,
        timeout=60,
    ).stdout
    return b"\n".join(sorted(listed.splitlines()))
