"""What a study's schema cannot say about its claims: ids, tasks, metrics, models, runs, subsets, means, margins."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from audit._util.strict_yaml import Document, Field
from audit.errors import InputError
from audit.literature.study_tasks import Subset
from tasks.task import Task

Tasks = Mapping[str, Task]
Subsets = Mapping[str, Mapping[str, Subset]]


def check_claims(document: Document, tasks: Tasks, subsets: Subsets) -> None:
    """Check all claims of a study.

    Raises:
        InputError: The first problem, with file, line and field.
    """
    for field, what, fix in _problems(document, tasks, subsets):
        raise InputError(what, where=document.where(field), fix=fix)


_Problem = tuple[Field, str, str]


def _problems(document: Document, tasks: Tasks, subsets: Subsets) -> Iterator[_Problem]:
    data = document.data
    entries: list[Mapping[str, Any]] = data["claims"]
    metrics = {name for task in tasks.values() for name in task.conventions}
    for name in data["margins"]:
        if name not in metrics:
            yield ("margins", name), f"no task has the metric `{name}`", f"Metrics: {', '.join(sorted(metrics))}."
    seen: set[str] = set()
    for index, entry in enumerate(entries):
        place: Field = ("claims", index)
        for key, what, fix in (
            *_means(entry, entries, next(iter(data["variants"]))),
            *_names(entry, data, tasks, subsets),
            *_labels(entry, data),
            *_id(entry, seen),
        ):
            yield (*place, key), what, fix
        seen.add(entry["id"])


_Found = Iterator[tuple[str, str, str]]


def _means(entry: Mapping[str, Any], entries: list[Mapping[str, Any]], only: str) -> _Found:
    if "mean_of" not in entry:
        if "task" not in entry:
            yield "task", "the key `task` is missing", "Name one of the study's tasks, or list `mean_of`."
        return
    for key in ("task", "run", "subset", "runs", "deviation"):
        if key in entry:
            yield key, f"a mean of claims has no `{key}`", "Remove it."
    by_id = {other["id"]: other for other in entries}
    for name in entry["mean_of"]:
        part = by_id.get(name)
        if part is None:
            yield "mean_of", f"there is no claim `{name}`", "Name claims of this study."
        elif "mean_of" in part:
            yield "mean_of", f"the claim `{name}` is itself a mean", "Name the claims that it is the mean of."
        else:
            # Where a variant is not stated, there is only one.
            for key, absent in (
                ("metric", None),
                ("unit", None),
                ("direction", None),
                ("model", None),
                ("variant", only),
            ):
                if part.get(key, absent) != entry.get(key, absent):
                    yield "mean_of", f"the claim `{name}` has a different {key}", "A mean is over values of one kind."


def _names(entry: Mapping[str, Any], data: Mapping[str, Any], tasks: Tasks, subsets: Subsets) -> _Found:
    name, metric = entry.get("task"), entry["metric"]
    if name is not None and name not in tasks:
        yield "task", f"there is no task `{name}`", f"The study declares: {', '.join(tasks)}."
    elif name is not None and metric not in tasks[name].conventions:
        known = ", ".join(tasks[name].conventions)
        yield "metric", f"the task `{name}` has no metric `{metric}`", f"Metrics of its family: {known}."
    if "subset" in entry and entry["subset"] not in subsets.get(name or "", {}):
        known = ", ".join(subsets.get(name or "", {})) or "none"
        yield "subset", f"the task `{name}` has no subset `{entry['subset']}`", f"Its subsets: {known}."
    if "model" in entry and entry["model"] not in data.get("models", {}):
        known = ", ".join(data.get("models", {})) or "none"
        yield "model", f"the model `{entry['model']}` is not described", f"Described under `models`: {known}."
    if metric not in data["margins"]:
        fix = f"Add `{metric}:` with a value and a reason under `margins`."
        yield "metric", f"the metric `{metric}` has no margin", fix
    if ("deviation" in entry) != ("runs" in entry):
        key = "deviation" if "deviation" in entry else "runs"
        yield key, "a deviation and the number of runs belong together", "State both, or neither."


def _labels(entry: Mapping[str, Any], data: Mapping[str, Any]) -> _Found:
    variant = entry.get("variant")
    if variant is not None and "model" not in entry and variant not in data["variants"]:
        fix = "Use one of: " + ", ".join(data["variants"]) + "; or describe it under `variants`."
        yield "variant", f"the variant `{variant}` is not described", fix
    if variant is None and "model" not in entry and len(data["variants"]) > 1:
        yield "variant", "the key `variant` is missing", "Use one of: " + ", ".join(data["variants"]) + "."
    source = entry.get("source")
    for label in [] if source is None else source.split(", "):
        if label not in data["sources"]:
            fix = "Use labels of `sources`, joined by a comma and a space: " + ", ".join(data["sources"]) + "."
            yield "source", f"the source `{label}` is not described", fix


def _id(entry: Mapping[str, Any], seen: set[str]) -> _Found:
    name = entry["id"]
    base = f"{entry.get('task', 'mean')}.{entry['metric']}"
    stem, at, label = name.partition("@")
    if stem != base or (at and not label) or ("mean_of" in entry and not at):
        fix = f"Write {base}@LABEL." if at or "mean_of" in entry else f"Write {base}, or {base}@LABEL."
        yield "id", f"the id `{name}` differs from task and metric", fix
    if name in seen:
        yield "id", f"duplicate claim `{name}`", f"Remove one of them, or write {base}@LABEL."
