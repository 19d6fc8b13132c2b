"""The values of audit.json as frozen dataclasses: the input of the verdict and the report, and what a package signs.

It imports nothing of this project but `audit.facts`, the claims that are read from a study's YAML. Measurements and decisions
are these values, and the document consists of them. `audit.document` writes and reads them and generates the published JSON
Schema from them.

All numbers are integers or decimal strings. Fields without a default are required in every document.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from fractions import Fraction
from typing import Any, ClassVar, Literal, TypeAlias

from audit.facts import Claim, Decimal, Digest, Exact, Grade, Number, Positive, StudyFacts, Unusable

SCHEMA = "repro-audit/audit/1"
# Above this look-elsewhere chance, an agreement under a convention of grade C to E is reported together with its chance.
LIKELY = Fraction(1, 5)
# An interval over fewer resampling units than this is uninformative.
FEWEST_UNITS = 10

Origin: TypeAlias = Literal["recomputed", "recorded"]


class Verdict(StrEnum):
    """The audit's verdict on a claim."""

    NOT_RUN = "not-run"
    NOT_COMPARABLE = "not-comparable"
    REPRODUCED = "reproduced"
    JUSTIFIED = "justified"
    UNDOCUMENTED = "undocumented"
    SELECTIVE = "selective"
    UNDECIDED = "undecided"
    EXCEEDS = "exceeds"
    INFEASIBLE = "infeasible"
    NOT_REPRODUCED = "not-reproduced"


class Agreement(StrEnum):
    """How a value compares with the reported one; `NONE` if there is no value to compare.

    `BETTER` and `WORSE` are outside the margin, by the metric's direction. `UNDECIDED`: the bounds on the value over the
    whole set allow numbers both inside and outside the margin. The last three belong to the first edition, which is still
    read.
    """

    EXACT = "exact"
    WITHIN_MARGIN = "within-margin"
    BETTER = "better"
    WORSE = "worse"
    UNDECIDED = "undecided"
    NONE = "none"
    WITHIN_NOISE = "within-noise"
    NEAR = "near"
    OFF = "off"

    @property
    def agrees(self) -> bool:
        """Whether the value counts as agreeing."""
        return self in {Agreement.EXACT, Agreement.WITHIN_MARGIN}


class IdentityState(StrEnum):
    """How certain it is that the rows are those of the set's card, from best to worst; see `audit.verdict.identity`."""

    VERIFIED = "verified"
    CONSISTENT = "consistent"
    PART = "part"
    UNKNOWN = "unknown"
    CONTRADICTED = "contradicted"


@dataclass(frozen=True, slots=True)
class Project:
    """The program that wrote the document."""

    name: str = "repro-audit"
    version: str = ""


@dataclass(frozen=True, slots=True)
class Convention:
    """A convention of one task and metric, with its identity and its grade in this audit."""

    task: str
    metric: str
    id: str
    signature: str
    hash: str
    summary: str = ""
    grade: Grade | None = None
    works: tuple[str, ...] = ()
    notes: str | None = None
    unavailable: str | None = None


@dataclass(frozen=True, slots=True)
class Interval:
    """An interval as decimal strings; `level` in percent."""

    low: Decimal
    high: Decimal
    level: Decimal
    method: str


@dataclass(frozen=True, slots=True)
class Skipped:
    """Rows excluded by a rule of the convention."""

    rule: str
    reason: str
    rows: Number


@dataclass(frozen=True, slots=True)
class Rows:
    """How many rows of the set were scored, skipped, missing or in error; None if unknown."""

    expected: Number | None
    scored: Number | None
    skipped: tuple[Skipped, ...]
    missing: Number | None
    error: Number | None

    @property
    def coverage(self) -> Fraction:
        """The share of the set that was scored; 0 where unknown."""
        return Fraction(self.scored, self.expected) if self.scored is not None and self.expected else Fraction(0)


@dataclass(frozen=True, slots=True)
class Comparison:
    """A value beside the reported one.

    Attributes:
        kind: The agreement.
        difference: The value minus the reported one, as a decimal string.
        truncated: Exact by truncation, not by rounding.
    """

    kind: Agreement = Agreement.NONE
    difference: Decimal | None = None
    truncated: bool = False


@dataclass(frozen=True, slots=True)
class Bounds:
    """Worst-case bounds of the value on the whole set, in the claim's unit; None if there is no bound on that side.

    Attributes:
        unscored: The number of unscored units that they allow for.
    """

    low: Decimal | None
    high: Decimal | None
    unscored: Number


