"""What the templates show: the claims, measurements and verdicts of audit.json, joined and in words.

Everything is derived from the parsed audit.json alone. Missing fields are shown as missing, never filled in.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from audit.report import coverage, vocabulary
from audit.report.markup import letter
from audit.report.numbers import brief, decimal, places, shown, signed, whole
from audit.schema import (
    Agreement,
    AuditDocument,
    Claim,
    Convention,
    Decision,
    IdentityState,
    Invalid,
    Measurement,
    OtherColumn,
    PredictionFile,
    Sample,
    Verdict,
)

_AGREEMENT_ORDER = tuple(Agreement)


@dataclass(frozen=True, slots=True)
class MeasurementView:
    """One value of a claim: a row in its table and a mark in its figure.

    Attributes:
        number: Its rank by value, from 1, in the figure and in the table.
        label: The convention's id, or a phrase if the record names none.
        convention: The convention's entry in audit.json; None if unknown.
        value: The value with at most two more digits than the reported value.
        position: The value as a number, for the figure.
        interval: `34.10 to 34.61`; empty if none.
        bounds: The same as numbers.
        rows: `15,473 of 15,531`, as far as known.
        covered: `99.6 %`; empty if unknown.
        partial: Whether only a part of the set was scored.
        unscored: Why rows were not scored, one phrase per reason.
        unread: How many scored outputs have no answer that the convention can read; empty if none, or if it does not say.
        truncated: The value equals the reported one by truncation, not by rounding.
        identity: The identity of the rows by the set's card.
        without_dropping: The value of the same convention without dropping units; empty if it drops none.
        reach: Bounds on the value over the whole set; empty if all units were scored.
        unscored_units: Number of unscored units behind these bounds.
        sample: The bounds of a planned sample; None without one.
        deciding: Whether the verdict rests on it.
    """

    number: int
    id: str
    label: str
    conditions: str
    unavailable: str
    convention: Convention | None
    anchor: str
    grade: str
    recorded: bool
    value: str
    position: Decimal | None
    interval: str
    bounds: tuple[Decimal, Decimal] | None
    method: str
    rows: str
    covered: str
    partial: bool
    unscored: tuple[str, ...]
    unread: str
    difference: str
    agreement: Agreement
    agreement_label: str
    invalid: tuple[str, ...]
    rule: str
    note: str
    source: str
    truncated: bool
    identity: IdentityState | None
    without_dropping: str
    reach: str
    unscored_units: int | None
    prediction: PredictionFile | None
    sample: Sample | None
    deciding: bool

    def gap(self, reported: Decimal | None) -> Decimal:
        """Distance from the reported value; infinite if either is unknown."""
        if self.position is None or reported is None:
            return Decimal("Infinity")
        return abs(self.position - reported)

    @property
    def agrees(self) -> bool:
        """Whether it agrees with the reported value and may justify it."""
        return self.agreement.agrees and not self.invalid

    @property
    def details(self) -> tuple[str, ...]:
        """The small print below the convention: rule, conditions, unscored rows, note with source."""
        origin = f"from {self.source}" if self.source else ""
        note = "; ".join(part for part in (self.note, origin) if part)
        rule = f"Rule: {self.rule}" if self.rule else ""
        given = (rule, self.conditions, "; ".join(self.unscored), self.unread, note, self.unavailable)
        return tuple(f"{part[:1].upper()}{part[1:]}" for part in given if part)


@dataclass(frozen=True, slots=True)
class ClaimView:
    """A reported value with all that is known about it."""

    id: str
    anchor: str
    data: Claim
    title: str
    about: tuple[str, ...]
    task: str
    metric: str
    unit: str
    digits: int
    value: str
    low: str
    high: str
    reported: Decimal | None
    band: tuple[Decimal, Decimal] | None
    verified: bool
    expected: str
    measurements: tuple[MeasurementView, ...]
    verdict: vocabulary.VerdictWords
    decision: Decision | None
    leading_recorded: MeasurementView | None
    leading_recomputed: MeasurementView | None
    unavailable: tuple[tuple[str, tuple[tuple[str, str], ...]], ...]

    @property
    def deciding(self) -> MeasurementView | None:
        """The measurement that the verdict rests on, or the nearest one."""
        return next((m for m in self.measurements if m.deciding), None)

    @property
    def leading(self) -> MeasurementView | None:
        """The measurement shown for the claim in the summary, if it is comparable."""
        found = self.deciding or self.leading_recomputed or self.leading_recorded
        return None if found is None or found.invalid else found

    def in_summary(self, *, recorded: bool) -> MeasurementView | None:
        """The recorded or recomputed value in the summary: under the leading convention, like the whole row."""
        leading = self.leading
        if leading is None or leading.recorded == recorded:
            return leading
        same = [m for m in self.measurements if m.recorded == recorded and m.value and m.label == leading.label]
        return min(same, key=lambda m: (bool(m.invalid), m.partial, m.number), default=None)

    @property
    def why_not(self) -> str:
        """Why nothing is comparable, in one phrase; empty for other verdicts."""
        if self.verdict.id is not Verdict.NOT_COMPARABLE or not self.reasons:
            return ""
        reason = self.reasons[0]
        return f"{reason[:1].upper()}{reason[1:]}"

    def nearest(self, most: int | None) -> tuple[MeasurementView, ...]:
        """At most `most` measurements, by value: the deciding one and the nearest to the reported value; None for all."""
        if most is None or len(self.measurements) <= most:
            return self.measurements
        chosen = sorted(self.measurements, key=lambda m: (not m.deciding, m.gap(self.reported), m.number))[:most]
        return tuple(sorted(chosen, key=lambda m: m.number))

    @property
    def brief(self) -> str:
        """The reported value for a narrow column."""
        return brief(self.value)

    @property
    def metric_name(self) -> str:
        """The metric's usual spelling."""
        return vocabulary.metric_name(self.metric)

    @property
    def reasons(self) -> tuple[str, ...]:
        """The distinct reasons for invalid measurements, in the order of the table."""
        return tuple(dict.fromkeys(reason for m in self.measurements for reason in m.invalid))

    def note(self, reason: str) -> tuple[str, str]:
        """A reason's letter, and the anchor of its sentence."""
        mark = letter(self.reasons.index(reason))
        return mark, f"{self.anchor}-{mark}"

    @property
    def beside(self) -> tuple[OtherColumn, ...]:
        """The paper's other columns that have a value."""
        return tuple(c for c in self.data.other_columns if c.value)

    @property
    def marks(self) -> str:
        """The meaning of the marks in this claim's figure, other than the filled disc."""
        words = (
            ("Hollow: recorded.", any(m.recorded for m in self.measurements)),
            (
                "Diamond: only a part of the set was scored.",
                any(m.partial and not m.invalid for m in self.measurements),
            ),
            ("Cross: invalid.", any(m.invalid for m in self.measurements)),
        )
        return " ".join(text for text, holds in words if holds)

    @property
    def where(self) -> str:
        """Table, row and column in the paper."""
        locator = self.data.locator
        table = f"Table {locator.table}" if locator.table[:1].isdigit() else locator.table
        return "; ".join(part for part in (table, locator.row, locator.column) if part)


