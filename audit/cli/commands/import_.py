"""`repro-audit import`: convert third-party output files to prediction files."""

from __future__ import annotations

import argparse
import dataclasses
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from audit.cli.import_scores import SHOWN, compared, comparison, first_rows
from audit.cli.json_output import add_json, plain, say, show
from audit.errors import InputError
from audit.importers import formats, importers, loaded

if TYPE_CHECKING:
    from audit.importers.interface import Imported, Importer
    from tasks.task import Task

HELP = """Convert third-party output files to a prediction file and its meta file.

Nothing is changed or dropped silently: an import reports how many records were read, written and refused, with the
reasons. A broken record stops the import, and nothing is written.

`import auto FILE` names the format; with --task it imports. A score that the file states about itself is kept in the
meta file and held against the same metric counted here."""

_META = ("weights", "decoding", "dataset", "prompt", "who", "when", "device", "source", "special_tokens", "normalised",
         "stated")  # fmt: skip
_PLACES = 3
AUTO = "auto"
_RELEASED = "released"


def add_arguments(parser: argparse.ArgumentParser, only: str | None = None) -> None:
    """One subcommand per format, each with the common options, and `auto`.

    Args:
        parser: The command's.
        only: The only subcommand that gets its options; by default all do. An unknown one is given none.

    Raises:
        InputError: An importer of an installed package cannot be loaded.
    """
    commands = parser.add_subparsers(dest="format", metavar="FORMAT", title="formats", required=True)
    auto = commands.add_parser(
        AUTO,
        help="recognise the format of a file, and import it if --task is given",
        description="Recognise the format of a file or folder. With --task, import it; the options of its format are "
        "those of `repro-audit import FORMAT --help`.",
    )
    add_json(auto)
    auto.add_argument("file", type=Path, help="the file or folder; - is standard input")
    auto.add_argument("options", nargs=argparse.REMAINDER, help="the options of the format, and those of every format")
    auto.set_defaults(importer=None)
    for found in formats():
        command = commands.add_parser(found.name, help=found.help, description=found.help)
        if only in {None, found.name}:
            importer = loaded(found)
            importer.add_arguments(command)
            _add_common(command)
            command.set_defaults(importer=importer)


def _add_common(command: argparse.ArgumentParser) -> None:
    common = command.add_argument_group("every format")
    common.add_argument("--task", required=True, help="the task's id, such as st-en-zh")
    common.add_argument("--model", help="the model that produced the outputs, such as SALMONN-13B; needed unless the source "
                        "names it")  # fmt: skip
    common.add_argument("--variant", help="the model's variant, such as 13b or 7b; needed unless --family is given")
    common.add_argument(
        "--run", dest="run_name", metavar="NAME", help="write TASK@NAME: a further run, or outputs of another model"
    )
    common.add_argument("--out", type=Path, default=Path("predictions"), help="the folder (default: predictions)")
    common.add_argument("--prompt", help="the instruction of every output, if the rows do not carry it")
    common.add_argument(
        "--meta", type=Path, metavar="FILE", help=f"a JSON object with further facts: {', '.join(_META)}"
    )
    add_json(common)
    common.add_argument("--replace", action="store_true", help="replace an existing prediction file")
    common.add_argument(
        "--dry-run", action="store_true", help="show the first rows as they would be read; write nothing"
    )
    new = command.add_argument_group("a task that no study declares")
    new.add_argument("--family", metavar="FAMILY[,PARAMETER=VALUE]",
                     help="write study.yaml with this task, such as asr or translation,target=de")  # fmt: skip
    new.add_argument("--claim", action="append", default=[], metavar="METRIC=VALUE",
                     help="a reported value as printed, such as wer=5.6%%; repeatable (default: the scores that the source "
                     "states about itself)")  # fmt: skip


