"""The PDF laid out in a process of its own, which is ready by the time that there is something to lay out.

Laying out takes longer than all the rest of an audit without predictions. Beside it, this process renders the other
reports and gathers what the package needs. The bytes are those that this process would give.
"""

from __future__ import annotations

import json
import multiprocessing
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeAlias

from audit.processors import cores

# Takes audit.json's bytes and gives what waits for the PDF.
Typesetter: TypeAlias = Callable[[bytes], Callable[[], bytes]]


def here(document: bytes) -> Callable[[], bytes]:
    """No process: laid out in this one, when it is asked for."""
    return lambda: lay_out(document)


@contextmanager
def typesetter(cache: Path | None) -> Iterator[Typesetter]:
    """A typesetter that has begun to load its libraries, if there is a second processor for it.

    Args:
        cache: Folder of PDFs from earlier runs. If it holds any, this run's is likely among them, and no process is
            started for it.
    """
    if cores() < 2 or (cache is not None and any(cache.glob("*.pdf"))):
        yield here
        return
    try:
        pool = ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn"))
    except OSError:  # no semaphores here
        yield here
        return
    try:
        pool.submit(_load)

        def begin(document: bytes) -> Callable[[], bytes]:
            future = pool.submit(lay_out, document)

            def wait() -> bytes:
                try:
                    return future.result()
                except BrokenProcessPool:  # killed, for want of memory perhaps: this process tries as well
                    return lay_out(document)

            return wait

        yield begin
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def lay_out(document: bytes) -> bytes:
    """The PDF of audit.json's bytes.

    Raises:
        MissingError: A library that lays text out is not installed.
    """
    from audit.report.pdf import render_pdf

    return render_pdf(json.loads(document))


def _load() -> None:
    """Import what laying out needs; whatever is wrong will be said when it is needed."""
    with suppress(Exception):
        import weasyprint  # noqa: F401

        import audit.report.pdf  # noqa: F401
