"""Studies under audit and what reproduction teams recorded: YAML in, frozen values out.

A claim's value stays the string that the paper prints: its last digit says how far it is rounded. A recorded
value has no predictions behind it and can never be recomputed; what its record does not say stays null here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any, Literal, TypeAlias

from audit._util.strict_yaml import Document, Field
from audit.errors import InputError
from audit.literature.schema import load_checked

Unit: TypeAlias = Literal["percent", "fraction", "count"]
Direction: TypeAlias = Literal["lower", "higher"]


@dataclass(frozen=True, slots=True)
class Locator:
    """Where in the paper a value is printed."""

    table: str
    row: str
    column: str


@dataclass(frozen=True, slots=True)
class Column:
    """A value of the same row in another column; context, never a claim."""

    value: str | None
    verified: bool
    detail: str


@dataclass(frozen=True, slots=True)
class Tolerance:
    """How near counts as near for one metric, in the unit of the study's claims, and why."""

    value: str
    reason: str


@dataclass(frozen=True, slots=True)
class Claim:
    """One reported value.

    Attributes:
        value: As printed, trailing zeros included.
        unit: `percent` is a rate times 100, `fraction` lies in [0, 1], `count` is a number of things.
        expected_rows: The set's size; None where it is unknown, `expected_rows_reason` says why.
        prompt: The instruction without the speech placeholder; `{}` in it stands for what varies by row. None
            where it is unknown.
        judge: The judge the paper names; None where no judge is named.
        verified: Two independent transcriptions agree.
    """

    id: str
    task: str
    metric: str
    value: str
    unit: Unit
    direction: Direction
    locator: Locator
    variant: str
    expected_rows: int | None
    prompt: str | None
    verified: bool
    source: str
    notes: str | None
    expected_rows_reason: str
    prompt_key: str | None
    judge: str | None
    dataset: str
    split: str
    other_columns: Mapping[str, Column]


@dataclass(frozen=True, slots=True)
class Paper:
    """The identity of the paper that makes the claims."""

    title: str
    authors_first: str
    year: int
    venue: str
    arxiv: str | None
    url: str | None


@dataclass(frozen=True, slots=True)
class Study:
    """A paper under audit.

    Attributes:
        tolerances: Metric -> tolerance; every metric of a claim is in it.
        sources: Label used in claims' `source` -> the source in words.
        not_found: What no source states, one sentence each.
    """

    id: str
    title: str
    paper: Paper
    claims: tuple[Claim, ...]
    tolerances: Mapping[str, Tolerance]
    model: str
    variants: Mapping[str, str]
    sources: Mapping[str, str]
    prompts_note: str
    not_found: tuple[str, ...]
    path: Path

    def claim(self, task: str, metric: str) -> Claim | None:
        """The claim on one metric of one task, or None."""
        return next((c for c in self.claims if (c.task, c.metric) == (task, metric)), None)


@dataclass(frozen=True, slots=True)
class Recorded:
    """A value that a reproduction team wrote down.

    Attributes:
        value: As printed, in the claim's unit; None where the task was not run.
        kept: Rows scored. total: rows in the set. None where unknown.
        correct: The numerator, where it was recorded; over `denominator`, or over `kept` where that is None.
        convention: The id in `tasks/` that counts by the same rule; None where the rule is not fully known.
        rule: The rule in words.
        invalid: Why the value can justify nothing; None for a usable one.
        variant: The model's variant that was run.
        conditions: The setting (batch, precision) where one reproduction gives several values.
        reproduction: The id of the reproduction.
    """

    task: str
    metric: str
    value: str | None
    kept: int | None
    total: int | None
    correct: int | None
    denominator: int | None
    convention: str | None
    rule: str
    invalid: str | None
    judge: str | None
    note: str | None
    source: str
    variant: str
    conditions: str | None
    reproduction: str


@dataclass(frozen=True, slots=True)
class Finding:
    """Something a team found beside its values, for instance how outputs change with the batch size."""

    id: str
    statement: str
    numbers: Mapping[str, str | int]
    source: str


