"""What the templates show: the claims, measurements and verdicts of audit.json, joined and in words.

Everything is derived from the parsed audit.json alone. Missing fields are shown as missing, never filled in.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from audit.facts import Claim, OtherColumn
from audit.report import vocabulary
from audit.report.language import tr
from audit.report.markup import letter
from audit.report.numbers import brief, part_of
from audit.schema import Agreement, Convention, Decision, IdentityState, PredictionFile, Sample, Verdict

_AGREEMENT_ORDER = tuple(Agreement)
# Verdicts that units decide.
_OF_UNITS = frozenset({Verdict.SELECTIVE, Verdict.UNDECIDED})


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
        rows: `15,473 of 15,531`, as far as known; `scored` and `total` are the two numbers.
        covered: `99.6 %`; empty if unknown.
        partial: Whether only a part of the set was scored.
        faults: The kinds of its reasons for invalidity, in a few words each, in the order of `invalid`.
        unscored: Why rows were not scored, one phrase per reason.
        drops: Whether the convention drops units.
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
    scored: int | None
    total: int | None
    covered: str
    partial: bool
    unscored: tuple[str, ...]
    drops: bool
    unread: str
    difference: str
    agreement: Agreement
    agreement_label: str
    invalid: tuple[str, ...]
    faults: tuple[str, ...]
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

    @property
    def place(self) -> str:
        """The anchor of its row, the same in every edition of the audit: it names the measurement."""
        return anchor("m", *self.id.split("/"))

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
    def left_out(self) -> str:
        """`548 of 2,620`: units of the set that the value leaves out; empty if none, or if the numbers are not known."""
        if not self.partial or self.total is None or self.scored is None:
            return ""
        return part_of(self.total - self.scored, self.total)

    @property
    def details(self) -> tuple[str, ...]:
        """The small print below the convention: rule, conditions, unscored rows, note, source."""
        origin = tr("from {source}", source=self.source) if self.source else ""
        rule = tr("Rule: {rule}", rule=self.rule) if self.rule else ""
        given = (rule, self.conditions, *self.unscored, self.unread, self.note, origin, self.unavailable)
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
    def in_brief(self) -> str:
        """Why the verdict is what it is, in a few words: for a line of the summary."""
        verdict, best = self.verdict.id, self.deciding
        if verdict is Verdict.NOT_COMPARABLE:
            # Of the measurement that comes closest to a comparable one.
            faults = sorted((tuple(dict.fromkeys(m.faults)) for m in self.measurements if m.faults), key=len)
            return "; ".join(faults[0] if faults else ())
        if verdict is Verdict.INFEASIBLE:
            return tr("no counts print this value")
        if best is None:
            return tr("no value") if verdict is Verdict.NOT_RUN else ""
        if verdict in _OF_UNITS and best.left_out:
            if verdict is Verdict.SELECTIVE:
                return tr("{part} units left out", part=best.left_out)
            return tr("{part} units not scored", part=best.left_out)
        return f"{best.agreement_label} ({best.difference})" if best.difference else best.agreement_label

    def nearest(self, most: int | None) -> tuple[MeasurementView, ...]:
        """At most `most` measurements, by value: the deciding one and the nearest to the reported value; None for all."""
        if most is None or len(self.measurements) <= most:
            return self.measurements
        chosen = sorted(self.measurements, key=lambda m: (not m.deciding, m.gap(self.reported), m.number))[:most]
        return tuple(sorted(chosen, key=lambda m: m.number))

    @property
    def short(self) -> str:
        """The claim in a list of many: `ASR clean WER`."""
        return " ".join((*(self.data.task_short or (self.data.task_name or self.task,)), self.metric_name, *self.about))

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
    def all_beside_unverified(self) -> bool:
        """Whether none of the paper's other columns was verified: then it is said once."""
        return bool(self.beside) and not any(c.verified for c in self.beside)

    @property
    def marks(self) -> str:
        """The meaning of the marks in this claim's figure, other than the filled disc."""
        partial = any(m.partial and not m.invalid for m in self.measurements)
        hollow = tr("Hollow: recorded.") if any(m.recorded for m in self.measurements) else ""
        diamond = tr("Diamond: only a part of the set was scored.") if partial else ""
        cross = tr("Cross: invalid.") if any(m.invalid for m in self.measurements) else ""
        return " ".join(filter(None, (hollow, diamond, cross)))

    @property
    def where(self) -> str:
        """Table, row and column in the paper."""
        locator = self.data.locator
        table = tr("Table {number}", number=locator.table) if locator.table[:1].isdigit() else locator.table
        return "; ".join(part for part in (table, locator.row, locator.column) if part)


def anchor(*parts: object) -> str:
    """An HTML id: ASCII letters, digits, points and hyphens are kept; other characters become `_` and their code point."""
    text = "-".join(str(p) for p in parts)
    return "".join(c if c.isascii() and (c.isalnum() or c in "-.") else f"_{ord(c):x}" for c in text)


def convention_anchor(task: str, metric: str, convention: str) -> str:
    """The anchor of a convention's description."""
    return anchor("c", task, metric, convention)
