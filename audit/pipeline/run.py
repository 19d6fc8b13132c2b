"""The audit, end to end: literature, recorded values and predictions in, the audit document out.

A list of plain functions, one after the other; nothing is written here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from audit._util.clock import source_date_epoch
from audit._util.progress import progress
from audit.analysis.findings import by_kind, findings, set_problems
from audit.analysis.probe_results import load as load_probes
from audit.document import build
from audit.errors import InputError
from audit.judge.judgements import path_of as judgement_file
from audit.judge.scores import JudgedScore, judged_scores
from audit.literature.grades import Grading, Key, grades
from audit.literature.studies import Reproduction, Study, load_reproduction_record, load_study
from audit.literature.survey import survey
from audit.literature.works import load_works, record_files
from audit.scoring import predictions
from audit.scoring.cache import ScoreCache
from audit.scoring.pool import EngineName, Map
from audit.scoring.pool import engine as opened_engine
from audit.scoring.predictions import PredictionSet
from audit.scoring.score import Score, begin, in_turn
from audit.verdict.decisions import outcomes, supersede
from audit.verdict.judged import compare
from audit.verdict.judged import problems as judge_problems
from audit.verdict.measurements import Invalid, Measurement, Names, recomputed, recorded
from tasks.registry import tasks
from tasks.statistics.bootstrap import REPLICATES
from tasks.task import Task

_SIZE_UNKNOWN = Invalid(
    "size-unknown", "Neither the claim nor a record says how many rows the set has, so no share of it is known."
)


@dataclass(frozen=True, slots=True)
class Scored:
    """A prediction set with its scores under every convention, and under every judge there are judgements of."""

    predictions: PredictionSet
    scores: tuple[Score, ...]
    judged: tuple[JudgedScore, ...] = ()


@dataclass(frozen=True, slots=True)
class Audit:
    """What a run gives.

    Attributes:
        document: The audit document, see `audit.document.build`.
        scored: The scores with their counts per row, by task id.
        study: The study audited.
    """

    document: dict[str, Any]
    scored: Mapping[str, Scored]
    study: Study


def run(
    literature: Path,
    predictions_folder: Path | None,
    *,
    study_id: str = "salmonn",
    replicates: int = REPLICATES,
    cache: Path | None = None,
    engine: EngineName = "auto",
    workers: int | None = None,
    probes: Path | None = None,
) -> Audit:
    """Audit one study.

    Args:
        literature: The folder with `studies/`, `reproductions/` and `works/`.
        predictions_folder: Holds `TASK.jsonl` files; None or an empty one: only recorded values are audited.
        study_id: Which study of `studies/`.
        replicates: Bootstrap replicates.
        cache: Folder for counts and intervals kept between runs; None for none.
        engine: Where rows are counted, see `audit.scoring.pool`.
        workers: How many processes count them.
        probes: Folder of `repro-audit probe`'s results.

    Raises:
        InputError: Anything that is read does not fit.
    """
    study_path = study_file(literature, study_id)
    study = load_study(study_path)
    claimed = _claimed_tasks(study)
    reproductions = _reproductions(literature / "reproductions", study)
    works = load_works(literature / "works")
    conventions = known_conventions()
    gradings = grades(works, conventions)
    sizes = _sizes(study, reproductions)
    with opened_engine(engine, workers) as counting:
        scored = _score_all(predictions_folder, sizes, claimed, replicates, ScoreCache(cache), counting)
    names = Names()
    measurements = [
        *_recorded_measurements(reproductions, study, gradings, names),
        *_recomputed_measurements(scored, study, sizes, gradings, names),
    ]
    measurements = supersede(measurements)
    decided = outcomes(study, measurements)
    probed, probe_files = load_probes(probes, claimed)
    inputs = _inputs(literature, study_path, reproductions, scored)
    return Audit(
        build.build(
            study=study,
            tasks=claimed,
            measurements=measurements,
            outcomes=decided,
            gradings=gradings,
            literature=survey(works, study.claims, conventions),
            findings={
                **by_kind(
                    {name: findings(e.predictions, claimed[name], e.scores, replicates) for name, e in scored.items()}
                ),
                **probed,
            },
            inputs=[*inputs, *probe_files],
            replicates=replicates,
            epoch=source_date_epoch(),
        ),
        scored,
        study,
    )


def study_file(literature: Path, study_id: str) -> Path:
    """Where a study is.

    Raises:
        InputError: There is none of this id.
    """
    path = literature / "studies" / f"{study_id}.yaml"
    if not path.is_file():
        known = ", ".join(sorted(p.stem for p in path.parent.glob("*.yaml"))) or "none"
        raise InputError(f"there is no study {study_id}", where=str(path), fix=f"Studies here: {known}.")
    return path


def known_conventions() -> dict[tuple[str, str], frozenset[str]]:
    """(task, metric) -> the ids of the conventions that there are."""
    return {(t.id, m): frozenset(c.id for c in cs) for t in tasks().values() for m, cs in t.conventions.items()}


def _claimed_tasks(study: Study) -> dict[str, Task]:
    known = tasks()
    for claim in study.claims:
        if claim.task not in known:
            raise InputError(
                f"there is no task {claim.task!r}", where=f"{study.path}: {claim.id}", fix=f"Tasks: {', '.join(known)}."
            )
    wanted = {claim.task for claim in study.claims}
    return {name: task for name, task in known.items() if name in wanted}


def _reproductions(folder: Path, study: Study) -> list[Reproduction]:
    from audit._util.strict_yaml import load

    found = []
    for path in sorted(folder.glob("*.yaml")):
        if load(path).data.get("study") == study.id:
            found.append(load_reproduction_record(path, study))
    return found


def _score_all(
    folder: Path | None,
    sizes: Sizes,
    claimed: Mapping[str, Task],
    replicates: int,
    cache: ScoreCache,
    engine: tuple[Map, int],
) -> dict[str, Scored]:
    files = {} if folder is None else predictions.find(folder, tasks())
    files = {name: path for name, path in files.items() if name in claimed}
    # Everything is read before anything is scored: a broken file is found in seconds, not after the others' hours.
    sets = {name: predictions.load(path, claimed[name]) for name, path in files.items()}
    found: dict[str, Scored] = {}
    if not sets:
        return found
    with progress("scoring", sum(len(s.rows) for s in sets.values())) as bar:
        sized = {name: sizes.expected(name, len(rows.rows)) for name, rows in sets.items()}
        begun = (
            begin(rows, claimed[name], expected=sized[name], replicates=replicates, cache=cache, engine=engine)
            for name, rows in sets.items()
        )
        for (name, rows), scores in zip(sets.items(), in_turn(begun), strict=True):
            judged = judged_scores(claimed[name], rows, expected=sized[name], replicates=replicates, cache=cache)
            found[name] = Scored(rows, tuple(scores), judged)
            bar.advance(len(rows.rows))
    return found


@dataclass(frozen=True, slots=True)
class Sizes:
    """The sets' sizes by task: as the claims state them, else the largest that a reproduction recorded.

    Without either there is none: predictions alone cannot say how many rows of how many they are.
    """

    stated: Mapping[str, int]
    recorded: Mapping[str, int]

    def expected(self, task: str, rows: int) -> int | None:
        """The size that `rows` rows are held against; a recorded size gives way to more rows, a stated one does not."""
        if task in self.stated:
            return self.stated[task]
        return max(self.recorded[task], rows) if task in self.recorded else None

    def known(self, task: str) -> bool:
        """Whether there is a size at all."""
        return task in self.stated or task in self.recorded


def _sizes(study: Study, reproductions: Sequence[Reproduction]) -> Sizes:
    recorded: dict[str, int] = {}
    for value in (v for reproduction in reproductions for v in reproduction.recorded):
        if value.total:
            recorded[value.task] = max(value.total, recorded.get(value.task, 0))
    return Sizes({c.task: c.expected_rows for c in study.claims if c.expected_rows}, recorded)


def _recorded_measurements(
    reproductions: Sequence[Reproduction], study: Study, gradings: Mapping[Key, Grading], names: Names
) -> list[Measurement]:
    found = []
    for reproduction in reproductions:
        for value in reproduction.recorded:
            claim = study.claim(value.task, value.metric)
            assert claim is not None
            found.append(
                recorded(value, claim, study, _grade(gradings, value.task, value.metric, value.convention), names)
            )
    return found


def _grade(gradings: Mapping[Key, Grading], task: str, metric: str, convention: str | None) -> str:
    if convention is None:
        return "E"
    grading = gradings.get((task, metric, convention))
    if grading is None:
        raise InputError(
            f"there is no convention {convention!r} for {metric} of {task}",
            where="literature/reproductions",
            fix="Name one that `repro-audit conventions` lists, or null.",
        )
    return grading.grade


def _recomputed_measurements(
    scored: Mapping[str, Scored], study: Study, sizes: Sizes, gradings: Mapping[Key, Grading], names: Names
) -> list[Measurement]:
    found = []
    for task, entry in scored.items():
        unsized = () if sizes.known(task) else (_SIZE_UNKNOWN,)
        judged = {(item.attached.metric, item.score.convention.id) for item in entry.judged}
        for item in entry.scores:
            if (item.metric, item.convention.id) in judged:
                continue  # it needs a judge, and there are judgements
            voids = set_problems(entry.predictions, tasks()[task]) if item.metric == "accuracy" else ()
            grade = _grade(gradings, task, item.metric, item.convention.id)
            claim = study.claim(task, item.metric)
            found.append(recomputed(item, entry.predictions, claim, study, grade, names, problems=(*voids, *unsized)))
        found += _judged_measurements(task, entry, study, unsized, gradings, names)
    return found


def _judged_measurements(
    task: str,
    entry: Scored,
    study: Study,
    unsized: tuple[Invalid, ...],
    gradings: Mapping[Key, Grading],
    names: Names,
) -> list[Measurement]:
    found = []
    for item in entry.judged:
        claim = study.claim(task, item.attached.metric)
        compared = compare(entry.judged, claim) if claim else {}
        convention = item.score.convention.id
        comparison = compared.get(convention)
        note = item.note if comparison is None else f"{item.note} {comparison.sentence}"
        found.append(
            recomputed(
                item.score,
                entry.predictions,
                claim,
                study,
                _grade(gradings, task, item.attached.metric, convention),
                names,
                problems=(*judge_problems(item, compared), *unsized),
                judge=item.attached.model,
                note=note,
            )
        )
    return found


def _inputs(
    literature: Path, study_path: Path, reproductions: Sequence[Reproduction], scored: Mapping[str, Scored]
) -> list[tuple[str, Path]]:
    files = [study_path, *(r.path for r in reproductions), *record_files(literature / "works")]
    found = [(f"literature/{path.relative_to(literature).as_posix()}", path) for path in files]
    for entry in scored.values():
        path = entry.predictions.path
        found.append((f"predictions/{path.name}", path))
        found.append((f"predictions/{path.stem}.meta.json", path.with_suffix(".meta.json")))
        if entry.judged:
            judgements = judgement_file(path)
            found.append((f"predictions/{judgements.name}", judgements))
    return found
