"""The files that are rendered from audit.json, by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from audit.errors import InputError

# The bytes of the file; text is UTF-8.
Renderer: TypeAlias = Callable[[Mapping[str, Any]], bytes]


def _html(audit: Mapping[str, Any]) -> bytes:
    from audit.report.html import render_html

    return render_html(audit).encode("utf-8")


def _pdf(audit: Mapping[str, Any]) -> bytes:
    from audit.report.pdf import render_pdf

    return render_pdf(audit)


def _tex(audit: Mapping[str, Any]) -> bytes:
    from audit.report.latex import render_tex

    return render_tex(audit).encode("utf-8")


def _csv(audit: Mapping[str, Any]) -> bytes:
    from audit.report.csv import render_csv

    return render_csv(audit).encode("utf-8")


RENDERERS: dict[str, Renderer] = {
    "report.html": _html,
    "report.pdf": _pdf,
    "table.tex": _tex,
    "measurements.csv": _csv,
}
# The names of `--format`.
FORMATS = {"html": "report.html", "pdf": "report.pdf", "tex": "table.tex", "csv": "measurements.csv"}


def chosen_files(formats: str | None) -> tuple[str, ...]:
    """File names of the reports that `--format` asks for; all of them for None.

    Raises:
        InputError: A format is not known.
    """
    wanted = list(FORMATS) if formats is None else [name.strip() for name in formats.split(",")]
    for name in wanted:
        if name not in FORMATS:
            raise InputError(f"unknown format {name!r}", where="--format", fix=f"Use: {', '.join(FORMATS)}.")
    return tuple(FORMATS[name] for name in wanted)
