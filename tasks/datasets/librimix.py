"""Libri2Mix (github.com/JorisCos/LibriMix): `wav16k/max/test/mix_clean`, transcripts from LibriSpeech test-clean.

A mixture is named `UTTERANCE1_UTTERANCE2`; its reference is both transcripts.
"""

from __future__ import annotations

from pathlib import Path

from tasks.datasets import librispeech
from tasks.datasets.errors import DatasetError
from tasks.datasets.manifest import Item, Manifest, make
from tasks.datasets.registry import Options
from tasks.datasets.tables import table

KNOWN = 3000


def read(task: str, root: Path, options: Options) -> Manifest:
    """The mixtures of the test split; `options.labels` is LibriSpeech's folder.

    Raises:
        DatasetError: The mixtures or the transcripts are missing.
    """
    del task
    base = next(
        (place for place in (root / "wav16k/max", root / "Libri2Mix/wav16k/max", root) if (place / "test").is_dir()),
        None,
    )
    if base is None:
        raise DatasetError("wav16k/max/test not found", where=str(root), fix="generate Libri2Mix, 16 kHz, max, test")
    if options.labels is None:
        raise DatasetError("LibriSpeech's transcripts are needed", fix="give LibriSpeech's folder with --labels")
    speech = options.labels if options.labels.name == "test-clean" else options.labels / "test-clean"
    words = librispeech.transcripts(speech)
    listed = base / "metadata/mixture_test_mix_clean.csv"
    if listed.is_file():
        names = [row["mixture_ID"] for row in table(listed, ("mixture_ID",))]
    else:
        names = sorted(path.stem for path in (base / "test/mix_clean").glob("*.wav"))
    items, missing = [], []
    for name in names:
        parts = name.split("_")
        absent = [part for part in parts if part not in words]
        if absent:
            missing.append(f"transcript of {absent[0]} in {name}")
            continue
        items.append(Item(name, (f"test/mix_clean/{name}.wav",), [words[part] for part in parts]))
    return make("Libri2Mix wav16k max mix_clean", "test", base, items, known=KNOWN, missing=missing)
