"""Studies under audit: YAML in, frozen values out.

A claim's value is kept as the string that the paper prints: its last digit gives its precision.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from audit._util.paths import LITERATURE
from audit._util.strict_yaml import Document, Field
from audit.errors import InputError
from audit.literature.schema import load_checked
from audit.schema import Claim, Locator, Margin, OtherColumn, Paper, Prompt, Rounding, StudyFacts
from tasks.statistics.printed import rounding_interval


@dataclass(frozen=True, slots=True)
class Study:
    """A paper under audit.

    Attributes:
        facts: The study's metadata, with a margin for every claimed metric.
        claims: In the paper's order.
        path: The file.
    """

    facts: StudyFacts
    claims: tuple[Claim, ...]
    path: Path

    @property
    def id(self) -> str:
        """The study's id."""
        return self.facts.id

    def claim(self, task: str, metric: str) -> Claim | None:
        """The claim on one metric of one task, or None."""
        return next((c for c in self.claims if (c.task, c.metric) == (task, metric)), None)


def study_file(literature: Path, study_id: str) -> Path:
    """The file of a study.

    Raises:
        InputError: No study has this id.
    """
    path = literature / "studies" / f"{study_id}.yaml"
    if not path.is_file():
        known = ", ".join(sorted(p.stem for p in path.parent.glob("*.yaml"))) or "none"
        raise InputError(f"there is no study {study_id}", where=str(path), fix=f"Known studies: {known}.")
    return path


def load_study(path: str | Path) -> Study:
    """Read `literature/studies/NAME.yaml`.

    Raises:
        InputError: The file is invalid under the schema, a task or metric is not in `tasks/`, an id is a duplicate or not
            TASK.METRIC, a metric has no margin, or a source's label or a variant is not described.
    """
    document = load_checked(path, "study")
    data = document.data
    _check_ids(document)
    claims: list[Claim] = []
    for index, entry in enumerate(data["claims"]):
        claim = _claim(entry)
        _check_claim(claim, [c.id for c in claims], document, index)
        claims.append(claim)
    facts = StudyFacts(
        id=data["id"],
        title=data["title"],
        model=data["model"],
        variants=data["variants"],
        paper=Paper(**data["paper"]),
        sources=data["sources"],
        prompts_note=data["prompts_note"],
        not_found=tuple(data["not_found"]),
        margins={metric: Margin(**entry) for metric, entry in sorted(data["margins"].items())},
    )
    return Study(facts, tuple(claims), document.path)


def claimed_unit(task: str, metric: str, literature: Path = LITERATURE) -> Literal["percent", "fraction"] | None:
    """The unit in which a study claims a metric of a task; None if no study claims it, or if it is a count."""
    for path in sorted((literature / "studies").glob("*.yaml")):
        claim = load_study(path).claim(task, metric)
        if claim is not None and claim.unit != "count":
            return claim.unit
    return None


def _check_ids(document: Document) -> None:
    from tasks.registry import tasks

    metrics = {name for task in tasks().values() for name in task.conventions}
    named: list[tuple[Field, str]] = [(("margins", name), name) for name in document.data["margins"]]
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
    from tasks.registry import tasks

    derived = {"dataset", "split", "locator", "prompt", "other_columns"}
    interval = rounding_interval(entry["value"])
    return Claim(
        task_name=tasks()[entry["task"]].name,
        dataset=", ".join(part for part in (entry["dataset"], entry["split"]) if part),
        rounding=Rounding(format(interval.low, "f"), format(interval.high, "f")),
        locator=Locator(**entry["locator"]),
        prompt=Prompt(**entry["prompt"]) if entry["prompt"] else None,
        other_columns=tuple(
            OtherColumn(name, column["value"], column["verified"], column["detail"])
            for name, column in entry["other_columns"].items()
        ),
        **{key: value for key, value in entry.items() if key not in derived},
    )


def _check_claim(claim: Claim, earlier: list[str], document: Document, index: int) -> None:
    place = ("claims", index)
    data = document.data
    if claim.id != f"{claim.task}.{claim.metric}":
        raise InputError(
            f"the id `{claim.id}` differs from task and metric",
            where=document.where((*place, "id")),
            fix=f"Write {claim.task}.{claim.metric}.",
        )
    if claim.id in earlier:
        raise InputError(
            f"duplicate claim `{claim.id}`",
            where=document.where((*place, "id")),
            fix="Remove one of them.",
        )
    if claim.metric not in data["margins"]:
        raise InputError(
            f"the metric `{claim.metric}` has no margin",
            where=document.where((*place, "metric")),
            fix=f"Add `{claim.metric}:` with a value and a reason under `margins`.",
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
