"""Front end: prepares the encoders' inputs from manifest items, in processes that run ahead of the model."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Sequence
from concurrent.futures import BrokenExecutor, CancelledError, Future, ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from audit.errors import AuditError
from audit.inference.feature_cache import FeatureStore, clip_key
from audit.inference.salmonn.audio import AudioError, read_clip
from audit.inference.salmonn.features import Array, fbank, log_mel, whisper_extractor
from tasks.datasets.manifest import Item


@dataclass(frozen=True, slots=True)
class Frontend:
    """The settings of clip preparation; small, so that they can be sent to worker processes."""

    root: Path
    whisper: Path
    model_key: str
    resampler: str = "none"
    features: Path | None = None


@dataclass(frozen=True, slots=True)
class Prepared:
    """The inputs for a clip: mel (80, 3000) and bank (F, 128), or None if its tokens are cached; or an error."""

    key: str
    mel: Array | None
    bank: Array | None
    notes: dict[str, int]
    error: str | None = None


@cache
def _extractor(folder: str) -> Any:
    return whisper_extractor(folder)


def prepare(frontend: Frontend, item: Item) -> Prepared:
    """Read a clip and compute its inputs; a problem with the clip becomes `error`."""
    try:
        clip = read_clip([frontend.root / name for name in item.audio], frontend.resampler)
        key = clip_key(clip.samples, frontend.model_key)
        if FeatureStore(frontend.features).has(key):
            return Prepared(key, None, None, clip.notes)
        return compute(frontend, item, key, clip.notes, clip.samples)
    except AudioError as error:
        place = error.where.removeprefix(f"{frontend.root}/") if error.where else ""
        return Prepared("", None, None, {}, f"{place}: {error.what}" if place else error.what)
    except AuditError:
        raise  # a library is missing: every clip would fail
    except Exception as error:  # noqa: BLE001
        return Prepared("", None, None, {}, unexpected(error))


def unexpected(error: Exception) -> str:
    """An error that no code of ours expects, as the reason of an error row: the run goes on with the other clips."""
    lines = str(error).split("\n")
    return f"unexpected error, {type(error).__name__}: {lines[0][:200]}"


def compute(frontend: Frontend, item: Item, key: str, notes: dict[str, int], samples: Any = None) -> Prepared:
    """The inputs for a readable clip, even if its tokens are cached."""
    if samples is None:
        samples = read_clip([frontend.root / name for name in item.audio], frontend.resampler).samples
    return Prepared(key, log_mel(samples, _extractor(str(frontend.whisper))), fbank(samples), notes)


class Prefetcher:
    """Prepares the clips of upcoming batches in `workers` processes; without workers, on demand."""

    def __init__(self, frontend: Frontend, workers: int) -> None:
        self.frontend = frontend
        self._coming: dict[str, Future[Prepared]] = {}
        self._workers = workers
        self._pool = ProcessPoolExecutor(workers, mp_context=get_context("spawn")) if workers else None

    def begin(self, items: Iterable[Item]) -> None:
        """Start preparing these items, unless already started."""
        if self._pool is not None:
            for item in items:
                if item.id not in self._coming:
                    self._coming[item.id] = self._pool.submit(prepare, self.frontend, item)

    def take(self, items: Sequence[Item]) -> list[Prepared]:
        """The prepared clips, in order."""
        self.begin(items)
        if self._pool is None:
            return [prepare(self.frontend, item) for item in items]
        return [self._result(item) for item in items]

    def _result(self, item: Item) -> Prepared:
        future = self._coming.pop(item.id, None)
        try:
            if future is None:  # its pool was lost
                return self._alone(item)
            return future.result()
        except (BrokenExecutor, CancelledError):
            # A library ended its process. Which clip it was is not known, so the others are prepared one by one.
            self._replace_pool()
            return self._alone(item)

    def _alone(self, item: Item) -> Prepared:
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
            try:
                return pool.submit(prepare, self.frontend, item).result()
            except BrokenExecutor:
                return Prepared("", None, None, {}, "the process that read the clip ended: a library crashed")

    def _replace_pool(self) -> None:
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)
        self._coming.clear()
        self._pool = ProcessPoolExecutor(self._workers, mp_context=get_context("spawn"))

    def close(self) -> None:
        """Stop the processes."""
        if self._pool is not None:
            with contextlib.suppress(OSError):
                self._pool.shutdown(wait=True, cancel_futures=True)
