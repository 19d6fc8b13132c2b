"""Prepares clips in processes that run ahead of the model."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Sequence
from concurrent.futures import BrokenExecutor, CancelledError, Future
from pathlib import Path
from typing import Generic, Protocol, TypeVar

from audit._util import child_processes
from audit.inference.audio import AudioError
from tasks.datasets.manifest import Item

Ready = TypeVar("Ready")
Ready_co = TypeVar("Ready_co", covariant=True)


class Preparer(Protocol[Ready_co]):
    """The settings of clip preparation; small, so that they can be sent to processes."""

    def prepare(self, item: Item) -> Ready_co:
        """Read a clip; a problem with the clip is part of the result."""

    def failed(self, why: str) -> Ready_co:
        """The result for a clip that cannot be used."""


def reason(error: AudioError, root: Path) -> str:
    """Why a clip cannot be used, for its error row: the file is named as in the manifest."""
    place = error.where.removeprefix(f"{root}/") if error.where else ""
    return f"{place}: {error.what}" if place else error.what


def unexpected(error: Exception) -> str:
    """An error that no code of ours expects, as the reason of an error row: the run goes on with the other clips."""
    lines = str(error).split("\n")
    return f"unexpected error, {type(error).__name__}: {lines[0][:200]}"


def _prepare(frontend: Preparer[Ready], item: Item) -> Ready:
    return frontend.prepare(item)


class Prefetcher(Generic[Ready]):
    """Prepares the clips of upcoming batches in `workers` processes; without workers, on demand."""

    def __init__(self, frontend: Preparer[Ready], workers: int) -> None:
        self.frontend = frontend
        self._coming: dict[str, Future[Ready]] = {}
        self._workers = workers
        self._pool = child_processes.pool(workers) if workers else None

    def begin(self, items: Iterable[Item]) -> None:
        """Start preparing these items, unless already started."""
        if self._pool is not None:
            for item in items:
                if item.id not in self._coming:
                    self._coming[item.id] = self._pool.submit(_prepare, self.frontend, item)

    def take(self, items: Sequence[Item]) -> list[Ready]:
        """The prepared clips, in order."""
        self.begin(items)
        if self._pool is None:
            return [self.frontend.prepare(item) for item in items]
        return [self._result(item) for item in items]

    def _result(self, item: Item) -> Ready:
        future = self._coming.pop(item.id, None)
        try:
            if future is None:  # its pool was lost
                return self._alone(item)
            return future.result()
        except (BrokenExecutor, CancelledError):
            # A library ended its process. Which clip it was is not known, so the others are prepared one by one.
            self._replace_pool()
            return self._alone(item)

    def _alone(self, item: Item) -> Ready:
        with child_processes.pool(1) as pool:
            try:
                return pool.submit(_prepare, self.frontend, item).result()
            except BrokenExecutor:
                return self.frontend.failed("the process that read the clip ended: a library crashed")
            except BaseException:
                child_processes.kill(pool)
                raise

    def _replace_pool(self) -> None:
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)
        self._coming.clear()
        self._pool = child_processes.pool(self._workers)

    def close(self) -> None:
        """Stop the processes; what they still prepare after an error or a signal nobody needs."""
        if self._pool is not None:
            if not all(future.done() for future in self._coming.values()):
                child_processes.kill(self._pool)
            with contextlib.suppress(OSError):
                self._pool.shutdown(wait=True, cancel_futures=True)
