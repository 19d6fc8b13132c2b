"""The cache of rendered PDFs: the same bytes, and never those of another document or of other surroundings."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from audit.report import pdf_cache
from audit.report.editions import Edition
from audit.report.language import Language
from audit.report.pdf_cache import cached_pdf as begun_pdf


class Renderer:
    """Counts how often it renders."""

    def __init__(self, made: bytes = b"%PDF") -> None:
        self.made, self.calls = made, 0

    def __call__(self) -> Callable[[], bytes]:
        def wait() -> bytes:
            self.calls += 1
            return self.made

        return wait


def cached_pdf(
    folder: Path | None,
    document: bytes,
    render: Renderer,
    language: Language = Language.ENGLISH,
    edition: Edition = Edition.REPORT,
) -> bytes:
    return begun_pdf(folder, document, edition, language, render)()


def test_a_document_is_rendered_once(tmp_path: Path) -> None:
    render = Renderer()
    assert cached_pdf(tmp_path, b"{}", render) == cached_pdf(tmp_path, b"{}", render) == b"%PDF"
    assert render.calls == 1


def test_without_a_folder_nothing_is_kept() -> None:
    render = Renderer()
    assert cached_pdf(None, b"{}", render) == cached_pdf(None, b"{}", render) == b"%PDF"
    assert render.calls == 2


def test_another_document_is_another_entry(tmp_path: Path) -> None:
    assert cached_pdf(tmp_path, b"{}", Renderer(b"one")) == b"one"
    assert cached_pdf(tmp_path, b"[]", Renderer(b"two")) == b"two"


def test_another_language_is_another_entry(tmp_path: Path) -> None:
    assert cached_pdf(tmp_path, b"{}", Renderer(b"one")) == b"one"
    assert cached_pdf(tmp_path, b"{}", Renderer(b"two"), Language.KOREAN) == b"two"


def test_another_edition_is_another_entry(tmp_path: Path) -> None:
    assert cached_pdf(tmp_path, b"{}", Renderer(b"one")) == b"one"
    assert cached_pdf(tmp_path, b"{}", Renderer(b"two"), edition=Edition.ANNEX) == b"two"


@pytest.mark.parametrize("what", ["_fonts", "_library_version", "version"])
def test_other_fonts_or_libraries_are_another_entry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str) -> None:
    assert cached_pdf(tmp_path, b"{}", Renderer(b"one")) == b"one"
    other = b"another font" if what == "_fonts" else "9.9"
    monkeypatch.setattr(pdf_cache, what, lambda *_: other)
    assert cached_pdf(tmp_path, b"{}", Renderer(b"two")) == b"two"


def test_other_templates_or_code_are_another_entry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = tmp_path / "root"
    for name in ("templates/a.j2", "audit/report/b.py"):
        (root / name).parent.mkdir(parents=True)
        (root / name).write_text("before")
    monkeypatch.setattr(pdf_cache, "ROOT", root)
    monkeypatch.setattr(pdf_cache, "TEMPLATES", root / "templates")
    seen = [cached_pdf(tmp_path / "cache", b"{}", Renderer(b"first"))]
    for number, name in enumerate(("templates/a.j2", "audit/report/b.py")):
        (root / name).write_text("after")
        seen.append(cached_pdf(tmp_path / "cache", b"{}", Renderer(b"%d" % number)))
    assert seen == [b"first", b"0", b"1"]


@pytest.mark.parametrize("damage", [b"", b"short", None])
def test_a_damaged_entry_is_no_entry(tmp_path: Path, damage: bytes | None) -> None:
    cached_pdf(tmp_path, b"{}", Renderer(b"right"))
    (entry,) = tmp_path.iterdir()
    raw = entry.read_bytes()
    entry.write_bytes(raw[:-1] + b"x" if damage is None else damage)
    assert cached_pdf(tmp_path, b"{}", Renderer(b"again")) == b"again"


def test_a_folder_that_cannot_be_written_to_is_done_without(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert cached_pdf(tmp_path / "file", b"{}", Renderer()) == b"%PDF"


def test_old_entries_go(tmp_path: Path) -> None:
    for number in range(pdf_cache._KEPT + 3):
        cached_pdf(tmp_path, str(number).encode(), Renderer())
        for age, path in enumerate(tmp_path.iterdir()):
            os.utime(path, (age, age))
    assert len(list(tmp_path.iterdir())) == pdf_cache._KEPT
