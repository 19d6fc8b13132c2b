"""The audit, end to end: literature, recorded values and predictions in, the audit document out.

A sequence of plain functions; nothing is written here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path

from audit._util.clock import source_date_epoch
from audit.analysis.findings import findings, gathered
from audit.analysis.kept_analyses import KeptAnalyses
from audit.analysis.probe_results import load_probes
from audit.analysis.withheld_texts import withhold
from audit.document.build import build
from audit.facts import Claim
from audit.judge.judgement_files import path_of as judgement_file
from audit.literature.grades import SALMONN
from audit.literature.known_tasks import studies
from audit.literature.outputs.store import Store
from audit.literature.reproductions import Reproductions
from audit.literature.sets import SetCard, card_of, may_publish
from audit.literature.studies import Study
from audit.literature.survey import survey
from audit.literature.works import Work
from audit.pipeline.count_files import CountFiles
from audit.pipeline.differences import differences, joint_claims, rows_that_pay
from audit.pipeline.evidence import evidence
from audit.pipeline.measure import identities, recomputed_measurements, recorded_measurements
from audit.pipeline.plans import follow
from audit.pipeline.public_outputs import beside_claims
from audit.pipeline.request import AuditRequest
from audit.pipeline.scored_sets import Scored, score_sets
from audit.schema import AuditDocument, Decision, RowTree, Survey
from audit.scoring.cache import ScoreCache
from audit.scoring.pool import engine as opened_engine
from audit.scoring.predictions import PredictionSet
from audit.scoring.row_tree import tree_of
from audit.verdict.decisions import decisions, supersede
from audit.verdict.means import with_means, with_runs
from audit.verdict.measurements import Measured, Names


@dataclass(frozen=True, slots=True)
class Audit:
    """The result of a run.

    Attributes:
        document: The audit document.
        scored: The scores with their counts per row, by task id.
        study: The study audited.
        counts: The files of counts.
        literature: The files of the literature that were read, by their names in `document.inputs`.
        plans: The files of sampling plans, likewise.
    """

    document: AuditDocument
    scored: Mapping[str, Scored]
    study: Study
    counts: CountFiles
    literature: Mapping[str, Path] = field(default_factory=dict)
    plans: Mapping[str, Path] = field(default_factory=dict)


def run(request: AuditRequest) -> Audit:
    """Audit one study.

    Raises:
        InputError: An input file is not valid.
    """
    known = evidence(request.study, request.literature)
    study, reproductions, works, gradings, cards = (
        known.study,
        known.reproductions,
        known.works,
        known.gradings,
        known.cards,
    )
    with opened_engine(request.engine, request.workers) as counting:
        cache = ScoreCache(request.cache)
        scored = score_sets(request.predictions, study, cards, request.replicates, cache, counting)
    plans = follow(scored, study, cards)
    names = Names()
    single = [
        *recorded_measurements(reproductions.of_study, study, cards, gradings, names),
        *recomputed_measurements(scored, study, cards, gradings, names, plans.by_name, cache),
    ]
    # After the runs: one of several neither replaces nor contradicts a recorded value.
    measured = with_means(supersede(with_runs(single, study, names)), study, names)
    audited, others = audited_claims(study, measured)
    probed, probe_files = load_probes(request.probes, study.tasks)
    seen = {
        name: findings(
            e.predictions,
            study.tasks[e.predictions.task],
            e.scores,
            request.replicates,
            KeptAnalyses.of(e.predictions, request.cache),
        )
        for name, e in scored.items()
        if e.subset is None
    }
    others_read = studies(request.literature) if known.by_family else ()
    read = dict(_literature(study, others_read, cards, reproductions, works))
    # The records say how works treat SALMONN; how works treat other papers was not surveyed.
    surveyed = works and study.id == SALMONN
    decided = decisions(replace(study, claims=audited), measured)
    store = Store(request.outputs) if request.outputs is not None else None
    public, public_files = beside_claims(study, request.literature, store, cache, _leading(audited, decided, measured))
    read |= {name: path for name, path in public_files if name.startswith("literature/")}
    others_files = [(name, path) for name, path in public_files if name not in read]
    apart = differences(scored, study, decided, measured, request.replicates, request.cache)
    counts = CountFiles(scored)
    document = build(
        study=replace(study, claims=audited),
        others=others,
        measurements=tuple(m.record for m in measured),
        decisions=decided,
        gradings=gradings,
        identities=identities(scored, study, cards),
        literature=survey(works, audited, gradings=gradings) if surveyed else Survey(),
        public_outputs=public,
        findings=gathered(seen, probed, reproductions.observed),
        inputs=[*read.items(), *_predictions(scored), *plans.files, *probe_files, *others_files],
        replicates=request.replicates,
        epoch=source_date_epoch(),
        signing=request.signing,
        plans=plans.runs,
        differences=apart,
        paying=rows_that_pay(scored, study, apart, request.cache),
        joint=joint_claims(study, measured),
        row_trees=_row_trees(scored, request.cache),
        count_files=counts.hashes,
    )
    document = withhold(document, _restricted(scored, study, cards))
    return Audit(document, scored, study, counts, read, dict(plans.files))


def _row_trees(scored: Mapping[str, Scored], cache: Path | None) -> tuple[RowTree, ...]:
    files = [entry.predictions for entry in scored.values() if entry.subset is None]
    return tuple(tree_of(one.path, f"predictions/{one.path.name}", one.sha256, cache) for one in files)


def _restricted(scored: Mapping[str, Scored], study: Study, cards: Mapping[str, SetCard]) -> Iterator[PredictionSet]:
    """The rows whose texts may not be published."""
    for entry in scored.values():
        card = card_of(study.tasks[entry.predictions.task], cards)
        if entry.subset is None and not may_publish(card, entry.identity.state):
            yield entry.predictions


def audited_claims(study: Study, measured: Sequence[Measured]) -> tuple[tuple[Claim, ...], tuple[Claim, ...]]:
    """The claims that are audited, and those on other models without any value, in the study's order."""
    valued = {m.record.claim for m in measured}
    audited = {c.id for c in study.claims if c.model is None or c.id in valued}
    return (
        tuple(c for c in study.claims if c.id in audited),
        tuple(c for c in study.claims if c.id not in audited),
    )


