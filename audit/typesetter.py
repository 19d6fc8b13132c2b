"""The PDF laid out in a process of its own, which is ready by the time that there is something to lay out.

Laying out takes longer than all the rest of an audit without predictions. Beside it, this process renders the other
reports and gathers what the package needs. The bytes are those that this process would give.
"""

from __future__ import annotations

import json
import multiprocessing
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection
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
    # Not forked: a fork of a process with threads may hang.
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(theirs,), daemon=True)
    process.start()
    theirs.close()

    def begin(document: bytes) -> Callable[[], bytes]:
        # By a thread: the process takes it when its libraries are loaded, and there is something to do meanwhile.
        sender = threading.Thread(target=_send, args=(ours, document), daemon=True)
        sender.start()

        def wait() -> bytes:
            sender.join()
            try:
                found: bytes | Exception = ours.recv()
            except (EOFError, OSError):  # killed, for want of memory perhaps: this process tries as well
                return lay_out(document)
            if isinstance(found, Exception):
                raise found
            return found

        return wait

    try:
        yield begin
    finally:
        # At the end of an ordinary run it is idle; otherwise nobody wants its work any more.
        process.kill()
        process.join()
        ours.close()


def _send(connection: Connection, document: bytes) -> None:
    with suppress(OSError):
        connection.send_bytes(document)


def _serve(connection: Connection) -> None:
    """The process: load, take one document, give its PDF or the error."""
    with suppress(Exception):  # whatever is wrong will be said when it is needed
        import weasyprint  # noqa: F401

        import audit.report.pdf  # noqa: F401
    answer: bytes | Exception
    try:
        answer = lay_out(connection.recv_bytes())
    except EOFError:
        return
    except Exception as error:  # noqa: BLE001  it is raised where it is waited for
        answer = error
    connection.send(answer)


def lay_out(document: bytes) -> bytes:
    """The PDF of audit.json's bytes.

    Raises:
        MissingError: A library that lays text out is not installed.
    """
    from audit.report.pdf import render_pdf

    return render_pdf(json.loads(document))
