"""Measurements: values scored from predictions or recorded by a team, in one form for verdict and report."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction

from audit.analysis.folds import summed, sums
from audit.analysis.selections import BY_REFERENCE
from audit.facts import Claim, Grade
from audit.literature.grades import Grading
from audit.literature.studies import Study
from audit.schema import (
    FEWEST_UNITS,
    Agreement,
    Bounds,
    Comparison,
    DecisiveStep,
    IdentityState,
    Interval,
    Invalid,
    Measurement,
    PredictionFile,
    Rows,
    Skipped,
)
from audit.scoring.account import Account
from audit.scoring.predictions import PredictionSet
from audit.scoring.score import Score
from audit.verdict.agreement import Target, in_unit, unit_factor
from audit.verdict.bounds import Range, whole_set
from audit.verdict.decisive import SELECTION, Steps
from audit.verdict.identity import Identity
from audit.verdict.planned import Following, settle
from audit.verdict.problems import contradictions, normalised_twice, prediction_problems, too_few, unreadable
from audit.verdict.rules import Candidate
from tasks.phrase import joined
from tasks.statistics.bootstrap import stored


@dataclass(frozen=True, slots=True)
class Measured:
    """A measurement, with what the decision needs in addition.

    Attributes:
        record: The measurement as in audit.json.
        exact: The value in the claim's unit, as exact as it is known; None if none.
        grading: The evidence for its convention; None if the convention is not known.
        drops: It drops units by a rule found neither in the audited paper nor in the set's official scoring.
        complete: Every unit of the set was scored or dropped by rule.
        decisive: The decisive steps; None if no alternatives were computed.
        outputs: A hash of the outputs that were scored; None if it rests on none or on several files.
        sure: If its agreement on the whole set comes from a sample: by an exact sequence of a registered plan.
    """

    record: Measurement
    exact: Fraction | Decimal | None
    grading: Grading | None = None
    drops: bool = False
    complete: bool = True
    decisive: Steps | None = None
    outputs: str | None = None
    sure: bool = True

    @property
    def overall(self) -> Grade:
        """The worst grade over all steps of the convention."""
        return self.grading.grade if self.grading else "E"

    @property
    def steps(self) -> tuple[DecisiveStep, ...] | None:
        """The decisive steps with their evidence; None if every step counts as decisive."""
        if self.decisive is None or self.grading is None:
            return None
        return tuple(DecisiveStep(axis, option, *self.grading.of_step(axis)) for axis, option in self.decisive)

    @property
    def grade(self) -> Grade | None:
        """The convention's grade for this claim, the worst over the decisive steps; None if no step decides."""
        steps = self.steps
        if steps is None:
            return self.overall
        return max((step.grade for step in steps), default=None)

    def candidate(self, claim: Claim) -> Candidate | None:
        """What the verdict's rules read; None without a value."""
        if self.exact is None:
            return None
        record = self.record
        return Candidate(
            record.id,
            scored=record.agreement.kind,
            whole=record.whole or record.agreement.kind,
            grade=self.grade,
            overall=self.overall,
            drops=self.drops,
            identified=record.recorded or record.identity not in {None, IdentityState.UNKNOWN},
            valid=record.valid,
            recomputed=not record.recorded,
            complete=self.complete,
            distance=abs(Fraction(self.exact) - claim.reported),
            convention=record.convention,
            sure=self.sure,
        )


def with_decisive(item: Measured, steps: Steps | None) -> Measured:
    """The measurement with its decisive steps."""
    return replace(item, decisive=steps, record=replace(item.record, decisive=steps))


class Names:
    """Gives every measurement a unique id."""

    def __init__(self) -> None:
        self._used: Counter[str] = Counter()

    def name(self, claim: str, origin: str, convention: str | None) -> str:
        """The next free id for these parts."""
        base = f"{claim}/{origin}/{convention or 'unnamed'}"
        self._used[base] += 1
        return base if self._used[base] == 1 else f"{base}~{self._used[base]}"

    def take(self, name: str) -> None:
        """Count a name that was given before."""
        self._used[name.partition("~")[0]] += 1


