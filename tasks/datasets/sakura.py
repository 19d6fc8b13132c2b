"""SAKURA (github.com/b08202033/SAKURA): `data/TRACK/metadata.json` and `data/TRACK/audio/*.wav`; 500 clips per track.

A key of the metadata is the clip's path, `data/TRACK/audio/NAME.wav`. 300 single-hop answers of the Emotion track begin with a
blank; without it, they are one of the options word for word, as all other answers are.
"""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath

from tasks.datasets.errors import DatasetError
from tasks.datasets.manifest import Item, Manifest, make
from tasks.datasets.registry import Options
from tasks.datasets.tables import field, json_object

_CHOICE = re.compile(r"\([a-d]\) .+?(?=\s*\([a-d]\) |$)")


def read(task: str, root: Path, options: Options) -> Manifest:
    """The single-hop or multi-hop questions of a track.

    Raises:
        DatasetError: The track is missing, or an entry lacks a field.
    """
    del options
    _, attribute, hops = task.split("-")
    track = attribute.capitalize()
    base = root / "data" if (root / "data").is_dir() else root
    labels = base / track / "metadata.json"
    items, strange = [], 0
    for key, entry in json_object(labels, "clone github.com/b08202033/SAKURA").items():
        where = f"{labels}: {key}"
        if not isinstance(entry, dict):
            raise DatasetError("not an object", where=where)
        file = PurePosixPath(key).name
        question = field(entry, f"{hops}_instruction", str, where)
        reference = field(entry, f"{hops}_answer", str, where).strip()
        choices = _CHOICE.findall(question)
        strange += reference not in choices
        extra = {"choices": choices, "question": question}
        items.append(Item(PurePosixPath(file).stem, (f"{track}/audio/{file}",), reference, question, extra=extra))
    notes = [f"{strange} answers are not one of the options of their question"] if strange else []
    return make(f"SAKURA {track}", hops, base, items, notes=notes)