@dataclass(frozen=True, slots=True)
class Invalid:
    """Why a measurement cannot justify a claim: a code for programs, a text for people."""

    code: str
    text: str


@dataclass(frozen=True, slots=True)
class PredictionFile:
    """The file that a value was computed from."""

    path: str
    sha256: Digest
    meta_sha256: Digest | None = None
    model: str | None = None
    variant: str | None = None
    who: str | None = None
    when: str | None = None


@dataclass(frozen=True, slots=True)
class SamplePoint:
    """The bounds of a planned sample after some units, in the claim's unit; None if there is no bound on that side."""

    units: Number
    low: Decimal | None
    high: Decimal | None


@dataclass(frozen=True, slots=True)
class Sample:
    """The bounds of a planned sample on the value on the whole set, in the claim's unit; None without a bound.

    Attributes:
        plan: The plan's file, as `plans` names it.
        units: Units that were drawn in the planned order, of the set's `of`.
        risk: The chance that these bounds ever miss the value, as a fraction: its part of the plan's risk.
        whole_risk: The plan's risk, as a decimal string; above 0.05 it never suffices for `reproduced`.
        exact: Valid at this risk; otherwise approximate, which never suffices for `reproduced`.
        registered: The plan was signed.
        cap: The upper bound assumes that no output has more words; None if it needs no such bound. capped: The run's decoding
            allows no more tokens than that, by its meta file.
        path: The bounds over the units.
        problem: Why there are no bounds.
    """

    plan: str
    units: Number
    of: Number
    risk: Exact
    whole_risk: Decimal
    exact: bool
    registered: bool
    low: Decimal | None
    high: Decimal | None
    cap: Number | None = None
    capped: bool = False
    path: tuple[SamplePoint, ...] = ()
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class Fold:
    """How a value follows from sums over the scored rows, so that it can be computed again from this document alone.

    The value is in the metric's scale; times the whole of the claim's unit (100 for percent), over `scale`, it is in the
    claim's.

    Attributes:
        kind: `ratio`: `scale` times the numerator over `parts` times the denominator. `ter`: edits over `total`, or `scale`
            if there are edits and no `total`. The others: the formulas of these metrics.
        scale: What the whole is: 100 for percentages and points, 1 for fractions and counts.
        numerator: The counts that are added, one that stands twice twice; without any, the measurement's `total`.
        denominator: Likewise; without any, the number of scored rows.
        parts: Counts are in units of one over this number.
        option: BLEU's smoothing, or the classes of a macro-F1.
        exact: False for a binary float: the agreement is then decided on the stored decimals.
    """

    kind: Literal["ratio", "bleu", "chrf", "meteor", "ter", "macro-f1", "weighted-f1", "uar"]
    scale: int
    numerator: tuple[str, ...] = ()
    denominator: tuple[str, ...] = ()
    parts: Positive = 1
    option: str | None = None
    exact: bool = True


