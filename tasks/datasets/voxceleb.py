"""VoxCeleb1 trials (`veri_test.txt`: `1 id10270/x6uYqmx31kE/00001.wav id10270/...`); two clips joined by 0.1 s of zeros.

The paper does not name a trial list, so any list is a choice; a note says so.
"""

from __future__ import annotations

from pathlib import Path

from tasks.datasets.errors import DatasetError
from tasks.datasets.manifest import Item, Manifest, make
from tasks.datasets.registry import Options
from tasks.datasets.tables import lines_of


def read(task: str, root: Path, options: Options) -> Manifest:
    """The trials of a list; `root` contains the list and `wav/`.

    Raises:
        DatasetError: The list is missing, or a line is not `0|1 FILE FILE`.
    """
    del task
    labels = options.label_file(root, "veri_test.txt")
    items = []
    folder = "wav/" if (root / "wav").is_dir() else ""
    for number, line in lines_of(labels, "download veri_test.txt of VoxCeleb1"):
        parts = line.split()
        if len(parts) != 3 or parts[0] not in ("0", "1"):
            raise DatasetError("not `0|1 FILE FILE`", where=f"{labels}:{number}")
        files = (f"{folder}{parts[1]}", f"{folder}{parts[2]}")
        reference = "Yes" if parts[0] == "1" else "No"
        items.append(Item(f"{number:06d}", files, reference, extra={"cluster": parts[1].split("/")[0]}))
    return make("VoxCeleb1", labels.name, root, items, notes=["the paper does not name a trial list"])
