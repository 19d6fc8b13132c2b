"""Slides: one page and one picture for each claim, of the same size whatever its texts are."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path
from typing import Any

import pypdf
import pytest
from PIL import Image

from audit._util import canonical_json
from audit.report.language import Language
from audit.report.slides import slides
from audit.schema import AuditDocument
from tests.support.example_audit import build, document
from tests.support.paths import ROOT

pytestmark = pytest.mark.pdf


@pytest.fixture(scope="module")
def read() -> AuditDocument:
    return document(build())


@pytest.fixture
def sample(tmp_path: Path) -> Path:
    path = tmp_path / "audit.json"
    path.write_bytes(canonical_json.dumps(build()))
    return path


def _made(audit: AuditDocument, language: Language = Language.ENGLISH) -> dict[str, bytes]:
    return dict(slides(audit, language))


def _pages(pdf: bytes) -> list[Any]:
    return list(pypdf.PdfReader(io.BytesIO(pdf)).pages)


@pytest.mark.parametrize("language", list(Language))
def test_a_deck_and_a_pdf_and_a_picture_of_each_claim(read: AuditDocument, language: Language) -> None:
    files = _made(read, language)
    assert len(files) == 1 + 2 * len(read.claims)
    deck = _pages(files["slides.pdf"])
    assert len(deck) == 1 + len(read.claims)
    assert {round(float(page.mediabox.width / page.mediabox.height), 2) for page in deck} == {1.78}
    for number, claim in enumerate(read.claims, 1):
        (pdf,) = (data for name, data in files.items() if name.startswith(f"{number:02}-") and name.endswith(".pdf"))
        (png,) = (data for name, data in files.items() if name.startswith(f"{number:02}-") and name.endswith(".png"))
        (page,) = _pages(pdf)
        for text in (page.extract_text(), deck[number].extract_text()):
            assert claim.value in text
            assert f"{number + 1} / {len(read.claims) + 1}" in " ".join(text.split())
        picture = Image.open(io.BytesIO(png))
        assert picture.size == (1920, 1080)
        # Something is drawn on either half of a claim with several values, and on the left one of any.
        assert len(set(picture.crop((0, 0, 960, 1080)).convert("L").tobytes())) > 2
    assert files == _made(read, language)


def test_texts_without_end_stay_on_their_slide() -> None:
    value = build()
    word = "x" * 100_000
    for claim in value["claims"]:
        claim["dataset"], claim["task_name"], claim["model"] = word, f"<script>{word}", None
        claim["locator"]["row"] = "\u202e" + "row " * 5_000
    value["study"]["title"] = word
    value["study"]["paper"]["title"] = "long " * 20_000
    hostile = document(value)
    files = _made(hostile)
    assert len(_pages(files["slides.pdf"])) == 1 + len(hostile.claims)
    assert all(len(_pages(data)) == 1 for name, data in files.items() if name.endswith(".pdf") and name != "slides.pdf")


def _command(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "audit", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_the_command_writes_them_beside_the_report(tmp_path: Path, sample: Path, read: AuditDocument) -> None:
    done = _command("report", str(sample), "--out", str(tmp_path), "--format", "csv", "--slides")
    assert done.returncode == 0, done.stderr
    found = sorted(path.name for path in (tmp_path / "slides").iterdir())
    assert found == sorted(_made(read))
    # Slides of other values would contradict the report.
    done = _command("run", "--no-outputs", "--no-package", "--no-cache", "--format", "csv", "--out", str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert not (tmp_path / "slides").exists()


def test_a_folder_of_something_else_is_left_alone(tmp_path: Path, sample: Path) -> None:
    mine = tmp_path / "slides" / "talk.odp"
    mine.parent.mkdir()
    mine.write_bytes(b"mine")
    done = _command("report", str(sample), "--out", str(tmp_path), "--format", "csv", "--slides")
    assert (done.returncode, "holds something else than slides" in done.stderr) == (2, True), done.stderr
    assert mine.read_bytes() == b"mine"
