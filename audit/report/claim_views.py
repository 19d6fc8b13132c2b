"""Makes the views of `audit.report.views` from the document."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from decimal import Decimal

from audit.facts import Claim
from audit.report import coverage, vocabulary
from audit.report.language import tr
from audit.report.numbers import decimal, places, range_of, shown, signed, whole
from audit.report.views import ClaimView, MeasurementView, anchor, convention_anchor
from audit.schema import Agreement, AuditDocument, Convention, Decision, Measurement, Verdict

_AGREEMENT_ORDER = tuple(Agreement)
# Verdicts that units decide.
_OF_UNITS = frozenset({Verdict.SELECTIVE, Verdict.UNDECIDED})


def claims(audit: AuditDocument) -> tuple[ClaimView, ...]:
    """Every claim of the audit, in the audit's order."""
    conventions = {(c.task, c.metric, c.id): c for c in audit.conventions}
    decisions = {d.claim: d for d in audit.verdicts}
    by_claim: dict[str, list[Measurement]] = {}
    for item in audit.measurements:
        # Metrics that the paper does not report have measurements without a claim; these are only in measurements.csv.
        if item.claim is not None:
            by_claim.setdefault(item.claim, []).append(item)
    by_metric: dict[tuple[str, str], list[Convention]] = {}
    for convention in audit.conventions:
        if convention.unavailable:
            by_metric.setdefault((convention.task, convention.metric), []).append(convention)
    names = Counter((c.task_name, c.metric) for c in audit.claims if not c.model and not c.subset)
    models = audit.study.models
    return tuple(
        _claim(
            c,
            names[c.task_name, c.metric] > 1,
            models[c.model].name if c.model is not None else "",
            by_claim.get(c.id, []),
            decisions.get(c.id),
            conventions,
            by_metric,
        )
        for c in audit.claims
    )


def _claim(
    data: Claim,
    ambiguous: bool,
    model: str,
    items: Sequence[Measurement],
    decision: Decision | None,
    conventions: Mapping[tuple[str, str, str], Convention],
    unavailable: Mapping[tuple[str, str], Sequence[Convention]],
) -> ClaimView:
    task, metric = data.task, data.metric
    digits = places(data.value)
    interval = data.rounding
    low, high = (decimal(interval.low), decimal(interval.high)) if interval else (None, None)
    decides = decision.measurement if decision else None
    # By ascending value; measurements without a value come last.
    ordered = sorted(items, key=_by_value)
    views = tuple(
        _measurement(n, m, data, conventions.get((task, metric, m.convention or "")), decides)
        for n, m in enumerate(ordered, 1)
    )
    # If there are predictions, a convention that could not be computed has a measurement without a value.
    measured = {m.convention for m in items}
    name, dataset = data.task_name or task, data.dataset.replace(", ", " ")
    where = tr("{task} on {dataset}", task=name, dataset=dataset) if ambiguous and dataset else name
    about = tuple(part for part in (data.subset or "", model) if part)
    return ClaimView(
        id=data.id,
        anchor=anchor("claim", data.id),
        data=data,
        title=", ".join([f"{where}: {vocabulary.metric_name(metric)}", *about]),
        about=about,
        task=task,
        metric=metric,
        unit=vocabulary.unit_name(metric, data.unit),
        digits=digits,
        value=shown(data.value, digits),
        low=shown(interval.low, digits + 1) if interval else "",
        high=shown(interval.high, digits + 1) if interval else "",
        reported=decimal(data.value),
        band=(low, high) if low is not None and high is not None else None,
        verified=data.verified,
        expected=whole(data.expected_rows),
        measurements=views,
        verdict=vocabulary.verdicts()[decision.verdict if decision else Verdict.NOT_RUN],
        decision=decision,
        leading_recorded=_leading(views, recorded=True),
        leading_recomputed=_leading(views, recorded=False),
        unavailable=_unavailable([c for c in unavailable.get((task, metric), ()) if c.id not in measured]),
    )


