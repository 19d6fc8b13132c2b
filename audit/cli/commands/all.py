"""`repro-audit all`: what the image does: check, inference over the data that are there, the audit, its package."""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from audit.cli.commands import doctor, infer
from audit.cli.commands import run as audit_run
from audit.errors import AuditError, InputError, MissingError

if TYPE_CHECKING:
    from audit.inference.layouts import SetLocation

HELP = """Do everything: check what is there, run the model over every test set that is there, score, write the report and sign
the package. Without weights and data: the audit of the recorded values. A run that was stopped goes on where it stopped.

  --weights DIR   holds model.yaml and the checkpoints it names
  --data DIR      holds the data sets, under the names that docs/how-to/run-the-container.md lists
  --out DIR       gets predictions/, audit.json, the reports and package.zip, and all scratch files"""

_IN_OUT = Path("in --out")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `run`, and where weights and data are."""
    audit_run.add_arguments(parser)
    parser.set_defaults(cache=_IN_OUT)
    group = parser.add_argument_group("inference")
    group.add_argument("--weights", type=Path, default=Path("weights"), metavar="DIR", help="default: %(default)s")
    group.add_argument("--data", type=Path, default=Path("data"), metavar="DIR", help="default: %(default)s")
    group.add_argument("--tasks", nargs="+", metavar="ID", help="only these (default: every task of the study)")
    group.add_argument(
        "--batch-size", type=int, default=1, metavar="N", help="clips at a time (default 1, the paper's)"
    )
    group.add_argument("--precision", choices=("fp16", "bf16", "fp32", "int8"), help="default: model.yaml's, or fp16")
    group.add_argument("--device", action="append", metavar="NAME", help="cuda:0, cpu, ...; several: one worker each")
    group.add_argument(
        "--limit", type=int, metavar="N", help="the first N items of every set, for a trial; noted as such"
    )
    group.add_argument("--no-features", action="store_true", help="keep nothing of what was heard (0.9 MB a clip)")


def run(args: argparse.Namespace) -> int:
    """Run the steps in turn; 1 if rows or test sets have errors, or `--require` is not met."""
    scratch = _scratch(args.out)
    if args.cache == _IN_OUT:
        args.cache = args.out / ".cache" / "scores"
    try:
        sets, model = _plan(args)
        _heading("what is here")
        # Of data that are not there it has been said why, or that there are none.
        code = doctor.report(sets, model, args.batch_size, tasks=[item.task for item in sets])
        if code:
            return code
        failed = _inference(args, sets, model) if model and sets else []
        _heading("audit")
        code = audit_run.run(args)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    if failed:
        print(f"inference had errors: {', '.join(failed)}; the same command tries again", file=sys.stderr)
    return 1 if failed else code


def _scratch(out: Path) -> Path:
    """A folder for temporary files inside `out`, since nothing else may be writable; for this process and its children."""
    folder = out / ".scratch"
    try:
        shutil.rmtree(folder, ignore_errors=True)  # of a run that was killed
        folder.mkdir(parents=True)
    except OSError as error:
        raise InputError(
            f"cannot be written to ({error.strerror})",
            where=str(out),
            fix=f"User {os.getuid()} must be able to write there: mount a folder of theirs, or run as another (--user).",
        ) from None
    os.environ["TMPDIR"] = str(folder.resolve())
    tempfile.tempdir = None
    return folder


def _plan(args: argparse.Namespace) -> tuple[list[SetLocation], Path | None]:
    """The test sets to run and the model, and which predictions the audit takes; nothing is computed yet."""
    from audit.inference.layouts import FILE, find

    tasks = args.tasks or _tasks(args.literature, args.study)
    model = args.weights / "model.yaml"
    sets, absent = find(args.data, tasks)
    given = args.predictions is not None and _has_predictions(args.predictions)
    if not model.is_file():
        if args.weights.is_dir() and any(args.weights.iterdir()):
            raise InputError(
                "there is no model.yaml", where=str(args.weights), fix="See docs/how-to/run-inference.md, step 1."
            )
        if sets:
            print(f"data of {len(sets)} tasks, but no weights: no inference", file=sys.stderr)
        else:
            print("no weights and no data: no inference")
        model_found = None
    elif not sets:
        raise InputError(
            "weights are given, and no data set is there",
            where=str(args.data),
            fix=f"Its folders must have the names of docs/how-to/run-the-container.md, or {FILE} must name them.",
        )
    else:
        infer.need_torch()
        model_found = model
        for task, reason in absent.items():
            print(f"{task}: left out: {reason}", file=sys.stderr)
    if model_found and given:
        raise InputError("predictions are given, and weights and data to make others", fix="Give one of the two.")
    if not given:
        args.predictions = args.out / "predictions"
        args.predictions.mkdir(parents=True, exist_ok=True)
    return sets, model_found


def _has_predictions(folder: Path) -> bool:
    """Whether there are any; the image names a folder in any case, and it is empty if nothing is mounted there.

    Raises:
        InputError: There is something else in the folder.
        PermissionError: It cannot be looked into.
    """
    if not folder.exists():
        return False
    from audit.scoring.predictions import is_rows

    files = list(folder.iterdir())  # not Path.glob, which says nothing of a folder that may not be read
    if files and not any(map(is_rows, files)):
        raise InputError("there are no TASK.jsonl files", where=str(folder), fix="See docs/reference/predictions.md.")
    return bool(files)


def _tasks(literature: Path, study_id: str) -> list[str]:
    from audit.literature.studies import load_study
    from audit.pipeline.run import study_file

    return list(dict.fromkeys(claim.task for claim in load_study(study_file(literature, study_id)).claims))


def _inference(args: argparse.Namespace, sets: list[SetLocation], model: Path) -> list[str]:
    """Run the model over every set, loaded once; the tasks with errors. One that fails keeps no other from running."""
    failed: list[str] = []
    engine = None
    for item in sets:
        _heading(item.task)
        try:
            engine, errors = infer.infer(_infer_options(args, item, model), item.task, engine)
        except MissingError:
            raise
        except (AuditError, OSError) as error:
            print(f"repro-audit: {item.task}: {error}", file=sys.stderr, flush=True)
            errors = 1
        if errors:
            failed.append(item.task)
    return failed


def _infer_options(args: argparse.Namespace, item: SetLocation, model: Path) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    infer.add_arguments(parser)
    line = ["--task", item.task, "--model", str(model), "--data", str(item.data), "--out", str(args.predictions)]
    line += ["--batch-size", str(args.batch_size), "--resampler", item.resampler]
    line += [
        word for name in ("labels", "speech") if (path := getattr(item, name)) for word in (f"--{name}", str(path))
    ]
    line += [
        word
        for name in ("precision", "limit")
        if getattr(args, name)
        for word in (f"--{name}", str(getattr(args, name)))
    ]
    line += [word for device in args.device or () for word in ("--device", device)]
    line += ["--no-features"] if args.no_features else []
    return parser.parse_args(line)


def _heading(text: str) -> None:
    print(f"== {text}", flush=True)
