"""UltraEval-Audio's recorder: events `{"type", "id", "data"}`, in the order in which threads finish.

Fields as OpenBMB/UltraEval-Audio@9b69da6 writes them (audio_evals/eval_task.py:46-96, recorder.py:6-20). A resumed run
appends, so the last event of a type counts.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from audit.errors import InputError
from audit.importers.interface import Imported, Importer, Refused, with_finished
from audit.importers.records import STDIN, Record, decode, json_records, named, parse, read_bytes
from audit.importers.references import reference_of
from audit.importers.sample import Sample
from audit.importers.stored_totals import StoredTotal, metric_of, stated
from tasks.row import Row

if TYPE_CHECKING:
    from tasks.task import Task

_TYPES = frozenset({"prompt", "inference", "post_process", "eval", "error"})


class UltraEval(Importer):
    """The prediction is the post-processed output, as it was scored; the model's own output stays in `extra`."""

    example = "res/MODEL/DATASET/TIME.jsonl"

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """See `Importer.add_arguments`."""
        parser.add_argument("file", type=Path, help="the recorder's file; - is standard input")
        parser.add_argument("--raw-output", action="store_true", help="take the model's own output instead")

    def recognises(self, source: Sample) -> bool:
        """Rows with exactly `type`, `id` and `data`."""
        return source.fields == {"type", "id", "data"} and all(str(row.get("type")) in _TYPES for row in source.rows)

    def read(self, options: argparse.Namespace, task: Task) -> Imported:
        """See `Importer.read`."""
        raw = read_bytes(options.file)
        events: dict[str, dict[str, Record]] = {}
        records = json_records(options.file, raw)
        for record in records:
            kind, name = record.text("type"), record.value("id")
            if kind not in _TYPES:
                raise InputError(f"no type of event: {kind[:40]!r}", where=f"{record.where}: type", fix="Correct it.")
            if isinstance(name, bool) or not isinstance(name, int | str) or name == "":
                raise InputError("must be a number", where=f"{record.where}: id", fix="Correct the record.")
            key = f"{name:06d}" if isinstance(name, int) else name
            events.setdefault(key, {})[kind] = record
        rows, refused = [], []
        for name, found in events.items():
            row = _row(name, found, task, raw_output=options.raw_output)
            if row is None:
                last = list(found.values())[-1]
                refused.append(Refused(last.where, "no reference: the item was not evaluated"))
            else:
                rows.append(row)
        source = named("ultraeval-audio", options.file, raw)
        notes = (f"{len(records)} events",)
        return Imported(with_finished(rows), len(events), len(rows), tuple(refused), source, "items", notes,
                        stated=_own(options.file, len(rows)))  # fmt: skip


def _row(name: str, found: Mapping[str, Record], task: Task, *, raw_output: bool) -> Row | None:
    if "eval" not in found:
        return None
    evaluated = Record(f"{found['eval'].where}: data", _object(found["eval"]))
    outputs = {kind: _content(found[kind]) for kind in ("inference", "post_process") if kind in found}
    wanted = "inference" if raw_output else "post_process"
    if wanted not in outputs and raw_output:
        raise InputError("no event `inference`", where=found["eval"].where, fix="Leave out --raw-output.")
    output = outputs.get(wanted, evaluated.fields.get("pred"))
    if isinstance(output, dict) and isinstance(output.get("text"), str):
        output = output["text"]
    if not isinstance(output, str):
        raise InputError("the output is not a text", where=found.get(wanted, found["eval"]).where, fix="Correct it.")
    gold = evaluated.value("ref")
    golds = gold if isinstance(gold, list) and all(isinstance(one, str) for one in gold) else [evaluated.text("ref")]
    prompt = _content(found["prompt"]) if "prompt" in found else None
    prompt = prompt if isinstance(prompt, str) else None
    extra: dict[str, Any] = {"eval": evaluated.others("ref")}
    if outputs.get("inference") not in (None, output):
        extra["inference"] = outputs["inference"]
    return Row(name, output, reference_of(golds, task, evaluated.where, prompt), prompt=prompt, extra=extra)


def _object(record: Record) -> Mapping[str, Any]:
    value = record.value("data")
    if not isinstance(value, dict):
        raise InputError("must be an object", where=f"{record.where}: data", fix="Correct the record.")
    return value


def _content(record: Record) -> Any:
    return Record(f"{record.where}: data", _object(record)).value("content")


def _own(path: Path, rows: int) -> tuple[StoredTotal, ...]:
    """The scores of `TIME-overall.json` beside the file, if it is there."""
    beside = path.with_name(f"{path.stem}-overall.json")
    if str(path) == STDIN or not beside.is_file():
        return ()
    value = parse(decode(read_bytes(beside), str(beside)), str(beside))
    found = []
    for name, score in value.items() if isinstance(value, dict) else ():
        plain = name.replace("(%)", "").replace("%", "")
        known = metric_of(plain) is not None
        own = stated(plain, score, rows, "percent" if plain != name else "fraction") if known else None
        found += [own] if own else []
    return tuple(found)
