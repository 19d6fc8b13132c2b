"""Public outputs as predictions: converted for a study, and scored beside the claims of a study that they speak to."""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

from audit._util.progress import progress
from audit.analysis.differences import Ends, gaps
from audit.analysis.folds import summed, sums
from audit.analysis.kept_analyses import KeptAnalyses
from audit.errors import InputError
from audit.importers import formats, loaded
from audit.importers.interface import Imported
from audit.importers.writer import write
from audit.judge import judgement_files, judgements
from audit.literature.known_tasks import find_study
from audit.literature.outputs.records import OutputRecord, load_outputs
from audit.literature.outputs.store import Store
from audit.literature.studies import Study, load_study
from audit.pipeline.request import AuditRequest
from audit.schema import AttributedGap, PublicOutput, PublicValue
from audit.scoring.cache import ScoreCache
from audit.scoring.prediction_meta import PredictionMeta
from audit.scoring.predictions import PredictionSet, load, split_name
from audit.scoring.score import Score, score
from audit.verdict.agreement import unit_factor
from tasks.judging.conventions import find as judged_convention
from tasks.task import Task

# The field of AudioBench's rows that holds the judge's reply.
_REPLY = "judge_response"
_PREDICTIONS = "predictions"


def records_of(literature: Path) -> tuple[OutputRecord, ...]:
    """The records of a folder of literature; the project's own where the folder has none."""
    own = literature / "outputs"
    return load_outputs(own if own.is_dir() else None)


def convert(record: OutputRecord, path: Path, task: Task, out: Path, run: str | None = None) -> Path:
    """Write the predictions file of a public file, with the judge's stored replies as judgements.

    Args:
        record: Says how the file is read.
        path: The file, which was checked.
        task: The task of the rows.
        out: The folder of the predictions.
        run: The run of the predictions file.

    Raises:
        InputError: No importer reads the file, or it does not fit the task.
    """
    imported = _imported(record, path, task)
    texts = record.prompts.texts
    prompts = {row.prompt for row in imported.rows}
    stated = next(iter(prompts)) if len(prompts) == 1 else None
    meta = PredictionMeta(
        task.id,
        record.system,
        record.variant or "unknown",
        prompt=texts[0] if stated is None and len(texts) == 1 and prompts == {None} else stated,
        source=f"{imported.source}; {record.file.place}; record {record.id}",
        normalised=record.layout.normalised,
    )
    target = write(out, task, imported.rows, meta, run=run, replace=True)
    found = judgement_files.path_of(target)
    found.unlink(missing_ok=True)
    judge = None if record.judge is None else judged_convention(task.family, record.judge.convention)
    if record.judge is not None and judge is not None:
        replies = judgements.stored(
            task.id, judge, imported.rows, name=record.judge.name, reply_field=_REPLY, where=str(path)
        )
        judgement_files.write(found, replies)
    return target


def _imported(record: OutputRecord, path: Path, task: Task) -> Imported:
    found = next((one for one in formats() if one.name == record.layout.importer), None)
    if found is None:
        raise InputError("no importer reads it", where=record.id, fix="See `format` in its record.")
    importer = loaded(found)
    parser = argparse.ArgumentParser(exit_on_error=False)
    importer.add_arguments(parser)
    return importer.read(parser.parse_args([str(path)]), task)


def for_study(records: Iterable[OutputRecord], study: Study, store: Store) -> list[OutputRecord]:
    """The records of a study's outputs whose files the store has."""
    return [
        one
        for one in records
        if one.audit is not None and one.audit.study == study.id and one.audit.task in study.tasks and store.has(one)
    ]


def predictions_of(records: Sequence[OutputRecord], study: Study, store: Store, out: Path) -> Path:
    """Convert the outputs of a study into a folder of predictions; what else lies there is removed.

    Raises:
        CheckFailedError: A file of the store is damaged.
        InputError: A file does not fit its task.
    """
    out.mkdir(parents=True, exist_ok=True)
    kept: set[Path] = set()
    with progress(f"public outputs of {study.id}", len(records)) as bar:
        for one in records:
            assert one.audit is not None
            target = convert(one, store.read(one), study.tasks[one.audit.task], out, one.audit.run)
            kept |= {target, target.with_suffix(".meta.json"), judgement_files.path_of(target)}
            bar.advance()
    for stale in set(out.iterdir()) - kept:
        stale.unlink()
    return out


def with_public_outputs(request: AuditRequest) -> tuple[AuditRequest, tuple[str, ...]]:
    """The request with the study's public outputs as predictions, if it has none of its own; and what a reader must know.

    The converted files stay in the store, below `predictions/STUDY`, so that a package can be checked against them.
    """
    if request.outputs is None:
        return request, ()
    study = load_study(find_study(request.study, request.literature))
    if _has_predictions(request.predictions, study):
        return request, ()
    store = Store(request.outputs)
    every = [one for one in records_of(request.literature) if one.audit is not None and one.audit.study == study.id]
    there = for_study(every, study, store)
    if not there:
        if not every:
            return request, ()
        missing = f"{len(every)} public files of outputs belong to this study, and none is here: "
        return request, (f"{missing}repro-audit outputs fetch --study {study.id}",)
    folder = predictions_of(there, study, store, request.outputs / _PREDICTIONS / study.id)
    note = f"predictions: {len(there)} of {len(every)} public files of outputs, converted in {folder}"
    return replace(request, predictions=folder), (note,)


