"""Libri2Mix (github.com/JorisCos/LibriMix): `wav16k/max/test/mix_clean`, transcripts from LibriSpeech test-clean.

A mixture is named `UTTERANCE1_UTTERANCE2`; its reference is both transcripts. The 8 kHz and `min` versions have
the same file names and the same metadata; their folders, sample rates and lengths tell them apart.
"""

from __future__ import annotations

import wave
from collections.abc import Sequence
from pathlib import Path

from tasks.datasets import librispeech
from tasks.datasets.errors import DatasetError
from tasks.datasets.manifest import Item, Manifest, make
from tasks.datasets.registry import Options
from tasks.datasets.tables import table

_RATE = 16000
_SPEAKERS = 2
_OTHERS = ("min", "wav8k", "Libri3Mix")
_FIX = "generate Libri2Mix with 16 kHz and the mode max, and give its folder"


def read(task: str, root: Path, options: Options) -> Manifest:
    """The mixtures of the test split; `options.labels` is LibriSpeech's folder.

    Raises:
        DatasetError: The mixtures or the transcripts are missing, or the mixtures are of 8 kHz, of the mode `min`, or not of
            two speakers.
    """
    del task
    base = _base(root)
    if options.labels is None:
        raise DatasetError("LibriSpeech's transcripts are needed", fix="give LibriSpeech's folder with --labels")
    speech = options.labels if options.labels.name == "test-clean" else options.labels / "test-clean"
    words = librispeech.transcripts(speech)
    listed = base / "metadata/mixture_test_mix_clean.csv"
    if listed.is_file():
        names = [row["mixture_ID"] for row in table(listed, ("mixture_ID",))]
    else:
        names = sorted(path.stem for path in (base / "test/mix_clean").glob("*.wav"))
    utterances: dict[str, Sequence[str]] = {}
    missing = []
    for name in names:
        parts = name.split("_")
        if len(parts) != _SPEAKERS:
            raise DatasetError(f"{name} is a mixture of {len(parts)} utterances, not of 2", where=str(base), fix=_FIX)
        absent = [part for part in parts if part not in words]
        if absent:
            missing.append(f"transcript of {absent[0]} in {name}")
        else:
            utterances[name] = parts
    _check_audio(base, speech, utterances)
    items = [
        Item(name, (f"test/mix_clean/{name}.wav",), [words[part] for part in parts])
        for name, parts in utterances.items()
    ]
    notes = [] if base.resolve().parts[-2:] == ("wav16k", "max") else [f"{base.name} is not named wav16k/max"]
    return make("Libri2Mix wav16k max mix_clean", "test", base, items, missing=missing, notes=notes)


def _base(root: Path) -> Path:
    places = (root / "wav16k/max", root / "Libri2Mix/wav16k/max", root)
    base = next((place for place in places if (place / "test").is_dir()), None)
    if base is None:
        raise DatasetError("wav16k/max/test not found", where=str(root), fix=_FIX)
    wrong = [part for part in base.resolve().parts[-3:] if part in _OTHERS]
    if wrong:
        raise DatasetError(f"the folder is of {wrong[0]}, not of Libri2Mix/wav16k/max", where=str(base), fix=_FIX)
    return base


def _check_audio(base: Path, speech: Path, utterances: dict[str, Sequence[str]]) -> None:
    """Check sample rates and, where LibriSpeech's audio is at hand, that a mixture is as long as its longer utterance."""
    shorter = 0
    for name, parts in utterances.items():
        path = base / f"test/mix_clean/{name}.wav"
        try:
            with wave.open(str(path), "rb") as sound:
                rate, samples = sound.getframerate(), sound.getnframes()
        except (OSError, EOFError, wave.Error):
            continue  # missing or unreadable files are reported elsewhere
        if rate != _RATE:
            raise DatasetError(f"the sample rate is {rate} Hz, not {_RATE} Hz", where=str(path), fix=_FIX)
        lengths = [_flac_samples(speech.parent / librispeech.audio_path(speech.name, part)) for part in parts]
        known = [length for length in lengths if length]
        shorter += len(known) == _SPEAKERS and samples == min(known) < max(known)
    if shorter:
        what = f"{shorter} mixtures end with their shorter utterance: the mode is min, not max"
        raise DatasetError(what, where=str(base), fix=_FIX)


def _flac_samples(path: Path) -> int:
    """The number of samples in a FLAC file's STREAMINFO block (RFC 9639, section 8.2); 0 if unknown."""
    try:
        with path.open("rb") as handle:
            head = handle.read(26)
    except OSError:
        return 0
    return int.from_bytes(head[21:26], "big") & (2**36 - 1) if head[:4] == b"fLaC" and len(head) == 26 else 0
