"""GigaSpeech as on Hugging Face (speechcolab/gigaspeech): one file per segment, and a CSV per archive.

data/audio/test_files/test_chunks_0000.tar.gz, unpacked beside it: test_chunks_0000/SEGMENT.wav
data/metadata/test_metadata/test_chunks_0000_metadata.csv
"""

from __future__ import annotations

from pathlib import Path

from tasks.datasets.errors import DatasetError
from tasks.datasets.manifest import Item, Manifest, make
from tasks.datasets.registry import Options
from tasks.datasets.tables import table


def read(task: str, root: Path, options: Options) -> Manifest:
    """The segments of the test split, including garbage segments, which the scorer may leave out.

    Raises:
        DatasetError: The metadata is missing or lacks columns.
    """
    del task, options
    base = root if (root / "data").is_dir() else root.parent if root.name == "data" else root
    files = sorted((base / "data/metadata/test_metadata").glob("test_chunks_*_metadata.csv"))
    if not files:
        fix = "download data/metadata/test_metadata and data/audio/test_files of speechcolab/gigaspeech"
        raise DatasetError("data/metadata/test_metadata not found", where=str(base), fix=fix)
    items, missing = [], []
    for file in files:
        chunk = file.name.removesuffix("_metadata.csv")
        if not (base / "data/audio/test_files" / chunk).is_dir():
            missing.append(f"data/audio/test_files/{chunk} (unpack {chunk}.tar.gz)")
        for row in table(file, ("sid", "text_tn")):
            path = f"data/audio/test_files/{chunk}/{row['sid']}.wav"
            items.append(Item(row["sid"], (path,), row["text_tn"], extra={"cluster": row["sid"].rpartition("_")[0]}))
    return make("GigaSpeech", "test", base, items, missing=missing)
