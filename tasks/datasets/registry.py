"""Registry of the data set readers by task."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path

from tasks.datasets import audiofolder
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

    def label_file(self, root: Path, name: str) -> Path:
        """The file of labels: `labels` or, if it is a folder, `name` in it; without `labels`, `name` in `root`."""
        place = root if self.labels is None else self.labels
        return place if self.labels is not None and not place.is_dir() else place / name


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


# Tasks whose readers take labels from a different place, and those that take speech.
_LABELS = frozenset({"audiocaps", "covost", "librimix", "musiccaps", "slurp", "voxceleb"})
_SPEECH = frozenset({"inspec", "wikiqa"})


def _unused(task: str, options: Options) -> list[str]:
    """What was given but is not used, so that nobody takes the data set's own labels for those given."""
    name = READERS[task]
    unused = []
    if options.labels is not None and name not in _LABELS and task != "pr-librispeech":
        unused.append(f"the labels given ({options.labels.name}) are not used: {task} reads those of the data set")
    if (options.speech is not None or options.tts is not None) and name not in _SPEECH:
        unused.append(f"the speech given is not used: the data set of {task} has audio")
    return unused


def read(task: str, root: Path, options: Options | None = None) -> Manifest:
    """Read a task's test set: from its official layout, or for a task without one from a folder with metadata.

    Raises:
        DatasetError: The task has no public test set, or the folder does not have the layout.
    """
    if task not in READERS and audiofolder.is_audiofolder(root):
        return audiofolder.read(root)
    if task not in READERS:
        own = f"give a folder of clips with {' or '.join(audiofolder.FILES)}; official layouts: {', '.join(READERS)}"
        fix = "the in-house set was never published" if task == "sac-inhouse" else own
        raise DatasetError(f"no test set for {task}", fix=fix)
    if not root.is_dir():
        raise DatasetError("no such folder", where=str(root), fix="give the folder of the official layout")
    reader: Reader = import_module(f"tasks.datasets.{READERS[task]}").read
    given = options or Options()
    found = reader(task, root, given)
    return replace(found, notes=(*found.notes, *_unused(task, given)))
