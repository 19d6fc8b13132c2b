"""What a planned sample says about a claim: its bounds on the whole set, and the agreement that follows from them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from fractions import Fraction

from audit.analysis.sampling import bounds
from audit.analysis.sampling.plan import Ordered, PlannedClaim, PlannedConvention
from audit.facts import Claim
from audit.schema import Agreement, Invalid, Sample, SamplePoint
from audit.scoring.score import Score
from audit.verdict.agreement import Target
from tasks.phrase import phrase
from tasks.row import Row

# Decimals of a limit, which is rounded outwards.
_PLACES = Decimal("0.000001")
# The largest risk of a plan that may give `reproduced`.
SMALL_RISK = Fraction(1, 20)
# Why a convention decides nothing in a planned sample.
NOT_PLANNED = "not-planned"


@dataclass(frozen=True, slots=True)
class Following:
    """A run that follows a plan.

    Attributes:
        plan: The plan with its order.
        path: The plan's file, as the document names it.
        present: The units drawn so far: those with a row, or with a judgement.
        rows: The rows by id.
        registered: The plan is signed by the key beside it.
        departures: How the run departs from the plan; then nothing is bounded by it.
        judges: The number of judges, which share the risk of a convention.
        limit: The most new tokens of an output, by the run's meta file; None if it does not say.
    """

    plan: Ordered
    path: str
    present: frozenset[str]
    rows: Mapping[str, Row] = field(repr=False)
    registered: bool = False
    departures: tuple[str, ...] = ()
    judges: int = 1
    limit: int | None = None

    @property
    def partial(self) -> bool:
        """Whether units of the set were not drawn; if all were, the audit is the same as without a plan."""
        return len(self.present) < len(self.plan.plan.units)

    def judged(self, judged: frozenset[str], judges: int) -> Following:
        """The same for the judgements of one judge; rows without an output, which nobody judges, are drawn in their turn.

        Args:
            judged: The rows that it judged.
            judges: The number of judges, which share the risk.
        """
        units = self.plan.units
        last = max((n for n, name in enumerate(units) if name in judged), default=-1)
        silent = {name for name in units[: last + 1] if name in self.rows and self.rows[name].hypothesis is None}
        present = judged | silent
        text = bounds.departure(self.plan, present)
        return replace(self, present=present, departures=(*self.departures, *([text] if text else [])), judges=judges)

    def claim(self, claim: Claim) -> PlannedClaim | None:
        """The plan's entry for a claim; None if the plan does not name it."""
        return next(
            (
                c
                for c in self.plan.plan.claims
                if (c.metric, c.value, c.unit) == (claim.metric, claim.value, claim.unit)
            ),
            None,
        )

    def convention(self, claim: Claim, score: Score) -> PlannedConvention | None:
        """The plan's entry for a convention of a claim; None if it does not count there, or was changed."""
        found = self.claim(claim)
        if found is None:
            return None
        convention, judged = score.convention, self.plan.plan.sampled == "judgements"
        # A judge makes another convention of the one that is planned; whether that was changed is among the departures.
        one = next(
            (c for c in found.conventions if c.id == convention.id and (judged or c.hash == convention.hash)), None
        )
        return None if one is None else replace(one, risk=str(Fraction(one.risk) / self.judges))

    def uncounted(self, claim: Claim, score: Score, *, variant: bool = False) -> tuple[Invalid, ...]:
        """Why a convention decides nothing while only a part is drawn: the plan of this claim does not count it.

        Args:
            claim: The claim.
            score: The score under the convention.
            variant: It is a variant of a judged convention: another rule for failed replies, or over some rows.
        """
        if self.departures or not self.partial or self.claim(claim) is None:
            return ()
        if not variant and self.convention(claim, score) is not None:
            return ()
        text = phrase("The plan of this sample does not count this convention; it counts once all units are scored.")
        return (Invalid(NOT_PLANNED, text),)


@dataclass(frozen=True, slots=True)
class Settled:
    """What a sample says about a claim under one convention.

    Attributes:
        whole: Agreement on the whole set; None if the sample gives no bounds, so that only worst-case bounds hold.
        record: For the document.
    """

    whole: Agreement | None
    record: Sample

    @property
    def sure(self) -> bool:
        """Whether it may stand for the whole set in `reproduced`.

        Its bounds are exact, its plan is registered and has a small risk, and no assumption is left to the plan's maker.
        """
        record = self.record
        small = Fraction(record.whole_risk) <= SMALL_RISK
        return record.exact and record.registered and small and (record.cap is None or record.capped)