def _has_predictions(folder: Path | None, study: Study) -> bool:
    if folder is None or not folder.exists():
        return False
    if folder.is_file():
        return True
    names = {split_name(path.name.partition(".")[0])[0] for path in folder.glob("*.jsonl")}
    return bool(names & study.tasks.keys())


def beside_claims(
    study: Study,
    literature: Path,
    store: Store | None,
    cache: ScoreCache,
    leading: Mapping[str, str],
) -> tuple[tuple[PublicOutput, ...], tuple[tuple[str, Path], ...]]:
    """What the public outputs of others give for a study's tasks, under every convention of the claimed metrics.

    Args:
        study: The study.
        literature: The folder with the records.
        store: Where the files are; None reads nothing.
        cache: Of counts.
        leading: Claims without outputs of the team -> the convention that leads them; their gaps are attributed to steps on
            one public file of each task.

    Returns:
        The values, by the study's tasks; and (name shown, path) of the files that were read.
    """
    if store is None or not store.folder.is_dir():
        return (), ()
    found: list[PublicOutput] = []
    read: list[tuple[str, Path]] = []
    chosen = [one for one in records_of(literature) if set(one.tasks) & study.tasks.keys() and store.has(one)]
    order = {name: number for number, name in enumerate(study.tasks)}
    pairs = [(one, name) for one in chosen for name in one.tasks if name in order]
    for one, name in sorted(pairs, key=lambda pair: order[pair[1]]):
        path = store.read(one)
        read.append((f"outputs/{path.name}", path))
        read.append((f"literature/outputs/{one.path.name}", one.path))
        ends = leading if one == _fullest(chosen, name) else {}
        found.append(_public(one, path, study, study.tasks[name], cache, ends))
    return tuple(found), tuple(dict(read).items())


def _fullest(records: Iterable[OutputRecord], task: str) -> OutputRecord | None:
    """The raw outputs with the most rows that speak to a task; None if there are none that an importer reads."""
    usable = [one for one in records if task in one.tasks and one.layout.importer and one.layout.normalised is None]
    return max(usable, key=lambda one: (one.file.rows or 0, one.id), default=None)


def stand_in(task: Task, literature: Path, store: Store) -> tuple[Path, OutputRecord] | None:
    """A predictions file made from public outputs that speak to a task, and their record; None if none is in the store.

    Raises:
        CheckFailedError: The file of the store is damaged.
    """
    if not store.folder.is_dir():
        return None
    one = _fullest([one for one in records_of(literature) if store.has(one)], task.id)
    if one is None:
        return None
    return convert(one, store.read(one), task, store.folder / _PREDICTIONS / "stand-in" / one.id), one


def _public(
    one: OutputRecord, path: Path, study: Study, task: Task, cache: ScoreCache, leading: Mapping[str, str]
) -> PublicOutput:
    metrics = tuple(dict.fromkeys(c.metric for c in study.claims if c.task == task.id))
    values: tuple[PublicValue, ...] = ()
    apart: list[AttributedGap] = []
    if one.layout.importer is not None:
        with tempfile.TemporaryDirectory(prefix="repro-audit-") as name:
            rows = load(convert(one, path, task, Path(name)), task)
            scores = score(rows, task, metrics=metrics, replicates=0, cache=cache)
            values = tuple(_values(rows, scores, study))
            for metric in metrics:
                ends = _ends(study, task, metric, values, leading)
                kept = KeptAnalyses.of(rows, cache.folder)
                apart += gaps(task, metric, rows.rows, ends, 0, kept) if ends else ()
    return PublicOutput(
        record=one.id,
        task=task.id,
        work=one.work,
        system=one.system,
        variant=one.variant,
        dataset=one.dataset,
        split=one.split,
        same_data=one.same_data,
        same_data_reason=one.same_data_reason,
        prompts=one.prompts.texts,
        prompts_where=one.prompts.where,
        rows=one.file.rows,
        place=one.file.place,
        address=one.file.address,
        sha256=one.file.sha256 or "",
        licence=one.licence,
        values=values,
        not_counted=None if values else one.not_counted,
        notes=one.notes,
        # What leads to the printed value here says nothing of the paper: the outputs are of another run.
        gaps=tuple(gap for gap in apart if gap.printed is None),
    )


def _ends(
    study: Study, task: Task, metric: str, values: Sequence[PublicValue], leading: Mapping[str, str]
) -> list[Ends]:
    claim = study.claim(task.id, metric)
    names = [value.convention for value in values if value.metric == metric]
    first = None if claim is None else leading.get(claim.id)
    if claim is None or first not in names:
        return []
    factor = Fraction(unit_factor(claim, task.convention(metric, first).metric.scale))
    return [Ends(claim.id, first, tuple(name for name in names if name != first), claim.value, factor)]


def _values(rows: PredictionSet, scores: Iterable[Score], study: Study) -> Iterator[PublicValue]:
    """The values in the claims' units; without the rule whose normaliser has changed the texts before they were stored."""
    for item in scores:
        if item.value is None or item.account is None or item.convention.id == rows.meta.normalised:
            continue
        factor = unit_factor(study.claim(rows.task, item.metric), item.convention.metric.scale)
        shown = format(item.value * factor, "f")
        fold, total = summed(item.convention.metric, item.counts, item.exact)
        yield PublicValue(
            item.metric,
            item.convention.id,
            shown,
            item.account.scored,
            item.account.expected,
            counts=sums(item.convention.metric, item.counts) if fold else None,
            row_sum=total,
            fold=fold,
        )
