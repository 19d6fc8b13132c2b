"""Prediction sets from memory: plain lists, dictionaries, or a pandas or Polars data frame.

The checks are those of prediction files; messages give the row's position instead of a line number.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol, TypeAlias, runtime_checkable

from audit.errors import InputError
from audit.scoring.prediction_meta import META_SCHEMA, PredictionMeta
from audit.scoring.predictions import PredictionSet, load, parse_row
from tasks.row import Row
from tasks.task import Task

IN_MEMORY = Path("<memory>")
_COLUMNS = ("id", "hypothesis", "reference", "finished", "prompt", "extra")


@runtime_checkable
class Frame(Protocol):
    """The common interface of pandas (`to_dict`) and Polars (`to_dicts`) data frames: named columns."""

    @property
    def columns(self) -> Any:
        """The names of the columns."""


Predictions: TypeAlias = "PredictionSet | str | Path | Frame | Sequence[str | None] | Sequence[Mapping[str, Any]]"
"""A path, a frame with the columns `hypothesis` and `reference`, a list of rows as dictionaries, or a list of outputs."""


def prediction_set(
    task: Task,
    predictions: Predictions,
    references: Sequence[Any] | None = None,
    *,
    ids: Sequence[str] | None = None,
    model: str = "unknown",
    variant: str = "unknown",
) -> PredictionSet:
    """A prediction set from a file or from memory.

    Args:
        task: The task, which determines the type of references.
        predictions: See `Predictions`. In dictionaries and frames `id`, `finished`, `prompt` and `extra` are optional.
        references: With a list of outputs: one reference per row.
        ids: With a list of outputs: one id per row; by default their positions.
        model: The model that produced the outputs, if they come from memory.
        variant: The variant of the model.

    Raises:
        InputError: A row is invalid for its task (with its position and field), or the lists differ in length.
    """
    if isinstance(predictions, PredictionSet):
        return predictions
    if isinstance(predictions, str | Path):
        path = Path(predictions)
        return load(path / f"{task.id}.jsonl" if path.is_dir() else path, task)
    records = _records(predictions, references, ids)
    rows: dict[str, Row] = {}
    lines = []
    for number, record in enumerate(records):
        place = f"row {number}"
        unknown = sorted(set(record) - set(_COLUMNS))
        if unknown:
            raise InputError(
                f"unknown field {unknown[0]!r}", where=place, fix=f"A row has the fields {', '.join(_COLUMNS)}."
            )
        raw = json.dumps({"id": f"{number:06}", **record}, ensure_ascii=False, default=_plain).encode(
            "utf-8", "surrogatepass"
        )
        row = parse_row(raw, place, task.reference_type)
        if row.id in rows:
            raise InputError(f"duplicate id {row.id!r}", where=f"{place}: id", fix="Give every row a unique id.")
        rows[row.id] = row
        lines.append(raw)
    if not rows:
        raise InputError("no rows", fix="Give at least one output with its reference.")
    meta = PredictionMeta(task.id, model, variant)
    about = json.dumps({"schema": META_SCHEMA, "task": task.id, "model": model, "variant": variant})
    digest = hashlib.sha256(b"\n".join(sorted(lines))).hexdigest()
    ordered = tuple(rows[name] for name in sorted(rows))
    return PredictionSet(task.id, ordered, meta, IN_MEMORY, digest, hashlib.sha256(about.encode()).hexdigest())


def _records(
    predictions: Any, references: Sequence[Any] | None, ids: Sequence[str] | None
) -> Iterable[Mapping[str, Any]]:
    if isinstance(predictions, Frame):
        if references is not None or ids is not None:
            raise InputError("a frame has columns for references and ids", fix="Omit references and ids.")
        return _frame(predictions)
    items = list(predictions)
    if items and isinstance(items[0], Mapping):
        if references is not None or ids is not None:
            raise InputError("rows already contain references and ids", fix="Omit references and ids.")
        return items
    if references is None:
        raise InputError("outputs without references", fix="Give references=[...], one for each output.")
    named = [f"{n:06}" for n in range(len(items))] if ids is None else list(ids)
    for what, given in (("references", list(references)), ("ids", named)):
        if len(given) != len(items):
            raise InputError(f"{len(items)} outputs, but {len(given)} {what}", fix=f"Give as many {what} as outputs.")
    return [
        {"id": name, "hypothesis": text, "reference": reference}
        for name, text, reference in zip(named, items, references, strict=True)
    ]


def _frame(frame: Any) -> list[Mapping[str, Any]]:
    columns = [str(name) for name in frame.columns]
    missing = [name for name in ("hypothesis", "reference") if name not in columns]
    if missing:
        raise InputError(
            f"the frame has no column {missing[0]!r}",
            where=f"columns: {', '.join(columns)}",
            fix="Rename its columns to hypothesis and reference; id, finished, prompt and extra are optional.",
        )
    kept = frame[[name for name in _COLUMNS if name in columns]]
    records = kept.to_dicts() if hasattr(kept, "to_dicts") else kept.to_dict("records")
    # pandas represents a missing cell as NaN; missing optional fields are left out.
    return [{k: v for k, v in record.items() if k == "hypothesis" or not _missing(v)} for record in records]


def _missing(value: Any) -> bool:
    return value is None or (isinstance(value, float) and value != value)  # noqa: PLR0124  NaN alone differs from itself


def _plain(value: Any) -> Any:
    """numpy arrays and numbers as plain Python values."""
    if hasattr(value, "tolist"):
        return value.tolist()
    raise InputError(f"unsupported type {type(value).__name__}", fix="Use strings, lists of strings and numbers.")