def settle(
    following: Following,
    claim: Claim,
    score: Score,
    held: Target,
    factor: Decimal,
    *,
    twin: Score | None,
    free: bool,
    with_path: bool = True,
) -> Settled | None:
    """The bounds of a planned sample, and the agreement of all values within them.

    A convention that drops units needs two intervals, with and without dropping, which share its risk.

    Args:
        following: The run and its plan.
        claim: The claim.
        score: The score of one convention over the rows that are there.
        held: The printed value.
        factor: From the metric's scale to the claim's unit.
        twin: The same convention without dropping; None if it drops none, or if that cannot be scored.
        free: Dropping is documented and belongs to the convention.
        with_path: Whether to compute the path over the units.

    Returns:
        None if the plan does not name this convention for this claim, or the run departs from it.
    """
    planned = following.convention(claim, score)
    if planned is None or following.departures or score.account is None:
        return None
    if following.plan.plan.sampled == "judgements":
        return _of_judgements(following, planned, score, held, factor, with_path=with_path)
    two = bool(score.convention.select) and not free
    if two:
        planned = replace(planned, risk=str(Fraction(planned.risk) / 2))
    dropping = two and bool(score.account.skipped)

    def reach(item: Score, *, path: bool) -> bounds.Reach:
        return bounds.reach(item, following.rows, following.plan, planned, present=following.present, with_path=path)

    counted = score
    own: Agreement | None = None
    if dropping:
        own = _agreement(reach(score, path=False), held, factor)
        counted = score if twin is None else twin
    found = reach(counted, path=with_path)
    whole = None if dropping and twin is None else _agreement(found, held, factor)
    if own is Agreement.WORSE:
        whole = own
    elif whole is Agreement.BETTER and dropping and own is not Agreement.BETTER:
        whole = Agreement.UNDECIDED
    return Settled(whole, _record(following, planned, found, factor))


def _of_judgements(
    following: Following,
    planned: PlannedConvention,
    score: Score,
    held: Target,
    factor: Decimal,
    *,
    with_path: bool,
) -> Settled:
    """As `settle`, for judgements: rows that are not judged yet are not drawn, and no row that is may be dropped."""
    scored = set(score.ids)
    lost = {name for name in following.present - scored if following.rows[name].hypothesis is not None}
    found = bounds.reach(score, following.rows, following.plan, planned, present=following.present, with_path=with_path)
    if lost:
        problem = phrase(
            "{n} judgements are dropped by the convention's own rules, such as that of {row}",
            n=len(lost),
            row=min(lost),
        )
        found = replace(found, low=None, high=None, path=(), problem=problem)
    return Settled(_agreement(found, held, factor), _record(following, planned, found, factor))


def _record(following: Following, planned: PlannedConvention, found: bounds.Reach, factor: Decimal) -> Sample:
    low, high = _text(found.low, factor, ROUND_FLOOR), _text(found.high, factor, ROUND_CEILING)
    return Sample(
        plan=following.path,
        units=found.units,
        of=len(following.plan.plan.units),
        risk=planned.risk,
        whole_risk=following.plan.plan.risk,
        exact=found.exact,
        registered=following.registered,
        low=low,
        high=high,
        cap=planned.cap,
        capped=planned.cap is not None and following.limit is not None and following.limit <= planned.cap,
        path=tuple(
            SamplePoint(units, _text(a, factor, ROUND_FLOOR), _text(b, factor, ROUND_CEILING))
            for units, a, b in found.path
        ),
        problem=found.problem,
    )


def _agreement(found: bounds.Reach, held: Target, factor: Decimal) -> Agreement | None:
    if found.problem is not None:
        return None
    low, high = _text(found.low, factor, ROUND_FLOOR), _text(found.high, factor, ROUND_CEILING)
    return held.bounded(None if low is None else Fraction(low), None if high is None else Fraction(high))


def _text(value: float | None, factor: Decimal, rounding: str) -> str | None:
    """A limit in the claim's unit, rounded outwards."""
    if value is None:
        return None
    return format((Decimal(float(value)) * factor).quantize(_PLACES, rounding=rounding), "f")


def is_settled(found: Mapping[str, Agreement | None]) -> bool:
    """Whether a claim is settled, by the agreement under every convention that counts: one agrees, or none can any more."""
    if any(one is not None and one.agrees for one in found.values()):
        return True
    return all(one in {Agreement.BETTER, Agreement.WORSE} for one in found.values())
