"""Run by the Python that has `datasets`: the same rows as a data set on disk, in two files; with splits; and as Parquet."""

from __future__ import annotations

import sys
from pathlib import Path

from datasets import Audio, Dataset, DatasetDict, Features, List, Value


def main(folder: Path) -> None:
    """Write to `saved`, `splits` and `rows.parquet`."""
    features = Features({**{name: Value("string") for name in ("utt", "pred", "text")}, "scores": List(Value("float64")),
                         "audio": {"bytes": Value("binary"), "path": Value("string")}})  # fmt: skip
    rows = [
        {
            "utt": f"u{n}",
            "pred": said,
            "text": true,
            "scores": [0.5, n],
            "audio": {"bytes": b"RIFF", "path": f"{n}.wav"},
        }
        for n, (said, true) in enumerate([("hello there", "hello"), ("", "bye"), ("42 frösche", "42 frösche")])
    ]
    # Of the type of sounds, without the library that would read them.
    made = Dataset.from_list(rows, features=features).cast_column("audio", Audio(decode=False))
    made.save_to_disk(str(folder / "saved"), num_shards=2)
    DatasetDict({"train": made.select([0]), "test": made}).save_to_disk(str(folder / "splits"))
    made.to_parquet(str(folder / "rows.parquet"))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
