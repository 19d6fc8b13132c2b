"""The audit, end to end: literature, recorded values and predictions in, the audit document out.

A sequence of plain functions; nothing is written here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from audit._util.clock import source_date_epoch
from audit.analysis.findings import findings, gathered
from audit.analysis.probe_results import load_probes
from audit.document.build import build
from audit.judge.judgements import path_of as judgement_file
from audit.literature.grades import grades, known_conventions
from audit.literature.known_tasks import find_study
from audit.literature.reproductions import Reproductions, load_reproductions
from audit.literature.sets import SetCard, card_of, cards_for
from audit.literature.studies import Study, load_study
from audit.literature.survey import survey
from audit.literature.works import Work, load_works, record_files
from audit.pipeline.measure import identities, recomputed_measurements, recorded_measurements
from audit.pipeline.request import AuditRequest
from audit.pipeline.scored_sets import Scored, score_sets
from audit.schema import AuditDocument, Claim, Survey
from audit.scoring.cache import ScoreCache
from audit.scoring.pool import engine as opened_engine
from audit.verdict.decisions import decisions, supersede
from audit.verdict.means import with_means
from audit.verdict.measurements import Measured, Names


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
    study = load_study(find_study(request.study, literature))
    reproductions = load_reproductions(literature / "reproductions", study)
    works = load_works(literature / "works") if (literature / "works").is_dir() else ()
    conventions = known_conventions(study.tasks)
    gradings = grades(works, conventions, study.id, tasks=study.tasks, own=study.facts.paper.work)
    cards = cards_for(study, literature)
    with opened_engine(request.engine, request.workers) as counting:
        cache = ScoreCache(request.cache)
        scored = score_sets(request.predictions, study, cards, request.replicates, cache, counting)
    names = Names()
    measured = supersede(
        [
            *recorded_measurements(reproductions.of_study, study, cards, gradings, names),
            *recomputed_measurements(scored, study, cards, gradings, names),
        ]
    )
    measured = with_means(measured, study, names)
    audited, others = _audited(study, measured)
    probed, probe_files = load_probes(request.probes, study.tasks)
    seen = {
        name: findings(e.predictions, study.tasks[e.predictions.task], e.scores, request.replicates)
        for name, e in scored.items()
        if e.subset is None
    }
    surveyed = [work for work in works if _speaks_of(work, study)]
    document = build(
        study=replace(study, claims=audited),
        others=others,
        tasks=study.tasks,
        measurements=tuple(m.record for m in measured),
        decisions=decisions(replace(study, claims=audited), measured),
        gradings=gradings,
        identities=identities(scored, study, cards),
        literature=survey(works, audited, conventions) if surveyed else Survey(),
        findings=gathered(seen, probed, reproductions.observed),
        inputs=[*_inputs(literature, study, reproductions, cards, scored), *probe_files],
        replicates=request.replicates,
        epoch=source_date_epoch(),
        signing=request.signing,
    )
    return Audit(document, scored, study)


def _audited(study: Study, measured: Sequence[Measured]) -> tuple[tuple[Claim, ...], tuple[Claim, ...]]:
    """The claims that are audited, and those on other models without any value, in the study's order."""
    valued = {m.record.claim for m in measured}
    audited = tuple(c for c in study.claims if c.model is None or c.id in valued)
    return audited, tuple(c for c in study.claims if c not in audited)


def _speaks_of(work: Work, study: Study) -> bool:
    """Whether a record says how a work treats the study's paper."""
    return any(entry.study == study.id for entry in work.tasks)


def literature_inputs(
    literature: Path, study: Study, cards: Mapping[str, SetCard], reproductions: Sequence[Path] = ()
) -> list[tuple[str, Path]]:
    """(name shown, path) of every file of the literature that an audit reads: study, cards, reproductions, works."""
    found = [(f"literature/studies/{study.id}.yaml", study.path)]
    found += [(f"literature/reproductions/{path.name}", path) for path in reproductions]
    if (literature / "works").is_dir():
        found += [(f"literature/works/{path.name}", path) for path in record_files(literature / "works")]
    for task in study.tasks.values():
        card = card_of(task, cards)
        if card is not None:
            home = card.path.parent
            found += [(f"literature/sets/{path.relative_to(home).as_posix()}", path) for path in card.files]
    return list(dict.fromkeys(found))


def _inputs(
    literature: Path,
    study: Study,
    reproductions: Reproductions,
    cards: Mapping[str, SetCard],
    scored: Mapping[str, Scored],
) -> list[tuple[str, Path]]:
    found = literature_inputs(literature, study, cards, reproductions.files)
    for entry in scored.values():
        if entry.subset is not None:
            continue  # a part of a file that is listed already
        path = entry.predictions.path
        found.append((f"predictions/{path.name}", path))
        found.append((f"predictions/{path.stem}.meta.json", path.with_suffix(".meta.json")))
        if entry.judged:
            judgements = judgement_file(path)
            found.append((f"predictions/{judgements.name}", judgements))
    return found
