"""Strict reader of prediction files: JSON Lines of rows sorted by id, and a meta file beside them.

A row of the wrong type for its task is an error that names file, line and field; nothing is silently repaired.
"""

from __future__ import annotations

import hashlib
import json
import re
from array import array
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from audit._util.files import refuse_pointer
from audit.errors import InputError
from audit.scoring.prediction_meta import MAX_LINE_BYTES, PredictionMeta, is_rows, json_object, load_meta
from audit.scoring.row_file import RowFile, stamp_of, unreadable
from tasks.row import ReferenceType, Row
from tasks.statistics.clusters import clusters, names_cluster
from tasks.steps.clean import SpecialTokens, ends_with_eos, finished_if_ended, with_finished
from tasks.task import Task

_ROW_FIELDS = ("id", "hypothesis", "finished", "reference", "prompt", "extra")

# Characters of an output, a prompt or a reference. An hour of speech has 60,000; a cap of 32,768 new tokens allows 150,000.
MAX_TEXT = 200_000
# Rows of a file up to this size, in bytes, are kept in memory, where they take about four times as much; those of larger ones
# are read again at each use.
MAX_KEPT = 2**27


@dataclass(frozen=True)
class PredictionSet:
    """A task's predictions.

    Attributes:
        task: The task's id.
        rows: In the order of the file, sorted by id; those of a large file are read again at each use.
        meta: The meta file.
        path: The file with the rows.
        sha256: The hash of that file.
        run: The run of a file `TASK@RUN.jsonl`; None for `TASK.jsonl`.
        part: The name of the subset that the rows are; None for all rows of the file.
        meta_sha256: The hash of the meta file.
    """

    task: str
    rows: Sequence[Row]
    meta: PredictionMeta
    path: Path
    sha256: str
    meta_sha256: str
    run: str | None = None
    part: str | None = None

    @cached_property
    def content(self) -> str:
        """What tells the rows apart from all others, for caches: the file's hash, with the ids of a part of the set."""
        if self.part is None:
            return self.sha256
        # A study may give a part of this name other rows.
        ids = json.dumps([row.id for row in self.rows]).encode()
        return f"{self.sha256}.{hashlib.sha256(ids).hexdigest()}"

    @cached_property
    def outputs(self) -> str:
        """A hash of the outputs alone: the same for copies of a run, whatever else their files say."""
        pairs = json.dumps([(row.id, row.hypothesis) for row in self.rows]).encode()
        return hashlib.sha256(pairs).hexdigest()

    @property
    def variant(self) -> str:
        """The model variant that produced the rows."""
        return self.meta.variant

    @cached_property
    def clusters(self) -> Sequence[str] | int:
        """The resampling units, see `tasks.statistics.clusters.clusters`."""
        return len(self.rows) if isinstance(self.rows, RowFile) and self.rows.alone else clusters(self.rows)

    @cached_property
    def prompts(self) -> Mapping[str | None, int]:
        """The instructions, each with the number of its rows; None for rows that have none, and neither has the meta file."""
        return Counter(row.prompt or self.meta.prompt for row in self.rows)

    @property
    def asked(self) -> Sequence[Row]:
        """The rows, with the instruction that the meta file states for all of them where a row has none."""
        prompt = self.meta.prompt
        if prompt is None:
            return self.rows
        return tuple(replace(row, prompt=prompt) if row.prompt is None else row for row in self.rows)


