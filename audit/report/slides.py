"""Slides for a talk: a deck of 16:9 pages, and each claim's slide as a PDF and a PNG of its own.

They are rendered from audit.json like the reports, but do not belong to the package: whoever doubts a slide opens the report.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from audit._util.file_names import name_of
from audit._util.folders import remove, write_folder
from audit.errors import InputError
from audit.report.editions import Edition, Page
from audit.report.language import Language

if TYPE_CHECKING:
    from audit.schema import AuditDocument

FOLDER = "slides"
# Pixels for each point: a page of 960 by 540 points becomes 1,920 by 1,080 pixels.
_SCALE = 2


def slides(audit: AuditDocument, language: Language = Language.ENGLISH) -> Iterator[tuple[str, bytes]]:
    """The files of the folder `slides`: the deck, then a PDF (PDF/A-3a, PDF/UA-1) and a PNG of each claim.

    Args:
        audit: The document.
        language: The language of its sentences.

    Yields:
        A file's name and its bytes: `slides.pdf`, `01-CLAIM.pdf`, `01-CLAIM.png`, ..., in the audit's order.

    Raises:
        MissingError: A layout library is not installed.
    """
    # A run without slides asks for the folder's name alone.
    from audit.report.page import render_slides
    from audit.report.pdf import lay_out, render_pdf

    yield Edition.SLIDES.value, render_pdf(audit, Edition.SLIDES, language)
    wide = len(str(len(audit.claims)))
    pages = render_slides(audit, language)
    for number, (claim, html) in enumerate(zip(audit.claims, pages, strict=True), 1):
        name = name_of(f"{number:0{max(wide, 2)}}-{claim.id}")
        pdf = lay_out(Page(html, b"", audit.source_date_epoch, language))
        yield f"{name}.pdf", pdf
        yield f"{name}.png", _png(pdf)


def write_slides(files: Iterable[tuple[str, bytes]], out: Path) -> Path:
    """Write slides into `out/slides`, which is replaced as a whole, and return that folder.

    Raises:
        InputError: The folder holds something else, or cannot be written.
    """
    folder = out / FOLDER
    if folder.exists() and not _ours(folder):
        raise InputError(
            "holds something else than slides", where=str(folder), fix="Move it, or give --out another folder."
        )
    try:
        out.mkdir(parents=True, exist_ok=True)
        write_folder(files, folder)
    except OSError as error:
        raise InputError(
            f"cannot be written ({error.strerror})", where=str(folder), fix="Give --out another folder."
        ) from error
    return folder


def remove_slides(out: Path) -> None:
    """Remove the slides of an earlier run, which would show other values.

    Raises:
        OSError: They cannot be removed.
    """
    if _ours(out / FOLDER):
        remove(out / FOLDER)


def _ours(folder: Path) -> bool:
    return (folder / Edition.SLIDES.value).is_file() or (folder.is_dir() and not any(folder.iterdir()))


def _png(pdf: bytes) -> bytes:
    """The first page of a PDF as pixels."""
    import pypdfium2

    with pypdfium2.PdfDocument(pdf) as document:
        image = document[0].render(scale=_SCALE).to_pil()
    written = io.BytesIO()
    image.convert("RGB").save(written, "PNG", optimize=False)
    return written.getvalue()
