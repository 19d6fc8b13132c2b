"""Registry of the data set readers by task."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from tasks.datasets.errors import DatasetError
from tasks.datasets.manifest import Manifest


@dataclass(frozen=True, slots=True)
class Options:
    """Further inputs that some layouts need.

    Attributes:
        labels: Labels that are distributed separately from the audio (a file or a folder, see the reader).
        speech: A folder of spoken texts, `ID.wav`.
        tts: A command that synthesises `{text}` to `{wav}`.
    """

    labels: Path | None = None
    speech: Path | None = None
    tts: str | None = None


Reader = Callable[[str, Path, Options], Manifest]

# Task -> module of this package; each has `read(task, root, options)`.
READERS: dict[str, str] = {
    "asr-librispeech-clean": "librispeech",
    "asr-librispeech-other": "librispeech",
    "pr-librispeech": "librispeech",
    "asr-gigaspeech": "gigaspeech",
    "st-en-zh": "covost",
    "st-en-de": "covost",
    "st-en-ja": "covost",
    "aac-audiocaps": "audiocaps",
    "story-audiocaps": "audiocaps",
    "er-iemocap": "iemocap",
    "mc-musiccaps": "musiccaps",
    "osr-librimix": "librimix",
    "sv-voxceleb1": "voxceleb",
    "ke-inspec": "inspec",
    "sqqa-wikiqa": "wikiqa",
    "sf-slurp": "slurp",
    **{
        f"sakura-{attribute}-{hops}": "sakura"
        for attribute in ("animal", "emotion", "gender", "language")
        for hops in ("single", "multi")
    },
}


def read(task: str, root: Path, options: Options | None = None) -> Manifest:
    """Read a task's test set from its official layout.

    Raises:
        DatasetError: The task has no public test set, or the folder does not have the official layout.
    """
    if task not in READERS:
        fix = "the in-house set was never published" if task == "sac-inhouse" else f"tasks are: {', '.join(READERS)}"
        raise DatasetError(f"no test set for {task}", fix=fix)
    if not root.is_dir():
        raise DatasetError("no such folder", where=str(root), fix="give the folder of the official layout")
    reader: Reader = import_module(f"tasks.datasets.{READERS[task]}").read
    return reader(task, root, options or Options())
