"""The audit, end to end: literature, recorded values and predictions in, the audit document out.

A sequence of plain functions; nothing is written here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from audit._util.clock import source_date_epoch
from audit.analysis.findings import findings, gathered
from audit.analysis.probe_results import load_probes
from audit.document.build import build
from audit.errors import InputError
from audit.judge.judgements import path_of as judgement_file
from audit.literature.grades import SALMONN, grades, known_conventions
from audit.literature.reproductions import Reproductions, load_reproductions
from audit.literature.sets import SetCard, card_of, load_sets
from audit.literature.studies import Study, load_study, study_file
from audit.literature.survey import survey
from audit.literature.works import load_works, record_files
from audit.pipeline.measure import identities, recomputed_measurements, recorded_measurements
from audit.pipeline.request import AuditRequest
from audit.pipeline.scored_sets import Scored, score_sets
from audit.schema import AuditDocument, Survey
from audit.scoring.cache import ScoreCache
from audit.scoring.pool import engine as opened_engine
from audit.verdict.decisions import decisions, supersede
from audit.verdict.measurements import Names
from tasks.registry import tasks
from tasks.task import Task


@dataclass(frozen=True, slots=True)
class Audit:
    """The result of a run.

    Attributes:
        document: The audit document.
        scored: The scores with their counts per row, by task id.
        study: The study audited.
    """

    document: AuditDocument
    scored: Mapping[str, Scored]
    study: Study


def run(request: AuditRequest) -> Audit:
    """Audit one study.

    Raises:
        InputError: An input file is not valid.
    """
    literature = request.literature
    study = load_study(study_file(literature, request.study))
    claimed = _claimed_tasks(study)
    reproductions = load_reproductions(literature / "reproductions", study)
    works = load_works(literature / "works")
    conventions = known_conventions()
    gradings = grades(works, conventions, study.id)
    cards = load_sets(literature / "sets")
    with opened_engine(request.engine, request.workers) as counting:
        cache = ScoreCache(request.cache)
        scored = score_sets(request.predictions, study, cards, claimed, request.replicates, cache, counting)
    names = Names()
    measured = supersede(
        [
            *recorded_measurements(reproductions.of_study, study, cards, gradings, names),
            *recomputed_measurements(scored, study, cards, gradings, names),
        ]
    )
    probed, probe_files = load_probes(request.probes, claimed)
    seen = {name: findings(e.predictions, claimed[name], e.scores, request.replicates) for name, e in scored.items()}
    document = build(
        study=study,
        tasks=claimed,
        measurements=tuple(m.record for m in measured),
        decisions=decisions(study, measured),
        gradings=gradings,
        identities=identities(scored, study, cards),
        # The records cover how works treat SALMONN, not how works treat other papers.
        literature=survey(works, study.claims, conventions) if study.id == SALMONN else Survey(),
        findings=gathered(seen, probed, reproductions.observed),
        inputs=[*_inputs(literature, study, reproductions, cards, scored), *probe_files],
        replicates=request.replicates,
        epoch=source_date_epoch(),
        signing=request.signing,
    )
    return Audit(document, scored, study)


def _claimed_tasks(study: Study) -> dict[str, Task]:
    known = tasks()
    for claim in study.claims:
        if claim.task not in known:
            raise InputError(
                f"there is no task {claim.task!r}", where=f"{study.path}: {claim.id}", fix=f"Tasks: {', '.join(known)}."
            )
    wanted = {claim.task for claim in study.claims}
    return {name: task for name, task in known.items() if name in wanted}


def _inputs(
    literature: Path,
    study: Study,
    reproductions: Reproductions,
    cards: Mapping[str, SetCard],
    scored: Mapping[str, Scored],
) -> list[tuple[str, Path]]:
    files = [study.path, *reproductions.files, *record_files(literature / "works")]
    for task in {claim.task for claim in study.claims}:
        card = card_of(task, cards)
        files += card.files if card else ()
    found = [(f"literature/{path.relative_to(literature).as_posix()}", path) for path in files]
    for entry in scored.values():
        path = entry.predictions.path
        found.append((f"predictions/{path.name}", path))
        found.append((f"predictions/{path.stem}.meta.json", path.with_suffix(".meta.json")))
        if entry.judged:
            judgements = judgement_file(path)
            found.append((f"predictions/{judgements.name}", judgements))
    return found