@dataclass(frozen=True, slots=True)
class Reproduction:
    """A reproduction with its recorded values.

    Attributes:
        predictions: A folder of prediction files, relative to the project; None where they are not public.
    """

    id: str
    study: str
    title: str
    origin: Literal["recorded"]
    team: str
    repo: str
    commit: str
    variant: str
    setup: str
    predictions: str | None
    findings: tuple[Finding, ...]
    recorded: tuple[Recorded, ...]
    path: Path


def load_study(path: str | Path) -> Study:
    """Read `literature/studies/NAME.yaml`.

    Raises:
        InputError: The file does not fit the schema, a task or metric is not in `tasks/`, an id is there twice
            or is not TASK.METRIC, a metric has no tolerance, a source's label is unknown, or a variant is not described.
    """
    document = load_checked(path, "study")
    data = document.data
    _check_ids(document)
    claims: list[Claim] = []
    for index, entry in enumerate(data["claims"]):
        claim = _claim(entry)
        _check_claim(claim, [c.id for c in claims], document, index)
        claims.append(claim)
    return Study(
        id=data["id"],
        title=data["title"],
        paper=Paper(**data["paper"]),
        claims=tuple(claims),
        tolerances={metric: Tolerance(**entry) for metric, entry in data["tolerances"].items()},
        model=data["model"],
        variants=data["variants"],
        sources=data["sources"],
        prompts_note=data["prompts_note"],
        not_found=tuple(data["not_found"]),
        path=document.path,
    )


def _check_ids(document: Document) -> None:
    from tasks.registry import tasks

    metrics = {name for task in tasks().values() for name in task.conventions}
    named: list[tuple[Field, str]] = [(("tolerances", name), name) for name in document.data["tolerances"]]
    for index, entry in enumerate(document.data["claims"]):
        named += [(("claims", index, key), entry[key]) for key in ("task", "metric")]
    for field, name in named:
        kind = "task" if field[-1] == "task" else "metric"
        if name not in (tasks() if kind == "task" else metrics):
            raise InputError(
                f"there is no {kind} `{name}`",
                where=document.where(field),
                fix="`repro-audit conventions` lists tasks and metrics.",
            )


def _claim(entry: Mapping[str, Any]) -> Claim:
    plain = {key: value for key, value in entry.items() if key not in {"locator", "prompt", "other_columns"}}
    prompt = entry["prompt"] or {"key": None, "text": None}
    return Claim(
        locator=Locator(**entry["locator"]),
        prompt=prompt["text"],
        prompt_key=prompt["key"],
        other_columns={name: Column(**column) for name, column in entry["other_columns"].items()},
        **plain,
    )


def _check_claim(claim: Claim, earlier: list[str], document: Document, index: int) -> None:
    place = ("claims", index)
    data = document.data
    if claim.id != f"{claim.task}.{claim.metric}":
        raise InputError(
            f"the id `{claim.id}` is not its task and metric",
            where=document.where((*place, "id")),
            fix=f"Write {claim.task}.{claim.metric}.",
        )
    if claim.id in earlier:
        raise InputError(
            f"the claim `{claim.id}` is there twice",
            where=document.where((*place, "id")),
            fix="Remove one of the two.",
        )
    if claim.metric not in data["tolerances"]:
        raise InputError(
            f"the metric `{claim.metric}` has no tolerance",
            where=document.where((*place, "metric")),
            fix=f"Add `{claim.metric}:` with value and reason under `tolerances`.",
        )
    if claim.variant not in data["variants"]:
        raise InputError(
            f"the variant `{claim.variant}` is not described",
            where=document.where((*place, "variant")),
            fix="Use one of: " + ", ".join(data["variants"]) + "; or describe it under `variants`.",
        )
    for label in claim.source.split(", "):
        if label not in data["sources"]:
            raise InputError(
                f"the source `{label}` is not described",
                where=document.where((*place, "source")),
                fix="Use labels of `sources`, joined by a comma and a space: " + ", ".join(data["sources"]) + ".",
            )


def load_reproduction(path: str | Path, study: Study, root: str | Path | None = None) -> tuple[Recorded, ...]:
    """The recorded values of `literature/reproductions/NAME.yaml`; see `load_reproduction_record`.

    Raises:
        InputError: As `load_reproduction_record`.
    """
    return load_reproduction_record(path, study, root).recorded