def anchor(*parts: object) -> str:
    """An HTML id: ASCII letters, digits, points and hyphens are kept; other characters become `_` and their code point."""
    text = "-".join(str(p) for p in parts)
    return "".join(c if c.isascii() and (c.isalnum() or c in "-.") else f"_{ord(c):x}" for c in text)


def convention_anchor(task: str, metric: str, convention: str) -> str:
    """The anchor of a convention's description."""
    return anchor("c", task, metric, convention)


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
    name, spelt = data.task_name or task, vocabulary.metric_name(metric)
    dataset = data.dataset.replace(", ", " ")
    about = tuple(part for part in (data.subset or "", model) if part)
    return ClaimView(
        id=data.id,
        anchor=anchor("claim", data.id),
        data=data,
        title=", ".join([f"{name} on {dataset}: {spelt}" if ambiguous and dataset else f"{name}: {spelt}", *about]),
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
        verdict=vocabulary.VERDICTS[decision.verdict if decision else Verdict.NOT_RUN],
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
        label=data.convention or "rule not identified",
        conditions="; ".join(part for part in (data.conditions or "", _run(data, claim)) if part),
        unavailable=data.unavailable or "",
        convention=convention,
        anchor=convention_anchor(claim.task, claim.metric, convention.id) if convention is not None else "",
        grade=(convention.grade if convention else None) or "",
        recorded=data.recorded,
        value=shown(data.value, digits),
        position=decimal(data.value),
        interval=f"{shown(interval.low, digits)} to {shown(interval.high, digits)}" if interval else "",
        bounds=(bounds[0], bounds[1]) if bounds[0] is not None and bounds[1] is not None else None,
        method=vocabulary.METHODS.get(interval.method, interval.method) if interval else "",
        rows=coverage.rows_scored(data.rows),
        covered=coverage.share_scored(data.rows),
        partial=coverage.partial(data.rows),
        unscored=coverage.not_scored(data.rows),
        unread=coverage.unread(data),
        difference=signed(data.agreement.difference, digits),
        agreement=kind,
        agreement_label=vocabulary.AGREEMENTS[kind][0],
        invalid=tuple(_invalid(item) for item in data.invalid),
        rule=data.rule or "",
        note="; ".join(part for part in (data.note, f"judge: {data.judge}" if data.judge else None) if part),
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
    return f"run {data.run}" if data.run is not None and data.run != claim.run else ""


def _invalid(item: Invalid) -> str:
    """The text of the reason; its code in words if it has no text, or as a prefix if that adds the kind of fault."""
    text = item.text
    label = vocabulary.INVALID.get(item.code, item.code)
    if not text:
        return label
    return f"{label}: {text[:1].lower()}{text[1:]}" if item.code == "protocol" and text[1:2].islower() else text


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
