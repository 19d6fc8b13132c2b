"""The values of audit.json as frozen dataclasses: what the verdict decides on, the report shows and a package signs.

One file, and nothing here imports anything of ours: claims come from a study's YAML as these values, measurements and
decisions are made as these values, and the document is nothing but them. `audit.document` writes and reads them and makes
the published JSON Schema of them.

All numbers are integers or decimal strings. Fields without a default are the ones that no document may lack.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from fractions import Fraction
from typing import Any, ClassVar, Literal, TypeAlias

SCHEMA = "repro-audit/audit/1"
# Above this look-elsewhere chance an agreement under a convention of grade C to E is told with its chance in one line.
LIKELY = Fraction(1, 5)
# An interval over fewer resampling units than this says nothing.
FEWEST_UNITS = 10

Unit: TypeAlias = Literal["percent", "fraction", "count"]
Direction: TypeAlias = Literal["lower", "higher"]
Origin: TypeAlias = Literal["recomputed", "recorded"]
Grade: TypeAlias = Literal["A", "B", "C", "D", "E"]


class Verdict(StrEnum):
    """What the audit says of a claim."""

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
    """How a value stands to the reported one; `NONE` where there is no value to compare.

    `BETTER` and `WORSE` are outside the margin, by the metric's direction. `UNDECIDED`: what was scored bounds the value on
    the whole set by numbers both inside and outside. The last three are the words of the first edition, which is still read.
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
    """How sure it is that rows are those of the set's card, from the best to the worst; see `audit.verdict.identity`."""

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
class Paper:
    """The identity of the paper that makes the claims; `read`: its values were read in the paper itself."""

    title: str = ""
    authors_first: str = ""
    year: int | None = None
    venue: str = ""
    arxiv: str | None = None
    url: str | None = None
    read: bool = False


@dataclass(frozen=True, slots=True)
class Margin:
    """How far two honest runs of one model may lie apart in one metric, in the unit of the study's claims.

    Attributes:
        value: As a decimal string.
        kind: `measured` by two runs that differ in nothing but batch, machine, precision or library versions; `cited`; or
            `assumed`, which is told beside every verdict that needs it.
        reason: Where it comes from.
    """

    value: str
    kind: Literal["measured", "cited", "assumed"] = "assumed"
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Tolerance:
    """The first edition's word for a margin; still read."""

    value: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class StudyFacts:
    """What a study says of itself, without its claims.

    Attributes:
        variants: Variant -> which model it is.
        sources: Label used in claims' `source` -> the source in words.
        not_found: What no source states, one sentence each.
        margins: Metric -> margin.
        tolerances: Of the first edition.
    """

    id: str
    title: str = ""
    model: str = ""
    variants: Mapping[str, str] = field(default_factory=dict)
    paper: Paper = Paper()
    sources: Mapping[str, str] = field(default_factory=dict)
    prompts_note: str = ""
    not_found: tuple[str, ...] = ()
    margins: Mapping[str, Margin] = field(default_factory=dict)
    tolerances: Mapping[str, Tolerance] | None = None


@dataclass(frozen=True, slots=True)
class Rounding:
    """What a printed value can stand for: `low` to `high`, as decimal strings."""

    low: str
    high: str


@dataclass(frozen=True, slots=True)
class Locator:
    """Where in the paper a value is printed."""

    table: str = ""
    row: str = ""
    column: str = ""


@dataclass(frozen=True, slots=True)
class Prompt:
    """An instruction: its key in the released prompts, and its text without the speech placeholder.

    `{}` in the text stands for what varies from row to row.
    """

    key: str | None
    text: str | None


@dataclass(frozen=True, slots=True)
class OtherColumn:
    """A value of the same row in another column of the paper's table; context, never a claim."""

    name: str
    value: str | None
    verified: bool
    note: str


@dataclass(frozen=True, slots=True)
class Claim:
    """One reported value.

    Attributes:
        value: As printed, trailing zeros included.
        unit: `percent` is a rate times 100, `fraction` lies in [0, 1], `count` is a number of things.
        expected_rows: The set's size; None where it is unknown, and `expected_rows_reason` says why.
        prompt: None where it is unknown.
        judge: The judge that the paper names; None where it names none.
        verified: Two independent transcriptions agree.
    """

    id: str
    task: str
    metric: str
    value: str
    task_name: str = ""
    dataset: str = ""
    unit: Unit = "percent"
    direction: Direction = "higher"
    rounding: Rounding | None = None
    locator: Locator = Locator()
    variant: str = ""
    expected_rows: int | None = None
    expected_rows_reason: str = ""
    prompt: Prompt | None = None
    judge: str | None = None
    verified: bool = False
    source: str = ""
    notes: str | None = None
    other_columns: tuple[OtherColumn, ...] = ()

    @property
    def reported(self) -> Fraction:
        """The printed value as a number."""
        return Fraction(self.value)


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

    low: str
    high: str
    level: str
    method: str


@dataclass(frozen=True, slots=True)
class Skipped:
    """Rows that a rule of the convention leaves out."""

    rule: str
    reason: str
    rows: int


