"""A study of one task from what is known when its outputs are imported: the task's family and the claimed values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from audit._util.clock import source_date_epoch
from audit._util.paths import LITERATURE
from audit._util.suggest import did_you_mean
from audit.errors import InputError
from audit.literature.drafts.answers import Answers, from_options
from audit.literature.drafts.match import NONE
from audit.literature.drafts.names import slug
from audit.literature.drafts.new import NewStudy, new_study
from audit.literature.drafts.yaml_text import scalar
from audit.literature.known_tasks import known_tasks
from audit.literature.tables.cells import parse, plain
from audit.literature.tables.table import Cell, Table
from tasks.task import Task

TABLE = "none: given with `repro-audit import`"


def new_task(name: str, family: str, literature: Path = LITERATURE) -> Task:
    """A task that no study declares yet.

    Args:
        name: Its id.
        family: `FAMILY,set=CARD,PARAMETER=VALUE`, as in `study new --task`.
        literature: The folder of studies.

    Raises:
        InputError: A study declares the task, or the family or a parameter is unknown.
    """
    if name in known_tasks(literature):
        raise InputError(f"a study declares the task {name!r} already", where="--family", fix="Leave --family out, or give "
                         "another --task.")  # fmt: skip
    return _answers(name, family).declared()[name]


def study_of_outputs(
    task: Task, family: str, claims: Sequence[tuple[str, str]], model: str, variant: str, literature: Path = LITERATURE
) -> NewStudy:
    """The study of one task.

    Args:
        task: The task.
        family: As for `new_task`.
        claims: (metric, value as printed), at least one.
        model: The model's name.
        variant: Its variant, whose checkpoint the draft asks for.
        literature: The folder of studies and set cards.

    Raises:
        InputError: A metric is not the task's, a value is not a number, or there is no claim.
    """
    if not claims:
        raise InputError(
            "no value is claimed, so there is nothing to audit",
            where="--claim",
            fix=f"Give the reported value, such as --claim {next(iter(task.conventions))}=5.6%.",
        )
    cells = [_cell(task, metric, value) for metric, value in claims]
    answers = _answers(task.id, family)
    labels = {f"{task.id} > {metric}": f"{task.id}.{metric}" for metric, _ in claims}
    year = datetime.fromtimestamp(source_date_epoch(), UTC).year
    facts = {
        "id": slug(f"{model} {task.id}"),
        "title": f"{model} on {task.id}",
        "model_name": model,
        "table": TABLE,
        "paper": {"year": year},
    }
    made = new_study(
        Table(None, None, tuple(cells), {}, "the command line"),
        None,
        Answers(labels, {}, answers.tasks, NONE, facts),
        literature=literature,
    )
    return NewStudy(_with_variant(made, variant).draft, made.match, made.table)


def _answers(name: str, family: str) -> Answers:
    answers = from_options(Answers(), (), (f"{name}={family}",), ())
    entry = {"name": name, "dataset": name, **answers.tasks[name]}
    return Answers(tasks={name: entry})


def _cell(task: Task, metric: str, value: str) -> Cell:
    if metric not in task.conventions:
        raise InputError(
            f"{task.id} has no metric {metric!r}",
            where="--claim",
            fix=did_you_mean(metric, task.conventions, f"Metrics: {', '.join(task.conventions)}."),
        )
    found = parse(plain(value))
    if found.value is None:
        raise InputError(
            f"{value!r} is not a number", where="--claim", fix=f"Write --claim {metric}=5.6 or {metric}=5.6%."
        )
    return Cell((task.id,), ("",), (metric,), found.text, found.value, found.deviation, found.unit)


def _with_variant(made: NewStudy, variant: str) -> NewStudy:
    text = made.draft.text.replace("\n  released:", f"\n  {scalar(variant)}:", 1)
    return replace(made, draft=replace(made.draft, text=text))