def load(path: str | Path, task: Task) -> PredictionSet:
    """Read `TASK.jsonl` or `TASK@RUN.jsonl`, and the meta file beside it.

    If the meta file states special tokens, `finished` is inferred from them where a row does not state it.

    Raises:
        InputError: A file is missing, empty, invalid UTF-8 or invalid JSON, or a row is invalid; with file, line and field.
    """
    path = Path(path)
    meta, meta_sha256 = load_meta(path.with_suffix(".meta.json"), task.id)
    digest = hashlib.sha256()
    stamp = stamp_of(path)
    kept: list[Row] | None = [] if stamp[1] <= MAX_KEPT else None
    starts = array("Q", [0])
    alone, ended, before = True, False, None
    for number, raw in _lines(path):
        digest.update(raw)
        place = f"{path}:{number}"
        row = parse_row(raw, place, task.reference_type)
        # Sorted by id, equal ids stand together.
        if row.id == before:
            raise InputError(
                f"duplicate id {row.id!r}, first on line {number - 1}",
                where=f"{place}: id",
                fix="Give every row a unique id, or remove the duplicate.",
            )
        if before is not None and row.id < before:
            raise InputError(
                f"the rows are not sorted by id ({row.id!r} after {before!r})",
                where=f"{place}: id",
                fix="Sort the file by id; `repro-audit import jsonl` does.",
            )
        variant = row.extra.get("variant")
        if variant is not None and variant != meta.variant:
            raise InputError(
                f"a row of model variant {variant!r} in a file of variant {meta.variant!r}",
                where=f"{place}: extra.variant",
                fix="Use one file per variant.",
            )
        before = row.id
        if kept is not None:
            kept.append(row)
            continue
        starts.append(starts[-1] + len(raw))
        alone = alone and not names_cluster(row)
        ended = ended or (row.hypothesis is not None and ends_with_eos(row.hypothesis, meta.tokens))
    if before is None:
        raise InputError("no rows", where=str(path), fix="Remove the file, or write predictions into it.")
    if meta.rows_sha256 is not None and meta.rows_sha256 != digest.hexdigest():
        raise InputError(
            "these are not the rows that the meta file describes: their hash differs",
            where=str(path),
            fix="An import or a merge was interrupted, or one of the two files was changed: write both again (--replace). "
            "If the rows were changed on purpose, remove rows_sha256 from the meta file.",
        )
    rows: Sequence[Row]
    if kept is None:
        read = _RowOfLine(task.reference_type, meta.tokens if ended and meta.special_tokens is not None else None)
        rows = RowFile(path, starts, read, stamp, alone=alone)
    else:
        rows = with_finished(kept, meta.tokens) if meta.special_tokens is not None else tuple(kept)
    return PredictionSet(task.id, rows, meta, path, digest.hexdigest(), meta_sha256, split_name(path.stem)[1])


@dataclass(frozen=True, slots=True)
class _RowOfLine:
    """Makes a row of a line; with tokens, `finished` is inferred from them where the row does not state it."""

    reference_type: ReferenceType
    tokens: SpecialTokens | None

    def __call__(self, raw: bytes, place: str) -> Row:
        row = parse_row(raw, place, self.reference_type)
        return row if self.tokens is None else finished_if_ended(row, self.tokens)


def _lines(path: Path) -> Iterator[tuple[int, bytes]]:
    try:
        handle = path.open("rb")
    except OSError as error:
        raise unreadable(path, error) from error
    with handle:
        number = 0
        while raw := handle.readline(MAX_LINE_BYTES + 1):
            number += 1
            if len(raw) > MAX_LINE_BYTES:
                raise InputError(
                    f"a line of more than {MAX_LINE_BYTES // 2**20} MiB",
                    where=f"{path}:{number}",
                    fix="Write one row per line.",
                )
            if number == 1:
                refuse_pointer(raw, path)
            yield number, raw


def parse_row(raw: bytes, place: str, reference_type: ReferenceType) -> Row:
    """Parse a line of a predictions file.

    Args:
        raw: The bytes of the line.
        place: `FILE:LINE`, for messages.
        reference_type: The required type of `reference`.

    Raises:
        InputError: The line is not a valid row; the message names file, line and field.
    """
    data = json_object(raw, place)
    for name in data:
        if name not in _ROW_FIELDS:
            raise InputError(
                f"unknown field {name!r}",
                where=f"{place}: {name}",
                fix=f"A row has the fields {', '.join(_ROW_FIELDS)}; put anything else into extra.",
            )
    for name in ("id", "hypothesis", "reference"):
        if name not in data:
            raise InputError("the field is missing", where=f"{place}: {name}", fix="Add it.")
    extra = _typed(data.get("extra", {}), dict, "an object", f"{place}: extra")
    identifier = _typed(data["id"], str, "a string", f"{place}: id")
    if not identifier:
        raise InputError("empty id", where=f"{place}: id", fix="Give every row an id.")
    if any("\ud800" <= c <= "\udfff" for c in identifier):
        raise InputError("the id contains a lone surrogate", where=f"{place}: id", fix="Use valid Unicode characters.")
    hypothesis = data["hypothesis"]
    if hypothesis is None and not isinstance(extra.get("error"), str):
        raise InputError(
            "null without a reason",
            where=f"{place}: hypothesis",
            fix='Give the raw output as a string, or say in extra why there is none: {"error": "..."}.',
        )
    if hypothesis is not None:
        _typed(hypothesis, str, "a string", f"{place}: hypothesis")
    problem = reference_type.problem(data["reference"])
    if problem:
        raise InputError(problem, where=f"{place}: reference", fix="See docs/reference/predictions.md.")
    prompt = _typed(data.get("prompt"), (str, type(None)), "a string or null", f"{place}: prompt")
    long = too_long(hypothesis, data["reference"], prompt)
    if long:
        hypothesis, extra = None, {**extra, "error": long}
    return Row(
        identifier,
        hypothesis,
        data["reference"],
        _typed(data.get("finished"), (bool, type(None)), "true, false or null", f"{place}: finished"),
        prompt,
        extra,
    )