@dataclass(frozen=True, slots=True)
class Rows:
    """What happened to the rows of the set; None where it is not known."""

    expected: int | None
    scored: int | None
    skipped: tuple[Skipped, ...]
    missing: int | None
    error: int | None

    @property
    def coverage(self) -> Fraction:
        """The share of the set that was scored; 0 where unknown."""
        return Fraction(self.scored, self.expected) if self.scored is not None and self.expected else Fraction(0)


@dataclass(frozen=True, slots=True)
class Comparison:
    """A value beside the reported one.

    Attributes:
        kind: How it agrees.
        difference: The value less the reported one, signed, as a decimal string.
        truncated: Exact by truncation, not by rounding.
    """

    kind: Agreement = Agreement.NONE
    difference: str | None = None
    truncated: bool = False


@dataclass(frozen=True, slots=True)
class Bounds:
    """Worst-case bounds of the value on the whole set, in the claim's unit; None for no bound on that side.

    Attributes:
        unscored: How many units they allow for.
    """

    low: str | None
    high: str | None
    unscored: int


@dataclass(frozen=True, slots=True)
class Invalid:
    """Why a measurement can justify nothing: a code for programs, a text for people."""

    code: str
    text: str


@dataclass(frozen=True, slots=True)
class PredictionFile:
    """The file that a value was computed from."""

    path: str
    sha256: str
    meta_sha256: str | None = None
    model: str | None = None
    variant: str | None = None
    who: str | None = None
    when: str | None = None


@dataclass(frozen=True, slots=True)
class Measurement:
    """One value for one claim, or for a metric of its task that the paper does not report.

    Attributes:
        id: `CLAIM/ORIGIN/CONVENTION`, with `~2`, `~3` where that is not unique.
        convention: None where a record does not state its rule fully.
        value: In the claim's unit, as a decimal string; None where there is none.
        counts: The counts summed over the rows, by the metric's names.
        rule: A recorded value's rule in words.
        agreement: Of the value over what was scored.
        whole: Agreement on the whole set, without dropping, which the verdict looks at.
        bounds: Where units are missing: what the value on the whole set can be.
        without_dropping: The value of the same convention when no unit is dropped, where the convention drops units.
        identity: What is known of the rows beside the set's card; None for a recorded value.
        units: How many independent units (rows, or clusters of rows) an interval rests on.
        interval_note: Why there is no interval.
        invalid: Why it can justify nothing; empty for a usable value.
        conditions: The setting (batch size, precision) where one reproduction gives several values.
        unavailable: Why there is no value.
    """

    id: str
    claim: str | None
    convention: str | None
    origin: Origin
    value: str | None
    task: str = ""
    metric: str = ""
    interval: Interval | None = None
    rows: Rows | None = None
    counts: Mapping[str, int] | None = None
    rule: str | None = None
    agreement: Comparison = Comparison()
    whole: Agreement | None = None
    bounds: Bounds | None = None
    without_dropping: str | None = None
    identity: IdentityState | None = None
    units: int | None = None
    interval_note: str | None = None
    invalid: tuple[Invalid, ...] = ()
    note: str | None = None
    source: str | None = None
    conditions: str | None = None
    judge: str | None = None
    prediction: PredictionFile | None = None
    unavailable: str | None = None

    @property
    def valid(self) -> bool:
        """Whether it may justify anything."""
        return not self.invalid

    @property
    def recorded(self) -> bool:
        """Written down by a team, not computed here."""
        return self.origin == "recorded"

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
        card: The set card's id; None without one. layout: The card's layout that the rows fit best.
        rows: Rows of the file. expected: Rows of the whole set in that layout; None where it is unknown.
        prompts: What is known of the rows' prompts beside the claim's: same, other, mixed or unknown.
    """

    task: str
    path: str
    state: IdentityState
    card: str | None
    card_name: str | None
    layout: str | None
    rows: int
    expected: int | None
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
    value: str | None
    difference: str | None
    scored: int | None
    total: int | None


@dataclass(frozen=True, slots=True)
class Refused:
    """A reason for which measurements justify nothing."""

    code: Literal["refused"]
    text: str
    measurements: tuple[str, ...]


Reason: TypeAlias = Chosen | Refused


@dataclass(frozen=True, slots=True)
class DecisiveStep:
    """A step whose change to another defensible option changes the agreement, with the evidence for it.

    Attributes:
        axis: `normaliser`, `tokenizer`, ...
        option: The convention's option on it.
        grade: Of the best evidence that supports this step of this convention for this study.
        work: Which work that evidence is of; None where there is none.
    """

    axis: str
    option: str
    grade: Grade
    work: str | None = None


@dataclass(frozen=True, slots=True)
class Odds:
    """Look-elsewhere odds: the chance that one of so many values would have met a claim anywhere in their spread."""

    tried: int
    distinct: int | None = None
    low: str | None = None
    high: str | None = None
    chance: str | None = None
    crowded: str | None = None


@dataclass(frozen=True, slots=True)
class Gap:
    """Two neighbouring counts over a set of `n` between which the reported value would have to lie."""

    n: int
    below: int
    above: int | None


@dataclass(frozen=True, slots=True)
class Certificate:
    """The proof that no integer counts print the reported value."""

    schema: str
    value: str
    unit: str
    kind: str
    gaps: tuple[Gap, ...]


@dataclass(frozen=True, slots=True)
class Decision:
    """A claim's verdict: the rule that gave it, the measurement it rests on, and the reasons as data.

    Attributes:
        rule: The rule's number in the table, from 1.
        measurement: The measurement that speaks for the verdict, or the nearest one; None where there is none.
        origin: Whether it was recomputed or recorded.
        grade: Of the convention for this claim: the worst over the decisive steps; None where no step decides.
        decisive: The decisive steps of its convention; empty where no alternative disagrees; None where no alternatives
            were computed, so that every step counts as decisive.
        supporting: All measurements that made the rule apply, best first.
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
    """What a record says of a way of counting: where, and whether somebody opened it."""

    text: str
    kind: str = ""
    verified: bool = True
    links: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SurveyEntry:
    """What a work does on one or several tasks."""

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
    """A work's entry that supports a convention, and the grade it gives."""

    work: str
    entry: int
    grade: Grade


