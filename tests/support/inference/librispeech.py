"""A LibriSpeech of a few short clips of noise, in the official layout."""

from __future__ import annotations

from pathlib import Path

import numpy as np


def write(root: Path, clips: int, seconds: float = 0.6, part: str = "test-clean") -> Path:
    """`root/LibriSpeech/PART/1/2/*.flac` with a transcript each."""
    import soundfile

    folder = root / "LibriSpeech" / part / "1" / "2"
    folder.mkdir(parents=True)
    lines = []
    for number in range(clips):
        sound = np.random.RandomState(number).uniform(-0.3, 0.3, int(seconds * 16000)).astype(np.float32)
        soundfile.write(folder / f"1-2-{number:04}.flac", sound, 16000, subtype="PCM_16")
        lines.append(f"1-2-{number:04} SOME WORDS\n")
    (folder / "1-2.trans.txt").write_text("".join(lines), encoding="utf-8")
    return root
