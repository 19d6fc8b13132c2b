"""What makes a measurement unusable or leaves it without an interval, as phrases for the report."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from audit.facts import Claim
from audit.literature.studies import Study
from audit.schema import FEWEST_UNITS, Invalid
from audit.scoring.predictions import PredictionSet
from audit.scoring.score import Score
from audit.verdict.identity import Identity
from audit.verdict.model_names import called
from audit.verdict.prompts import prompt_state
from tasks.analysis.baselines import single_class
from tasks.convention import Convention
from tasks.phrase import phrase
from tasks.task import Task


def set_problems(predictions: PredictionSet, task: Task) -> tuple[Invalid, ...]:
    """What makes accuracies on these rows meaningless."""
    if "accuracy" not in task.conventions:
        return ()
    conventions = task.conventions["accuracy"]
    reason = single_class(predictions.rows, next(c.reference_view for c in (*_computable(conventions), *conventions)))
    return (Invalid("one-class", phrase("In this set {reason}.", reason=reason)),) if reason else ()


def _computable(conventions: Iterable[Convention]) -> list[Convention]:
    return [convention for convention in conventions if convention.unavailable() is None]


def contradictions(identity: Identity) -> list[Invalid]:
    """Rows that contradict the set justify nothing."""
    return [Invalid("identity", reason.text) for reason in identity.reasons if reason.against and identity.contradicted]


def prediction_problems(predictions: PredictionSet, claim: Claim, study: Study) -> list[Invalid]:
    """Outputs of another model, variant or prompt than the claim is about."""
    found = []
    names = study.model_names(claim)
    if not called(predictions.meta.model, names, study.other_names(claim)):
        text = phrase(
            "The outputs are from {found}; the claim is about {claimed}.",
            found=predictions.meta.model,
            claimed=names[0],
        )
        found.append(Invalid("other-model", text))
    if claim.variant and predictions.variant != claim.variant:
        text = phrase(
            "The outputs are from variant {found}; the claim is about {claimed}.",
            found=predictions.variant,
            claimed=claim.variant,
        )
        found.append(Invalid("other-variant", text))
    prompts = prompt_state(predictions, claim)
    if prompts.other:
        text = phrase(
            "{n} of {rows} outputs used a prompt other than the claim's.", n=prompts.other, rows=len(predictions.rows)
        )
        found.append(Invalid("other-prompt", text))
    return found


def normalised_twice(predictions: PredictionSet, score: Score) -> Iterator[Invalid]:
    """A rule whose normaliser has already changed the stored texts: applied once more, it counts something else."""
    if score.convention.id == predictions.meta.normalised:
        text = phrase(
            "The normaliser of {convention} has changed the stored texts before.", convention=score.convention.id
        )
        yield Invalid("normalised-twice", text)


def unreadable(score: Score) -> str:
    """Which rows count as errors because the convention cannot read them."""
    if not score.unreadable:
        return ""
    row, why = score.unreadable[0]
    number = len(score.unreadable)
    if number == 1:
        return phrase("Row {row} cannot be read and counts as an error: {why}.", row=row, why=why)
    told = {"row": row, "why": why, "n": number - 1}
    if number == 2:
        return phrase("Row {row} cannot be read and counts as an error: {why}; {n} more row likewise.", **told)
    return phrase("Row {row} cannot be read and counts as an error: {why}; {n} more rows likewise.", **told)


def too_few(units: int | None) -> str:
    """Why there is no interval over so few units."""
    if units == 1:
        return phrase("No interval: 1 independent unit is too few; at least {fewest} are needed.", fewest=FEWEST_UNITS)
    return phrase(
        "No interval: {n} independent units are too few; at least {fewest} are needed.", n=units, fewest=FEWEST_UNITS
    )
