"""MusicCaps (google/MusicCaps): `musiccaps-public.csv`; the test split is `is_audioset_eval`."""

from __future__ import annotations

from pathlib import Path

from tasks.datasets.clips import ClipFolder
from tasks.datasets.manifest import Item, Manifest, make
from tasks.datasets.registry import Options
from tasks.datasets.tables import table


def read(task: str, root: Path, options: Options) -> Manifest:
    """The clips of AudioSet's evaluation split; files may be named ID, ID_START, [ID]-[START-END] or YID.

    Raises:
        DatasetError: The table is missing or lacks columns.
    """
    del task
    labels = options.label_file(root, "musiccaps-public.csv")
    columns = ("ytid", "start_s", "end_s", "caption", "is_audioset_eval")
    folder = ClipFolder(root)
    items = []
    for row in table(labels, columns, fix="download musiccaps-public.csv of google/MusicCaps"):
        if row["is_audioset_eval"].lower() == "true":
            video, start, end = row["ytid"], row["start_s"], row["end_s"]
            names = (video, f"{video}_{start}", f"[{video}]-[{start}-{end}]", f"Y{video}")
            items.append(Item(video, (folder.find(names),), row["caption"]))
    return make("MusicCaps", "eval", root, items)
