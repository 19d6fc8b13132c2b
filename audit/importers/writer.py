"""Writing predictions: rows sorted by id, one a line, and the meta file; read back before anything is in place."""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from audit._util.files import write_atomic
from audit.errors import InputError
from audit.scoring.predictions import META_SCHEMA, load
from tasks.row import Row
from tasks.task import Task

_SURROGATE = re.compile("[\ud800-\udfff]")


def _json(value: object, **options: Any) -> str:
    """JSON as readable UTF-8; a lone surrogate, which UTF-8 does not have, stays as the escape it came from."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, **options)
    return _SURROGATE.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def _sorted(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _sorted(value[name]) for name in sorted(value)}
    return [_sorted(item) for item in value] if isinstance(value, list) else value


def line(row: Row) -> str:
    """One line of a predictions file, fields in the documented order, keys inside them sorted."""
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
    folder: str | Path, task: Task, rows: Iterable[Row], meta: Mapping[str, Any], *, replace: bool = False
) -> Path:
    """Write `TASK.jsonl` and `TASK.meta.json` into `folder`, whole or not at all, and give the first one's path.

    Both are written beside their place first and read back with the strict reader: rows that would not come back
    exactly as they are stop the writing.

    Args:
        folder: Made if missing.
        task: The rows' task.
        rows: In any order.
        meta: Fields of the meta file besides `schema` and `task`.
        replace: Replace predictions that are there already with other content.

    Raises:
        InputError: There are no rows, two have one id, one does not fit the task, or the files exist.
    """
    folder = Path(folder)
    path = folder / f"{task.id}.jsonl"
    ordered = sorted(rows, key=lambda row: row.id)
    try:
        data = "".join(f"{line(row)}\n" for row in ordered).encode("utf-8")
        described = _json({"schema": META_SCHEMA, "task": task.id, **meta}, indent=2).encode("utf-8") + b"\n"
    except (ValueError, TypeError) as error:
        raise InputError(f"a value that JSON does not have ({error})", where=str(path), fix="Correct it.") from error
    _read_back(task, ordered, data, described)
    for target, content in ((path, data), (path.with_suffix(".meta.json"), described)):
        if target.exists() and not replace and target.read_bytes() != content:
            raise InputError(
                "there already, with other content", where=str(target), fix="Give --replace, or another --out."
            )
    try:
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
        if line(row) != line(other) or (row.id, row.hypothesis) != (other.id, other.hypothesis):
            raise InputError(
                "cannot be written without changing it",
                where=f"row {row.id!r}",
                fix="Two halves of a character (surrogates) stand side by side in it; join or remove them.",
            )
