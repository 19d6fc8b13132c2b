"""Predictions files of two runs, as a team has them: rows, and what it knows about them."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

# What `infer` states; the two runs of a margin may differ in the batch sizes and the precision.
KNOWN: Mapping[str, Any] = {
    "weights": {"salmonn.pth": "0" * 64},
    "decoding": {"beams": 4, "max_new_tokens": 200, "batch_size": 1, "model": {"precision": "fp16", "lora": "adapter"}},
    "prompt": "Recognize the speech and give me the transcription.",
}
_WORDS = [
    "the",
    "a",
    "of",
    "dogs",
    "ran",
    "over",
    "hills",
    "and",
    "slept",
    "until",
    "morning",
    "while",
    "rain",
    "fell",
    "on",
    "quiet",
    "streets",
]


def write(folder: Path, name: str, rows: Sequence[Mapping[str, Any]], **facts: Any) -> Path:
    """`NAME.jsonl` with its meta file; `facts` are further fields of it."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.jsonl"
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    meta = {"schema": "repro-audit/predictions/1", "task": name.partition("@")[0], "model": "made up", "variant": "7b"}
    path.with_suffix(".meta.json").write_text(json.dumps(meta | facts), encoding="utf-8")
    return path


def speech(number: int, seed: int = 1) -> list[dict[str, Any]]:
    """Rows of speech recognition with errors in about every second row."""
    rng = random.Random(seed)
    rows = []
    for index in range(number):
        words = [rng.choice(_WORDS) for _ in range(rng.randint(5, 20))]
        said = [word if rng.random() > 0.05 else rng.choice(_WORDS) for word in words]
        rows.append({"id": f"{index:06}", "hypothesis": " ".join(said), "reference": " ".join(words)})
    return rows


def changed(rows: Sequence[Mapping[str, Any]], number: int, seed: int = 2) -> list[dict[str, Any]]:
    """The rows of another run: `number` outputs have one word replaced by a word that nobody said."""
    picked = set(random.Random(seed).sample(range(len(rows)), number))
    return [
        {**row, "hypothesis": f"{row['hypothesis'].rpartition(' ')[0]} otherwise"} if index in picked else dict(row)
        for index, row in enumerate(rows)
    ]
