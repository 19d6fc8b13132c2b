"""The process that lays the PDF out: the same bytes, the same errors, and none where it gains nothing."""

from __future__ import annotations

import pickle
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from audit.errors import MissingError
from audit.report import typesetter as module
from audit.report.editions import Edition, Page
from audit.report.language import Language
from audit.report.pdf import page_of
from audit.report.requirements import pdf_problem
from audit.report.typesetter import here, lay_out, typesetter
from tests.support.example_audit import build, document
from tests.support.paths import ROOT

needs_pdf = pytest.mark.skipif(pdf_problem() is not None, reason=f"{pdf_problem()}")


@pytest.fixture(autouse=True)
def _two_processors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "cores", lambda: 2)


def processes(monkeypatch: pytest.MonkeyPatch) -> list[subprocess.Popen[bytes]]:
    """Those that are started from now on."""
    found: list[subprocess.Popen[bytes]] = []
    start = subprocess.Popen

    def noted(*args: Any, **kwargs: Any) -> subprocess.Popen[bytes]:
        found.append(start(*args, **kwargs))
        return found[-1]

    monkeypatch.setattr(subprocess, "Popen", noted)
    return found


def page(edition: Edition = Edition.REPORT, language: Language = Language.ENGLISH) -> Page:
    return page_of(document(build(hostile=False, claims=1, conventions=2)), edition, language)


@needs_pdf
@pytest.mark.pdf
def test_the_bytes_are_those_of_this_process() -> None:
    with typesetter(None) as begin:
        assert begin is not here
        wait = begin(page())
        assert wait() == lay_out(page())


@needs_pdf
@pytest.mark.pdf
def test_several_pages_have_a_process_each(monkeypatch: pytest.MonkeyPatch) -> None:
    started = processes(monkeypatch)
    pages = [page(edition, Language.KOREAN) for edition in (Edition.REPORT, Edition.ANNEX)]
    with typesetter(None, Language.KOREAN) as begin:
        waits = [begin(one) for one in pages]
        assert [wait() for wait in waits] == [lay_out(one) for one in pages]
    assert len(started) == 2
    assert all(process.poll() is not None for process in started)


@needs_pdf
@pytest.mark.pdf
def test_an_error_comes_back_as_it_is() -> None:
    with typesetter(None) as begin, pytest.raises(ValueError, match="out of range"):
        begin(replace(page(), epoch=10**15))()


def test_an_error_for_people_comes_back_whole() -> None:
    error = pickle.loads(pickle.dumps(MissingError("the PDF cannot be made here", where="x", fix="install it")))
    assert (type(error), error.where, error.fix) == (MissingError, "x", "install it")


def test_a_process_that_dies_is_no_loss(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "lay_out", lambda _page: b"made here")
    started = processes(monkeypatch)
    with typesetter(None) as begin:
        started[0].kill()
        assert begin(page())() == b"made here"


def test_none_is_started_for_one_processor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "cores", lambda: 1)
    with typesetter(None) as begin:
        assert begin is here


def test_none_is_started_where_an_earlier_pdf_is_kept(tmp_path: Path) -> None:
    with typesetter(tmp_path) as begin:
        assert begin is not here
    (tmp_path / "x.pdf").touch()
    with typesetter(tmp_path) as begin:
        assert begin is here


def test_no_process_outlives_an_error(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    started = processes(monkeypatch)
    with pytest.raises(ZeroDivisionError), typesetter(None):
        raise ZeroDivisionError
    assert started[0].poll() is not None
    assert capfd.readouterr() == ("", "")


def test_nothing_is_left_in_the_folder_of_temporary_files(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    started = processes(monkeypatch)
    with typesetter(None):
        assert list(tmp_path.iterdir())
    assert started[0].poll() is not None
    assert list(tmp_path.iterdir()) == []


def test_the_process_ends_with_the_run(capfd: pytest.CaptureFixture[str]) -> None:
    """Of a run that was killed nothing is left but the end of standard input."""
    command = [sys.executable, "-c", "from audit.report.typesetter import serve; serve()"]
    done = subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