@dataclass(frozen=True, slots=True)
class GradedConvention:
    """A convention's grade with the entries that it comes from."""

    task: str
    metric: str
    convention: str
    grade: Grade
    works: tuple[SurveySupport, ...]


@dataclass(frozen=True, slots=True)
class CheckableStep:
    """How many works remain at one step of the count of what can be checked."""

    id: str
    text: str
    count: int
    works: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SurveyList:
    """The same count over the works of the group's own list; the fraction in percent."""

    records: int
    citing: int
    checkable: int
    fraction: str | None


@dataclass(frozen=True, slots=True)
class Checkable:
    """What part of the citing works can be checked; the fraction in percent."""

    steps: tuple[CheckableStep, ...] = ()
    unknown: tuple[str, ...] = ()
    fraction: str | None = None
    survey_list: SurveyList | None = None


@dataclass(frozen=True, slots=True)
class SurveyDisagreement:
    """Where a source says one thing of a work and the work's own code or text another."""

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
class Detection:
    """Outputs that a detector flags: `rows` of `of`, with a few ids."""

    detector: str
    fault: str
    rows: int
    of: int
    example_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PromptScore:
    """The value of the rows that were asked one prompt."""

    prompt: str
    rows: int
    value: str | None
    interval: Interval | None = None


@dataclass(frozen=True, slots=True)
class PromptTest:
    """The test of no difference between prompts."""

    name: str
    prompts: int
    permutations: int
    p: str


@dataclass(frozen=True, slots=True)
class PromptSensitivity:
    """One task's values by prompt."""

    convention: str
    metric: str
    rows: int
    prompts: tuple[PromptScore, ...]
    test: PromptTest | None = None


@dataclass(frozen=True, slots=True)
class Baseline:
    """What the best constant answer scores."""

    convention: str
    answer: str
    correct: int
    total: int


@dataclass(frozen=True, slots=True)
class Findings:
    """What was seen besides the values, by task.

    Attributes:
        probes: `probe-KIND` -> task -> the result, which has a schema of its own (`repro-audit/probe/1`).
    """

    detectors: Mapping[str, tuple[Detection, ...]] = field(default_factory=dict)
    prompts: Mapping[str, tuple[PromptSensitivity, ...]] = field(default_factory=dict)
    baselines: Mapping[str, tuple[Baseline, ...]] = field(default_factory=dict)
    probes: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.detectors or self.prompts or self.baselines or self.probes)


@dataclass(frozen=True, slots=True)
class Bootstrap:
    """The bootstrap's replicates and seed."""

    replicates: int
    seed: int


@dataclass(frozen=True, slots=True)
class InputFile:
    """A file that the audit read."""

    path: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Software:
    """What decides numbers besides our own code: the Unicode tables and the versions of libraries."""

    unicode: str = ""
    packages: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Signing:
    """How the audit is going to be signed: with a `key`, or with one made for this run (`ephemeral`)."""

    identity: Literal["key", "ephemeral"]


@dataclass(frozen=True, slots=True)
class AuditDocument:
    """audit.json: everything that the report says.

    Attributes:
        source_date_epoch: The audit's date, seconds since 1970.
        signing: None where nothing is going to be signed; then the key is absent.
    """

    # Read by the validating library: unknown keys and values of another type are errors, never converted.
    __pydantic_config__: ClassVar[Mapping[str, Any]] = {"extra": "forbid", "strict": True}

    schema: str
    source_date_epoch: int
    study: StudyFacts
    claims: tuple[Claim, ...]
    conventions: tuple[Convention, ...]
    measurements: tuple[Measurement, ...]
    verdicts: tuple[Decision, ...]
    project: Project = Project()
    rules: tuple[RuleText, ...] = ()
    identities: tuple[RowsIdentity, ...] = ()
    literature: Survey = Survey()
    findings: Findings = Findings()
    bootstrap: Bootstrap | None = None
    inputs: tuple[InputFile, ...] = ()
    software: Software = Software()
    signing: Signing | None = None
