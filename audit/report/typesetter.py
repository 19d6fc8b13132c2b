"""The PDF laid out in a process of its own, which is ready by the time that there is something to lay out.

Laying out takes longer than all the rest of an audit without predictions. Beside it, this process renders the other
reports and gathers what the package needs. The bytes are those that this process would give.
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

# Takes audit.json's bytes and gives what waits for the PDF.
Typesetter: TypeAlias = Callable[[bytes], Callable[[], bytes]]
_PDF, _ERROR = b"P", b"E"


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
    path = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
    command = [sys.executable, "-P", "-c", "from audit.report.typesetter import serve; serve()"]
    environment = {**os.environ, "PYTHONPATH": path}
    with (
        # In a session of its own: Ctrl-C is this process's to answer.
        subprocess.Popen(command, stdin=PIPE, stdout=PIPE, env=environment, start_new_session=True) as process,
        ThreadPoolExecutor(1) as thread,
    ):

        def begin(document: bytes) -> Callable[[], bytes]:
            # The process takes it when its libraries are loaded, and there is something to do meanwhile.
            answered = thread.submit(process.communicate, document)

            def wait() -> bytes:
                answer, _ = answered.result()
                if not answer:  # killed, for want of memory perhaps: this process tries as well
                    return lay_out(document)
                if answer[:1] == _ERROR:
                    raise pickle.loads(answer[1:])  # noqa: S301  from a process of our own
                return bytes(answer[1:])

            return wait

        try:
            yield begin
        finally:
            # At the end of an ordinary run it is idle; otherwise nobody wants its work any more.
            process.kill()


def serve() -> None:
    """The process: load, take one document from standard input, write its PDF or the error to standard output."""
    with suppress(Exception):  # whatever is wrong will be said when it is needed
        import weasyprint  # noqa: F401

        import audit.report.pdf  # noqa: F401
    document = sys.stdin.buffer.read()
    if not document:  # the run has ended before
        return
    try:
        answer = _PDF + lay_out(document)
    except Exception as error:  # noqa: BLE001  it is raised where it is waited for
        answer = _ERROR + pickle.dumps(error)
    with suppress(BrokenPipeError):
        sys.stdout.buffer.write(answer)
        sys.stdout.buffer.flush()


def lay_out(document: bytes) -> bytes:
    """The PDF of audit.json's bytes.

    Raises:
        MissingError: A library that lays text out is not installed.
    """
    from audit.document.read import parse_document
    from audit.report.pdf import render_pdf

    return render_pdf(parse_document(document, "audit.json"))
