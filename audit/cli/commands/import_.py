"""`repro-audit import`: convert third-party output files to prediction files."""

from __future__ import annotations

import argparse
import dataclasses
from collections import Counter
from pathlib import Path
from typing import Any

from audit.errors import InputError
from audit.importers import importers
from audit.importers.interface import Imported, Importer
from audit.importers.records import decode, parse, read_bytes
from audit.importers.writer import write
from audit.scoring.prediction_meta import PredictionMeta, check_special_tokens
from tasks.steps.clean import with_finished
from tasks.task import Task

HELP = """Convert third-party output files to a prediction file and its meta file.

Nothing is changed or dropped silently: an import reports how many records were read, written and refused, with the
reasons. A broken record stops the import, and nothing is written."""

_META = ("weights", "decoding", "dataset", "prompt", "who", "when", "device", "source", "special_tokens", "normalised")
_PLACES = 3


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """One subcommand per format, each with the common options."""
    formats = parser.add_subparsers(dest="format", metavar="FORMAT", title="formats", required=True)
    for importer in importers():
        command = formats.add_parser(importer.name, help=importer.help, description=importer.help)
        importer.add_arguments(command)
        common = command.add_argument_group("every format")
        common.add_argument("--task", required=True, help="the task's id, such as st-en-zh")
        common.add_argument("--model", required=True, help="the model that produced the outputs, such as SALMONN-13B")
        common.add_argument("--variant", required=True, help="the model's variant, such as 13b or 7b")
        common.add_argument(
            "--run", dest="run_name", metavar="NAME", help="write TASK@NAME: a further run, or outputs of another model"
        )
        common.add_argument("--out", type=Path, default=Path("predictions"), help="the folder (default: predictions)")
        common.add_argument("--prompt", help="the instruction of every output, if the rows do not carry it")
        common.add_argument(
            "--meta", type=Path, metavar="FILE", help=f"a JSON object with further facts: {', '.join(_META)}"
        )
        common.add_argument("--replace", action="store_true", help="replace an existing prediction file")
        command.set_defaults(importer=importer)


def run(args: argparse.Namespace) -> int:
    """Read, write, and account for every record."""
    # Not loaded for --help.
    from audit.literature.known_tasks import task_here

    task = task_here(args.task, "--task")
    for option in ("model", "variant"):
        if not getattr(args, option).strip():
            raise InputError("is empty", where=f"--{option}", fix="Name the model that produced the outputs.")
    further = _further(args.meta)
    importer: Importer = args.importer
    imported = importer.read(args, task)
    if not imported.rows:
        _report(imported, None)
        raise InputError("no record gave a row; nothing was written", where=imported.source, fix="Check --task.")
    facts = {**further, "prompt": _prompt(imported, further.get("prompt") if args.prompt is None else args.prompt)}
    facts["source"] = "; ".join(filter(None, (further.get("source"), imported.source)))
    if imported.normalised is not None:
        facts["normalised"] = imported.normalised
    meta = PredictionMeta(task.id, args.model, args.variant, **facts)
    if meta.special_tokens is not None:
        check_special_tokens(meta.special_tokens, f"{args.meta}: special_tokens")
        imported = dataclasses.replace(imported, rows=with_finished(imported.rows, meta.tokens))
    path = write(args.out, task, imported.rows, meta, run=args.run_name, replace=args.replace)
    _report(imported, path)
    for note in _languages(imported, task):
        print(f"note     {note}")
    return 0


def _languages(imported: Imported, task: Task) -> list[str]:
    """Outputs in a language or script other than the task's target."""
    from tasks.analysis.detectors import detectors_of

    found = []
    for detector in detectors_of(task):
        if detector.id in {"wrong-script", "wrong-language"}:
            rows = [row for row in imported.rows if row.hypothesis is not None]
            ids = [row.id for row in rows if detector.found(row)]
            if ids:
                shown = ", ".join(ids[:_PLACES]) + (", ..." if len(ids) > _PLACES else "")
                found.append(
                    f"{len(ids)} of {len(rows)} outputs have the fault {detector.id}: {detector.fault} ({shown})"
                )
    return found


def _further(path: Path | None) -> dict[str, Any]:
    if path is None:
        return {}
    value = parse(decode(read_bytes(path), str(path)), str(path))
    if not isinstance(value, dict):
        raise InputError("not a JSON object", where=str(path), fix=f"It may hold: {', '.join(_META)}.")
    for name in value:
        if name not in _META:
            raise InputError("unknown field", where=f"{path}: {name}", fix=f"It may hold: {', '.join(_META)}.")
    return value


def _prompt(imported: Imported, given: str | None) -> str | None:
    prompts = {row.prompt for row in imported.rows}
    one = next(iter(prompts)) if len(prompts) == 1 else None
    if given is not None and one is not None and given != one:
        raise InputError(
            f"every row carries the prompt {one!r}, not {given!r}", where="--prompt", fix="Leave --prompt out."
        )
    return one if given is None else given


def _report(imported: Imported, path: Path | None) -> None:
    rows = imported.rows
    finished = Counter(row.finished for row in rows)
    failed = sum(row.hypothesis is None for row in rows)
    print(f"read     {imported.read:7d} {imported.unit} of {imported.source}")
    print(f"written  {len(rows) if path else 0:7d} rows{f' to {path}' if path else ''}")
    if len(rows) != imported.used:
        print(f"         {imported.used:7d} {imported.unit} gave them (one may give several)")
    print(f"refused  {len(imported.refused):7d} {imported.unit}")
    reasons: dict[str, list[str]] = {}
    for item in imported.refused:
        reasons.setdefault(item.reason, []).append(item.where)
    for reason, places in sorted(reasons.items()):
        shown = ", ".join(places[:_PLACES]) + (", ..." if len(places) > _PLACES else "")
        print(f"         {len(places):7d} {reason} ({shown})")
    print(f"finished {finished[True]:7d} yes, {finished[False]} no, {finished[None]} unknown")
    print(f"failed   {failed:7d} rows without an output")
    for note in imported.notes:
        print(f"note     {note}")
