"""Lays out PDFs in separate processes; the first starts early: its libraries are loaded when the page is ready.

Layout takes longer than the rest of an audit without predictions. Meanwhile, the main process renders the other reports and
collects what the package needs. The first page asked for is the one that a reader waits for: the processes of the others
give way to it. The bytes are the same as without separate processes.
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from subprocess import PIPE
from tempfile import TemporaryDirectory
from typing import TypeAlias

from audit._util.cpu import cores
from audit._util.paths import ROOT
from audit.report.editions import Edition, Page
from audit.report.language import Language

# Takes a page and returns a function that waits for its PDF.
Typesetter: TypeAlias = Callable[[Page], Callable[[], bytes]]
_PDF, _ERROR = b"P", b"E"
# How much the processes after the first give way, as in nice(1).
_LATER = 5


def here(page: Page) -> Callable[[], bytes]:
    """Lay out in the current process, on demand."""
    return lambda: lay_out(page)


@contextmanager
def typesetter(cache: Path | None, language: Language = Language.ENGLISH) -> Iterator[Typesetter]:
    """A typesetter that is already loading its libraries, if a second core is available.

    Args:
        cache: Folder of PDFs from earlier runs. If it contains any, the PDFs of this run are likely among them, and no
            process is started.
        language: The language that the PDFs will have.
    """
    if cores() < 2 or (cache is not None and any(cache.glob("*.pdf"))):
        yield here
        return
    with ExitStack() as ended, ThreadPoolExecutor(len(Edition)) as threads:
        # Fonts that a killed process leaves there go with it.
        scratch = ended.enter_context(TemporaryDirectory(prefix="repro-audit-", ignore_cleanup_errors=True))
        started = [ended.enter_context(_start(language, 0, scratch))]
        asked: list[Page] = []

        def begin(page: Page) -> Callable[[], bytes]:
            if asked:
                started.append(ended.enter_context(_start(page.language, _LATER, scratch)))
            asked.append(page)
            # The process reads the page once its libraries are loaded; the caller continues meanwhile.
            answered = threads.submit(started[-1].communicate, pickle.dumps(page))

            def wait() -> bytes:
                answer, _ = answered.result()
                if not answer:  # killed, perhaps out of memory: try in this process
                    return lay_out(page)
                if answer[:1] == _ERROR:
                    raise pickle.loads(answer[1:])  # noqa: S301  from our own process
                return bytes(answer[1:])

            return wait

        try:
            yield begin
        finally:
            # They are idle after a normal run; otherwise their results are no longer needed.
            for process in started:
                process.kill()


def _start(language: Language, giving_way: int, scratch: str) -> subprocess.Popen[bytes]:
    path = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
    code = f"from audit.report.typesetter import serve; serve({language.value!r}, {giving_way})"
    environment = {**os.environ, "PYTHONPATH": path, "TMPDIR": scratch}
    # In a separate session: the main process handles Ctrl-C.
    return subprocess.Popen(
        [sys.executable, "-P", "-c", code], stdin=PIPE, stdout=PIPE, env=environment, start_new_session=True
    )


def serve(expected: str = Language.ENGLISH, giving_way: int = 0) -> None:
    """Entry point of a process: reads a page from standard input, writes its PDF or the error to standard output.

    Args:
        expected: The language for which it gets ready.
        giving_way: How much it gives way to other processes, as in nice(1).
    """
    os.nice(giving_way)
    with suppress(Exception):  # any error is raised again at the first use
        from audit.report.pdf import prepare

        prepare(Language(expected))
    asked_for = sys.stdin.buffer.read()
    if not asked_for:  # the run ended early
        return
    try:
        answer = _PDF + lay_out(pickle.loads(asked_for))  # noqa: S301  from our own process
    except Exception as error:  # noqa: BLE001  raised again by wait()
        answer = _ERROR + pickle.dumps(error)
    with suppress(BrokenPipeError):
        sys.stdout.buffer.write(answer)
        sys.stdout.buffer.flush()


def lay_out(page: Page) -> bytes:
    """The PDF of a page.

    Raises:
        MissingError: A layout library is not installed.
    """
    from audit.report import pdf

    return pdf.lay_out(page)
