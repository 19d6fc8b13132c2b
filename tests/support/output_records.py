"""Made records of public outputs, and files to go with them."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import yaml

from audit.literature.outputs.records import OutputRecord, load_outputs

COMMIT = "0" * 39 + "1"


def body(rows: int = 40) -> bytes:
    """A file in the layout of AudioBench's raw outputs, with made texts."""
    items = [
        {"text": "Write down what is said.", "answer": f"the number is {n}", "task_type": "ASR",
         "model_prediction": f"The number is {n}."}
        for n in range(rows)
    ]  # fmt: skip
    return json.dumps(items).encode()


def fields(data: bytes | None, address: str = "https://localhost/x/made.json", **changes: Any) -> dict[str, Any]:
    """The fields of a record of `data`; None for a file of which no size and hash is known."""
    found: dict[str, Any] = {
        "schema": "repro-audit/output/1",
        "id": "made",
        "work": "audiobench",
        "system": "SALMONN-7B",
        "variant": "7b",
        "kind": "asr",
        "dataset": "Made",
        "split": "40 rows",
        "same_data": "no",
        "same_data_reason": "Made for a test.",
        "file": {
            "address": address, "repo": "made/made", "commit": COMMIT, "path": "log/made.json", "blob": None,
            "bytes": None if data is None else len(data),
            "sha256": None if data is None else hashlib.sha256(data).hexdigest(), "rows": 40,
        },
        "licence": "CC0",
        "format": {"importer": "audiobench", "text": "A JSON list.", "fields": {"id": "position"}, "normalised": None},
        "prompts": {"texts": ["Write down what is said."], "where": None, "in_rows": True},
        "decoding": None,
        "set": None,
        "audit": None,
        "tasks": [],
        "judge": None,
        "printed": [],
        "elsewhere": [],
        "not_counted": None,
        "notes": None,
    }  # fmt: skip
    for name, value in changes.items():
        found[name] = {**found[name], **value} if name == "file" else value
    return found


def written(folder: Path, *records: dict[str, Any]) -> Path:
    """A folder of literature with these records; returns the folder."""
    for one in records:
        path = folder / "outputs" / f"{one['id']}.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(yaml.safe_dump(one, sort_keys=False), "utf-8")
    return folder


def loaded(folder: Path, *records: dict[str, Any]) -> tuple[OutputRecord, ...]:
    """The records, written and read."""
    return load_outputs(written(folder, *records) / "outputs")
