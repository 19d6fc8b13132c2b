"""SAKURA (github.com/b08202033/SAKURA): `data/TRACK/metadata.json` and `data/TRACK/audio/*.wav`; 500 clips per track."""

from __future__ import annotations

import re
from pathlib import Path

from tasks.datasets.errors import DatasetError
from tasks.datasets.manifest import Item, Manifest, make
from tasks.datasets.registry import Options
from tasks.datasets.tables import field, json_object

KNOWN = 500
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
    items = []
    for key, entry in json_object(labels, "clone github.com/b08202033/SAKURA").items():
        where = f"{labels}: {key}"
        if not isinstance(entry, dict):
            raise DatasetError("not an object", where=where)
        file = field(entry, "file", str, where)
        question = field(entry, f"{hops}_instruction", str, where)
        reference = field(entry, f"{hops}_answer", str, where)
        extra = {"choices": _CHOICE.findall(question), "question": question}
        items.append(Item(Path(file).stem, (f"{track}/audio/{file}",), reference, question, extra=extra))
    return make(f"SAKURA {track}", hops, base, items, known=KNOWN)