def _leading(claims: Sequence[Claim], decided: Sequence[Decision], measured: Sequence[Measured]) -> dict[str, str]:
    """Claims without values from outputs -> the convention of the recorded value that leads, or else the nearest one's."""
    computed = {m.record.claim for m in measured if not m.record.recorded}
    deciding = {decision.claim: decision.measurement for decision in decided}
    found: dict[str, str] = {}
    for claim in claims:
        own = [m for m in measured if m.record.claim == claim.id and m.record.convention and m.exact is not None]
        own.sort(key=lambda m: (m.record.id != deciding.get(claim.id), abs(Fraction(m.exact or 0) - claim.reported)))
        if own and claim.id not in computed:
            found[claim.id] = str(own[0].record.convention)
    return found


def _conventions(study: Study) -> Iterator[tuple[str, Path]]:
    """(name shown, path) of the files of conventions that a study's tasks use."""
    for one in study.conventions:
        if one.path != study.path:
            yield f"literature/conventions/{one.path.name}", one.path


def _literature(
    study: Study,
    others: Sequence[Study],
    cards: Mapping[str, SetCard],
    reproductions: Reproductions,
    works: Sequence[Work],
) -> Iterator[tuple[str, Path]]:
    """(name shown, path) of every file of the literature that the audit depends on.

    The evidence of a family comes through the tasks of `others`, see `audit.literature.grades`.
    """
    for one in (study, *(other for other in others if other.path.stem != study.id)):
        yield f"literature/studies/{study.id if one is study else one.path.stem}.yaml", one.path
        yield from _conventions(one)
    for path in reproductions.files:
        yield f"literature/reproductions/{path.name}", path
    for work in works:
        yield f"literature/works/{work.path.name}", work.path
    for task in study.tasks.values():
        card = card_of(task, cards)
        if card is not None:
            for path in card.files:
                yield f"literature/sets/{path.relative_to(card.path.parent).as_posix()}", path


def _predictions(scored: Mapping[str, Scored]) -> Iterator[tuple[str, Path]]:
    for entry in scored.values():
        if entry.subset is not None:
            continue  # a part of a file that is listed already
        path = entry.predictions.path
        yield f"predictions/{path.name}", path
        yield f"predictions/{path.stem}.meta.json", path.with_suffix(".meta.json")
        if entry.judged:
            judgements = judgement_file(path)
            yield f"predictions/{judgements.name}", judgements
