"""Locating data sets in a folder, by their publishers' folder names or by data.yaml.

/data/LibriSpeech/test-clean/...      serves asr-librispeech-clean, asr-librispeech-other, pr-librispeech
/data/data.yaml                       optional; for tasks that need more than a folder:
    pr-librispeech: {labels: LS_testclean_pr.json}
    st-en-zh: {data: cv-corpus-4, labels: covost2, resampler: soxr-hq}
/data/TASK/metadata.csv               a task without an official layout: clips and a table (tasks.datasets.audiofolder)
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from audit.errors import InputError
from audit.inference.settings import SETTINGS
from tasks.datasets.audiofolder import is_audiofolder
from tasks.datasets.registry import READERS

FILE = "data.yaml"
RESAMPLERS = ("none", "soxr-hq", "soxr-vhq")
# The folder name of each data set in its publisher's archive or repository.
FOLDERS: dict[str, str] = {
    "audiocaps": "AudioCaps",
    "covost": "CommonVoice",
    "gigaspeech": "GigaSpeech",
    "iemocap": "IEMOCAP_full_release",
    "inspec": "Hulth2003",
    "librimix": "Libri2Mix",
    "librispeech": "LibriSpeech",
    "musiccaps": "MusicCaps",
    "sakura": "SAKURA",
    "slurp": "slurp",
    "voxceleb": "VoxCeleb1",
    "wikiqa": "WikiQACorpus",
}
# Task -> the reader's option that it needs, and the name of the file or folder.
BESIDES: dict[str, tuple[str, str]] = {
    "ke-inspec": ("speech", "Hulth2003-speech"),
    "osr-librimix": ("labels", "LibriSpeech"),
    "pr-librispeech": ("labels", "LS_testclean_pr.json"),
    "sqqa-wikiqa": ("speech", "WikiQACorpus-speech"),
    "st-en-de": ("labels", "covost2"),
    "st-en-ja": ("labels", "covost2"),
    "st-en-zh": ("labels", "covost2"),
}


@dataclass(frozen=True, slots=True)
class SetLocation:
    """The location of a task's test set, and the further inputs of its reader."""

    task: str
    data: Path
    labels: Path | None = None
    speech: Path | None = None
    resampler: str = "none"


def find(root: Path, tasks: Iterable[str]) -> tuple[list[SetLocation], dict[str, str]]:
    """The available test sets of these tasks, and why the others cannot be used, by task.

    Args:
        root: The folder of data sets; may be missing.
        tasks: Task ids.

    Raises:
        InputError: data.yaml names an unknown task, field or resampler, or a missing file.
    """
    tasks = list(tasks)
    given = _read(root / FILE, tasks) if (root / FILE).is_file() else {}
    found: list[SetLocation] = []
    absent: dict[str, str] = {}
    for task in tasks:
        entry = given.get(task, {})
        if task not in READERS:
            folder = root / entry.get("data", task)
            if is_audiofolder(folder):
                found.append(SetLocation(task, folder, resampler=entry.get("resampler", "none")))
            elif task in SETTINGS:
                absent[task] = "the set was never published"
            else:
                absent[task] = f"no folder {folder.name} with metadata.csv"
            continue
        folder = root / (entry.get("data") or FOLDERS[READERS[task]])
        option, name = BESIDES.get(task, (None, ""))
        extra: dict[str, Path] = {key: root / entry[key] for key in ("labels", "speech") if key in entry}
        if option and option not in extra and (root / name).exists():
            extra[option] = root / name
        if not folder.is_dir():
            absent[task] = f"no folder {folder.name}"
        elif option and option not in extra:
            absent[task] = f"{folder.name} exists, but its {option} ({name}) are missing"
        else:
            found.append(
                SetLocation(task, folder, extra.get("labels"), extra.get("speech"), entry.get("resampler", "none"))
            )
    return found, absent


def _read(path: Path, tasks: Sequence[str]) -> dict[str, dict[str, str]]:
    from audit._util import strict_yaml

    document = strict_yaml.load(path)
    data = document.data if document.data is not None else {}
    where = str(path)
    if not isinstance(data, dict):
        raise InputError(
            "must map tasks to the locations of their data", where=where, fix="pr-librispeech: {labels: FILE}"
        )
    for task, entry in data.items():
        if task not in READERS and task not in tasks:
            known = ", ".join(dict.fromkeys((*tasks, *READERS)))
            raise InputError(f"unknown task {task!r}", where=where, fix=f"Tasks: {known}.")
        fields = ("data", "labels", "speech", "resampler")
        if (
            not isinstance(entry, dict)
            or not set(entry) <= set(fields)
            or not all(isinstance(v, str) for v in entry.values())
        ):
            raise InputError(f"{task} is not a mapping of strings", where=where, fix=f"Fields: {', '.join(fields)}.")
        if entry.get("resampler", "none") not in RESAMPLERS:
            raise InputError(f"{task}: unknown resampler", where=where, fix=f"Use: {', '.join(RESAMPLERS)}.")
        for name in ("data", "labels", "speech"):
            if name in entry and not os.path.exists(path.parent / entry[name]):  # noqa: PTH110  # False for impossible names
                raise InputError(f"{task}: {name} {entry[name][:100]!r} not found", where=where,
                                 fix="Paths are relative to data.yaml.")  # fmt: skip
    return data
