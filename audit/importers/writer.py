"""Writer of prediction files: rows sorted by id, one per line, and the meta file; verified by reading them back."""

from __future__ import annotations

import hashlib
import json
import re
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import replace as replace_fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from audit._util.files import write_atomic
from audit._util.folders import held
from audit.errors import InputError
from audit.scoring.prediction_meta import PredictionMeta
from audit.scoring.predictions import file_stem, load, too_long
from tasks.row import Row

if TYPE_CHECKING:
    from tasks.task import Task

_SURROGATE = re.compile("[\ud800-\udfff]")


def _json(value: object, **options: Any) -> str:
    """JSON as readable UTF-8; a lone surrogate, which UTF-8 cannot encode, is written as an escape."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, **options)
    return _SURROGATE.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def _sorted(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _sorted(value[name]) for name in sorted(value)}
    return [_sorted(item) for item in value] if isinstance(value, list) else value


def line(row: Row) -> str:
    """A line of a predictions file: fields in the documented order, nested keys sorted."""
    return _json(
        {
            "id": row.id,
            "hypothesis": row.hypothesis,
            "finished": row.finished,
            "reference": _sorted(row.reference),
            "prompt": row.prompt,
            "extra": _sorted(dict(row.extra)),
        }
    )


def write(
    folder: str | Path,
    task: Task,
    rows: Iterable[Row],
    meta: PredictionMeta,
    *,
    run: str | None = None,
    replace: bool = False,
) -> Path:
    """Write `TASK.jsonl` and `TASK.meta.json` into `folder` atomically, and return the path of the former.

    Both are first written to temporary files and read back with the strict reader; rows that are not read back
    unchanged are an error.

    Args:
        folder: Created if missing.
        task: The task of the rows.
        rows: In any order.
        meta: The meta file.
        run: The name of a run, for `TASK@RUN.jsonl`: lower-case words joined by hyphens.
        replace: Replace existing predictions that differ.

    Raises:
        InputError: There are no rows, an id is a duplicate, a row does not match the task, the name of the run is invalid, or
            the files exist.
    """
    folder = Path(folder)
    path = folder / f"{file_stem(task.id, run)}.jsonl"
    ordered = sorted(rows, key=lambda row: row.id)
    try:
        data = "".join(f"{line(row)}\n" for row in ordered).encode("utf-8")
        # A kill between the two files must not leave rows under the facts of others.
        meta = replace_fields(meta, rows_sha256=hashlib.sha256(data).hexdigest())
        described = _json(meta.as_json(), indent=2).encode("utf-8") + b"\n"
    except (ValueError, TypeError) as error:
        raise InputError(f"a value that JSON cannot represent ({error})", where=str(path), fix="Correct it.") from error
    _read_back(task, ordered, data, described)
    for target, content in ((path, data), (path.with_suffix(".meta.json"), described)):
        if target.exists() and not replace and target.read_bytes() != content:
            raise InputError("the file exists and differs", where=str(target), fix="Give --replace, or another --out.")
    try:
        with held(folder):
            write_atomic(path, data)
            write_atomic(path.with_suffix(".meta.json"), described)
    except OSError as error:
        raise InputError(f"cannot be written ({error.strerror})", where=str(folder), fix="Check --out.") from error
    return path


def _read_back(task: Task, rows: list[Row], data: bytes, meta: bytes) -> None:
    with tempfile.TemporaryDirectory(prefix="repro-audit-") as name:
        path = Path(name) / f"{task.id}.jsonl"
        path.write_bytes(data)
        path.with_suffix(".meta.json").write_bytes(meta)
        try:
            back = load(path, task).rows
        except InputError as error:
            where = (error.where or "").removeprefix(f"{name}/")
            raise InputError(error.what, where=f"the rows to be written, {where}", fix=error.fix) from error
    for row, other in zip(rows, back, strict=True):
        # Written whole, and read as an error row that says so.
        if too_long(row.hypothesis, row.reference, row.prompt):
            continue
        if line(row) != line(other) or (row.id, row.hypothesis) != (other.id, other.hypothesis):
            raise InputError(
                "cannot be written without loss",
                where=f"row {row.id!r}",
                fix="It contains a surrogate pair as two separate surrogates; join or remove them.",
            )
