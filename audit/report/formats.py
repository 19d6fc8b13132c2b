"""The files that are rendered from audit.json, by name."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Protocol

from audit.errors import InputError
from audit.report.editions import Edition
from audit.report.language import Language

if TYPE_CHECKING:
    from audit.schema import AuditDocument


class Renderer(Protocol):
    """Returns the bytes of a file; text is UTF-8."""

    def __call__(self, audit: AuditDocument, language: Language = Language.ENGLISH) -> bytes:
        """The file of an audit in this language."""


def _page(edition: Edition) -> Renderer:
    def made(audit: AuditDocument, language: Language = Language.ENGLISH) -> bytes:
        from audit.report.page import render

        return render(audit, edition, language).encode("utf-8")

    return made


def _pdf(edition: Edition) -> Renderer:
    def made(audit: AuditDocument, language: Language = Language.ENGLISH) -> bytes:
        from audit.report.pdf import render_pdf

        return render_pdf(audit, edition, language)

    return made


def _tex(audit: AuditDocument, language: Language = Language.ENGLISH) -> bytes:
    from audit.report.latex import render_tex

    return render_tex(audit, language).encode("utf-8")


def _csv(audit: AuditDocument, language: Language = Language.ENGLISH) -> bytes:
    """Columns and codes for programs: the same in every language."""
    from audit.report.csv import render_csv

    del language
    return render_csv(audit).encode("utf-8")


# How report.html begins.
_HEAD = re.compile(rb'<!DOCTYPE html>\n<html lang="([a-z]+)">\n')


def language_of_page(page: bytes) -> Language | None:
    """The language that a report.html states at its beginning; None if it does not begin as a report in a known one."""
    found = _HEAD.match(page)
    code = found[1].decode("ascii") if found else ""
    return next((language for language in Language if language == code), None)


# In the order in which a run writes them: what is read first, first.
RENDERERS: dict[str, Renderer] = {
    Edition.ANSWERS.value: _page(Edition.ANSWERS),
    Edition.HTML.value: _page(Edition.HTML),
    Edition.REPORT.value: _pdf(Edition.REPORT),
    Edition.ANNEX.value: _pdf(Edition.ANNEX),
    "table.tex": _tex,
    "measurements.csv": _csv,
}
# The names of `--format`.
FORMATS = {
    "answers": Edition.ANSWERS.value,
    "html": Edition.HTML.value,
    "pdf": Edition.REPORT.value,
    "annex": Edition.ANNEX.value,
    "tex": "table.tex",
    "csv": "measurements.csv",
}
# Laid out by WeasyPrint, which takes time and needs libraries of the system.
LAID_OUT = frozenset(e.value for e in Edition if e.paged)


def chosen_files(formats: str | None) -> tuple[str, ...]:
    """File names of the reports selected by `--format`; all of them for None.

    Raises:
        InputError: Unknown format.
    """
    wanted = list(FORMATS) if formats is None else [name.strip() for name in formats.split(",")]
    for name in wanted:
        if name not in FORMATS:
            raise InputError(f"unknown format {name!r}", where="--format", fix=f"Use: {', '.join(FORMATS)}.")
    return tuple(FORMATS[name] for name in wanted)
