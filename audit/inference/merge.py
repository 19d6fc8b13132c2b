"""Merging shards into one predictions file, whose bytes do not depend on the sharding."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from audit._util import canonical_json
from audit._util.clock import source_date_epoch
from audit._util.files import write_atomic
from audit.errors import InputError
from audit.inference import journal as journals
from audit.scoring.predictions import PredictionMeta


def work_folder(out: Path, task: str) -> Path:
    """The folder for the journal and manifest of a run; hidden, so that scorers ignore it."""
    return out / f".{task}.work"


def merge(task: str, sources: Sequence[Path], out: Path, who: str | None = None) -> Path:
    """Write `TASK.jsonl`, `TASK.meta.json` and `TASK.run.json` from the shards' journals.

    Args:
        task: The task's id.
        sources: The folders given to the shards as `--out`.
        out: The output folder.
        who: Who ran it, for the meta file.

    Raises:
        InputError: Shards are missing, unfinished or of different runs, or two shards have different rows for a batch.
    """
    files = sorted(file for source in sources for file in work_folder(source, task).glob("*.journal"))
    where = ", ".join(str(work_folder(source, task)) for source in sources)
    if not files:
        raise InputError("no journal to merge", where=where, fix="run `repro-audit infer` with --shard first")
    run: dict[str, Any] = {}
    batches: dict[int, dict[str, Any]] = {}
    for file in files:
        found, entries = _read(file)
        shard = found.pop("shard")
        if run and found != run:
            names = sorted(name for name in {*found, *run} if found.get(name) != run.get(name))
            raise InputError(f"shards of different runs: they differ in {', '.join(names)}", where=str(file))
        run = found
        for entry in entries:
            number = entry["batch"]
            if number in batches and batches[number]["rows"] != entry["rows"]:
                raise InputError(f"duplicate batch {number} with different rows", where=str(file))
            batches[number] = entry
        del shard
    missing = sorted(set(range(run["batches"])) - set(batches))
    if missing:
        raise InputError(
            f"{len(missing)} of {run['batches']} batches are not done, the first is {missing[0]}",
            where=where,
            fix="run the missing shards, or start the unfinished ones again: they resume where they stopped",
        )
    rows = sorted((row for entry in batches.values() for row in entry["rows"]), key=lambda row: str(row["id"]))
    path = out / f"{task}.jsonl"
    environments = _environments(sources, task)
    meta = _meta(task, run, environments, who)
    events = [event for number in sorted(batches) for event in batches[number]["events"]]
    errors = {row["id"]: row["extra"]["error"] for row in rows if row["hypothesis"] is None}
    record = {"run": run, "environments": environments, "events": events, "errors": errors}
    try:
        write_atomic(path, b"".join(canonical_json.dumps(row) + b"\n" for row in rows))
        write_atomic(out / f"{task}.meta.json", _pretty(meta.as_json()))
        write_atomic(out / f"{task}.run.json", _pretty(record))
    except OSError as error:
        raise InputError(f"cannot be written: {error.strerror}", where=str(error.filename or out)) from None
    return path


def _read(file: Path) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    lines = file.read_bytes().split(b"\n")[:-1]
    try:
        head, *entries = [json.loads(line) for line in lines]
        if head["schema"] != journals.SCHEMA:
            raise InputError("the journal has an unknown version", where=str(file))
        return dict(head["run"]), entries
    except (ValueError, KeyError, TypeError):
        raise InputError("the journal is damaged or empty", where=str(file), fix="run its shard again") from None


def _environments(sources: Sequence[Path], task: str) -> list[dict[str, Any]]:
    found = []
    for source in sources:
        for file in sorted(work_folder(source, task).glob("environment-*.json")):
            data = json.loads(file.read_text("utf-8"))
            if data not in found:
                found.append(data)
    return found


def _meta(task: str, run: dict[str, Any], environments: list[dict[str, Any]], who: str | None) -> PredictionMeta:
    model = run["model"]
    moment = datetime.fromtimestamp(source_date_epoch(), UTC)
    decoding = {**run["decoding"], "batch_size": run["batch_size"], "resampler": run["resampler"]}
    decoding |= {"encode_batch": run["encode_batch"], "zero_audio": run["zero_audio"]}
    decoding["model"] = {name: value for name, value in model.items() if name != "variant"}
    return PredictionMeta(
        task,
        model="SALMONN",
        variant=model["variant"],
        weights=run["weights"],
        decoding=decoding,
        dataset={**run["dataset"], "manifest_sha256": run["manifest"]},
        prompt=run["prompt"],
        who=who,
        when=moment.strftime("%Y-%m-%dT%H:%M:%SZ"),
        device=", ".join(sorted({str(e["device"]) for e in environments})) or None,
        source="repro-audit infer",
    )


def _pretty(data: dict[str, Any]) -> str:
    return json.dumps(data, ensure_ascii=False, indent=1, sort_keys=True) + "\n"
