"""Why the numbers differ: gaps by step, one convention for several claims, and what prints the value of a control."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING

from audit._util.adding_up import adding_up, rounded
from audit.report.figures import waterfall
from audit.report.language import percent, tr, trc, trn
from audit.report.markup import enumeration
from audit.report.numbers import chance, decimal, range_of, shown, signed, whole
from audit.report.views import ClaimView, MeasurementView, anchor, convention_anchor
from audit.schema import AttributedGap, AuditDocument, JointClaims

if TYPE_CHECKING:
    from markupsafe import Markup

# On paper, only the nearest of the other conventions are listed.
_MOST_ON_PAPER = 6
_PAYING_ON_PAPER = 5
# Programs that print all digits of a binary float give up to seventeen.
_MOST_DIGITS = 6
# Models whose printed values calibrate the rule: an ablation is the audited model itself.
_CONTROLS = frozenset({"reference", "baseline"})


@dataclass(frozen=True, slots=True)
class StepView:
    """A step's part: `normaliser`, `jiwer → audiobench`, `+8.04`, `+7.16 to +9.06`."""

    axes: str
    change: str
    part: str
    interval: str


@dataclass(frozen=True, slots=True)
class GapView:
    """A gap to a convention, with its parts that are not zero, rounded so that they add up, and its figure."""

    label: str
    href: str
    value: str
    gap: str
    steps: tuple[StepView, ...]
    notes: tuple[str, ...]
    figure: Markup | None


@dataclass(frozen=True, slots=True)
class PayingView:
    """The rows that pay for one gap: (id, share, share in percent of the gap, what happened).

    Attributes:
        to: The convention where the gap ends.
        stem: The name of the predictions file without its suffix, by which a reader's own file is recognised.
        differing: How many rows count differently in all.
    """

    to: str
    stem: str
    differing: str
    rows: tuple[tuple[str, str, str, str], ...]

    def place(self, claim: ClaimView, row: str) -> str:
        """The anchor of a row: it names the claim, the run if there are several, and the row."""
        return anchor("row", claim.id + self.stem.removeprefix(claim.task), row)


@dataclass(frozen=True, slots=True)
class ClaimGaps:
    """The gaps of a claim from one convention: to the printed value, if a way of counting leads there, and to the others."""

    claim: ClaimView
    first: str
    href: str
    value: str
    away: str
    printed: GapView | None
    others: tuple[GapView, ...]
    more: int
    paying: PayingView | None = None


@dataclass(frozen=True, slots=True)
class JointView:
    """Claims by conventions; `rows` holds (convention, link, number of claims that it agrees with, cells)."""

    title: str
    claims: tuple[ClaimView, ...]
    rows: tuple[tuple[str, str, int, tuple[MeasurementView | None, ...]], ...]
    sentence: str


@dataclass(frozen=True, slots=True)
class ControlView:
    """A system with a printed value on a claim's set: the conventions that agree with its value, or else the nearest."""

    claim: ClaimView
    model: str
    agreeing: tuple[MeasurementView, ...]
    nearest: MeasurementView | None
    both: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Differences:
    """The chapter."""

    gaps: tuple[ClaimGaps, ...]
    joint: tuple[JointView, ...]
    controls: tuple[ControlView, ...]

    def __bool__(self) -> bool:
        return bool(self.gaps or self.joint or self.controls)


def differences(audit: AuditDocument, claims: Sequence[ClaimView], *, paged: bool) -> Differences:
    """What the document says about differences.

    Args:
        audit: The document.
        claims: Its claims.
        paged: Whether it is for paper: then without figures for the other conventions, and with the nearest of these alone.
    """
    by_id = {claim.id: claim for claim in claims}
    grouped: dict[tuple[str, str | None], list[AttributedGap]] = {}
    for gap in audit.differences:
        if gap.claim in by_id:
            grouped.setdefault((gap.claim or "", gap.run), []).append(gap)
    return Differences(
        tuple(
            _of_claim(by_id[claim], run, found, _paying(audit, by_id[claim], run, paged=paged), paged=paged)
            for (claim, run), found in grouped.items()
        ),
        tuple(_joint(item, by_id) for item in audit.joint if all(name in by_id for name in item.claims)),
        _controls(audit, claims),
    )


def _paying(audit: AuditDocument, claim: ClaimView, run: str | None, *, paged: bool) -> PayingView | None:
    found = next((item for item in audit.paying if (item.claim, item.run) == (claim.id, run)), None)
    if found is None:
        return None
    digits, gap = min(claim.digits + 2, _MOST_DIGITS), Fraction(found.gap)
    shown_rows = found.rows[: _PAYING_ON_PAPER if paged else None]
    return PayingView(
        found.second,
        claim.data.task if run is None else f"{claim.data.task}@{run}",
        whole(found.differing),
        tuple(
            (
                row.id,
                signed(rounded(Fraction(row.share), digits), digits),
                percent(signed(rounded(100 * Fraction(row.share) / gap, 1), 1)) if gap else "",
                row.kind,
            )
            for row in shown_rows
        ),
    )