def load_reproduction_record(path: str | Path, study: Study, root: str | Path | None = None) -> Reproduction:
    """Read `literature/reproductions/NAME.yaml`, with its findings.

    Args:
        path: The file.
        study: The study that it reproduces.
        root: The project's folder, which no path in a record may leave; by default the folder that holds
            `literature/`, or the file's own folder where there is none.

    Raises:
        InputError: The file does not fit the schema, names another study, a claim that the study does not
            make, more rows kept than there are, a value that its own counts contradict, or a path outside the
            project.
    """
    document = load_checked(path, "reproduction")
    data = document.data
    if data["study"] != study.id:
        raise InputError(
            f"the record is about the study `{data['study']}`, not `{study.id}`",
            where=document.where(("study",)),
        )
    _check_path(document, ("predictions",), data["predictions"], Path(root) if root else _root(document.path))
    recorded = tuple(_recorded(entry, document, study, index) for index, entry in enumerate(data["recorded"]))
    return Reproduction(
        id=data["id"],
        study=study.id,
        title=data["title"],
        origin="recorded",
        team=data["team"],
        repo=data["repo"],
        commit=data["commit"],
        variant=data["variant"],
        setup=data["setup"],
        predictions=data["predictions"],
        findings=tuple(Finding(**entry) for entry in data["findings"]),
        recorded=recorded,
        path=document.path,
    )


def _recorded(entry: Mapping[str, Any], document: Document, study: Study, index: int) -> Recorded:
    place = ("recorded", index)
    if study.claim(entry["task"], entry["metric"]) is None:
        raise InputError(
            f"the study makes no claim on {entry['metric']} of {entry['task']}",
            where=document.where((*place, "metric")),
            fix="Name a task and metric of the study: " + ", ".join(c.id for c in study.claims) + ".",
        )
    optional = ("correct", "denominator", "invalid", "judge", "note", "conditions")
    value = Recorded(
        task=entry["task"],
        metric=entry["metric"],
        value=entry["value"],
        kept=entry["kept"],
        total=entry["total"],
        convention=entry["convention"],
        rule=entry["rule"],
        source=entry["source"],
        variant=entry.get("variant", document.data["variant"]),
        reproduction=document.data["id"],
        **{key: entry.get(key) for key in optional},
    )
    _check_counts(value, document, place, study)
    return value


def _check_counts(value: Recorded, document: Document, place: tuple[str | int, ...], study: Study) -> None:
    if value.kept is not None and value.total is not None and value.kept > value.total:
        raise InputError(
            f"{value.kept} rows kept of {value.total}",
            where=document.where((*place, "kept")),
            fix="Correct the counts.",
        )
    base = value.denominator if value.denominator is not None else value.kept
    if value.correct is None or value.value is None or base is None:
        return
    claim = study.claim(value.task, value.metric)
    assert claim is not None
    rate = Decimal(value.correct) / base * (100 if claim.unit == "percent" else 1)
    printed = Decimal(value.value)
    # Papers and scripts round either way; a count that fits neither is a slip of the pen.
    if printed not in {rate.quantize(printed, rounding=r) for r in (ROUND_HALF_UP, ROUND_HALF_EVEN)}:
        raise InputError(
            f"{value.correct} of {base} is {rate:.6f}, not {value.value}",
            where=document.where((*place, "value")),
            fix="Correct the value or the counts.",
        )


def _root(path: Path) -> Path:
    full = path.resolve()
    return next((p.parent for p in full.parents if p.name == "literature"), full.parent)


def _check_path(document: Document, field: tuple[str | int, ...], text: str | None, root: Path) -> None:
    if text is None:
        return
    # resolve() follows links: a link that leads out of the project leaves it too.
    if Path(text).is_absolute() or not (root / text).resolve().is_relative_to(root.resolve()):
        raise InputError(
            f"the path {text} leaves the project",
            where=document.where(field),
            fix="Name a file or folder inside the project, relative to it.",
        )
