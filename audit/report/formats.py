"""The files that are rendered from audit.json, by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from audit.errors import InputError
from audit.schema import AuditDocument

# Returns the bytes of the file; text is UTF-8.
Renderer: TypeAlias = Callable[[AuditDocument], bytes]


def _html(audit: AuditDocument) -> bytes:
    from audit.report.page import render

    return render(audit, paged=False).encode("utf-8")


def _pdf(audit: AuditDocument) -> bytes:
    from audit.report.pdf import render_pdf

    return render_pdf(audit)


def _tex(audit: AuditDocument) -> bytes:
    from audit.report.latex import render_tex

    return render_tex(audit).encode("utf-8")


def _csv(audit: AuditDocument) -> bytes:
    from audit.report.csv import render_csv

    return render_csv(audit).encode("utf-8")


PDF = "report.pdf"
RENDERERS: dict[str, Renderer] = {
    "report.html": _html,
    PDF: _pdf,
    "table.tex": _tex,
    "measurements.csv": _csv,
}
# The names of `--format`.
FORMATS = {"html": "report.html", "pdf": PDF, "tex": "table.tex", "csv": "measurements.csv"}


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
