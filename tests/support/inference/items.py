"""Small manifests over the golden WAVs."""

from __future__ import annotations

import shutil
from pathlib import Path

from tasks.datasets.manifest import Item, Manifest, make, with_hashes
from tests.support.inference.tiny import ASSETS, WAVS


def golden_manifest(copies: int = 1, query: bool = False) -> Manifest:
    """Every golden WAV `copies` times, with a question of another length each if `query`."""
    words = ["what is the date?", "who?", "tell me which animal is heard first in this clip", "why is it so?"]
    items = [
        Item(f"{name}-{copy:02d}", (f"{name}.wav",), "a reference", words[(copy + i) % 4] if query else None)
        for copy in range(copies)
        for i, name in enumerate(WAVS)
    ]
    return with_hashes(make("golden", "test", ASSETS, items))


def copied_manifest(root: Path, copies: int = 1) -> Manifest:
    """The golden WAVs in a folder of one's own, so that a test may damage them."""
    root.mkdir(parents=True, exist_ok=True)
    for name in WAVS:
        shutil.copy(ASSETS / f"{name}.wav", root)
    base = golden_manifest(copies)
    return Manifest(base.dataset, base.split, root, base.items)
