"""Logs of evaluators of audio models with one object per line: the Open ASR Leaderboard, VoiceBench, Kimi-Audio-Evalkit."""

from __future__ import annotations

import argparse
import glob
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from audit.errors import InputError
from audit.importers.interface import Imported, Importer, position_ids, with_finished
from audit.importers.records import STDIN, Record, decode, json_records, named, parse, read_bytes
from audit.importers.references import reference_of
from audit.importers.sample import Sample
from audit.importers.stored_totals import StoredTotal, of_rows, stated
from tasks.row import ReferenceType, Row

if TYPE_CHECKING:
    from tasks.task import Task

# MODEL_openai-whisper-large-v3_DATASET_hf-audio-open-asr-leaderboard_ami_test.jsonl
_MANIFEST = re.compile(r"MODEL_(?P<model>.+)_DATASET_(?P<dataset>.+)\.jsonl")


class OpenAsr(Importer):
    """The leaderboard's manifests, which NeMo writes, too.

    Fields as in huggingface/open_asr_leaderboard@d1e99b2: normalizer/eval_utils.py:43-215. Until 2026-06-11 the leaderboard
    stored texts that were normalised already; a manifest does not say so.
    """

    example = "MODEL_ORG-NAME_DATASET_PATH_SPLIT.jsonl"

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """See `Importer.add_arguments`."""
        parser.add_argument("file", type=Path, help="the manifest; - is standard input")
        parser.add_argument(
            "--number", action="store_true", help="number the rows instead of taking audio_filepath as id"
        )

    def recognises(self, source: Sample) -> bool:
        """Rows with `text` and `pred_text`."""
        return source.has("text", "pred_text")

    def read(self, options: argparse.Namespace, task: Task) -> Imported:
        """See `Importer.read`."""
        raw = read_bytes(options.file)
        records = json_records(options.file, raw)
        parts = sum("chunk_index" in record.fields for record in records)
        if parts:
            raise InputError(
                f"{parts} records are chunks of longer recordings",
                where=str(options.file),
                fix="Join the chunks of a parent_id first, as the leaderboard's scorer does.",
            )
        named_by_file = not options.number and all("audio_filepath" in record.fields for record in records)
        ids = [r.text("audio_filepath") for r in records] if named_by_file else position_ids(len(records))
        rows = [
            Row(
                name,
                record.text("pred_text"),
                reference_of([record.text("text")], task, record.where),
                extra=record.others("text", "pred_text", "audio_filepath") | _file(record),
            )
            for name, record in zip(ids, records, strict=True)
        ]
        _no_duplicates(rows, records, "Give --number if one file has several segments.")
        match = _MANIFEST.fullmatch(options.file.name)
        models = (match["model"].replace("-", "/", 1),) if match else ()
        texts = [text for row in rows for text in (row.hypothesis or "", str(row.reference))]
        notes = (
            "all texts are in lower case and without punctuation: they may have been normalised before they were stored",
        )
        plain = all(text == text.lower() and not re.search(r"[.,?!]", text) for text in texts)
        return Imported(with_finished(rows), len(rows), len(rows), (), named("open-asr", options.file, raw), "utterances",
                        notes if plain else (), models=models)  # fmt: skip


class VoiceBench(Importer):
    """Outputs (`MODEL-SUBSET-SPLIT-MODALITY.jsonl`) and judged outputs (`result-...`), whose scores stay in `extra`.

    Fields as in MatthewCYM/VoiceBench@5338154: main.py, api_judge.py.
    """

    example = "MODEL-SUBSET-SPLIT-audio.jsonl"

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """See `Importer.add_arguments`."""
        parser.add_argument("file", type=Path, help="the outputs; - is standard input")

    def recognises(self, source: Sample) -> bool:
        """Rows with `prompt` and `response`, and none of the fields of similar formats."""
        return source.has("prompt", "response") and not source.fields & {
            "answer_gt", "question", "pred_text", "hypothesis", "correct_answer", "instruction",
        }  # fmt: skip

    def read(self, options: argparse.Namespace, task: Task) -> Imported:
        """See `Importer.read`."""
        raw = read_bytes(options.file)
        records = json_records(options.file, raw)
        rows = []
        for record, identifier in zip(records, position_ids(len(records)), strict=True):
            output = record.value("response")
            if isinstance(output, int | float):
                raise InputError(
                    "a number, as the modality `ttft` stores times",
                    where=f"{record.where}: response",
                    fix="Give a file of outputs.",
                )
            prompt = record.text("prompt")
            gold = _optional(record, "reference", task)
            rows.append(Row(identifier, record.text("response"), reference_of(gold, task, record.where, prompt),
                            prompt=prompt, extra=record.others("prompt", "response", "reference")))  # fmt: skip
        judged = of_rows("score", [_rating(record) for record in records])
        return Imported(with_finished(rows), len(rows), len(rows), (), named("voicebench", options.file, raw), "items",
                        stated=() if judged is None else (judged,))  # fmt: skip


