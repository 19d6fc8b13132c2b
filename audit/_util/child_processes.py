"""Processes of multiprocessing that end with the one that started them, and pools that can be stopped at any moment."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING

# The rest of it is imported at the first use, which few commands have.
if TYPE_CHECKING:
    from concurrent.futures import ProcessPoolExecutor


def end_with_parent() -> None:
    """Let this process end as soon as its parent has ended in any way, also killed; called first in a new process.

    A worker of a pool waits for work on a pipe whose other end it holds itself, so it would not notice.
    """
    import multiprocessing
    import threading

    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def watch() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=watch, daemon=True, name="end-with-parent").start()


def pool(workers: int) -> ProcessPoolExecutor:
    """A pool whose processes end with this one. Not forked: a fork of a process with threads may hang.

    Raises:
        OSError: There are no semaphores, because /dev/shm is missing or cannot be used.
    """
    import multiprocessing
    from concurrent.futures import ProcessPoolExecutor

    spawn = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(workers, mp_context=spawn, initializer=end_with_parent)


def kill(executor: ProcessPoolExecutor) -> None:
    """Kill a pool's workers, whatever they do, so that `shutdown` then ends at once.

    A worker that is killed while it writes a result leaves half of it in the pipe, and one that is killed before it has read
    its work leaves the pipe full. The threads of the pool would wait for ever for the other halves, because this process has
    both pipes' other ends, too; the library has no public way to close them.
    """
    for process in list((executor._processes or {}).values()):
        process.kill()
        process.join()
    for queue, end in ((executor._result_queue, "_writer"), (executor._call_queue, "_reader")):  # type: ignore[attr-defined]
        with suppress(AttributeError, OSError):
            getattr(queue, end).close()
