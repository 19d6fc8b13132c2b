"""Studies under audit: YAML in, frozen values out.

A claim's value is kept as the string that the paper prints: its last digit gives its precision.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from audit._util.strict_yaml import Document
from audit.facts import Claim, Locator, Margin, ModelFacts, OtherColumn, Paper, Prompt, Rounding, Seen, StudyFacts
from audit.literature.claim_checks import check_claims
from audit.literature.declared_conventions import DeclaredConvention
from audit.literature.schema import load_checked
from audit.literature.study_tasks import Subset, declared_subsets, declared_tasks
from tasks.statistics.printed import rounding_interval
from tasks.task import Task

# The task of a claim that is a mean of other claims.
MEAN = "mean"


@dataclass(frozen=True, slots=True)
class Study:
    """A paper under audit.

    Attributes:
        facts: The study's metadata, with a margin for every claimed metric.
        claims: In the paper's order, those on other models among them.
        path: The file.
        tasks: The tasks that it declares, by id.
        subsets: Parts of the tasks' sets, by task and name.
        conventions: The conventions in YAML that its tasks use, its own and those of files.
    """

    facts: StudyFacts
    claims: tuple[Claim, ...]
    path: Path
    tasks: Mapping[str, Task] = field(default_factory=dict)
    subsets: Mapping[str, Mapping[str, Subset]] = field(default_factory=dict)
    conventions: tuple[DeclaredConvention, ...] = ()

    @property
    def id(self) -> str:
        """The study's id."""
        return self.facts.id

    def claim(self, task: str, metric: str) -> Claim | None:
        """The claim on the audited model, one metric of one task and the whole set; None if the paper makes none."""
        return next((c for c in self.on(task) if c.metric == metric and c.model is None and c.run is None), None)

    def on(self, task: str, run: str | None = None, subset: str | None = None) -> tuple[Claim, ...]:
        """The claims that a run's outputs on a task, or on a part of its set, are held against.

        Args:
            task: The task's id.
            run: The run of a file `TASK@RUN.jsonl`; None for `TASK.jsonl`.
            subset: The part of the set; None for the whole set.
        """
        named = run if run in self.named_runs(task) else None
        return tuple(
            c for c in self.claims if c.task == task and not c.mean_of and c.run == named and c.subset == subset
        )

    def named_runs(self, task: str) -> frozenset[str]:
        """The runs that claims on a task name; all others belong to the claims that name none."""
        return frozenset(c.run for c in self.claims if c.task == task and c.run is not None)

    def model_names(self, claim: Claim) -> tuple[str, ...]:
        """The names under which prediction files may call the claim's model; empty if the study states none."""
        return self.facts.names if claim.model is None else self.facts.models[claim.model].names

    def other_names(self, claim: Claim) -> tuple[str, ...]:
        """The names of the study's models besides the claim's."""
        audited = () if claim.model is None else self.facts.names
        others = (model.names for key, model in self.facts.models.items() if key != claim.model)
        return (*audited, *(name for names in others for name in names))


def load_study(path: str | Path) -> Study:
    """Read a study, such as `literature/studies/NAME.yaml`.

    Raises:
        InputError: The file is invalid under the schema, a family, task, metric, model or subset is unknown, an id is a
            duplicate or not TASK.METRIC, a metric has no margin, or a source's label or a variant is not described; with file,
            line and field.
    """
    document = load_checked(path, "study")
    data = document.data
    tasks, conventions = declared_tasks(document)
    subsets = declared_subsets(document)
    check_claims(document, tasks, subsets)
    claims = tuple(_claim(entry, document, tasks) for entry in data["claims"])
    facts = StudyFacts(
        id=data["id"],
        title=data["title"],
        model=data["model"],
        variants=data["variants"],
        paper=Paper(**data["paper"]),
        sources=data["sources"],
        prompts_note=data.get("prompts_note", ""),
        not_found=tuple(data.get("not_found", ())),
        margins={metric: Margin(**entry) for metric, entry in sorted(data["margins"].items())},
        names=tuple(data.get("names", ())),
        models={name: _model(entry) for name, entry in data.get("models", {}).items()},
    )
    return Study(facts, _with_columns(claims, facts), document.path, tasks, subsets, conventions)


def _model(entry: Mapping[str, Any]) -> ModelFacts:
    names = tuple(entry.get("names", (entry["name"],)))
    return ModelFacts(entry["name"], entry["role"], names, entry.get("note"))


def _claim(entry: Mapping[str, Any], document: Document, tasks: Mapping[str, Task]) -> Claim:
    data = document.data
    task = tasks[entry["task"]] if "task" in entry else None
    interval = rounding_interval(entry["value"])
    dataset = ", ".join(part for part in (entry.get("dataset"), entry.get("split")) if part)
    model = entry.get("model")
    parts = entry.get("mean_of", ())
    declared = task.declaration if task else None
    return Claim(
        id=entry["id"],
        task=task.id if task else MEAN,
        metric=entry["metric"],
        value=entry["value"],
        task_name=task.name if task else f"Mean of {len(parts)}, {entry['id'].partition('@')[2]}",
        task_short=declared.short if declared else (),
        family=task.family if task else "",
        dataset=dataset or (task.dataset if task else ""),
        unit=entry["unit"],
        direction=entry["direction"],
        rounding=Rounding(format(interval.low, "f"), format(interval.high, "f")),
        model=model,
        # Outputs of a different model lie in a file of their own.
        run=entry.get("run", model),
        subset=entry.get("subset"),
        mean_of=tuple(parts),
        deviation=entry.get("deviation"),
        runs=entry.get("runs"),
        seen=Seen(**entry["seen"]) if "seen" in entry else None,
        locator=Locator(**entry["locator"]),
        variant=entry.get("variant", "" if model else next(iter(data["variants"]))),
        expected_rows=entry.get("expected_rows"),
        expected_rows_reason=entry.get("expected_rows_reason", ""),
        prompt=Prompt(**entry["prompt"]) if entry.get("prompt") else None,
        judge=entry.get("judge"),
        verified=entry.get("verified", False),
        source=entry.get("source", next(iter(data["sources"]))),
        notes=entry.get("notes"),
    )


def _with_columns(claims: tuple[Claim, ...], facts: StudyFacts) -> tuple[Claim, ...]:
    """The claims; those on the audited model with the values of other models beside them."""
    columns: dict[tuple[str, str, str | None], tuple[OtherColumn, ...]] = {}
    for c in claims:
        if c.model is not None and not c.mean_of:
            column = OtherColumn(facts.models[c.model].name, c.value, c.verified, c.notes or c.source)
            kind = (c.task, c.metric, c.subset)
            columns[kind] = (*columns.get(kind, ()), column)
    return tuple(
        c if c.model or c.mean_of else replace(c, other_columns=columns.get((c.task, c.metric, c.subset), ()))
        for c in claims
    )
