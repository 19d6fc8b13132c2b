"""Reading of audio files as model input: 16 kHz, one channel, for SALMONN 1 to 30 seconds.

Source: R utils.py:139-158 and dataset.py:60-90. The original never resamples; here a different sample rate is an error
unless a resampler is named, which is then recorded.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from audit.errors import InputError, MissingError
from audit.inference.audio_files import announced, cut, differs_from_its_hash, open_length
from tasks.datasets import lfs

Samples = npt.NDArray[np.float64]
SAMPLE_RATE = 16_000
MAX_SECONDS = 30
MIN_SECONDS = 1
_BLOCK = 1 << 18
AUDIO_FIX = "pip install 'repro-audit[inference]', or 'repro-audit[whisper]'"
GAP_SAMPLES = 1600  # 0.1 s of zeros between joined files (R dataset.py:66-72)


@dataclass(frozen=True, slots=True)
class Clip:
    """A clip: samples (n,) float64 in [-1, 1] at 16 kHz, and notes on how they were obtained."""

    samples: Samples
    notes: dict[str, int]


class AudioError(InputError):
    """A clip cannot be used; it becomes an error row, and the run continues."""


def read_clip(
    paths: Sequence[Path], resampler: str = "none", longest: int | None = MAX_SECONDS, shortest: int = MIN_SECONDS
) -> Clip:
    """Read the files of an item, join them by 0.1 s of zeros, truncate and pad them.

    Only the first channel is used. `notes` records the channels, the samples cut off and the source rate.

    Args:
        paths: The files.
        resampler: For files not at 16 kHz.
        longest: Seconds to truncate to; None keeps everything.
        shortest: Seconds to pad to with zeros.

    Raises:
        AudioError: A file is missing, not an audio file, a Git LFS pointer, cut, damaged or empty, contains NaN or infinity,
            or has a different sample rate while `resampler` is `none`.
    """
    notes: dict[str, int] = {}
    parts: list[Samples] = []
    for path in paths:
        if parts:
            parts.append(np.zeros(GAP_SAMPLES))
        parts.append(_read_one(path, resampler, notes))
    samples = np.concatenate(parts) if len(parts) > 1 else parts[0]
    limit = len(samples) if longest is None else longest * SAMPLE_RATE
    if len(samples) < shortest * SAMPLE_RATE:
        samples = np.concatenate([samples, np.zeros(shortest * SAMPLE_RATE - len(samples))])
    if len(samples) > limit:
        notes["cut_samples"] = len(samples) - limit
        samples = samples[:limit]
    return Clip(samples, notes)


def _read_one(path: Path, resampler: str, notes: dict[str, int]) -> Samples:
    try:
        import soundfile  # noqa: F401
    except ImportError:
        raise MissingError("the Python package soundfile is not installed", fix=AUDIO_FIX) from None
    where = str(path)
    if not path.is_file():
        raise AudioError("no such audio file", where=where)
    samples, rate = _decode(path, where)
    if samples.shape[0] == 0:
        raise AudioError("the audio file contains no samples", where=where)
    if samples.shape[1] > 1:
        notes["channels"] = int(samples.shape[1])
    mono: Samples = np.ascontiguousarray(samples[:, 0])
    if not np.isfinite(mono).all():
        raise AudioError("the audio file contains NaN or infinite samples", where=where)
    if rate != SAMPLE_RATE:
        if resampler == "none":
            fix = f"convert the file to {SAMPLE_RATE} Hz, or name a resampler: --resampler soxr-hq"
            raise AudioError(
                f"the sample rate is {rate} Hz, but the model needs {SAMPLE_RATE} Hz", where=where, fix=fix
            )
        notes["source_rate"] = int(rate)
        mono = _resample(mono, rate, resampler)
    return mono


def _decode(path: Path, where: str) -> tuple[Samples, int]:
    """All samples (n, channels) of a file, and its sample rate; a cut file is an error."""
    import soundfile

    try:
        raw = path.read_bytes()
        if lfs.is_pointer(raw):
            raise AudioError(lfs.WHAT, where=where, fix=lfs.FIX)
        reason = cut(raw)
        if reason is not None:
            raise AudioError(f"the audio file is {reason}", where=where)
        if open_length(raw):
            fix = "encode it again, so that its header has its length: flac --decode, then flac"
            raise AudioError("the FLAC file's header does not say how many samples it has", where=where, fix=fix)
        with soundfile.SoundFile(path) as file:
            rate, expected = int(file.samplerate), announced(file.frames, raw)
            parts = [np.empty((0, file.channels))]
            # In blocks, because the number of samples in a header may be false, and memory is taken for it at once.
            while len(part := file.read(_BLOCK, dtype="float64", always_2d=True)):
                parts.append(part)
        samples = np.concatenate(parts)
        damaged = differs_from_its_hash(raw, samples)
    except AudioError:
        raise
    except Exception as error:  # noqa: BLE001
        # Whatever a decoder raises (LibsndfileError, ValueError, MemoryError, ...), it is one clip that cannot be used.
        raise AudioError(f"not a readable audio file: {str(error) or type(error).__name__}", where=where) from None
    if expected is not None and len(samples) < expected:
        what = f"the audio file is cut, or cannot be read to its end: {len(samples)} of at least {expected} samples"
        raise AudioError(what, where=where)
    if damaged:
        raise AudioError("the audio file is damaged: its samples differ from the hash in its header", where=where)
    return samples, rate


def _resample(samples: Samples, rate: int, resampler: str) -> Samples:
    try:
        import soxr
    except ImportError:
        raise MissingError("the Python package soxr is not installed", fix="pip install soxr") from None
    quality = {"soxr-hq": soxr.HQ, "soxr-vhq": soxr.VHQ}[resampler]
    return np.asarray(soxr.resample(samples, rate, SAMPLE_RATE, quality=quality), dtype=np.float64)
