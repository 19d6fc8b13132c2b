"""Answers about a table's labels: from options, from a YAML file, or from questions at a terminal."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeAlias

from audit.errors import InputError
from audit.literature.drafts.names import Role
from audit.literature.schema import load_checked
from audit.literature.tables.table import Cell
from tasks.errors import DeclarationError
from tasks.registry import build
from tasks.task import Task, declare

SKIP = "skip"
BETWEEN = " > "


@dataclass(frozen=True, slots=True)
class OtherModel:
    """What an answer says about another model; what is None follows from its label."""

    id: str | None = None
    name: str | None = None
    role: Role | None = None
    skip: bool = False


@dataclass(frozen=True, slots=True)
class Answers:
    """What is known beside the table.

    Attributes:
        labels: Label, or a path of labels -> TASK.METRIC, TASK/SUBSET.METRIC, TASK, .METRIC or skip.
        models: Label of another model -> what is said of it.
        tasks: Tasks that no study declares yet, by id, as YAML entries.
        model: The label of the audited model; `none` if no label names it; None if unknown.
        facts: `id`, `title`, `paper`, `model_name`, `table`, `runs`, as far as they are given.
    """

    labels: Mapping[str, str] = field(default_factory=dict)
    models: Mapping[str, OtherModel] = field(default_factory=dict)
    tasks: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    model: str | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)

    def meaning(self, cell: Cell, model: str | None) -> tuple[str, str, bool]:
        """The task (`TASK` or `TASK/SUBSET`) and the metric that answers give for a cell, and whether to leave it out.

        Task and metric are "" if no answer gives them.

        A path of labels counts more than a single label, and a column's label more than a row's.

        Args:
            cell: The cell.
            model: The label of its model, which says nothing about task and metric.
        """
        known = {_key(label): value for label, value in self.labels.items()}
        task = metric = ""
        for label in paths(cell, model):
            value = known.get(_key(label))
            if value is None:
                continue
            if value == SKIP:
                return "", "", True
            left, _, right = value.partition(".")
            task, metric = task or left, metric or right
        return task, metric, False

    def other(self, label: str) -> OtherModel:
        """What is said of the model with a label."""
        known = {_key(name): value for name, value in self.models.items()}
        return known.get(_key(label), OtherModel())

    def declared(self) -> dict[str, Task]:
        """The tasks that the answers declare.

        Raises:
            InputError: A family or a parameter is unknown or missing.
        """
        found: dict[str, Task] = {}
        for name, entry in self.tasks.items():
            try:
                found[name] = build(declare(name, entry["family"], entry.get("parameters"), name=entry.get("name", ""),
                                            dataset=entry.get("dataset", ""), card=entry.get("set")))  # fmt: skip
            except DeclarationError as error:
                raise InputError(error.what, where=f"the task {name}", fix=error.fix) from None
        return found

    def subsets(self) -> dict[str, dict[str, Mapping[str, Any]]]:
        """The subsets of the tasks that the answers declare, by task and name."""
        return {name: dict(entry.get("subsets", {})) for name, entry in self.tasks.items()}

    def with_labels(self, labels: Mapping[str, str]) -> Answers:
        """These answers and further ones; the further ones count more."""
        return replace(self, labels={**self.labels, **labels})


Given: TypeAlias = Sequence[str]


def paths(cell: Cell, model: str | None) -> list[str]:
    """The ways to name a cell's labels in an answer, the most exact first."""
    rows = [BETWEEN.join(cell.row), BETWEEN.join(label for label in cell.row if label != model)]
    column = BETWEEN.join(cell.column)
    both = [f"{row}{BETWEEN}{column}" for row in rows if row and column]
    part = [f"{column}{BETWEEN}{cell.part}", cell.part] if cell.part else []
    named = [*both, *part, column, *reversed(cell.column), *rows, *reversed(cell.row)]
    return list(dict.fromkeys(label for label in named if label))


def load_answers(path: str | Path) -> Answers:
    """Read a file of answers.

    Raises:
        InputError: It is invalid, with file, line and field.
    """
    data = load_checked(path, "answers").data
    models = {
        label: OtherModel(skip=True)
        if entry == SKIP
        else OtherModel(entry.get("id"), entry.get("name"), entry.get("role"))
        for label, entry in data.get("models", {}).items()
    }
    facts = {key: data[key] for key in ("id", "title", "paper", "model_name", "table", "runs") if key in data}
    return Answers(data.get("labels", {}), models, data.get("tasks", {}), data.get("model"), facts)


def from_options(answers: Answers, labels: Given, tasks: Given, roles: Given) -> Answers:
    """The answers with those that options give: `LABEL=TASK.METRIC`, `ID=FAMILY,set=CARD,KEY=VALUE`, `LABEL=ROLE`.

    Raises:
        InputError: An option is not of its form.
    """
    named = dict(answers.labels)
    for text in labels:
        label, value = _pair(text, "--answer", "LABEL=TASK.METRIC, LABEL=TASK, LABEL=.METRIC or LABEL=skip")
        named[label] = value
    declared = dict(answers.tasks)
    for text in tasks:
        name, value = _pair(text, "--task", "ID=FAMILY,set=CARD,dataset=TEXT,PARAMETER=VALUE")
        declared[name] = _declaration(value)
    models = dict(answers.models)
    for text in roles:
        label, value = _pair(text, "--role", "LABEL=reference, LABEL=baseline, LABEL=ablation or LABEL=skip")
        match value:
            case "reference" | "baseline" | "ablation":
                models[label] = replace(models.get(label, OtherModel()), role=value)
            case "skip":
                models[label] = OtherModel(skip=True)
            case _:
                raise InputError(
                    f"--role {text}: `{value}` is no role", fix="Use reference, baseline, ablation or skip."
                )
    return replace(answers, labels=named, tasks=declared, models=models)


def _declaration(text: str) -> dict[str, Any]:
    # A comma inside a value stays: dataset=MMAU test-mini, sound.
    family, *others = (part.strip() for part in re.split(r",(?=\s*[\w-]+\s*=)", text))
    entry: dict[str, Any] = {"family": family}
    parameters: dict[str, Any] = {}
    for other in others:
        key, _, value = (part.strip() for part in other.partition("="))
        if key in {"set", "dataset", "name"}:
            entry[key] = value
        else:
            parameters[key] = {"true": True, "false": False}.get(value, int(value) if value.isdigit() else value)
    return {**entry, "parameters": parameters} if parameters else entry


def _pair(text: str, option: str, form: str) -> tuple[str, str]:
    # A label may contain `=`, a declaration does after the first.
    parts = text.partition("=") if option == "--task" else text.rpartition("=")
    label, equals, value = (part.strip() for part in parts)
    if not equals or not label or not value:
        raise InputError(f"{option} {text} is not of its form", fix=f"Write {option} '{form}'.")
    return label, value


def _key(label: str) -> str:
    return " ".join(label.split()).casefold()
