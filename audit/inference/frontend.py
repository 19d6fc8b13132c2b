"""Front end: prepares the encoders' inputs from manifest items, in processes that run ahead of the model."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache
from multiprocessing import get_context
from pathlib import Path
from typing import Any

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
    except AudioError as error:
        place = error.where.removeprefix(f"{frontend.root}/") if error.where else ""
        return Prepared("", None, None, {}, f"{place}: {error.what}" if place else error.what)
    key = clip_key(clip.samples, frontend.model_key)
    if FeatureStore(frontend.features).has(key):
        return Prepared(key, None, None, clip.notes)
    return compute(frontend, item, key, clip.notes, clip.samples)


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
        return [self._coming.pop(item.id).result() for item in items]

    def close(self) -> None:
        """Stop the processes."""
        if self._pool is not None:
            with contextlib.suppress(OSError):
                self._pool.shutdown(wait=True, cancel_futures=True)
