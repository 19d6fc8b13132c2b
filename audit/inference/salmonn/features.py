"""Input features of the two encoders: Whisper's log-mel spectrogram and BEATs' filter bank."""

from __future__ import annotations

import math
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from audit.inference.audio import SAMPLE_RATE, Samples

if TYPE_CHECKING:
    from torch import Tensor

Array = npt.NDArray[np.float32]

FBANK_MEAN = 15.41663
FBANK_STD = 6.55582
FRAME, HOP, FFT, BINS = 400, 160, 512, 128  # 25 ms, 10 ms, the next power of two, mel bins


@cache
def _bank() -> tuple[Tensor, Tensor]:
    """Kaldi's triangular mel filters (257, 128) and Povey window (400,).

    Reimplemented, because kaldi-native-fbank rejects 128 filters at 16 kHz, some of which contain no FFT bin, and
    torchaudio's wheel needs the CUDA build of torch. Checked against the golden vectors and kaldi-native-fbank.
    """
    import torch

    edges = [1127.0 * math.log(1.0 + hertz / 700.0) for hertz in (20.0, SAMPLE_RATE / 2)]
    step = (edges[1] - edges[0]) / (BINS + 1)
    number = torch.arange(BINS)[None]
    left, centre, right = (edges[0] + (number + shift) * step for shift in (0.0, 1.0, 2.0))
    mel = 1127.0 * (1.0 + SAMPLE_RATE / FFT * torch.arange(FFT // 2) / 700.0).log()[:, None]  # (256, 1)
    triangles = torch.minimum((mel - left) / (centre - left), (right - mel) / (right - centre)).clamp(min=0.0)
    bank = torch.nn.functional.pad(triangles, (0, 0, 0, 1))  # the bin at 8 kHz has weight 0
    return bank, torch.hann_window(FRAME, periodic=False).pow(0.85)


def fbank(samples: Samples) -> Array:
    """BEATs' input, (frames, 128) float32: normalised Kaldi filter bank of the samples at 16-bit scale.

    Source: R models/beats/BEATs.py:118-131 (torchaudio.compliance.kaldi.fbank): 128 mel bins from 20 Hz to 8
    kHz, complete 25 ms frames every 10 ms, mean removed, pre-emphasis 0.97, Povey window, power spectrum, log; then
    (x - 15.41663) / (2 * 6.55582). Computed in float32, like the golden vectors; in float64 near-silent frames
    differ by up to 1e-3, and BEATs' features by up to 3e-4.
    """
    import torch

    bank, window = _bank()
    wave = torch.from_numpy(samples).float() * 2**15
    frames = wave.unfold(0, FRAME, HOP)  # (F, 400)
    frames = frames - frames.mean(dim=1, keepdim=True)
    before = torch.cat([frames[:, :1], frames[:, :-1]], dim=1)
    power = torch.fft.rfft((frames - 0.97 * before) * window, n=FFT).abs().pow(2)  # (F, 257)
    mel = torch.mm(power, bank).clamp(min=torch.finfo(torch.float32).eps).log()
    normalised: Array = ((mel - FBANK_MEAN) / (2 * FBANK_STD)).numpy()
    return normalised


def whisper_extractor(folder: str | None = None, mel_bins: int = 80) -> Any:
    """The library's log-mel extractor, configured by the folder's `preprocessor_config.json` if it exists."""
    from pathlib import Path

    from transformers import WhisperFeatureExtractor

    if folder is not None and (Path(folder) / "preprocessor_config.json").is_file():
        return WhisperFeatureExtractor.from_pretrained(folder, local_files_only=True)
    return WhisperFeatureExtractor(feature_size=mel_bins)


def log_mel(samples: Samples, extractor: Any) -> Array:
    """Whisper's input, (80, 3000) float32, padded with silence to 30 s."""
    features = extractor(samples, sampling_rate=SAMPLE_RATE, return_tensors="np").input_features[0]
    return np.ascontiguousarray(features, dtype=np.float32)
