"""What the image does: check, inference over the data that are there, the audit, its package."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from audit.errors import AuditError, InputError, MissingError
from audit.inference.job import InferenceRequest, ModelOptions, SetOptions, infer, need_torch
from audit.inference.layouts import FILE, SetLocation, find
from audit.literature.studies import load_study, study_file
from audit.pipeline.doctor import complete, examine
from audit.pipeline.publish import Publication, publish
from audit.pipeline.request import AuditRequest, PublicationRequest

if TYPE_CHECKING:
    from audit.inference.engines.interface import Engine

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class AllRequest:
    """Everything in one go.

    Attributes:
        audit: What to audit. Without `predictions` those of this run's inference are taken, from `out`/predictions.
        publication: Where the results go; its `out` gets everything else too, scratch files included.
        weights: Holds model.yaml and the checkpoints it names.
        data: Holds the data sets, under the names of `audit.inference.layouts`.
        tasks: Only these; empty for every task of the study.
        batch_size: Clips at a time.
        precision: None for model.yaml's.
        devices: One worker each.
        limit: The first so many items of every set, for a trial.
        features: Whether the encoders' outputs are kept (0.9 MB a clip).
    """

    audit: AuditRequest
    publication: PublicationRequest
    weights: Path
    data: Path
    tasks: tuple[str, ...] = ()
    batch_size: int = 1
    precision: str | None = None
    devices: tuple[str, ...] = ()
    limit: int | None = None
    features: bool = True


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of it.

    Attributes:
        publication: None where a part that the audit needs is missing, and nothing was run.
        failed: Tasks whose inference had errors.
    """

    publication: Publication | None
    failed: tuple[str, ...] = ()


def run_all(request: AllRequest, say: Say, note: Say) -> Outcome:
    """Run the steps in turn.

    Args:
        request: What to run.
        say: Takes what is told of the steps, a line at a time.
        note: Takes what went wrong and was gone past.

    Raises:
        InputError: What was given does not fit, or the output folder cannot be written to.
        MissingError: Inference was asked for, and torch is not installed.
    """
    out = request.publication.out
    scratch = _scratch(out)
    try:
        sets, model, predictions = _plan(request, say, note)
        say("== what is here")
        # Of data that are not there it has been said why, or that there are none.
        parts = examine(sets, model, request.batch_size, [item.task for item in sets])
        for part in parts:
            say(part.line)
        if not complete(parts):
            return Outcome(None)
        failed = _inference(request, sets, model, say, note) if model else ()
        say("== audit")
        publication = publish(replace(request.audit, predictions=predictions), request.publication)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return Outcome(publication, failed)


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


def _plan(request: AllRequest, say: Say, note: Say) -> tuple[list[SetLocation], Path | None, Path]:
    """The test sets to run, the model, and which predictions the audit takes; nothing is computed yet."""
    study = load_study(study_file(request.audit.literature, request.audit.study))
    tasks = request.tasks or tuple(dict.fromkeys(claim.task for claim in study.claims))
    model = request.weights / "model.yaml"
    sets, absent = find(request.data, tasks)
    given = request.audit.predictions is not None and _has_predictions(request.audit.predictions)
    if not model.is_file():
        if request.weights.is_dir() and any(request.weights.iterdir()):
            raise InputError(
                "there is no model.yaml", where=str(request.weights), fix="See docs/how-to/run-inference.md, step 1."
            )
        if sets:
            note(f"data of {len(sets)} tasks, but no weights: no inference")
        else:
            say("no weights and no data: no inference")
        model_found = None
    elif not sets:
        raise InputError(
            "weights are given, and no data set is there",
            where=str(request.data),
            fix=f"Its folders must have the names of docs/how-to/run-the-container.md, or {FILE} must name them.",
        )
    else:
        need_torch()
        model_found = model
        for task, reason in absent.items():
            note(f"{task}: left out: {reason}")
    if model_found and given:
        raise InputError("predictions are given, and weights and data to make others", fix="Give one of the two.")
    if given and request.audit.predictions is not None:
        return sets, model_found, request.audit.predictions
    predictions = request.publication.out / "predictions"
    predictions.mkdir(parents=True, exist_ok=True)
    return sets, model_found, predictions


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


def _inference(request: AllRequest, sets: Sequence[SetLocation], model: Path, say: Say, note: Say) -> tuple[str, ...]:
    """Run the model over every set, loaded once; the tasks with errors. One that fails keeps no other from running."""
    failed: list[str] = []
    engine: Engine | None = None
    for item in sets:
        say(f"== {item.task}")
        try:
            engine, errors = infer(_inference_request(request, item, model), item.task, say, note, engine)
        except MissingError:
            raise
        except (AuditError, OSError) as error:
            note(f"repro-audit: {item.task}: {error}")
            errors = 1
        if errors:
            failed.append(item.task)
    return tuple(failed)


def _inference_request(request: AllRequest, item: SetLocation, model: Path) -> InferenceRequest:
    out = request.publication.out / "predictions"
    return InferenceRequest(
        test_set=SetOptions(
            data=item.data, labels=item.labels, speech=item.speech, limit=request.limit, resampler=item.resampler
        ),
        model=ModelOptions(model, precision=request.precision, devices=request.devices),
        out=out,
        batch_size=request.batch_size,
        features=out / ".features" if request.features else None,
    )