@dataclass(frozen=True, slots=True)
class Measurement:
    """One value for one claim, or for a metric of its task that the paper does not report.

    Attributes:
        id: `CLAIM/ORIGIN/CONVENTION`, with `~2`, `~3` if that is not unique.
        convention: None if a record does not state its rule fully.
        value: In the claim's unit, as a decimal string; None if unavailable.
        counts: The counts summed over the rows, by the metric's names.
        total: Of a mean over the rows, the exact sum of the rows' values: an integer, or a fraction `a/b`.
        fold: How the value follows from `counts`, `total` and the scored rows; None if it does not.
        rule: A recorded value's rule in words.
        agreement: Agreement of the value over the scored units.
        whole: Agreement on the whole set, without dropping; the verdict uses this one.
        bounds: If units are missing: bounds on the value on the whole set.
        without_dropping: The convention's value if no unit is dropped; only for conventions that drop units.
        identity: How the rows compare with the set's card; None for a recorded value.
        units: The number of independent units (rows, or clusters of rows) behind an interval.
        interval_note: Why there is no interval.
        invalid: Why it cannot justify a claim; empty for a usable value.
        conditions: The setting (batch size, precision) if one reproduction gives several values.
        unavailable: Why there is no value.
        run: The run of a file `TASK@RUN.jsonl`. subset: The part of the set, by its name.
        parts: Of a mean, the measurements of which it is the mean.
        sample: The bounds of a planned sample; absent without a plan that names the convention.
        decisive: The decisive steps of the convention, as axis and option; absent if no alternatives were computed, so that
            every step counts as decisive.
    """

    id: str
    claim: str | None
    convention: str | None
    origin: Origin
    value: Decimal | None
    task: str = ""
    metric: str = ""
    interval: Interval | None = None
    rows: Rows | None = None
    counts: Mapping[str, Number] | None = None
    rule: str | None = None
    agreement: Comparison = Comparison()
    whole: Agreement | None = None
    bounds: Bounds | None = None
    without_dropping: Decimal | None = None
    identity: IdentityState | None = None
    units: Number | None = None
    interval_note: str | None = None
    invalid: tuple[Invalid, ...] = ()
    note: str | None = None
    source: str | None = None
    conditions: str | None = None
    judge: str | None = None
    prediction: PredictionFile | None = None
    unavailable: str | None = None
    run: str | None = None
    subset: str | None = None
    parts: tuple[str, ...] = ()
    sample: Sample | None = None
    total: Exact | None = None
    fold: Fold | None = None
    decisive: tuple[tuple[str, str], ...] | None = None

    @property
    def valid(self) -> bool:
        """Whether it may justify a claim."""
        return not self.invalid

    @property
    def recorded(self) -> bool:
        """Written down by a team, not computed here."""
        return self.origin == "recorded"

    @property
    def unread(self) -> int | None:
        """Scored outputs in which the convention reads no answer: the count `unread`; None if its metric has none."""
        return None if self.counts is None else self.counts.get("unread")

    @property
    def coverage(self) -> Fraction:
        """The share of the set that was scored; 0 where unknown."""
        return self.rows.coverage if self.rows else Fraction(0)


@dataclass(frozen=True, slots=True)
class IdentityFinding:
    """One finding about a prediction file; `against`: it contradicts the set."""

    code: str
    text: str
    against: bool = False


@dataclass(frozen=True, slots=True)
class RowsIdentity:
    """Which test set a prediction file holds.

    Attributes:
        path: The file, as `measurements` name it.
        card: The set card's id, if any. layout: The card's layout that fits the rows best.
        rows: Rows of the file. expected: Rows of the whole set in that layout; None if unknown.
        prompts: How the rows' prompts compare with the claim's: same, other, mixed or unknown.
    """

    task: str
    path: str
    state: IdentityState
    card: str | None
    card_name: str | None
    layout: str | None
    rows: Number
    expected: Number | None
    prompts: str
    findings: tuple[IdentityFinding, ...] = ()


@dataclass(frozen=True, slots=True)
class Chosen:
    """The measurement that a verdict rests on (`deciding`), or the nearest one."""

    code: Literal["deciding", "nearest"]
    measurement: str
    convention: str | None
    grade: str
    agreement: Agreement
    value: Decimal | None
    difference: Decimal | None
    scored: Number | None
    total: Number | None


@dataclass(frozen=True, slots=True)
class Refused:
    """A reason why measurements cannot justify a claim."""

    code: Literal["refused"]
    text: str
    measurements: tuple[str, ...]


Reason: TypeAlias = Chosen | Refused


@dataclass(frozen=True, slots=True)
class DecisiveStep:
    """A step whose change to another defensible option changes the agreement, with the evidence for it.

    Attributes:
        axis: `normaliser`, `tokenizer`, ...
        option: The convention's option on this axis.
        grade: The grade of the best evidence for this step of this convention in this study.
        work: The work that gives this evidence, if any.
    """

    axis: str
    option: str
    grade: Grade
    work: str | None = None


@dataclass(frozen=True, slots=True)
class Odds:
    """Look-elsewhere odds: the chance that one of this many values matches a claim anywhere in their range."""

    tried: Number
    distinct: Number | None = None
    low: Decimal | None = None
    high: Decimal | None = None
    chance: Decimal | None = None
    crowded: Decimal | None = None


@dataclass(frozen=True, slots=True)
class AttributedStep:
    """A step's part of a gap: its effect, averaged over all orders of the steps.

    Attributes:
        axes: The axes that it changes: one, or several where a convention has steps of its own for them.
        before: The first convention's options. after: The second's.
        part: As an exact number: an integer, or a fraction `a/b`. The parts of a gap sum to it.
        interval: How much the part would move on another set of the same kind and size.
    """

    axes: tuple[str, ...]
    before: str
    after: str
    part: Exact
    interval: Interval | None = None


