"""Merging shards into one predictions file, whose bytes do not depend on the sharding."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from audit._util import canonical_json, typed_json
from audit._util.clock import source_date_epoch
from audit._util.files import write_atomic
from audit._util.folders import held
from audit._util.strict_json import InvalidJsonError
from audit.errors import InputError
from audit.inference import journal
from audit.inference.run_records import BatchResult, EngineSettings, Identity, Outcome, RunEnvironment
from audit.scoring.prediction_meta import PredictionMeta
from audit.scoring.predictions import split_name


def work_folder(out: Path, task: str) -> Path:
    """The folder for the journal and manifest of a run; hidden, so that scorers ignore it."""
    return out / f".{task}.work"


def merge(task: str, sources: Sequence[Path], out: Path, who: str | None = None, *, first: bool = False) -> Outcome:
    """Write `TASK.jsonl`, `TASK.meta.json` and `TASK.run.json` from the shards' journals.

    Args:
        task: The task's id, or `TASK@RUN` for a run with a name.
        sources: The folders given to the shards as `--out`.
        out: The output folder.
        who: Who ran it, for the meta file.
        first: Take the batches before the first missing one: a run in the order of a sampling plan stops early.

    Raises:
        InputError: Shards are missing, unfinished or of different runs, or have different rows for the same batch.
    """
    files = sorted(file for source in sources for file in work_folder(source, task).glob("*.journal"))
    where = ", ".join(str(work_folder(source, task)) for source in sources)
    if not files:
        raise InputError("no journal to merge", where=where, fix="run `repro-audit infer` with --shard first")
    run: Identity | None = None
    batches: dict[int, BatchResult] = {}
    for file in files:
        found, finished, _ = journal.read(file)
        if found is None:
            raise InputError("the journal is empty", where=str(file), fix="run its shard again")
        # The shard is not part of the run's identity.
        if run is not None and (names := run.differences(replace(found, shard=run.shard))):
            raise InputError(f"shards of different runs, which differ in {', '.join(names)}", where=str(file))
        run = run or found
        for batch in finished:
            if batch.batch in batches and batches[batch.batch].rows != batch.rows:
                raise InputError(f"duplicate batch {batch.batch} with different rows", where=str(file))
            batches[batch.batch] = batch
    assert run is not None
    missing = sorted(set(range(run.batches)) - set(batches))
    if missing and first and missing[0]:
        batches = {number: batch for number, batch in batches.items() if number < missing[0]}
    elif missing:
        raise InputError(
            f"{len(missing)} of {run.batches} batches are missing; the first is {missing[0]}",
            where=where,
            fix="run the missing shards, or restart the unfinished ones: they resume where they stopped",
        )
    rows = sorted((row for batch in batches.values() for row in batch.rows), key=lambda row: row.id)
    path = out / f"{task}.jsonl"
    environments = _environments(sources, task)
    meta = _meta(split_name(task)[0], run, environments, who)
    errors = {row.id: row.error for row in rows if row.hypothesis is None}
    record = {
        "run": {name: value for name, value in asdict(run).items() if name != "shard"},
        "environments": [found.as_json() for found in environments],
        "events": [event.as_json() for number in sorted(batches) for event in batches[number].events],
        "errors": errors,
    }
    data = b"".join(canonical_json.dumps(asdict(row)) + b"\n" for row in rows)
    # A kill between the files must not leave rows under the facts of others.
    meta = replace(meta, rows_sha256=hashlib.sha256(data).hexdigest())
    try:
        with held(out):
            write_atomic(path, data)
            write_atomic(out / f"{task}.meta.json", _pretty(meta.as_json()))
            write_atomic(out / f"{task}.run.json", _pretty(record))
    except OSError as error:
        raise InputError(f"cannot be written: {error.strerror}", where=str(error.filename or out)) from None
    return Outcome(len(rows), len(errors), path)


def _environments(sources: Sequence[Path], task: str) -> list[RunEnvironment]:
    found: list[RunEnvironment] = []
    for source in sources:
        for file in sorted(work_folder(source, task).glob("environment-*.json")):
            try:
                one = typed_json.read(RunEnvironment, file.read_bytes())
            except InvalidJsonError as error:
                raise InputError(
                    f"not a run's environment: {error}", where=str(file), fix="run its shard again"
                ) from None
            if one not in found:
                found.append(one)
    return found


def _meta(task: str, run: Identity, environments: list[RunEnvironment], who: str | None) -> PredictionMeta:
    moment = datetime.fromtimestamp(source_date_epoch(), UTC)
    decoding: dict[str, Any] = {**run.decoding, "batch_size": run.batch_size, "resampler": run.resampler}
    if isinstance(run.model, EngineSettings):
        model, special_tokens = run.model.name, run.model.special_tokens
        decoding |= {"engine": run.model.engine, "libraries": _versions(environments)}
    else:
        model, special_tokens = "SALMONN", None
        settings = {name: value for name, value in asdict(run.model).items() if name != "variant"}
        decoding |= {"encode_batch": run.encode_batch, "zero_audio": run.zero_audio, "model": settings}
    return PredictionMeta(
        task,
        model=model,
        variant=run.model.variant,
        weights=run.weights,
        decoding=decoding,
        dataset={**asdict(run.dataset), "manifest_sha256": run.manifest},
        prompt=run.prompt,
        who=who,
        when=moment.strftime("%Y-%m-%dT%H:%M:%SZ"),
        device=", ".join(sorted({found.device for found in environments})) or None,
        source="repro-audit infer",
        special_tokens=special_tokens,
    )


def _versions(environments: list[RunEnvironment]) -> dict[str, str]:
    """The version of every library; several, if the shards ran on different ones."""
    names = sorted({name for found in environments for name in found.packages})
    return {name: ", ".join(sorted({e.packages[name] for e in environments if name in e.packages})) for name in names}


def _pretty(data: dict[str, Any]) -> str:
    return json.dumps(data, ensure_ascii=False, indent=1, sort_keys=True) + "\n"