def too_long(hypothesis: str | None, reference: object, prompt: str | None) -> str:
    """Why a row is an error of its own: steps, metrics and detectors of others take quadratic time on some texts."""
    for name, text in (("output", hypothesis or ""), ("prompt", prompt or "")):
        if len(text) > MAX_TEXT:
            return f"{name} of {len(text):,} characters; at most {MAX_TEXT:,} are scored"
    left: list[object] = [reference]
    size = 0
    while left:
        item = left.pop()
        size += len(item) if isinstance(item, str) else 0
        left += item.values() if isinstance(item, dict) else item if isinstance(item, list) else ()
    return f"reference of {size:,} characters; at most {MAX_TEXT:,} are scored" if size > MAX_TEXT else ""


def _typed(value: Any, kind: type | tuple[type, ...], words: str, where: str) -> Any:
    if not isinstance(value, kind):
        raise InputError(f"must be {words}, not {json.dumps(value)[:60]}", where=where, fix="Correct the field.")
    return value


def file_of(place: str | Path | None, task: str) -> Path:
    """The predictions file of a task, from the file itself or the folder that holds `TASK.jsonl`.

    Args:
        place: The file or folder; None for `predictions`.
        task: The task's id.
    """
    path = Path("predictions") if place is None else Path(place)
    is_file = path.is_file() or (path.suffix == ".jsonl" and not path.is_dir())
    return path if is_file else path / f"{task}.jsonl"


_RUN = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*\Z")


def split_name(stem: str) -> tuple[str, str | None]:
    """The task and the run of a file's name: `TASK` or `TASK@RUN`."""
    task, at, run = stem.partition("@")
    return task, run if at else None


def file_stem(task: str, run: str | None) -> str:
    """The file's name for a task and a run: `TASK` or `TASK@RUN`.

    Raises:
        InputError: The name of the run is not lower-case words joined by hyphens.
    """
    if run is not None and not _RUN.match(run):
        raise InputError(f"invalid name of a run: {run!r}", fix="Use lower-case letters, digits and hyphens: batch-2.")
    return task if run is None else f"{task}@{run}"


def find(folder: str | Path, tasks: Mapping[str, Task]) -> dict[str, Path]:
    """The prediction files in a folder by `TASK` or `TASK@RUN`; a missing folder has none, and a file is the only one.

    Raises:
        InputError: A file is not named after a task, or a meta file has no predictions beside it.
    """
    folder = Path(folder)
    found: dict[str, Path] = {}
    if not folder.exists():
        return found
    if folder.is_file():
        if not _named(folder.stem, tasks) or not is_rows(folder):
            fix = f"Give TASK.jsonl, or the folder that holds it. Tasks are: {', '.join(tasks)}."
            raise InputError("is not named after a task", where=str(folder), fix=fix)
        return {folder.stem: folder}
    for path in sorted(folder.iterdir()):
        if path.name.endswith(".meta.json") and not path.name.startswith("."):
            name = path.name.removesuffix(".meta.json")
            if not path.with_name(f"{name}.jsonl").exists():
                raise InputError("has no predictions beside it", where=str(path), fix=f"Add {name}.jsonl or remove it.")
        elif is_rows(path):
            name = path.stem
            if not _named(name, tasks):
                task, run = split_name(name)
                what = f"unknown task {task!r}" if task not in tasks else f"invalid name of a run: {run!r}"
                raise InputError(
                    what, where=str(path), fix=f"Name it TASK.jsonl or TASK@RUN.jsonl. Tasks are: {', '.join(tasks)}."
                )
            found[name] = path
    return found


def _named(stem: str, tasks: Mapping[str, Task]) -> bool:
    task, run = split_name(stem)
    return task in tasks and (run is None or _RUN.match(run) is not None)
