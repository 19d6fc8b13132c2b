"""LibriSpeech (openslr.org/12): `test-clean/SPEAKER/CHAPTER/*.flac` with a `.trans.txt` per chapter.

Phone recognition uses the same audio; its labels, which a maintainer attached to SALMONN's issue 103
(`LS_testclean_pr.json`), are given with `--labels`.
"""

from __future__ import annotations

import json
from pathlib import Path

from tasks.datasets.errors import DatasetError
from tasks.datasets.manifest import Item, Manifest, make
from tasks.datasets.registry import Options
from tasks.datasets.tables import field, json_object, lines_of


def read(task: str, root: Path, options: Options) -> Manifest:
    """The utterances of a test split; `root` is LibriSpeech's folder or the split's folder.

    Raises:
        DatasetError: The split is missing, a transcript line is malformed, or the phone labels are missing.
    """
    split = "test-other" if task == "asr-librispeech-other" else "test-clean"
    root = root.parent if root.name == split else root
    if not (root / split).is_dir():
        raise DatasetError(f"{split} not found", where=str(root), fix=f"unpack {split}.tar.gz of openslr.org/12 there")
    if task == "pr-librispeech":
        return _phones(root, split, options)
    words = transcripts(root / split)
    items = [
        Item(name, (audio_path(split, name),), text, extra={"cluster": name.split("-")[0]})
        for name, text in words.items()
    ]
    return make("LibriSpeech", split, root, items, missing=_unlabelled(root, split, set(words)))


def transcripts(folder: Path) -> dict[str, str]:
    """The transcripts of a split by utterance id.

    Raises:
        DatasetError: There are no transcripts, or a line is not `ID WORDS`.
    """
    found: dict[str, str] = {}
    for file in sorted(folder.rglob("*.trans.txt")):
        for number, line in lines_of(file):
            name, _, words = line.partition(" ")
            if name.count("-") != 2 or not words.strip():
                raise DatasetError("not `SPEAKER-CHAPTER-NUMBER WORDS`", where=f"{file}:{number}")
            if name in found:
                raise DatasetError(f"duplicate id {name}", where=f"{file}:{number}")
            found[name] = words.strip()
    if not found:
        raise DatasetError("no transcripts found (*.trans.txt)", where=str(folder))
    return found


def audio_path(split: str, name: str) -> str:
    """The path of an utterance's audio, relative to LibriSpeech's folder."""
    speaker, chapter, _ = name.split("-")
    return f"{split}/{speaker}/{chapter}/{name}.flac"


def _unlabelled(root: Path, split: str, known: set[str]) -> list[str]:
    audio = sorted((root / split).rglob("*.flac"))
    return [f"transcript of {path.relative_to(root)}" for path in audio if path.stem not in known]


def _phones(root: Path, split: str, options: Options) -> Manifest:
    fix = "give LS_testclean_pr.json, attached to issue 103 of bytedance/SALMONN, with --labels"
    if options.labels is None:
        raise DatasetError("LibriSpeech does not include phone labels", fix=fix)
    data = json_object(options.labels, fix)
    items = []
    for number, entry in enumerate(field(data, "annotation", list, str(options.labels))):
        where = f"{options.labels}: annotation[{number}]"
        if not isinstance(entry, dict):
            raise DatasetError(f"not an object: {json.dumps(entry)[:40]}", where=where)
        name = Path(field(entry, "path", str, where)).stem
        if name.count("-") != 2:
            raise DatasetError(f"the path does not name an utterance: {entry['path']}", where=where)
        extra = {"cluster": name.split("-")[0]}
        items.append(Item(name, (audio_path(split, name),), field(entry, "text", str, where), extra=extra))
    return make("LibriSpeech (MFA phones)", split, root, items)
