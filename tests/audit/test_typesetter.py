"""The process that lays the PDF out: the same bytes, the same errors, and none where it gains nothing."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from pathlib import Path

import pytest

from audit import typesetter as module
from audit.canonical import dumps
from audit.errors import MissingError
from audit.report.system import pdf_problem
from audit.typesetter import here, lay_out, typesetter
from tests.report.example_audit import build

needs_pdf = pytest.mark.skipif(pdf_problem() is not None, reason=f"{pdf_problem()}")


@pytest.fixture(autouse=True)
def _two_processors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "cores", lambda: 2)


def missing(document: bytes) -> bytes:
    raise MissingError("the PDF cannot be made here", fix="install it")


def killed(document: bytes) -> bytes:
    if multiprocessing.parent_process() is not None:
        os.kill(os.getpid(), signal.SIGKILL)
    return b"made here"


@needs_pdf
@pytest.mark.pdf
def test_the_bytes_are_those_of_this_process() -> None:
    document = dumps(build(hostile=False))
    with typesetter(None) as begin:
        assert begin is not here
        wait = begin(document)
        assert wait() == lay_out(document)


def test_an_error_comes_back_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "lay_out", missing)
    with typesetter(None) as begin, pytest.raises(MissingError) as caught:
        begin(b"{}")()
    assert caught.value.fix == "install it"
    assert str(caught.value).startswith("the PDF cannot be made here")


def test_a_process_that_dies_is_no_loss(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "lay_out", killed)
    with typesetter(None) as begin:
        assert begin(b"{}")() == b"made here"


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


def test_without_semaphores_it_is_done_here(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: object, **kwargs: object) -> None:
        raise OSError(38, "Function not implemented")

    monkeypatch.setattr(module, "ProcessPoolExecutor", refuse)
    with typesetter(None) as begin:
        assert begin is here


def test_no_process_outlives_an_error() -> None:
    before = set(multiprocessing.active_children())
    with pytest.raises(ZeroDivisionError), typesetter(None):
        raise ZeroDivisionError
    deadline = time.monotonic() + 60
    while set(multiprocessing.active_children()) - before:
        assert time.monotonic() < deadline
        time.sleep(0.05)