def _of_claim(
    claim: ClaimView, run: str | None, found: Sequence[AttributedGap], paying: PayingView | None, *, paged: bool
) -> ClaimGaps:
    first, digits = found[0].first, min(claim.digits + 2, _MOST_DIGITS)
    names = {m.label: m.anchor for m in claim.measurements}
    to_printed = next((gap for gap in found if gap.printed is not None), None)
    others = [gap for gap in found if gap.printed is None]
    kept = others
    if paged:
        nearest = sorted(others, key=lambda gap: abs(gap.gap))[:_MOST_ON_PAPER]
        kept = [gap for gap in others if gap in nearest]
    start = rounded(Fraction(found[0].start), digits)
    return ClaimGaps(
        claim,
        f"{first} ({run})" if run else first,
        names.get(first, ""),
        shown(start, digits),
        signed(rounded(claim.data.reported - Fraction(found[0].start), digits), digits),
        gap_view(to_printed, claim, names, digits, draw=True) if to_printed else None,
        tuple(gap_view(gap, claim, names, digits, draw=not paged) for gap in kept),
        len(others) - len(kept),
        paying,
    )


def gap_view(gap: AttributedGap, claim: ClaimView, names: Mapping[str, str], digits: int, *, draw: bool) -> GapView:
    """A gap as shown; `names` links conventions to their places on the page."""
    from markupsafe import Markup

    start, end = rounded(Fraction(gap.start), digits), rounded(Fraction(gap.end), digits)
    parts = adding_up([Fraction(step.part) for step in gap.steps], end - start, digits)
    place = anchor("gap", claim.id, gap.run or "", gap.second, "printed" if gap.printed else "")
    return GapView(
        gap.second,
        names.get(gap.second, ""),
        shown(end, digits),
        signed(end - start, digits),
        tuple(
            StepView(
                ", ".join(step.axes),
                f"{_option(step.before)} \u2192 {_option(step.after)}",
                signed(part, digits),
                _interval(step.interval.low, step.interval.high, digits) if step.interval else "",
            )
            for step, part in zip(gap.steps, parts, strict=True)
            if Fraction(step.part)
        ),
        tuple(_notes(gap, digits)),
        Markup(waterfall.draw(gap, place, digits)) if draw and gap.steps else None,  # noqa: S704  # it escapes its texts
    )


def _option(name: str) -> str:
    return name or trc("option of a step", "none")


def _interval(low: str, high: str, digits: int) -> str:
    return range_of(*(signed(rounded(Fraction(bound), digits), digits) for bound in (low, high)))


def _notes(gap: AttributedGap, digits: int) -> list[str]:
    nothing = [", ".join(step.axes) for step in gap.steps if not Fraction(step.part)]
    found = [tr("without effect on these rows: {steps}", steps=", ".join(nothing))] if nothing else []
    for pair in gap.pairs:
        found.append(
            tr(
                "interaction of {first} and {second}: {amount}",
                first=", ".join(gap.steps[pair.first].axes),
                second=", ".join(gap.steps[pair.second].axes),
                amount=signed(rounded(Fraction(pair.amount), digits), digits),
            )
        )
    if gap.scored[0] != gap.scored[1]:
        before, after = gap.scored
        found.append(tr("{before} rows scored, then {after}", before=whole(before), after=whole(after)))
    if gap.residual is not None and Fraction(gap.residual):
        hidden = signed(rounded(Fraction(gap.residual), digits + 2), digits + 2)
        found.append(tr("the printed value less this one: {amount}, which rounding hides", amount=hidden))
    return found


def _joint(item: JointClaims, claims: Mapping[str, ClaimView]) -> JointView:
    own = tuple(claims[name] for name in item.claims)
    values = [{m.label: m for m in c.measurements if not m.recorded and m.value} for c in own]
    names = dict.fromkeys(m.label for c in own for m in c.measurements if not m.recorded and m.convention and m.value)
    rows = []
    for name in names:
        cells = tuple(known.get(name) for known in values)
        agreeing = sum(cell is not None and cell.agrees for cell in cells)
        rows.append((name, convention_anchor(own[0].task, own[0].metric, name), agreeing, cells))
    rows.sort(key=lambda row: (-row[2], row[0]))
    count = len(own)
    if item.agreeing:
        told = trn(
            "{conventions} agrees with all {n} claims.",
            "{conventions} agree with all {n} claims.",
            len(item.agreeing),
            conventions=enumeration(item.agreeing),
            n=whole(count),
        )
    else:
        told = tr(
            "No convention agrees with all {n} claims; the best agrees with {most}.",
            n=whole(count),
            most=whole(rows[0][2] if rows else 0),
        )
    odds = decimal(item.chance)
    if odds is not None:
        likely = odds >= Decimal("0.01")
        text = chance(str(odds)) if likely else tr("less than {share}", share=percent("1"))
        luck = tr(
            "The chance that one of {tried} would print {n} values anywhere in their spreads: {chance}.",
            tried=whole(item.tried),
            n=whole(count),
            chance=text,
        )
        told = f"{told} {luck}"
    return JointView(f"{own[0].metric_name}, {item.group}", own, tuple(rows), told)


def _controls(audit: AuditDocument, claims: Sequence[ClaimView]) -> tuple[ControlView, ...]:
    found = []
    for claim in claims:
        model = audit.study.models.get(claim.data.model) if claim.data.model is not None else None
        if model is None or model.role not in _CONTROLS or claim.data.mean_of:
            continue
        computed = [m for m in claim.measurements if not m.recorded and m.position is not None and not m.invalid]
        if not computed:
            continue
        agreeing = tuple(m for m in computed if m.agrees)
        nearest = min(computed, key=lambda m: (m.gap(claim.reported), m.number))
        same = next((c for c in claims if c.data.model is None and c.task == claim.task and c.metric == claim.metric
                     and c.data.subset == claim.data.subset), None)  # fmt: skip
        names = {m.label for m in same.measurements if m.agrees and not m.recorded} if same else set()
        both = tuple(m.label for m in agreeing if m.label in names)
        found.append(ControlView(claim, model.name, agreeing, None if agreeing else nearest, both))
    return tuple(found)
