"""AudioCaps (github.com/cdjkim/audiocaps): `test.csv` with five rows per clip, and separately downloaded audio.

One item per clip with all its captions, for captioning and for storytelling.
"""

from __future__ import annotations

from pathlib import Path

from tasks.datasets.clips import ClipFolder
from tasks.datasets.manifest import Item, Manifest, make
from tasks.datasets.registry import Options
from tasks.datasets.tables import table


def read(task: str, root: Path, options: Options) -> Manifest:
    """The clips of the test split; files may be named ID, YID, ID_START, YID_START or, one per caption, AUDIOCAP_ID.

    Raises:
        DatasetError: `test.csv` is missing or lacks columns.
    """
    labels = options.label_file(root, "test.csv")
    captions: dict[tuple[str, str], list[str]] = {}
    numbers: dict[tuple[str, str], list[str]] = {}
    for row in table(labels, ("youtube_id", "start_time", "caption"), fix="download test.csv of AudioCaps"):
        clip = (row["youtube_id"], row["start_time"])
        captions.setdefault(clip, []).append(row["caption"])
        numbers.setdefault(clip, []).append(row.get("audiocap_id") or "")
    folder = ClipFolder(root)
    items = []
    for (video, start), texts in captions.items():
        names = [f"{y}{video}{s}" for s in ("", f"_{start}", f"_{start}000") for y in ("", "Y")]
        names += [number for number in numbers[video, start] if number]
        reference = texts if task == "aac-audiocaps" else None
        items.append(Item(f"{video}_{start}", (folder.find(names),), reference))
    return make("AudioCaps", "test", root, items)
