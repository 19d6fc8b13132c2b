"""Every measurement of an audit, recorded or recomputed, with the grade of its convention."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from fractions import Fraction

from audit.analysis.sampling.quantities import undropped
from audit.errors import InputError
from audit.facts import Claim
from audit.literature.grades import Grading, Key
from audit.literature.reproductions import Reproduction
from audit.literature.sets import SetCard
from audit.literature.studies import Study
from audit.pipeline.plans import Followed
from audit.pipeline.scored_sets import PART_BY_FIELD, Scored, official_size, set_size
from audit.schema import Agreement, IdentityFinding, RowsIdentity
from audit.scoring.cache import ScoreCache
from audit.scoring.score import Score, score
from audit.verdict.agreement import in_unit, unit_factor
from audit.verdict.decisive import decisive_steps
from audit.verdict.judged import compare
from audit.verdict.judged import problems as judge_problems
from audit.verdict.measurements import Measured, Names, recomputed, target, with_decisive
from audit.verdict.planned import Following
from audit.verdict.problems import set_problems
from audit.verdict.prompts import prompt_state
from audit.verdict.recorded import recorded

# Metrics that say nothing about rows of a single class.
OVER_CLASSES = frozenset({"accuracy", "macro-f1", "weighted-f1", "uar"})


def recorded_measurements(
    reproductions: Sequence[Reproduction],
    study: Study,
    cards: Mapping[str, SetCard],
    gradings: Mapping[Key, Grading],
    names: Names,
) -> list[Measured]:
    """What the reproductions recorded."""
    found = []
    for reproduction in reproductions:
        for value in reproduction.recorded:
            claim = study.claim(value.task, value.metric)
            assert claim is not None
            grading = _grading(gradings, value.task, value.metric, value.convention)
            found.append(
                recorded(
                    value,
                    claim,
                    study,
                    grading,
                    names,
                    set_size(study, value.task, cards, value.total),
                    official_size(study, value.task, cards),
                )
            )
    return found


def _grading(gradings: Mapping[Key, Grading], task: str, metric: str, convention: str | None) -> Grading | None:
    if convention is None:
        return None
    grading = gradings.get((task, metric, convention))
    if grading is None:
        raise InputError(
            f"there is no convention {convention!r} for {metric} of {task}",
            where="literature/reproductions",
            fix="Name one that `repro-audit conventions` lists, or null.",
        )
    return grading


def identities(scored: Mapping[str, Scored], study: Study, cards: Mapping[str, SetCard]) -> tuple[RowsIdentity, ...]:
    """The set that every prediction file holds, and the state of its prompts."""
    return tuple(_rows_identity(entry, study, cards) for entry in scored.values() if entry.subset is None)


def _rows_identity(entry: Scored, study: Study, cards: Mapping[str, SetCard]) -> RowsIdentity:
    found = entry.identity
    rows = entry.predictions
    claims = (c for part in (None, *study.subsets.get(rows.task, {})) for c in study.on(rows.task, rows.run, part))
    claim = next(claims, None)
    return RowsIdentity(
        task=rows.task,
        path=f"predictions/{entry.predictions.path.name}",
        state=found.state,
        card=found.card,
        card_name=cards[found.card].name if found.card else None,
        layout=found.layout,
        rows=found.rows,
        expected=found.expected,
        prompts=str(prompt_state(entry.predictions, claim).state) if claim else "unknown",
        findings=tuple(IdentityFinding(r.code, r.text, r.against) for r in found.reasons),
    )


def recomputed_measurements(
    scored: Mapping[str, Scored],
    study: Study,
    cards: Mapping[str, SetCard],
    gradings: Mapping[Key, Grading],
    names: Names,
    plans: Mapping[str, Followed] | None = None,
    cache: ScoreCache | None = None,
) -> list[Measured]:
    """What was scored from predictions, under every convention and every judge, for every claim on the rows.

    Args:
        scored: The predictions with their scores.
        study: The study.
        cards: By id.
        gradings: The evidence for conventions.
        names: Gives every measurement its id.
        plans: The sampling plans that runs follow, by the names of `scored`.
        cache: Of counts.
    """
    found = []
    for name, entry in scored.items():
        followed = (plans or {}).get(name, Followed())
        task = study.tasks[entry.predictions.task]
        judged = {(item.attached.metric, item.score.convention.id) for item in entry.judged}
        # A convention with judgements is measured with its judges.
        plain = [s for s in entry.scores if (s.metric, s.convention.id) not in judged]
        for metric in dict.fromkeys(s.metric for s in plain):
            items = [s for s in plain if s.metric == metric]
            voids = set_problems(entry.predictions, task) if metric in OVER_CLASSES else ()
            for claim in _claims(entry, metric, study):
                without = _undropped(entry, items, claim, study, cache, every=followed.outputs is not None)
                measured = [
                    recomputed(
                        item,
                        entry.predictions,
                        claim,
                        study,
                        _grading(gradings, task.id, metric, item.convention.id),
                        names,
                        identity=entry.identity,
                        official=None if entry.subset else official_size(study, task.id, cards),
                        undropped=without.get(item.convention.id),
                        problems=voids,
                        note=_part_note(entry),
                        following=followed.outputs,
                    )
                    for item in items
                ]
                found += _with_decisive(measured, entry, claim, study)
        found += _judged_measurements(task.id, entry, study, gradings, names, followed.judgements)
    return found


def _part_note(entry: Scored) -> str | None:
    """What a part of the set is, and why nobody can tell that these are its rows."""
    return next((r.text for r in entry.identity.reasons if r.code == PART_BY_FIELD), None)


def _claims(entry: Scored, metric: str, study: Study) -> tuple[Claim | None, ...]:
    """The claims that rows are measured for; a value without a claim is shown for a whole set."""
    rows = entry.predictions
    claims = tuple(c for c in study.on(rows.task, rows.run, entry.subset) if c.metric == metric)
    return claims or ((None,) if entry.subset is None else ())


def _undropped(
    entry: Scored,
    items: Sequence[Score],
    claim: Claim | None,
    study: Study,
    cache: ScoreCache | None = None,
    *,
    every: bool = False,
) -> dict[str, Score]:
    """The scores without dropping, of the conventions that drop rows and are not worse; no verdict needs the others.

    Args:
        entry: The rows.
        items: Their scores.
        claim: The claim.
        study: Provides the margins.
        cache: Of counts.
        every: The rows are a planned sample, whose bounds need the others, too.
    """
    if claim is None:
        return {}
    held = target(claim, study)

    def matters(item: Score) -> bool:
        value = in_unit(item.exact, unit_factor(claim, item.convention.metric.scale))
        return value is not None and (every or held.agreement(value) is not Agreement.WORSE)

    dropping = [item.convention for item in items if item.account and item.account.skipped and matters(item)]
    found: dict[str, Score] = {}
    for convention in dropping:
        twin = undropped(study.tasks[claim.task], claim.metric, convention)
        try:
            (found[convention.id],) = score(entry.predictions, twin, replicates=0, cache=cache)
        except InputError:
            continue  # a dropped row cannot be scored; then the value is bounded
    return found


def _with_decisive(measured: Sequence[Measured], entry: Scored, claim: Claim | None, study: Study) -> list[Measured]:
    """The measurements, with decisive steps for those that agree on the whole set."""
    agreeing = {
        m.record.convention
        for m in measured
        if m.complete and m.record.valid and m.record.whole is not None and m.record.whole.agrees
    }
    if claim is None or not agreeing:
        return list(measured)
    held = target(claim, study)
    scale = next(iter(study.tasks[claim.task].conventions[claim.metric])).metric.scale
    factor = unit_factor(claim, scale)

    def agrees(value: Fraction | float | None) -> bool:
        return value is not None and held.agreement(Fraction(value) * Fraction(factor)).agrees

    names = [name for name in agreeing if name is not None]
    steps = decisive_steps(study.tasks[claim.task], claim.metric, entry.predictions.rows, names, agrees)
    return [with_decisive(m, steps.get(m.record.convention or "")) for m in measured]


def _judged_measurements(
    task: str,
    entry: Scored,
    study: Study,
    gradings: Mapping[Key, Grading],
    names: Names,
    planned: Following | None,
) -> list[Measured]:
    found = []
    judges = Counter((item.attached.metric, item.attached.convention.id) for item in entry.judged if item.counts)
    for item in entry.judged:
        key = (item.attached.metric, item.attached.convention.id)
        drawn = None if planned is None else planned.judged(item.judged, max(judges[key], 1))
        following = drawn if item.counts else None
        for claim in _claims(entry, item.attached.metric, study):
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
                    _grading(gradings, task, item.attached.metric, convention),
                    names,
                    identity=entry.identity,
                    problems=(
                        *judge_problems(item, compared),
                        *(
                            drawn.uncounted(claim, item.score, variant=True)
                            if drawn and claim and not item.counts
                            else ()
                        ),
                    ),
                    judge=item.attached.model,
                    note=note,
                    following=following,
                )
            )
    return found