class KimiAudio(Importer):
    """Fields as in MoonshotAI/Kimi-Audio-Evalkit@4080c49: run_audio.py:34-75. A missing output is the text `null`."""

    example = "MODEL_DATASET.jsonl"

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """See `Importer.add_arguments`."""
        parser.add_argument("file", type=Path, help="the outputs; - is standard input")

    def recognises(self, source: Sample) -> bool:
        """Rows with the fields of the kit."""
        return source.has("index", "prediction", "real_prompt", "subset")

    def read(self, options: argparse.Namespace, task: Task) -> Imported:
        """See `Importer.read`."""
        raw = read_bytes(options.file)
        records = json_records(options.file, raw)
        rows = []
        for record in records:
            index = record.value("index")
            if isinstance(index, bool) or not isinstance(index, int | str) or index == "":
                raise InputError("must be a number", where=f"{record.where}: index", fix="Correct the record.")
            # pandas, through which the kit goes, makes numbers of answers that are all digits.
            output, gold = (_text(record, name) for name in ("prediction", "answer"))
            extra = record.others("index", "prediction", "answer", "question", "real_prompt")
            missing = output == "null"
            if missing:
                extra["error"] = "the file has the text `null` for a missing output"
            prompt = record.fields.get("real_prompt") or record.fields.get("question")
            prompt = prompt if isinstance(prompt, str) and prompt else None
            name = f"{index:06d}" if isinstance(index, int) else index
            rows.append(Row(name, None if missing else output, reference_of([gold], task, record.where, prompt),
                            prompt=prompt, extra=extra))  # fmt: skip
        _no_duplicates(rows, records, "Remove the duplicate.")
        numbers = sum(not isinstance(record.fields.get("answer"), str) for record in records)
        notes = (f"{numbers} answers are numbers in the file and were read as texts",) if numbers else ()
        source = named("kimi-audio", options.file, raw)
        return Imported(with_finished(rows), len(rows), len(rows), (), source, "items", notes,
                        stated=_performance(options.file, len(rows)))  # fmt: skip


def _performance(path: Path, rows: int) -> tuple[StoredTotal, ...]:
    """The scores of `STEM_METHOD_performance.json` beside the file (almeval/datasets: `wer` and `acc`, in percent).

    Only where one file is there, and one subset in it: the rows are then those that it counts.
    """
    beside = [] if str(path) == STDIN else sorted(path.parent.glob(f"{glob.escape(path.stem)}_*_performance.json"))
    if len(beside) != 1:
        return ()
    value = parse(decode(read_bytes(beside[0]), str(beside[0])), str(beside[0]))
    subsets = value.get("performance") if isinstance(value, dict) else None
    if not isinstance(subsets, dict) or len(subsets) != 1:
        return ()
    (scores,) = subsets.values()
    found = (
        [stated(name, scores.get(name), rows, "percent") for name in ("wer", "acc")] if isinstance(scores, dict) else []
    )
    return tuple(one for one in found if one is not None)


def _rating(record: Record) -> float | None:
    """The mean of a judge's replies to one row, which are texts; None unless all of them are numbers."""
    found = record.fields.get("score")
    if (
        not isinstance(found, list)
        or not found
        or not all(isinstance(one, str) and one.strip().isdecimal() for one in found)
    ):
        return None
    return sum(int(one) for one in found) / len(found) if all(len(one) < 4 for one in found) else None


def _file(record: Record) -> dict[str, Any]:
    return {"audio_filepath": record.fields["audio_filepath"]} if "audio_filepath" in record.fields else {}


def _optional(record: Record, name: str, task: Task) -> list[str]:
    if name not in record.fields and task.reference_type is ReferenceType.OPTIONAL:
        return []
    return [record.text(name)]


def _text(record: Record, name: str) -> str:
    value = record.value(name)
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else record.text(name)


def _no_duplicates(rows: Sequence[Row], records: Sequence[Record], fix: str) -> None:
    seen: dict[str, str] = {}
    for row, record in zip(rows, records, strict=True):
        if row.id in seen:
            raise InputError(f"duplicate id {row.id!r}, first at {seen[row.id]}", where=record.where, fix=fix)
        seen[row.id] = record.where
