"""Multiple-choice results of benchmarks of audio: MMAU, MMAR and MMAU-Pro; AIR-Bench and MMSU."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from audit.errors import InputError
from audit.importers.interface import Imported, Importer, position_ids, with_finished
from audit.importers.records import Record, json_records, named, read_bytes
from audit.importers.references import reference_of
from audit.importers.sample import Sample
from audit.importers.values import lettered
from audit.importers.values import options as options_of
from tasks.row import Row

if TYPE_CHECKING:
    from tasks.task import Task

_OUTPUTS = ("model_output", "model_prediction", "answer_prediction")
_OPTIONS = ("choice_a", "choice_b", "choice_c", "choice_d")


class Mmau(Importer):
    """The output may be called `model_output` or `model_prediction` (MMAU), or `answer_prediction` (MMAR).

    Fields as in Sakshi113/MMAU@110127f and ddlBoJack/MMAR@3bce090. Files of October 2024 have no ids; a row's id is its
    position there.
    """

    example = "output_test_mini.json"

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """See `Importer.add_arguments`."""
        parser.add_argument("file", type=Path, help="a JSON list or JSON lines; - is standard input")

    def recognises(self, source: Sample) -> bool:
        """Rows with `choices`, `answer` and one of the names of outputs."""
        return source.has("choices", "answer") and any(source.has(name) for name in _OUTPUTS)

    def read(self, options: argparse.Namespace, task: Task) -> Imported:
        """See `Importer.read`."""
        raw = read_bytes(options.file)
        records = json_records(options.file, raw)
        has_ids = all("id" in record.fields for record in records)
        rows = []
        for record, position in zip(records, position_ids(len(records)), strict=True):
            choices = options_of([record.value("choices")], f"{record.where}: choices")
            extra = {**record.others("id", "question", "answer", "choices", *_OUTPUTS), "choices": choices}
            name, output = _output(record)
            question = record.text("question") if "question" in record.fields else None
            extra["output_field"] = name
            identifier = _identifier(record.value("id"), f"{record.where}: id") if has_ids else position
            rows.append(Row(identifier, output, reference_of([record.text("answer")], task, record.where, question),
                            prompt=question, extra=extra))  # fmt: skip
        notes = () if has_ids else ("not every record has an id; rows are numbered by their position",)
        return _imported(rows, records, named("mmau", options.file, raw), notes)


class AirBench(Importer):
    """AIR-Bench (foundation and chat) and MMSU, which has the same fields.

    Fields as in OFA-Sys/AIR-Bench@9832476: Inference_Foundation.py:58-76 and dingdongwang/MMSU_Bench@f0ef334. A file of the
    alignment step has the model's aligned output in `gen`, and the output before it in `response`.
    """

    example = "Foundation_result.jsonl"

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """See `Importer.add_arguments`."""
        parser.add_argument("file", type=Path, help="JSON lines or a JSON list; - is standard input")

    def recognises(self, source: Sample) -> bool:
        """Rows with `answer_gt` and `response`."""
        return source.has("answer_gt", "response")

    def read(self, options: argparse.Namespace, task: Task) -> Imported:
        """See `Importer.read`."""
        raw = read_bytes(options.file)
        records = json_records(options.file, raw)
        name = "uniq_id" if all("uniq_id" in r.fields for r in records) else "id"
        has_ids = all(name in record.fields for record in records)
        rows = []
        for record, position in zip(records, position_ids(len(records)), strict=True):
            question = record.text("question") if "question" in record.fields else None
            extra = record.others("question", "response", "answer_gt", name, *_OPTIONS)
            found = [record.fields.get(option) for option in _OPTIONS]
            if any(one is not None for one in found):
                extra["choices"] = options_of(_leading(found, record.where), f"{record.where}: choice_a")
            identifier = _identifier(record.value(name), f"{record.where}: {name}") if has_ids else position
            gold = _answer(record, extra.get("choices"))
            rows.append(Row(identifier, record.text("response"), reference_of([gold], task, record.where, question),
                            prompt=question, extra=extra))  # fmt: skip
        aligned = sum("gen" in record.fields for record in records)
        notes = (f"{aligned} records have an aligned output in `gen`, kept in extra; the row's output is `response`",)
        return _imported(rows, records, named("air-bench", options.file, raw), notes if aligned else ())


def _output(record: Record) -> tuple[str, str]:
    said = {name: record.fields[name] for name in _OUTPUTS if name in record.fields}
    if len(set(map(str, said.values()))) > 1:
        raise InputError(
            f"different outputs in {' and '.join(said)}", where=record.where, fix="Keep the one that was scored."
        )
    if not said:
        raise InputError(
            f"no output: needs one of {', '.join(_OUTPUTS)}", where=record.where, fix="Correct the record."
        )
    name = next(iter(said))
    return name, record.text(name)


def _identifier(value: Any, where: str) -> str:
    if isinstance(value, bool) or not isinstance(value, int | str) or value == "":
        raise InputError("must be a text or a number", where=where, fix="Correct the record.")
    return str(value)


def _leading(found: list[Any], where: str) -> list[Any]:
    """The options without the empty ones at the end.

    Raises:
        InputError: An option between two others is empty, so that letters would move.
    """
    while found and found[-1] in (None, ""):
        found = found[:-1]
    if any(one in (None, "") for one in found):
        raise InputError("an option is empty before another", where=f"{where}: choice_a", fix="Correct the record.")
    return found


def _answer(record: Record, choices: list[str] | None) -> str:
    gold = record.text("answer_gt")
    # MMSU and some copies have the letter; a text that is an option is never taken as a letter.
    if choices is not None and gold not in choices and len(gold.strip("(). ")) == 1:
        return lettered(gold, choices, f"{record.where}: answer_gt")
    return gold


def _imported(rows: list[Row], records: list[Record], source: str, notes: tuple[str, ...]) -> Imported:
    seen: dict[str, str] = {}
    for row, record in zip(rows, records, strict=True):
        if row.id in seen:
            raise InputError(
                f"duplicate id {row.id!r}, first at {seen[row.id]}", where=record.where, fix="Remove the duplicate."
            )
        seen[row.id] = record.where
    return Imported(with_finished(rows), len(rows), len(rows), (), source, "items", notes)
