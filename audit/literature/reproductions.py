"""Reproductions: values recorded by reproduction teams, read from YAML.

A recorded value has no predictions and cannot be recomputed; facts that its record does not state are None.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any, Literal

from audit._util.strict_yaml import Document, load
from audit.errors import InputError
from audit.facts import WHOLE
from audit.literature.schema import checked
from audit.literature.studies import Study
from audit.schema import Observation


@dataclass(frozen=True, slots=True)
class Recorded:
    """A value recorded by a reproduction team.

    Attributes:
        value: As printed, in the claim's unit; None if the task was not run.
        kept: The number of scored rows; None if unknown.
        total: The number of rows in the set; None if unknown.
        correct: The numerator, if recorded; over `denominator`, or over `kept` if that is None.
        convention: The id of this rule in `tasks/`; None if the rule is not fully known.
        rule: The rule in words.
        invalid: Why the value cannot justify a claim; None if it can.
        variant: The model variant that was run.
        conditions: The setting (batch, precision), if a reproduction has several values.
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
class Reproduction:
    """A reproduction with its recorded values.

    Attributes:
        predictions: A folder of prediction files, relative to the project; None if they are not public.
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
    findings: tuple[Observation, ...]
    recorded: tuple[Recorded, ...]
    path: Path


def load_reproduction(path: str | Path, study: Study, root: str | Path | None = None) -> Reproduction:
    """Read `literature/reproductions/NAME.yaml`, with its findings.

    Args:
        path: The file.
        study: The study that it reproduces.
        root: The project's folder, which no path in a record may leave; by default the folder that contains
            `literature/`, or else the file's own folder.

    Raises:
        InputError: The file is invalid under the schema, or names a different study, a claim that the study does not
            make, more kept rows than rows, a value that contradicts its counts, or a path outside the project.
    """
    return _reproduction(load(path), study, root)


@dataclass(frozen=True, slots=True)
class Reproductions:
    """What is recorded about one study.

    Attributes:
        of_study: The study's reproductions, in the order of their file names.
        observed: What they found, and what reproductions of other studies found about this one.
        files: The files of both.
    """

    of_study: tuple[Reproduction, ...]
    observed: tuple[Observation, ...]
    files: tuple[Path, ...]


def load_reproductions(folder: str | Path, study: Study) -> Reproductions:
    """Read what a folder of reproductions records about one study.

    Raises:
        InputError: See `load_reproduction`. Records that do not name the study only have to be YAML.
    """
    of_study: list[Reproduction] = []
    observed: list[Observation] = []
    files: list[Path] = []
    for path in sorted(Path(folder).glob("*.yaml")):
        document = load(path)
        if _about(document, study):
            of_study.append(_reproduction(document, study))
            found = list(of_study[-1].findings)
        elif study.id in str(document.data.get("findings")):
            data = checked(document, "reproduction").data
            named = (entry for entry in data["findings"] if study.id in entry.get("studies", ()))
            found = [_observation(entry, data["id"]) for entry in named]
            if not found:
                continue
        else:
            continue
        observed += found
        files.append(path)
    return Reproductions(tuple(of_study), tuple(observed), tuple(files))


def _about(document: Document, study: Study) -> bool:
    """Whether a record is of this study; one that is no mapping is, so that its error is told."""
    return not isinstance(document.data, dict) or document.data.get("study") == study.id


def _observation(entry: Mapping[str, Any], reproduction: str) -> Observation:
    return Observation(**{key: value for key, value in entry.items() if key != "studies"}, reproduction=reproduction)


def _reproduction(document: Document, study: Study, root: str | Path | None = None) -> Reproduction:
    data = checked(document, "reproduction").data
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
        findings=tuple(_observation(entry, data["id"]) for entry in data["findings"]),
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
    rate = Decimal(value.correct) / base * (WHOLE[claim.unit] or 1)
    printed = Decimal(value.value)
    # Papers and scripts round ties either way; counts that match neither are a mistake in the record.
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
    # resolve() follows symbolic links, so links that lead out of the project are rejected too.
    if Path(text).is_absolute() or not (root / text).resolve().is_relative_to(root.resolve()):
        raise InputError(
            f"the path {text} leaves the project",
            where=document.where(field),
            fix="Name a file or folder inside the project, relative to it.",
        )