def run(args: argparse.Namespace) -> int:
    """Read, write, and account for every record."""
    if args.importer is None:
        recognised = _auto(args)
        if recognised is None:
            return 0
        args = recognised
    # Not loaded for --help.
    from audit.scoring.prediction_meta import PredictionMeta, check_special_tokens
    from tasks.steps.clean import with_finished

    task = _task(args)
    for option in ("model", "variant"):
        value = getattr(args, option)
        if value is not None and not value.strip():
            raise InputError("is empty", where=f"--{option}", fix="Name the model that produced the outputs.")
    further = _further(args.meta)
    importer: Importer = args.importer
    imported = importer.read(args, task)
    if not imported.rows:
        _report(imported, None, sys.stderr if args.json else sys.stdout)
        raise InputError("no record gave a row; nothing was written", where=imported.source, fix="Check --task.")
    model, variant = _model(args, imported)
    facts = {**further, "prompt": _prompt(imported, further.get("prompt") if args.prompt is None else args.prompt)}
    facts["source"] = "; ".join(filter(None, (further.get("source"), imported.source)))
    if imported.normalised is not None:
        facts["normalised"] = imported.normalised
    if imported.stated:
        facts["stated"] = {**{item.name: item.stored for item in imported.stated}, **(further.get("stated") or {})}
    meta = PredictionMeta(task.id, model, variant, **facts)
    if meta.special_tokens is not None:
        check_special_tokens(meta.special_tokens, f"{args.meta}: special_tokens")
        imported = dataclasses.replace(imported, rows=with_finished(imported.rows, meta.tokens))
    study = _study(args, task, imported, model, variant)
    if args.dry_run:
        if args.json:
            show(args, (), lambda: {
                **_as_json(imported, None, _languages(imported, task), {}), "first_rows": plain(imported.rows[:SHOWN]),
            })  # fmt: skip
        else:
            print("\n".join(first_rows(imported)))
            _report(imported, None, sys.stdout)
        say(args, "dry run: nothing was written")
        return 0
    from audit.importers.writer import write

    path = write(args.out, task, imported.rows, meta, run=args.run_name, replace=args.replace)
    values = {item.name: compared(item, task, path) for item in imported.stated if item.metric in task.conventions}
    if args.json:
        show(args, (), lambda: _as_json(imported, path, _languages(imported, task), values))
    else:
        _report(imported, path, sys.stdout)
        for note in _languages(imported, task):
            print(f"note     {note}")
        for item in imported.stated:
            if item.name in values:
                print(f"stated   {comparison(item, values[item.name])}")
    if study is not None:
        _write_study(study, args)
    return 0


def _as_json(
    imported: Imported, path: Path | None, notes: list[str], values: Mapping[str, Mapping[str, float]]
) -> dict[str, Any]:
    return {
        "source": imported.source, "written": plain(path), "rows": len(imported.rows), "read": imported.read,
        "unit": imported.unit, "failed": sum(row.hypothesis is None for row in imported.rows),
        "refused": [{"where": one.where, "reason": one.reason} for one in imported.refused],
        "notes": [*imported.notes, *notes],
        "stated": [
            {"name": one.name, "value": one.stored, "unit": one.unit, "metric": one.metric, "rows_give": one.given,
             "agrees": one.agrees, "counted_here": dict(values.get(one.name, {}))}
            for one in imported.stated
        ],
    }  # fmt: skip


def _auto(args: argparse.Namespace) -> argparse.Namespace | None:
    """The options for the recognised format; None if the format was to be named only."""
    from audit.importers.recognise import recognise

    importer = recognise(args.file, importers())
    # What stands behind the file is read here, wherever `--json` stands.
    options = [option for option in args.options if option != "--json"]
    args.json = args.json or len(options) < len(args.options)
    if not options:
        more = importer.example.partition(" ")[2]
        command = f"repro-audit import {importer.name} {args.file}{f' {more}' if more else ''} --task TASK ..."
        show(args, (f"{args.file}: {importer.name}", f"  {importer.help}", f"  {command}"), lambda: {
            "file": str(args.file), "format": importer.name, "help": importer.help, "command": command,
        })  # fmt: skip
        return None
    parser = argparse.ArgumentParser(prog=f"repro-audit import {AUTO} {args.file}")
    importer.add_arguments(parser)
    _add_common(parser)
    found = parser.parse_args([str(args.file), *options, *(["--json"] if args.json else [])])
    found.importer = importer
    say(found, f"format   {importer.name}")
    return found