def target(claim: Claim, study: Study) -> Target:
    """What values are compared with: the printed value, with the metric's direction and margin."""
    return Target(claim.value, claim.direction, study.facts.margins[claim.metric].value)


def as_interval(interval: tuple[Decimal, Decimal] | None, method: str) -> Interval | None:
    """The interval as in audit.json; None if none."""
    if interval is None:
        return None
    low, high = (format(stored(bound), "f") for bound in interval)
    return Interval(low, high, "95", method)


def documented(grading: Grading | None, scored: int | None, official: int | None) -> bool:
    """Whether dropping units is documented: by the audited paper, or as part of the set's official scoring."""
    if official is not None and scored == official:
        return True
    return grading is not None and grading.of_step(SELECTION)[0] == "A"


def as_bounds(reach: Range, unscored: int) -> Bounds:
    """Bounds on the value of the whole set, as in audit.json."""
    return Bounds(as_text(reach.low), as_text(reach.high), unscored)


def as_text(value: Fraction | Decimal | None) -> str | None:
    """A value as it is stored; None if none."""
    return None if value is None else format(stored(Fraction(value)), "f")


def recomputed(
    score: Score,
    predictions: PredictionSet,
    claim: Claim | None,
    study: Study,
    grading: Grading | None,
    names: Names,
    *,
    identity: Identity,
    official: int | None = None,
    undropped: Score | None = None,
    decisive: Steps | None = None,
    problems: Iterable[Invalid] = (),
    judge: str | None = None,
    note: str | None = None,
    following: Following | None = None,
) -> Measured:
    """A value scored from predictions.

    Args:
        score: The result of scoring.
        predictions: The prediction file of the rows.
        claim: The claim on this task and metric; None if the paper makes none.
        study: Provides the margins.
        grading: The evidence for the convention; None if not known.
        names: Provides the id.
        identity: The identity of the rows by the set's card.
        official: Number of units that the set's official scoring keeps; None if it has no selection.
        undropped: The score of the same convention without dropping units, if it drops any.
        decisive: The decisive steps; None if no alternatives were computed.
        problems: What makes the value incomparable, besides variant, prompt and identity.
        judge: The model or person that judged the rows, if the convention needs one.
        note: What a reader must know besides the number.
        following: The sampling plan that the rows follow.
    """
    factor = unit_factor(claim, score.convention.metric.scale)
    exact = in_unit(score.exact, factor)
    units = _units(predictions, score)
    base = claim.id if claim else f"{predictions.task}.{score.metric}"
    without = None if undropped is None else in_unit(undropped.exact, factor)
    whole, bounds, compared, settled = None, None, Comparison(), None
    by_reference = score.account is not None and {s.rule for s in score.account.skipped} <= BY_REFERENCE
    free = documented(grading, score.account.scored if score.account and by_reference else None, official)
    if claim is not None and exact is not None and score.account is not None:
        held = target(claim, study)
        compared = held.compare(exact)
        whole, bounds = on_whole_set(score.account, claim, held, exact, without, free=free)
        if following is not None:
            settled = settle(following, claim, score, held, factor, twin=undropped, free=free)
    account = score.account
    complete = account is not None and not account.missing and not account.error
    sampled = settled if following is not None and following.partial else None
    if sampled is not None and sampled.whole is not None:
        whole = sampled.whole
    few = units is not None and units < FEWEST_UNITS
    fold, total = summed(score.convention.metric, score.counts, score.exact)
    interval = None if few else score.interval and (score.interval[0] * factor, score.interval[1] * factor)
    record = Measurement(
        id=names.name(base, _origin(predictions, claim), score.convention.id),
        claim=claim.id if claim else None,
        task=predictions.task,
        metric=score.metric,
        convention=score.convention.id,
        run=predictions.run,
        subset=predictions.part,
        origin="recomputed",
        value=None if score.value is None else format(score.value * factor, "f"),
        interval=as_interval(interval, "bootstrap"),
        rows=_rows(score),
        counts=sums(score.convention.metric, score.counts),
        agreement=compared,
        whole=whole,
        bounds=bounds,
        without_dropping=as_text(without),
        identity=identity.state,
        units=units,
        interval_note=too_few(units) if few and score.interval else None,
        invalid=(
            *problems,
            *contradictions(identity),
            *(following.uncounted(claim, score) if following and claim else ()),
            *(prediction_problems(predictions, claim, study) if claim else ()),
            *normalised_twice(predictions, score),
        ),
        note=joined((note or "", unreadable(score)), " ") or None,
        judge=judge,
        prediction=_file(predictions),
        unavailable=score.no_value,
        sample=None if settled is None else settled.record,
        total=total,
        fold=fold,
    )
    return Measured(
        record,
        exact,
        grading,
        drops=bool(account and account.skipped) and not free,
        complete=complete,
        decisive=decisive,
        outputs=predictions.outputs if claim is not None and claim.runs is not None else None,
        sure=sampled is None or sampled.whole is None or sampled.sure,
    )