@dataclass(frozen=True, slots=True)
class Interaction:
    """Two steps of a gap, by their places from 0, whose effects do not add: the pairwise interaction index, exact."""

    first: Number
    second: Number
    amount: Exact


@dataclass(frozen=True, slots=True)
class GapRow:
    """A row that counts differently at the two ends of a gap; its texts are in the predictions file alone.

    Attributes:
        id: The row's id.
        share: What it adds to the gap, an exact number as in `AttributedStep.part`.
        kind: What happened in it, in words: `number`, `loop`, `contraction`.
    """

    id: str
    share: Exact
    kind: str


@dataclass(frozen=True, slots=True)
class PayingRowsOfGap:
    """The rows that pay most for one gap of a claim.

    Attributes:
        first: The convention where the gap begins. second: Where it ends.
        gap: Its size, exact, in the claim's unit.
        rows: The largest shares first.
        differing: All rows that count differently.
    """

    claim: str
    first: str
    second: str
    gap: Exact
    rows: tuple[GapRow, ...]
    differing: Number
    run: str | None = None


@dataclass(frozen=True, slots=True)
class AttributedGap:
    """The gap between two ways of counting the same outputs, and the parts of it that the steps between them make.

    Numbers without an interval are exact: an integer, or a fraction `a/b`, in the claim's unit, or else the metric's.

    Attributes:
        first: The convention where it begins. second: Where it ends: a convention, or options joined by slashes.
        start: The value at the first. end: The value at the second.
        steps: In the order of the axes.
        pairs: The large interactions, largest first.
        scored: Rows scored at both ends. rows: The rows at hand.
        interval: The gap's.
        claim: The claim that it belongs to.
        printed: The printed value that the second prints; None for a gap between two conventions.
        residual: The printed value minus `end`: what rounding hides.
        run: The run of a file `TASK@RUN.jsonl`.
    """

    task: str
    metric: str
    first: str
    second: str
    start: Exact
    end: Exact
    steps: tuple[AttributedStep, ...]
    pairs: tuple[Interaction, ...]
    scored: tuple[int, int]
    rows: Number
    interval: Interval | None = None
    claim: str | None = None
    printed: Exact | None = None
    residual: Exact | None = None
    run: str | None = None

    @property
    def gap(self) -> Fraction:
        """The second value minus the first."""
        return Fraction(self.end) - Fraction(self.start)


@dataclass(frozen=True, slots=True)
class JointClaims:
    """Claims that one program probably counted: on tasks of one family, by one metric, each with outputs.

    Attributes:
        group: The family.
        claims: Their ids, with those on other models (controls) among them.
        tried: Conventions with a value for each of them.
        agreeing: Those that agree with all of them.
        chance: The chance that one of the tried agrees with values anywhere in their spreads, one per claim; None without a
            spread.
    """

    group: str
    metric: str
    claims: tuple[str, ...]
    tried: Number
    agreeing: tuple[str, ...]
    chance: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Gap:
    """Two neighbouring counts over a set of `n` between which the reported value would have to lie."""

    n: Number
    below: int
    above: int | None


@dataclass(frozen=True, slots=True)
class Certificate:
    """A proof that no integer counts print the reported value."""

    schema: str
    value: Decimal
    unit: str
    kind: str
    gaps: tuple[Gap, ...]


@dataclass(frozen=True, slots=True)
class Decision:
    """A claim's verdict: the rule that gave it, the measurement it rests on, and the reasons as data.

    Attributes:
        rule: The rule's number in the table, from 1.
        measurement: The measurement that supports the verdict, or the nearest one; None if there is no measurement.
        origin: Whether it was recomputed or recorded.
        grade: The convention's grade for this claim: the worst over the decisive steps; None if no step is decisive.
        decisive: The decisive steps of its convention; empty if no alternative disagrees; None if no alternatives were
            computed, so that every step counts as decisive.
        supporting: All measurements that satisfy the rule, best first.
    """

    claim: str
    verdict: Verdict
    rule: int | None = None
    measurement: str | None = None
    origin: Origin | None = None
    grade: Grade | None = None
    decisive: tuple[DecisiveStep, ...] | None = None
    supporting: tuple[str, ...] = ()
    reasons: tuple[Reason, ...] = ()
    odds: Odds | None = None
    certificate: Certificate | None = None


