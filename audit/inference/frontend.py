"""Front end of SALMONN: prepares the encoders' inputs from manifest items."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from audit.errors import AuditError
from audit.inference.audio import AudioError, read_clip
from audit.inference.feature_cache import FeatureStore, clip_key
from audit.inference.prefetch import reason, unexpected
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

    def prepare(self, item: Item) -> Prepared:
        """See `prepare`."""
        return prepare(self, item)

    def failed(self, why: str) -> Prepared:
        """A clip that cannot be used."""
        return Prepared("", None, None, {}, why)


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
        return frontend.failed(reason(error, frontend.root))
    except AuditError:
        raise  # a library is missing: every clip would fail
    except Exception as error:  # noqa: BLE001
        return frontend.failed(unexpected(error))


def compute(frontend: Frontend, item: Item, key: str, notes: dict[str, int], samples: Any = None) -> Prepared:
    """The inputs for a readable clip, even if its tokens are cached."""
    if samples is None:
        samples = read_clip([frontend.root / name for name in item.audio], frontend.resampler).samples
    return Prepared(key, log_mel(samples, _extractor(str(frontend.whisper))), fbank(samples), notes)