def _unavailable(items: Sequence[Convention]) -> tuple[tuple[str, tuple[tuple[str, str], ...]], ...]:
    """Conventions that were not computed, by reason: (reason, ((id, anchor), ...))."""
    found: dict[str, list[tuple[str, str]]] = {}
    for item in items:
        place = convention_anchor(item.task, item.metric, item.id)
        found.setdefault(str(item.unavailable), []).append((item.id, place))
    return tuple((reason, tuple(names)) for reason, names in found.items())


def _by_value(item: Measurement) -> tuple[bool, Decimal, str]:
    value = decimal(item.value)
    return (value is None, value or Decimal(0), item.id)


def _measurement(
    number: int, data: Measurement, claim: Claim, convention: Convention | None, decides: str | None
) -> MeasurementView:
    digits = places(claim.value) + 2
    interval = data.interval
    bounds = (decimal(interval.low), decimal(interval.high)) if interval else (None, None)
    kind = data.agreement.kind
    return MeasurementView(
        number=number,
        id=data.id,
        label=data.convention or tr("rule not identified"),
        conditions="; ".join(part for part in (data.conditions or "", _run(data, claim)) if part),
        unavailable=data.unavailable or "",
        convention=convention,
        anchor=convention_anchor(claim.task, claim.metric, convention.id) if convention is not None else "",
        grade=(convention.grade if convention else None) or "",
        recorded=data.recorded,
        value=shown(data.value, digits),
        position=decimal(data.value),
        interval=range_of(shown(interval.low, digits), shown(interval.high, digits)) if interval else "",
        bounds=(bounds[0], bounds[1]) if bounds[0] is not None and bounds[1] is not None else None,
        method=vocabulary.method_name(interval.method) if interval else "",
        rows=coverage.rows_scored(data.rows),
        scored=data.rows.scored if data.rows else None,
        total=data.rows.expected if data.rows else None,
        covered=coverage.share_scored(data.rows),
        partial=coverage.partial(data.rows),
        unscored=coverage.not_scored(data.rows),
        drops=data.rows is not None and bool(data.rows.skipped),
        unread=coverage.unread(data),
        difference=signed(data.agreement.difference, digits),
        agreement=kind,
        agreement_label=vocabulary.agreements()[kind][0],
        invalid=tuple(vocabulary.reason(item) for item in data.invalid),
        faults=tuple(vocabulary.invalid(item.code) for item in data.invalid),
        rule=data.rule or "",
        note="; ".join(
            part for part in (data.note, tr("judge: {judge}", judge=data.judge) if data.judge else None) if part
        ),
        source=data.source or "",
        truncated=data.agreement.truncated,
        identity=data.identity,
        without_dropping=shown(data.without_dropping, digits),
        reach=coverage.reach(data.bounds, digits),
        unscored_units=data.bounds.unscored if data.bounds else None,
        prediction=data.prediction,
        sample=data.sample,
        deciding=decides is not None and decides == data.id,
    )


def _run(data: Measurement, claim: Claim) -> str:
    """The run of a measurement, where the claim does not name it."""
    return tr("run {run}", run=data.run) if data.run is not None and data.run != claim.run else ""


def _leading(views: Sequence[MeasurementView], *, recorded: bool) -> MeasurementView | None:
    """The leading measurement of one origin.

    The deciding one; otherwise valid before invalid, the whole set before a part, closer agreement before looser, a small
    difference before a large one.
    """

    def rank(m: MeasurementView) -> tuple[bool, bool, bool, int, Decimal, int]:
        order = _AGREEMENT_ORDER.index(m.agreement)
        gap = abs(decimal(m.difference.replace("\u2212", "-")) or Decimal(0))
        return (not m.deciding, bool(m.invalid), m.partial, order, gap, m.number)

    return min((m for m in views if m.recorded == recorded and m.value), key=rank, default=None)
