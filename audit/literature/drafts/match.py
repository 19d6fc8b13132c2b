"""Which claim a cell is: task, metric and model, by the names of its labels and by answers. What is unclear stays open."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from audit.errors import InputError
from audit.literature.drafts.answers import BETWEEN, Answers
from audit.literature.drafts.names import Names
from audit.literature.study_tasks import same_counting
from audit.literature.tables.labels import label_parts
from audit.literature.tables.table import Cell, Direction, Table
from tasks.task import Task

NONE = "none"


@dataclass(frozen=True, slots=True)
class Axis:
    """Where a table names its models: in a position of the row labels (after groups) or of the column labels."""

    side: Literal["row", "column"]
    position: int
    heading: str = ""

    def label(self, cell: Cell) -> str | None:
        """The cell's label on this axis; None if it has none."""
        if self.side == "column":
            return cell.column[self.position] if self.position < len(cell.column) else None
        if self.heading:
            named = zip(cell.row, cell.headings, strict=True)
            return next((label for label, heading in named if heading == self.heading), None)
        own = cell.row[cell.groups :]
        return own[self.position] if self.position < len(own) else None


@dataclass(frozen=True, slots=True)
class Matched:
    """A cell that is a claim.

    Attributes:
        model: The label of another model; None for the audited one.
        subset: The part of the task's set, by a name of the task; None for the whole set.
    """

    cell: Cell
    task: Task
    metric: str
    direction: Direction
    model: str | None
    subset: str | None = None


@dataclass(frozen=True, slots=True)
class Known:
    """The tasks that studies and answers declare, by id, and the subsets of their sets, by task and name."""

    tasks: Mapping[str, Task]
    subsets: Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Open:
    """A cell with a number whose task or metric is unclear: which, under which labels, and what may be meant."""

    cell: Cell
    missing: Literal["task", "metric", "task and metric", "model"]
    labels: str
    near: tuple[str, ...] = ()

    @property
    def why(self) -> str:
        """Why the cell is no claim, in words."""
        if self.missing == "model":
            return "no label says which model it is"
        return f"no {self.missing.replace(' and ', ' and no ')} by name"

    @property
    def option(self) -> str:
        """The option that answers, with what may be meant."""
        form = {"task": "TASK", "metric": ".METRIC", "task and metric": "TASK.METRIC", "model": "skip"}[self.missing]
        near = f"  (near: {', '.join(self.near)})" if self.near else ""
        return f"--answer '{self.labels}={form}'{near}"


@dataclass(frozen=True, slots=True)
class Left:
    """A cell that is no claim, and why."""

    cell: Cell
    why: str


@dataclass(frozen=True, slots=True)
class Match:
    """All cells of a table: claims, cells that are left out, and cells that are unclear."""

    claims: tuple[Matched, ...]
    left: tuple[Left, ...]
    unclear: tuple[Open, ...]
    axis: Axis | None

    @property
    def total(self) -> int:
        """The number of cells."""
        return len(self.claims) + len(self.left) + len(self.unclear)


def model_axis(table: Table, label: str, names: Names) -> Axis | None:
    """Where the table names its models, given the audited model's label; None for `none`.

    Raises:
        InputError: No label reads so, or labels in several places do.
    """
    if label.casefold() == NONE:
        return None
    wanted = _plain(label)
    found: dict[tuple[Literal["row", "column"], int], set[str]] = {}
    for cell in table.cells:
        own = cell.row[cell.groups :]
        for position, (text, heading) in enumerate(zip(own, cell.headings[cell.groups :], strict=True)):
            if _plain(text) == wanted:
                found.setdefault(("row", position), set()).add(heading)
        for position, text in enumerate(cell.column):
            if _plain(text) == wanted:
                found.setdefault(("column", position), set())
    # Panels may head one column in different ways.
    axes = [Axis(*place, headings.pop() if len(headings) == 1 else "") for place, headings in found.items()]
    axes = [axis for axis in axes if names.heads_models(axis.heading)] or axes
    if len(axes) == 1:
        return axes[0]
    known = ", ".join(dict.fromkeys(text for cell in table.cells for text in cell.labels))
    raise InputError(
        f"no label reads `{label}`" if not axes else f"labels in {len(axes)} places read `{label}`",
        where=table.where,
        fix=f"Labels: {known}. Give the audited model's label with --model, or `none` if the table has no label of it.",
    )


def match(table: Table, names: Names, known: Known, answers: Answers, audited: str) -> Match:
    """Match every cell of a table.

    Args:
        table: The table.
        names: What tables call things.
        known: The tasks that studies and the answers declare, with their subsets.
        answers: What is known beside the table.
        audited: The label of the audited model, or `none`.

    Raises:
        InputError: The audited model's label is unknown, or an answer names an unknown task or metric.
    """
    return _Matcher(table, names, known, answers, model_axis(table, audited, names), audited).match()


