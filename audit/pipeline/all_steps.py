"""The image's default command: checks, inference on the available data, audit and package."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from audit.errors import AuditError, InputError, MissingError
from audit.inference.job import InferenceRequest, ModelOptions, SetOptions, infer, need_libraries
from audit.inference.layouts import FILE, SetLocation, find
from audit.literature.known_tasks import find_study, known_tasks
from audit.literature.studies import load_study
from audit.pipeline.doctor import complete, examine
from audit.pipeline.publish import Publication, publish
from audit.pipeline.request import AuditRequest, PublicationRequest
from audit.schema import AuditDocument

if TYPE_CHECKING:
    from audit.inference.engines.interface import Engine

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class AllRequest:
    """A request for every step.

    Attributes:
        audit: What to audit. Without `predictions`, this run's own in `out`/predictions are used.
        publication: Where the results go; its `out` also receives everything else, including scratch files.
        weights: Holds model.yaml and the checkpoints it names.
        data: Holds the data sets, named as in `audit.inference.layouts`.
        tasks: Only these tasks; empty for every task of the study.
        batch_size: Clips per batch.
        precision: None for model.yaml's.
        devices: One worker each.
        limit: Only the first N items of every set, for a trial.
        features: Whether the encoders' outputs are cached (0.9 MB per clip).
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
    """The result of all steps.

    Attributes:
        publication: None if a part that the audit needs is missing; then nothing was run.
        failed: Tasks whose inference had errors.
    """

    publication: Publication | None
    failed: tuple[str, ...] = ()


def run_all(
    request: AllRequest, say: Say, note: Say, decided: Callable[[AuditDocument], None] = lambda _: None
) -> Outcome:
    """Run the steps in order.

    Args:
        request: What to run.
        say: Receives progress, a line at a time.
        note: Receives errors that did not stop the run.
        decided: Receives the audit as soon as it is decided.

    Raises:
        InputError: The inputs do not fit together, or the output folder is not writable.
        MissingError: Inference is requested, but what runs the model is not installed.
    """
    out = request.publication.out
    with _scratch(out):
        sets, model, predictions = _plan(request, say, note)
        say("== what is here")
        # `_plan` has already reported missing data.
        parts = examine(sets, model, request.batch_size, [item.task for item in sets])
        for part in parts:
            say(part.line)
        if not complete(parts):
            return Outcome(None)
        failed = _inference(request, sets, model, say, note) if model else ()
        say("== audit")
        publication = publish(
            replace(request.audit, predictions=predictions), request.publication, decided=decided, told=say
        )
    return Outcome(publication, failed)


@contextmanager
def _scratch(out: Path) -> Iterator[None]:
    """A folder for temporary files in `out`, as nothing else may be writable; for this process and its children."""
    folder = out / ".scratch"
    try:
        shutil.rmtree(folder, ignore_errors=True)  # left by a killed run
        folder.mkdir(parents=True)
    except OSError as error:
        raise InputError(
            f"cannot be written to ({error.strerror})",
            where=str(out),
            fix=f"User {os.getuid()} must be able to write there: mount a folder of theirs, or run as another user (--user).",
        ) from None
    before, known = os.environ.get("TMPDIR"), tempfile.tempdir
    os.environ["TMPDIR"], tempfile.tempdir = str(folder.resolve()), None
    try:
        yield
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        # Whoever called goes on after this run.
        tempfile.tempdir = known
        if before is None:
            del os.environ["TMPDIR"]
        else:
            os.environ["TMPDIR"] = before


def _plan(request: AllRequest, say: Say, note: Say) -> tuple[list[SetLocation], Path | None, Path]:
    """The test sets to run, the model, and the predictions to audit; nothing is computed yet."""
    study = load_study(find_study(request.audit.study, request.audit.literature))
    tasks = request.tasks or tuple(study.tasks)
    model = request.weights / "model.yaml"
    sets, absent = find(request.data, tasks)
    given = request.audit.predictions is not None and _has_predictions(request.audit.predictions)
    if not model.is_file():
        if request.weights.is_dir() and any(request.weights.iterdir()):
            raise InputError(
                "there is no model.yaml", where=str(request.weights), fix="See docs/how-to/run-inference.md, step 1."
            )
        if sets:
            note(f"data for {len(sets)} tasks, but no weights: no inference")
        else:
            say("no weights and no data: no inference")
        model_found = None
    elif not sets:
        raise InputError(
            "weights are given, but no data set",
            where=str(request.data),
            fix=f"Its folders must have the names of docs/how-to/run-the-container.md, or {FILE} must name them.",
        )
    else:
        need_libraries(model)
        model_found = model
        for task, reason in absent.items():
            note(f"{task}: left out: {reason}")
    if model_found and given:
        raise InputError("both predictions and weights with data are given", fix="Give one or the other.")
    if given and request.audit.predictions is not None:
        return sets, model_found, request.audit.predictions
    predictions = request.publication.out / "predictions"
    predictions.mkdir(parents=True, exist_ok=True)
    return sets, model_found, predictions


def _has_predictions(folder: Path) -> bool:
    """Whether there are any; the image always names a folder, which is empty if nothing is mounted there.

    Raises:
        InputError: The folder holds only other files.
        PermissionError: It cannot be read.
    """
    if not folder.exists():
        return False
    from audit.scoring.prediction_meta import is_rows

    if folder.is_file():
        return is_rows(folder)
    files = list(folder.iterdir())  # not Path.glob, which hides that a folder may not be read
    if files and not any(map(is_rows, files)):
        raise InputError("there are no TASK.jsonl files", where=str(folder), fix="See docs/reference/predictions.md.")
    return bool(files)


def _inference(request: AllRequest, sets: Sequence[SetLocation], model: Path, say: Say, note: Say) -> tuple[str, ...]:
    """Run the model, loaded once, on every set, and return the tasks with errors; the others still run."""
    failed: list[str] = []
    engine: Engine | None = None
    known = known_tasks(own=load_study(find_study(request.audit.study, request.audit.literature)))
    for item in sets:
        say(f"== {item.task}")
        try:
            engine, errors = infer(_inference_request(request, item, model), item.task, say, note, engine, known=known)
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