@dataclass(frozen=True, slots=True)
class RuleText:
    """A row of the verdict's table in words."""

    rule: int
    verdict: Verdict
    when: str


@dataclass(frozen=True, slots=True)
class SurveyEvidence:
    """Evidence for a convention in a record: where it is, whether it was checked at the source, and the steps it shows."""

    text: str
    kind: str = ""
    verified: bool = True
    links: tuple[str, ...] = ()
    steps: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SurveyEntry:
    """What a work does on one or more tasks."""

    tasks: tuple[str, ...] = ()
    metrics: tuple[str, ...] = ()
    metric_as_named: str | None = None
    data: str | None = None
    split: str | None = None
    same_data: str = "unknown"
    same_data_reason: str | None = None
    treatment: str = "unknown"
    value: str | None = None
    conventions: tuple[str, ...] = ()
    counting: str | None = None
    evidence: tuple[SurveyEvidence, ...] = ()
    unverified: tuple[str, ...] = ()
    unusable: Unusable | None = None


@dataclass(frozen=True, slots=True)
class SurveyCode:
    """A work's public code."""

    available: str = "no"
    repo: str | None = None
    commit: str | None = None
    licence: str | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True)
class SurveyWork:
    """A surveyed work's record."""

    id: str
    title: str
    name: str | None = None
    authors: tuple[str, ...] = ()
    authors_complete: bool = True
    year: int | None = None
    venue: str = ""
    identity_source: str | None = None
    kind: str = ""
    relation: str = ""
    treatment: str = "unknown"
    variant: str | None = None
    treatment_note: str | None = None
    code: SurveyCode = SurveyCode()
    outputs: str | None = None
    summary: str | None = None
    survey_items: tuple[int, ...] = ()
    unverified: tuple[str, ...] = ()
    notes: str | None = None
    links: tuple[str, ...] = ()
    record: str = ""
    entries: tuple[SurveyEntry, ...] = ()


@dataclass(frozen=True, slots=True)
class SurveyTask:
    """A column of the survey's matrix."""

    id: str
    row: str = ""
    metrics: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class MatrixCell:
    """What a work does on a task; `entries` are indices into the work's entries."""

    task: str
    same_data: str
    treatment: str
    code: str
    entries: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class MatrixRow:
    """A work's row of the matrix."""

    work: str
    cells: tuple[MatrixCell, ...]


@dataclass(frozen=True, slots=True)
class SurveySupport:
    """A work's entry that supports a convention, and the resulting grade."""

    work: str
    entry: Number
    grade: Grade


@dataclass(frozen=True, slots=True)
class GradedConvention:
    """A convention's grade with its supporting entries."""

    task: str
    metric: str
    convention: str
    grade: Grade
    works: tuple[SurveySupport, ...]


@dataclass(frozen=True, slots=True)
class CheckableStep:
    """The number of works that remain at one step of the checkability count."""

    id: str
    text: str
    count: Number
    works: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SurveyList:
    """The same count over the works in the group's own list; the fraction in percent."""

    records: Number
    citing: Number
    checkable: Number
    fraction: str | None


@dataclass(frozen=True, slots=True)
class Checkable:
    """How many of the citing works can be checked; the fraction in percent."""

    steps: tuple[CheckableStep, ...] = ()
    unknown: tuple[str, ...] = ()
    fraction: str | None = None
    survey_list: SurveyList | None = None


@dataclass(frozen=True, slots=True)
class SurveyDisagreement:
    """A contradiction between a source's statement about a work and the work's own code or text."""

    work: str
    about: str
    said: str
    said_by: str
    found: str
    found_in: str
    effect: str | None = None


@dataclass(frozen=True, slots=True)
class Reference:
    """A work as one line of the bibliography."""

    work: str
    text: str
    links: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Survey:
    """The survey chapter."""

    tasks: tuple[SurveyTask, ...] = ()
    works: tuple[SurveyWork, ...] = ()
    matrix: tuple[MatrixRow, ...] = ()
    conventions: tuple[GradedConvention, ...] = ()
    checkable: Checkable = Checkable()
    disagreements: tuple[SurveyDisagreement, ...] = ()
    bibliography: tuple[Reference, ...] = ()


