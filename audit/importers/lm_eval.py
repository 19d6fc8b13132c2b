"""lm-evaluation-harness's samples: `samples_TASK_DATE.jsonl`, one row for each document and filter.

Fields as EleutherAI/lm-evaluation-harness@4e7e0d4 writes them (lm_eval/evaluator.py:625-667). The files of early 2024 are
one JSON list without `filter`. The scores stand in `results_DATE.json` beside the samples.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, Any

from audit.errors import InputError
from audit.importers.interface import Imported, Importer, Refused, with_finished
from audit.importers.records import STDIN, Record, decode, json_records, named, parse, read_bytes
from audit.importers.references import reference_of
from audit.importers.sample import Sample
from audit.importers.stored_totals import StoredTotal, mean_total, metric_of, of_rows
from audit.importers.values import written_list
from tasks.row import ReferenceType, Row

if TYPE_CHECKING:
    from tasks.task import Task

_NONE = "none"
_TAKEN = ("doc_id", "target", "resps", "filtered_resps", "arguments", "filter", "metrics")
_NAME = re.compile(r"samples_(?P<task>.+)_(?P<date>\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d\.\d+)\.jsonl?")


class LmEval(Importer):
    """A row's id is the document's number; the prediction is the output after the filter, the raw one stays in `extra`."""

    example = "samples_TASK_DATE.jsonl"

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """See `Importer.add_arguments`."""
        parser.add_argument("file", type=Path, help="the samples; - is standard input")
        parser.add_argument("--filter", metavar="NAME", help="the filter whose outputs count, if the file has several")
        parser.add_argument("--results", type=Path, metavar="FILE",
                            help="the scores (default: results_DATE.json beside the samples, if it is there)")  # fmt: skip

    def recognises(self, source: Sample) -> bool:
        """Rows with the fields of samples."""
        return source.has("doc_id", "doc", "resps", "filtered_resps", "target")

    def read(self, options: argparse.Namespace, task: Task) -> Imported:
        """See `Importer.read`."""
        raw = read_bytes(options.file)
        records = json_records(options.file, raw)
        chosen, kept = _of_one_filter(records, options.filter, str(options.file))
        rows = [_row(record, task) for record in kept]
        seen: dict[str, str] = {}
        for row, record in zip(rows, kept, strict=True):
            if row.id in seen:
                raise InputError(
                    f"duplicate doc_id {row.id}, first at {seen[row.id]}",
                    where=record.where,
                    fix="Remove the duplicate.",
                )
            seen[row.id] = record.where
        refused = tuple(
            Refused(r.where, f"another filter than {chosen}")
            for r in records
            if r.fields.get("filter", _NONE) != chosen
        )
        source = f"{named('lm-eval', options.file, raw)}, filter {chosen}"
        own = _own(options, kept, chosen)
        notes = ("log-likelihoods: the output is the choice with the highest one",) if _scored(kept[0]) else ()
        return Imported(with_finished(rows), len(records), len(rows), refused, source, "samples", notes, stated=own)


def _of_one_filter(records: Sequence[Record], asked: str | None, where: str) -> tuple[str, list[Record]]:
    filters = list(dict.fromkeys(str(record.fields.get("filter", _NONE)) for record in records))
    if asked is None and len(filters) > 1:
        raise InputError(
            f"{len(filters)} filters, with a row each for every document",
            where=where,
            fix=f"Choose one with --filter: {', '.join(filters)}.",
        )
    chosen = asked or filters[0]
    if chosen not in filters:
        raise InputError(f"no filter {chosen!r}", where=where, fix=f"The file has: {', '.join(filters)}.")
    return chosen, [record for record in records if str(record.fields.get("filter", _NONE)) == chosen]


def _row(record: Record, task: Task) -> Row:
    identifier = record.value("doc_id")
    if isinstance(identifier, bool) or not isinstance(identifier, int | str) or identifier == "":
        raise InputError("must be a number", where=f"{record.where}: doc_id", fix="Correct the record.")
    arguments = _arguments(record)
    prompt = arguments[0][0] if arguments else None
    extra = record.others(*_TAKEN)
    if _scored(record):
        text, gold, extra["choices"] = _by_likelihood(record, arguments)
        golds = [gold]
    else:
        text = _one_output(record)
        golds = _targets(record, task)
    raw = record.fields.get("resps")
    if raw not in ([[text]], [text]):
        extra["resps"] = raw
    return Row(
        # Numbers sort as numbers.
        f"{identifier:06d}" if isinstance(identifier, int) else identifier,
        text,
        reference_of(golds, task, record.where, prompt),
        prompt=prompt,
        extra=extra,
    )


def _arguments(record: Record) -> list[list[Any]]:
    """The arguments of every request, as lists: since 2024-02 they are objects `gen_args_0: {arg_0, arg_1}`."""
    value = record.fields.get("arguments")
    if isinstance(value, dict):
        value = [list(one.values()) if isinstance(one, dict) else one for one in value.values()]
    if not isinstance(value, list) or not all(isinstance(one, list) and one for one in value):
        return []
    return [one for one in value if isinstance(one[0], str)]


def _scored(record: Record) -> bool:
    """Whether the outputs are log-likelihoods of choices: pairs of a number and a boolean, as texts."""
    value = record.fields.get("filtered_resps")
    return isinstance(value, list) and len(value) > 1 and all(isinstance(one, list) and len(one) == 2 for one in value)


def _by_likelihood(record: Record, arguments: list[list[Any]]) -> tuple[str, str, list[str]]:
    pairs: Any = record.value("filtered_resps")
    choices = [one[1].strip() for one in arguments if len(one) > 1 and isinstance(one[1], str)]
    target = str(record.value("target"))
    if len(choices) != len(pairs) or not target.isdecimal() or len(target) > 9 or int(target) >= len(choices):
        raise InputError(
            f"{len(pairs)} log-likelihoods, {len(choices)} choices, and the target {target[:40]!r}",
            where=f"{record.where}: filtered_resps",
            fix="Only multiple-choice samples can be imported so: one choice for each log-likelihood, the target its number.",
        )
    try:
        values = [Decimal(str(one[0])) for one in pairs]
    except InvalidOperation:
        values = []
    if not values or any(value.is_nan() for value in values):
        raise InputError("not log-likelihoods", where=f"{record.where}: filtered_resps", fix="Correct the record.")
    return choices[values.index(max(values))], choices[int(target)], choices


def _one_output(record: Record) -> str:
    value: Any = record.value("filtered_resps")
    while isinstance(value, list) and len(value) == 1:
        value = value[0]
    if not isinstance(value, str):
        found = f"{len(value)} outputs" if isinstance(value, list) else "no text"
        raise InputError(
            f"must be one text, not {found}",
            where=f"{record.where}: filtered_resps",
            fix="Import a filter that takes one output (`take_first`); repeats are runs of their own.",
        )
    return value


def _targets(record: Record, task: Task) -> list[str]:
    """The target; lm-eval writes a list as Python prints it."""
    value = record.value("target")
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        return list(value)
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str):
        value = record.text("target")
    found = written_list(value, f"{record.where}: target")
    if found and all(isinstance(one, str) for one in found) and task.reference_type is not ReferenceType.TEXT:
        return found
    if found and len(found) == 1 and isinstance(found[0], str):
        return found
    return [value]


def _of_rows(kept: Sequence[Record]) -> tuple[StoredTotal, ...]:
    """The means of the rows' own scores, which `metrics` names since 2024-09."""
    names: Any = kept[0].fields.get("metrics")
    if not isinstance(names, list):
        return ()
    found = [of_rows(name, [one.fields.get(name) for one in kept]) for name in names if isinstance(name, str)]
    return tuple(one for one in found if one is not None)


