"""Every measurement of an audit, recorded and recomputed, with the grade of its convention."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from audit.errors import InputError
from audit.literature.grades import Grading, Key
from audit.literature.reproductions import Reproduction
from audit.literature.studies import Study
from audit.pipeline.scored_sets import Scored, Sizes
from audit.schema import Grade, Invalid
from audit.verdict.judged import compare
from audit.verdict.judged import problems as judge_problems
from audit.verdict.measurements import Measured, Names, recomputed, recorded, set_problems
from tasks.registry import tasks

_SIZE_UNKNOWN = Invalid(
    "size-unknown", "Neither the claim nor a record says how many rows the set has, so no share of it is known."
)


def recorded_measurements(
    reproductions: Sequence[Reproduction], study: Study, gradings: Mapping[Key, Grading], names: Names
) -> list[Measured]:
    """What the reproductions recorded."""
    found = []
    for reproduction in reproductions:
        for value in reproduction.recorded:
            claim = study.claim(value.task, value.metric)
            assert claim is not None
            found.append(
                recorded(value, claim, study, _grade(gradings, value.task, value.metric, value.convention), names)
            )
    return found


def _grade(gradings: Mapping[Key, Grading], task: str, metric: str, convention: str | None) -> Grade:
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


def recomputed_measurements(
    scored: Mapping[str, Scored], study: Study, sizes: Sizes, gradings: Mapping[Key, Grading], names: Names
) -> list[Measured]:
    """What was scored from predictions, under every convention and every judge."""
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
) -> list[Measured]:
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