@dataclass(frozen=True, slots=True)
class PublicValue:
    """What public outputs give under one convention, in the unit of the claim on this task and metric.

    Attributes:
        scored: The rows that the convention scored, of `total`.
        counts: The counts summed over these rows. fold: How the value follows from them; None if it does not.
        row_sum: Of a mean over the rows, the exact sum of the rows' values.
    """

    metric: str
    convention: str
    value: Decimal
    scored: Number
    total: Number
    counts: Mapping[str, Number] | None = None
    row_sum: Exact | None = None
    fold: Fold | None = None


@dataclass(frozen=True, slots=True)
class PublicOutput:
    """Outputs that others published, beside the claims of a task; they justify nothing.

    Attributes:
        record: The id of the record in `literature/outputs/`.
        variant: None if the source does not state it.
        prompts: The instructions; empty if they are not listed, see `prompts_where`.
        rows: The number of outputs in the file; None if unknown.
        place: `OWNER/NAME@COMMIT:PATH`.
        values: Under every convention that can be computed; empty if there are none.
        not_counted: Why there are none.
        gaps: From the claim's leading convention to the others on these outputs, by step; only where the team has no outputs.
    """

    record: str
    task: str
    work: str | None
    system: str
    variant: str | None
    dataset: str
    split: str
    same_data: str
    same_data_reason: str
    prompts: tuple[str, ...]
    prompts_where: str | None
    rows: Number | None
    place: str
    address: str
    sha256: Digest
    licence: str
    values: tuple[PublicValue, ...] = ()
    not_counted: str | None = None
    notes: str | None = None
    gaps: tuple[AttributedGap, ...] = ()


@dataclass(frozen=True, slots=True)
class Detection:
    """Outputs that a detector flags: `rows` of `of`, with a few ids."""

    detector: str
    fault: str
    rows: Number
    of: Number
    example_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PromptScore:
    """The value over the rows with one prompt."""

    prompt: str
    rows: Number
    value: Decimal | None
    interval: Interval | None = None


@dataclass(frozen=True, slots=True)
class PromptTest:
    """The test of no difference between prompts."""

    name: str
    prompts: Number
    permutations: Number
    p: Decimal


@dataclass(frozen=True, slots=True)
class PromptSensitivity:
    """One task's values by prompt."""

    convention: str
    metric: str
    rows: Number
    prompts: tuple[PromptScore, ...]
    test: PromptTest | None = None


@dataclass(frozen=True, slots=True)
class Baseline:
    """What the best constant answer scores."""

    convention: str
    answer: str
    correct: Number
    total: Number


@dataclass(frozen=True, slots=True)
class Observation:
    """What a reproduction team found besides its values, as it was recorded.

    Attributes:
        about: `batching`, `prompts`, `references` or `other`.
        numbers: Name -> number, as printed or as a count.
        reproduction: The id of the reproduction that records it.
    """

    id: str
    about: str
    statement: str
    numbers: Mapping[str, str | int]
    source: str
    reproduction: str


@dataclass(frozen=True, slots=True)
class Findings:
    """What was found besides the values, by task.

    Attributes:
        observed: What the reproduction teams found.
        probes: `probe-KIND` -> task -> the result, which has a separate schema (`repro-audit/probe/1`).
    """

    detectors: Mapping[str, tuple[Detection, ...]] = field(default_factory=dict)
    prompts: Mapping[str, tuple[PromptSensitivity, ...]] = field(default_factory=dict)
    baselines: Mapping[str, tuple[Baseline, ...]] = field(default_factory=dict)
    probes: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    observed: tuple[Observation, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.detectors or self.prompts or self.baselines or self.probes or self.observed)


@dataclass(frozen=True, slots=True)
class Bootstrap:
    """The bootstrap's replicates and seed."""

    replicates: Number
    seed: int


