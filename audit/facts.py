"""What studies and records state, as frozen dataclasses: claims, the paper, models, margins; and the forms of values.

It imports nothing else of this project. The document of `audit.schema` consists of these values and its own.

All numbers are integers or decimal strings. Fields without a default are required in every document.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Annotated, Any, Literal, TypeAlias

Unit: TypeAlias = Literal["percent", "fraction", "of-5", "count"]
# What the whole is in each unit; None for counts.
WHOLE: Mapping[Unit, int | None] = {"percent": 100, "fraction": 1, "of-5": 5, "count": None}
Direction: TypeAlias = Literal["lower", "higher"]
Grade: TypeAlias = Literal["A", "B", "C", "D", "E"]


@dataclass(frozen=True, slots=True)
class Form:
    """What a text must look like, or how small a number may be; the reader of audit.json checks it.

    Attributes:
        pattern: A regular expression for the whole text; None for a number.
        longest: The most characters.
        least: The smallest number; None for a text.
    """

    pattern: str | None = None
    longest: int | None = None
    least: int | None = None

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> Any:  # pydantic's protocol
        """The validator's rule; this module itself needs no validation library."""
        from pydantic_core import core_schema

        if self.pattern is None:
            return core_schema.int_schema(ge=self.least, strict=True)
        return core_schema.str_schema(pattern=self.pattern, max_length=self.longest, strict=True)


DECIMAL = r"^[+-]?[0-9]+(\.[0-9]+)?$"
EXACT = r"^[+-]?[0-9]+(\.[0-9]+|/[1-9][0-9]*)?$"
DIGEST = r"^[0-9a-f]{64}$"
ID = r"^[a-z0-9]+(-[a-z0-9]+)*$"
# A number in plain decimal notation; no other notation, in which a short text can stand for a number of a billion digits.
Decimal: TypeAlias = Annotated[str, Form(DECIMAL, 400)]
# An exact number: an integer, a decimal number or a fraction `a/b`. Python reads integers of up to 4,300 digits.
Exact: TypeAlias = Annotated[str, Form(EXACT, 4000)]
Digest: TypeAlias = Annotated[str, Form(DIGEST, 64)]
# An id of which names of files are made.
Id: TypeAlias = Annotated[str, Form(ID, 100)]
Number: TypeAlias = Annotated[int, Form(least=0)]
Positive: TypeAlias = Annotated[int, Form(least=1)]


@dataclass(frozen=True, slots=True)
class Paper:
    """The paper that makes the claims; `read`: its values were read in the paper itself; `work`: the id of its own record."""

    title: str = ""
    authors_first: str = ""
    year: int | None = None
    venue: str = ""
    arxiv: str | None = None
    url: str | None = None
    read: bool = False
    work: str | None = None


@dataclass(frozen=True, slots=True)
class Margin:
    """How far two runs of one model may differ in one metric, in the unit of the study's claims.

    Attributes:
        value: As a decimal string.
        kind: `measured` by two runs that differ only in batch size, machine, precision or library versions; `cited`; or
            `assumed`, which is stated with every verdict that needs it.
        reason: The source of the value.
    """

    value: Decimal
    kind: Literal["measured", "cited", "assumed"] = "assumed"
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Tolerance:
    """The first edition's name for a margin; still read."""

    value: Decimal
    reason: str = ""


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """A model of the paper's tables besides the audited one.

    Attributes:
        role: `reference` (the value that the paper compares with), `baseline` (a different model) or `ablation` (the audited
            model without a part).
        names: Names under which prediction files may call it.
    """

    name: str
    role: Literal["reference", "baseline", "ablation"]
    names: tuple[str, ...] = ()
    note: str | None = None


@dataclass(frozen=True, slots=True)
class StudyFacts:
    """A study without its claims.

    Attributes:
        names: Names under which prediction files may call the audited model; empty if none is stated.
        models: Id -> other model of the paper's tables.
        variants: Variant -> the model.
        sources: Label in claims' `source` -> description of the source.
        not_found: Facts that no source states, one sentence each.
        margins: Metric -> margin.
        tolerances: Only in the first edition.
    """

    id: Id
    title: str = ""
    model: str = ""
    variants: Mapping[str, str] = field(default_factory=dict)
    paper: Paper = Paper()
    sources: Mapping[str, str] = field(default_factory=dict)
    prompts_note: str = ""
    not_found: tuple[str, ...] = ()
    margins: Mapping[str, Margin] = field(default_factory=dict)
    names: tuple[str, ...] = ()
    models: Mapping[str, ModelFacts] = field(default_factory=dict)
    tolerances: Mapping[str, Tolerance] | None = None


@dataclass(frozen=True, slots=True)
class Rounding:
    """The values that a printed value can stand for: `low` to `high`, as decimal strings."""

    low: Decimal
    high: Decimal


@dataclass(frozen=True, slots=True)
class Locator:
    """Where in the paper a value is printed."""

    table: str = ""
    row: str = ""
    column: str = ""


@dataclass(frozen=True, slots=True)
class Prompt:
    """An instruction: its key in the released prompts, and its text without the speech placeholder.

    `{}` in the text stands for the part that varies from row to row.
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
class Seen:
    """Where a printed string was found: the page of the paper's PDF, from 1, and the file's SHA-256."""

    page: Number
    sha256: Digest


@dataclass(frozen=True, slots=True)
class Claim:
    """One reported value.

    Attributes:
        value: As printed, trailing zeros included.
        task_short: The task as a header of narrow columns; a second word distinguishes tasks with the same first one.
        family: The task's family; empty for a mean of claims.
        model: The id of one of the study's `models`; None for the audited model.
        run: The run whose outputs are held against it (`TASK@RUN.jsonl`); None for the runs that no claim names.
        subset: The part of the set that it is about, by a name of the task; None for the whole set.
        mean_of: The claims of which it is the mean.
        deviation: The deviation printed after a plus-minus sign. runs: The number of runs of which `value` is the mean.
        seen: Where the printed string was found in the paper's PDF.
        unit: `percent` is a rate times 100, `fraction` lies in [0, 1], `count` is a number of things.
        expected_rows: The set's size; None if unknown, with the reason in `expected_rows_reason`.
        prompt: None if unknown.
        judge: The judge that the paper names, if any.
        verified: It was read at the place that `locator` names, or two independent transcriptions agree.
    """

    id: str
    task: str
    metric: str
    value: Decimal
    task_name: str = ""
    task_short: tuple[str, ...] = ()
    family: str = ""
    dataset: str = ""
    unit: Unit = "percent"
    direction: Direction = "higher"
    rounding: Rounding | None = None
    model: str | None = None
    run: str | None = None
    subset: str | None = None
    mean_of: tuple[str, ...] = ()
    deviation: Decimal | None = None
    runs: Number | None = None
    seen: Seen | None = None
    locator: Locator = Locator()
    variant: str = ""
    expected_rows: Number | None = None
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
class Unusable:
    """What a work does with outputs that it cannot use.

    Attributes:
        outcome: `kept` (scored like every other), `wrong`, `replaced` (by a fixed text) or `dropped`.
        rule: The rule in words.
        kept: The number of scored rows; None if no source states it.
        total: The number of rows before the rule; None if no source states it.
    """

    outcome: Literal["kept", "wrong", "replaced", "dropped"]
    rule: str
    kept: Number | None = None
    total: Number | None = None
