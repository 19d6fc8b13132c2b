"""Lays out the PDF in a separate process, started early so that its libraries are loaded when the document is ready.

Layout takes longer than the rest of an audit without predictions. Meanwhile, the main process renders the other reports and
collects what the package needs. The bytes are the same as without a separate process.
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from subprocess import PIPE
from typing import TypeAlias

from audit._util.cpu import cores
from audit._util.paths import ROOT

# Takes the bytes of audit.json and returns a function that waits for the PDF.
Typesetter: TypeAlias = Callable[[bytes], Callable[[], bytes]]
_PDF, _ERROR = b"P", b"E"


def here(document: bytes) -> Callable[[], bytes]:
    """Lay out in the current process, on demand."""
    return lambda: lay_out(document)


@contextmanager
def typesetter(cache: Path | None) -> Iterator[Typesetter]:
    """A typesetter that is already loading its libraries, if a second core is available.

    Args:
        cache: Folder of PDFs from earlier runs. If it contains any, the PDF of this run is likely among them, and no
            process is started.
    """
    if cores() < 2 or (cache is not None and any(cache.glob("*.pdf"))):
        yield here
        return
    path = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
    command = [sys.executable, "-P", "-c", "from audit.report.typesetter import serve; serve()"]
    environment = {**os.environ, "PYTHONPATH": path}
    with (
        # In a separate session: the main process handles Ctrl-C.
        subprocess.Popen(command, stdin=PIPE, stdout=PIPE, env=environment, start_new_session=True) as process,
        ThreadPoolExecutor(1) as thread,
    ):

        def begin(document: bytes) -> Callable[[], bytes]:
            # The process reads the document once its libraries are loaded; the caller continues meanwhile.
            answered = thread.submit(process.communicate, document)

            def wait() -> bytes:
                answer, _ = answered.result()
                if not answer:  # killed, perhaps out of memory: try in this process
                    return lay_out(document)
                if answer[:1] == _ERROR:
                    raise pickle.loads(answer[1:])  # noqa: S301  from our own process
                return bytes(answer[1:])

            return wait

        try:
            yield begin
        finally:
            # It is idle after a normal run; otherwise its result is no longer needed.
            process.kill()


def serve() -> None:
    """Entry point of the process: read a document from standard input, write its PDF or the error to standard output."""
    with suppress(Exception):  # any error is raised again at the first use
        import weasyprint  # noqa: F401

        import audit.report.pdf  # noqa: F401
    document = sys.stdin.buffer.read()
    if not document:  # the run ended early
        return
    try:
        answer = _PDF + lay_out(document)
    except Exception as error:  # noqa: BLE001  raised again by wait()
        answer = _ERROR + pickle.dumps(error)
    with suppress(BrokenPipeError):
        sys.stdout.buffer.write(answer)
        sys.stdout.buffer.flush()


def lay_out(document: bytes) -> bytes:
    """The PDF of audit.json's bytes.

    Raises:
        MissingError: A layout library is not installed.
    """
    from audit.document.read import parse_document
    from audit.report.pdf import render_pdf

    return render_pdf(parse_document(document, "audit.json"))