@dataclass(frozen=True, slots=True)
class PlannedValue:
    """A claim in a plan, with the conventions that count: id -> hash."""

    value: Decimal
    metric: str
    margin: Decimal
    conventions: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PlannedRun:
    """A run that follows a sampling plan.

    Attributes:
        path: The plan's file. rows: The predictions that follow it.
        sampled: Whether outputs were sampled, or judgements of outputs.
        units: Size of the set. drawn: Units that are there.
        risk: The chance that any bound of the plan ever misses its value.
        seed: `given` by the maker of the plan, `drawn` by the program, or `public`: from a value published after the plan.
        source: Which public value. published: When, by the user's word.
        created: When the plan was made, by its maker's word, which proves nothing.
        registered: The fingerprint of the key that signed the plan; None if it was not registered.
        stamped: A time stamp covers the signature; `repro-audit verify` checks it.
        departures: How the run departs from the plan; empty if what was run is what was planned.
    """

    task: str
    path: str
    sha256: Digest
    rows: str
    sampled: Literal["outputs", "judgements"]
    units: Number
    drawn: Number
    strata: Number
    risk: Decimal
    seed: Literal["given", "drawn", "public"]
    created: str
    claims: tuple[PlannedValue, ...] = ()
    source: str | None = None
    published: str | None = None
    registered: str | None = None
    stamped: bool = False
    departures: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RowTree:
    """The root of a Merkle tree over the rows of a predictions file, against which single rows can be opened.

    Attributes:
        path: The file, as `measurements` name it.
        scheme: How leaves and nodes are hashed.
        rows: The number of leaves.
        root: In hexadecimal.
    """

    path: str
    scheme: str
    rows: Number
    root: Digest


@dataclass(frozen=True, slots=True)
class InputFile:
    """A file that the audit read, or counts that it wrote."""

    path: str
    sha256: Digest


@dataclass(frozen=True, slots=True)
class Software:
    """What affects numbers besides this project's code: the Unicode tables and library versions."""

    unicode: str = ""
    packages: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Signing:
    """How the audit will be signed: with the auditor's `key`, or with one made for this run (`ephemeral`)."""

    identity: Literal["key", "ephemeral"]


@dataclass(frozen=True, slots=True)
class Phrase:
    """What a text of this document was made from: a template with named placeholders, and their values.

    The texts of a document are English sentences. The program wrote some of them; a report in another language looks such a
    text up by its template. What a person wrote is not among the phrases.

    Attributes:
        template: `{n} of {rows} outputs used a prompt other than the claim's.`
        values: By placeholder; the text is the template with the values in it. A value may be the text of another phrase.
    """

    template: str
    values: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class NeutralName:
    """A name that stands for an identity of the team in a blind document, and the kind of identity."""

    name: str
    kind: str


@dataclass(frozen=True, slots=True)
class Blind:
    """A document without the team's identity: which neutral names stand in it.

    The signed statement seals what they stand for.
    """

    names: tuple[NeutralName, ...] = ()


@dataclass(frozen=True, slots=True)
class AuditDocument:
    """audit.json: all content of the report.

    Attributes:
        source_date_epoch: The audit's date, seconds since 1970.
        claims: The audited claims. others: Claims on other models without outputs; printed, not audited.
        signing: None if nothing will be signed; then the key is absent.
        plans: The sampling plans that runs follow; absent without one.
        differences: For claims with outputs, the gaps between the leading convention and the others, and to the printed value;
            absent if there are none.
        joint: Groups of claims with outputs; absent if there are none.
        paying: The rows that pay for one gap of each claim with outputs; absent if there are none.
        blind: The team's identity is withheld; absent in an audit that names it.
        row_trees: For each predictions file, the root over its rows; absent without outputs.
        count_files: The files of counts that belong to the values, with their hashes; absent without outputs.
        phrases: What texts of the document were made from, by template; absent if there are none.
    """

    # Read by pydantic: unknown keys and values of a different type are errors, never converted.
    __pydantic_config__: ClassVar[Mapping[str, Any]] = {"extra": "forbid", "strict": True}

    schema: str
    source_date_epoch: int
    study: StudyFacts
    claims: tuple[Claim, ...]
    conventions: tuple[Convention, ...]
    measurements: tuple[Measurement, ...]
    verdicts: tuple[Decision, ...]
    others: tuple[Claim, ...] = ()
    project: Project = Project()
    rules: tuple[RuleText, ...] = ()
    identities: tuple[RowsIdentity, ...] = ()
    literature: Survey = Survey()
    public_outputs: tuple[PublicOutput, ...] = ()
    findings: Findings = Findings()
    bootstrap: Bootstrap | None = None
    inputs: tuple[InputFile, ...] = ()
    software: Software = Software()
    signing: Signing | None = None
    plans: tuple[PlannedRun, ...] | None = None
    differences: tuple[AttributedGap, ...] = ()
    joint: tuple[JointClaims, ...] = ()
    paying: tuple[PayingRowsOfGap, ...] = ()
    row_trees: tuple[RowTree, ...] = ()
    count_files: tuple[InputFile, ...] = ()
    phrases: tuple[Phrase, ...] = ()
    blind: Blind | None = None