class _Matcher:
    def __init__(self, table: Table, names: Names, known: Known, answers: Answers, axis: Axis | None,
                 audited: str) -> None:  # fmt: skip
        self.table, self.names, self.answers = table, names, answers
        self.tasks, self.subsets = known.tasks, known.subsets
        self.axis, self.audited = axis, audited
        self.columns = len({cell.column for cell in table.cells})
        self.metrics = {metric for task in known.tasks.values() for metric in task.conventions}

    def match(self) -> Match:
        claims: list[Matched] = []
        left: list[Left] = []
        unclear: list[Open] = []
        for cell in self.table.cells:
            match self._one(cell):
                case Matched() as found:
                    claims.append(found)
                case Left() as found:
                    left.append(found)
                case Open() as found:
                    unclear.append(found)
        return Match(tuple(claims), tuple(left), tuple(unclear), self.axis)

    def _one(self, cell: Cell) -> Matched | Left | Open:
        if cell.value is None:
            return Left(cell, cell.why)
        label = None if self.axis is None else self.axis.label(cell)
        answer, metric, skip = self.answers.meaning(cell, label)
        subset = answer.partition("/")[2]
        if skip:
            return Left(cell, "an answer leaves it out")
        if not (answer and metric) and (reason := self._no_result(cell)):
            return Left(cell, reason)
        if self.axis is not None and label is None:
            return Open(cell, "model", BETWEEN.join(cell.labels))
        if label is not None and self.answers.other(label).skip:
            return Left(cell, f"an answer leaves out the model {label}")
        pool = _pool(cell, label)
        metric = metric or self._metric(pool)
        if metric and metric not in self.metrics:
            return Left(cell, f"no task at hand is counted by {metric}")
        task = self._task(answer, pool, metric)
        if task is None or not metric:
            missing: Literal["task", "metric", "task and metric"] = (
                "task and metric" if task is None and not metric else "task" if task is None else "metric"
            )
            near = self._near(pool, metric) if task is None else tuple(task.conventions)
            return Open(cell, missing, self._labels(cell, label), near)
        inside = self._subsets_in(task, pool)
        if not answer and inside:
            return Open(cell, "task", self._labels(cell, label), tuple(f"{task.id}/{name}" for name in inside))
        if metric not in task.conventions:
            return Left(cell, f"the family {task.family} of {task.id} has no metric {metric}")
        direction = self.names.directions.get(metric) or cell.direction
        if direction is None:
            return Left(cell, f"no name and no arrow says whether {metric} is better high or low")
        if cell.direction not in {None, direction}:
            return Left(cell, f"the arrow contradicts {metric}, which is better {direction}")
        other = None if label is None or _plain(label) == _plain(self.audited) else label
        return Matched(cell, task, metric, direction, other, subset or None)

    def _no_result(self, cell: Cell) -> str | None:
        for label in (*cell.column, *cell.row):
            if self.names.describes(label):
                return f"`{label}` describes data or models"
            if self.names.is_change(label):
                return f"`{label}` is a difference"
        signs = {"+": "its sign makes it a difference", "-": "it is negative"}
        return signs.get(cell.text.strip().replace("−", "-").replace("–", "-")[:1])

    def _metric(self, pool: Sequence[str]) -> str:
        """The one metric that the labels name; else the one that the caption names."""
        found = {metric for text in pool for metric in self.names.metrics_in(text)}
        if not found:
            found = set(self.names.metrics_in(self.table.caption or ""))
        return found.pop() if len(found) == 1 else ""

    def _task(self, answer: str, pool: Sequence[str], metric: str) -> Task | None:
        task_id, _, subset = answer.partition("/")
        if task_id:
            if task_id not in self.tasks:
                raise InputError(
                    f"an answer names the task `{task_id}`, which no study declares",
                    fix=f"Declare it with --task '{task_id}=FAMILY,set=CARD', or use one of: {', '.join(self.tasks)}.",
                )
            if subset and subset not in self.subsets.get(task_id, {}):
                known = ", ".join(self.subsets.get(task_id, {})) or "none"
                raise InputError(f"the task `{task_id}` has no subset `{subset}`", fix=f"Its subsets: {known}.")
            return self.tasks[task_id]
        text, caption = " ".join(pool), self.table.caption or ""
        cards = self.names.cards_in(text, caption)
        if not cards and not self.names.near_cards(text, caption):
            cards = self.names.cards_in(f"{caption} {text}", caption)
        found = [t for t in self.tasks.values() if t.card in cards and (not metric or metric in t.conventions)]
        return found[0] if found and all(same_counting(found[0], other) for other in found) else None

    def _subsets_in(self, task: Task, pool: Sequence[str]) -> list[str]:
        """The subsets that labels name, in whatever sense: a group of rows called Speech may be one, or not."""
        words = {word for text in pool for word in re.findall(r"[^\W_]+", text.casefold())}
        return [name for name in self.subsets.get(task.id, {}) if set(name.split("-")) <= words]

    def _near(self, pool: Sequence[str], metric: str) -> tuple[str, ...]:
        """The tasks whose data set the labels name, whatever the split; with the subsets that they name."""
        cards = self.names.near_cards(" ".join(pool), self.table.caption or "")
        found: list[str] = []
        for task in self.tasks.values():
            if task.card in cards and (not metric or metric in task.conventions):
                found += [f"{task.id}/{name}" for name in self._subsets_in(task, pool)] or [task.id]
        return tuple(found)[:4]

    def _labels(self, cell: Cell, model: str | None) -> str:
        """The labels to name in an answer: those of the side that tells tasks and metrics apart."""
        if cell.part:
            return BETWEEN.join((*cell.column, cell.part))
        row = BETWEEN.join(label for label in cell.row[cell.groups :] if label != model)
        by_column = self.columns > 1 and (self.axis is None or self.axis.side == "row")
        return BETWEEN.join(cell.column) if by_column or not row else row


def _pool(cell: Cell, model: str | None) -> list[str]:
    """The texts to match: all labels but the model's; of a label with parts, what belongs to the cell's part."""
    texts: list[str] = []
    for label in cell.labels:
        if label == model:
            continue
        texts.append(_of_part(label, cell.part) if cell.part and cell.part in label else label)
    return texts


def _of_part(label: str, part: str) -> str:
    """`LibriSpeech clean / other` for `other`: `LibriSpeech other`."""
    parts = label_parts(label)
    if part not in parts:
        return label
    before = parts[0].split()[:-1] if part != parts[0] else []
    after = parts[-1].split()[1:] if part != parts[-1] else []
    return " ".join((*before, part, *after))


def _plain(label: str) -> str:
    return " ".join(label.split()).casefold()