def _origin(predictions: PredictionSet, claim: Claim | None) -> str:
    """The middle of a measurement's id: names a run that the claim does not name."""
    beside = predictions.run is not None and (claim is None or claim.run != predictions.run)
    return f"recomputed@{predictions.run}" if beside else "recomputed"


def on_whole_set(
    account: Account | Rows,
    claim: Claim,
    held: Target,
    exact: Fraction | Decimal,
    undropped: Fraction | Decimal | None,
    *,
    free: bool,
) -> tuple[Agreement, Bounds | None]:
    """Agreement on the whole set: without dropping, and with all missing units right or all wrong.

    A convention that drops units is worse if its own value is, whatever the dropped ones give back, and better only if its own
    value must be better too.
    """
    dropped = 0 if free else sum(s.rows for s in account.skipped)
    missing = (account.missing or 0) + (account.error or 0)
    scored = account.scored or 0

    def reach(value: Fraction | Decimal, scored: int, unscored: int) -> Range:
        return whole_set(
            Fraction(value), family=claim.family, metric=claim.metric, unit=claim.unit, scored=scored, unscored=unscored
        )

    value, counted, unscored = exact, scored, missing
    own = Agreement.NONE
    if dropped:
        with_dropping = reach(exact, scored, missing)
        own = held.bounded(with_dropping.low, with_dropping.high)
        if own is Agreement.WORSE:
            return own, as_bounds(with_dropping, missing) if missing else None
        if undropped is not None:
            value, counted = undropped, counted + dropped
        else:
            unscored += dropped
    if not unscored:
        return held.agreement(value), None
    bounds = reach(value, counted, unscored)
    whole = held.bounded(bounds.low, bounds.high)
    if whole is Agreement.BETTER and own is Agreement.UNDECIDED:
        whole = Agreement.UNDECIDED
    return whole, as_bounds(bounds, unscored)


def _units(predictions: PredictionSet, score: Score) -> int | None:
    """Number of independent units in the scored rows: clusters if rows name them, otherwise rows."""
    if score.account is None:
        return None
    found = predictions.clusters
    if isinstance(found, int):
        return score.account.scored
    kept = set(score.ids)
    return len({key for key, row in zip(found, predictions.rows, strict=True) if row.id in kept})


def _rows(score: Score) -> Rows | None:
    account = score.account
    if account is None:
        return None
    skipped = tuple(Skipped(s.rule, s.reason, s.rows) for s in account.skipped)
    return Rows(account.expected, account.scored, skipped, account.missing, account.error)


def _file(predictions: PredictionSet) -> PredictionFile:
    return PredictionFile(
        path=f"predictions/{predictions.path.name}",
        sha256=predictions.sha256,
        meta_sha256=predictions.meta_sha256,
        model=predictions.meta.model,
        variant=predictions.variant,
        who=predictions.meta.who,
        when=predictions.meta.when,
    )
