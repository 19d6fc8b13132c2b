"""IEMOCAP, session 5 (`IEMOCAP_full_release`): four classes, with excited counted as happy.

Session5/dialog/EmoEvaluation/Ses05F_impro01.txt
Session5/sentences/wav/Ses05F_impro01/Ses05F_impro01_F000.wav
"""

from __future__ import annotations

import re
from pathlib import Path

from tasks.datasets.errors import DatasetError
from tasks.datasets.manifest import Item, Manifest, make
from tasks.datasets.registry import Options
from tasks.datasets.tables import lines_of

CLASSES = {"neu": "Neutral", "hap": "Happy", "exc": "Happy", "sad": "Sad", "ang": "Angry"}
_LINE = re.compile(r"^\[[\d.]+ - [\d.]+\]\t(Ses05[FM]_\w+)\t(\w+)\t")


def read(task: str, root: Path, options: Options) -> Manifest:
    """The utterances of session 5 whose majority label is one of the classes; the number of others is noted.

    Raises:
        DatasetError: There are no evaluation files.
    """
    del task, options
    root = root.parent if root.name == "Session5" else root
    items, skipped = [], 0
    for file in sorted((root / "Session5/dialog/EmoEvaluation").glob("Ses05*.txt")):
        for _, line in lines_of(file):
            match = _LINE.match(line)
            if match is None:
                continue
            name, label = match.groups()
            if label not in CLASSES:
                skipped += 1
                continue
            dialogue = name.rpartition("_")[0]
            path = f"Session5/sentences/wav/{dialogue}/{name}.wav"
            items.append(Item(name, (path,), CLASSES[label], extra={"cluster": dialogue}))
    if not items:
        raise DatasetError("no evaluation files of session 5", where=str(root),
                           fix="give the folder IEMOCAP_full_release")  # fmt: skip
    return make("IEMOCAP", "Session 5", root, items, notes=[f"{skipped} utterances of other classes left out"])