def _task(args: argparse.Namespace) -> Task:
    # Not loaded for --help.
    from audit.literature.known_tasks import OWN, task_here

    if args.family is None:
        if args.claim:
            raise InputError("belongs to --family", where="--claim", fix="A study that exists has its claims already.")
        return task_here(args.task, "--task")
    from audit.literature.drafts.from_outputs import new_task

    if OWN.exists():
        raise InputError(
            "the file exists",
            where=str(OWN),
            fix="Add the task to it and leave --family out, or work in another folder.",
        )
    return new_task(args.task, args.family)


def _model(args: argparse.Namespace, imported: Imported) -> tuple[str, str]:
    model = args.model or (imported.models[0] if len(imported.models) == 1 else None)
    if model is None:
        raise InputError("is needed: the source does not name the model", where="--model", fix="Name the model.")
    variant = args.variant or (_RELEASED if args.family is not None else None)
    if variant is None:
        raise InputError(
            "is needed", where="--variant", fix="Give the model's variant, as the study names it: 13b, 7b."
        )
    return model, variant


def _study(args: argparse.Namespace, task: Task, imported: Imported, model: str, variant: str) -> str | None:
    """The study that `--family` asks for; made before anything is written, so that a wrong claim loses nothing."""
    if args.family is None:
        return None
    from audit.literature.drafts.from_outputs import study_of_outputs

    claims = []
    for item in args.claim:
        metric, equals, value = item.partition("=")
        if not equals:
            raise InputError(f"--claim {item}: not METRIC=VALUE", fix="Write --claim wer=5.6%.")
        claims.append((metric, value))
    if not claims:
        own = [item for item in imported.stated if item.metric in task.conventions]
        claims = [(str(item.metric), item.stored + ("%" if item.unit == "percent" else "")) for item in own]
    return study_of_outputs(task, args.family, claims, model, variant).draft.text


def _write_study(text: str, args: argparse.Namespace) -> None:
    from audit.literature.drafts.new import write_study
    from audit.literature.known_tasks import OWN

    write_study(text, OWN, force=False)
    say(args, f"written  {OWN}; `repro-audit run` audits it")


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
    from audit.importers.records import decode, parse, read_bytes

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


def _report(imported: Imported, path: Path | None, stream: TextIO) -> None:
    print("\n".join(_counts(imported, path)), file=stream)


def _counts(imported: Imported, path: Path | None) -> Iterator[str]:
    """What was read, written and refused, line by line."""
    rows = imported.rows
    finished = Counter(row.finished for row in rows)
    failed = sum(row.hypothesis is None for row in rows)
    yield f"read     {imported.read:7d} {imported.unit} of {imported.source}"
    yield f"written  {len(rows) if path else 0:7d} rows{f' to {path}' if path else ''}"
    if len(rows) != imported.used:
        yield f"         {imported.used:7d} {imported.unit} gave them (one may give several)"
    yield f"refused  {len(imported.refused):7d} {imported.unit}"
    reasons: dict[str, list[str]] = {}
    for item in imported.refused:
        reasons.setdefault(item.reason, []).append(item.where)
    for reason, places in sorted(reasons.items()):
        shown = ", ".join(places[:_PLACES]) + (", ..." if len(places) > _PLACES else "")
        yield f"         {len(places):7d} {reason} ({shown})"
    yield f"finished {finished[True]:7d} yes, {finished[False]} no, {finished[None]} unknown"
    yield f"failed   {failed:7d} rows without an output"
    for note in (*imported.notes, *(item.note for item in imported.stated)):
        yield f"note     {note}"
