"""SLURP (github.com/pswietojanski/slurp): `dataset/slurp/test.jsonl`, `audio/slurp_real/*.flac`; one query per slot."""

from __future__ import annotations

import re
from pathlib import Path

from tasks.datasets.errors import DatasetError
from tasks.datasets.manifest import Item, Manifest, make
from tasks.datasets.registry import Options
from tasks.datasets.tables import field, json_lines

_SLOT = re.compile(r"\[\s*([^:\]]+?)\s*:\s*([^\]]+?)\s*\]")


def read(task: str, root: Path, options: Options) -> Manifest:
    """One query for every recording and slot of its sentence; sentences without slots have none.

    The slots are those of `sentence_annotation` (`wake me at [time : nine am]`). Underscores in a slot's name become
    spaces in the question.

    Raises:
        DatasetError: The labels are missing, or a line lacks a field.
    """
    del task
    labels = options.label_file(root / "dataset/slurp", "test.jsonl")
    items = []
    for number, entry in json_lines(labels, "clone SLURP and run its download_audio.sh"):
        where = f"{labels}:{number}"
        sentence = field(entry, "sentence", str, where)
        slots = _SLOT.findall(field(entry, "sentence_annotation", str, where))
        for recording in field(entry, "recordings", list, where):
            if not isinstance(recording, dict):
                raise DatasetError("a recording is not an object", where=where)
            file = field(recording, "file", str, where)
            for index, (slot, value) in enumerate(slots):
                reference = {"slot": slot, "value": value, "transcript": sentence}
                name = f"{Path(file).stem}_{index}_{slot}"
                extra = {"cluster": str(entry.get("slurp_id", number)), "recording": Path(file).stem}
                items.append(Item(name, (f"audio/slurp_real/{file}",), reference, slot.replace("_", " "), extra=extra))
    return make("SLURP", "test", root, items)