def _own(options: argparse.Namespace, kept: Sequence[Record], chosen: str) -> tuple[StoredTotal, ...]:
    """The scores of the results file, each held against the rows' own values."""
    match = _NAME.fullmatch(options.file.name)
    path: Path | None = options.results
    if path is None and match and str(options.file) != STDIN:
        beside = options.file.with_name(f"results_{match['date']}.json")
        path = beside if beside.is_file() else None
    if path is None:
        return _of_rows(kept)
    value = parse(decode(read_bytes(path), str(path)), str(path))
    every = value.get("results") if isinstance(value, dict) else None
    if not isinstance(every, dict):
        raise InputError("no `results`", where=str(path), fix="Give the results file of the same run.")
    name = match["task"] if match else next(iter(every)) if len(every) == 1 else ""
    scores = every.get(name)
    if not isinstance(scores, dict):
        raise InputError(f"no results of {name or 'one task'!r}", where=str(path), fix=f"It has: {', '.join(every)}.")
    found = []
    for key, score in scores.items():
        metric, _, of = key.partition(",")
        if of == chosen and not metric.endswith("_stderr"):
            values = [record.fields.get(metric) for record in kept]
            found.append(mean_total(metric, score, values, metric_of(metric)))
    return tuple(item for item in found if item is not None)
