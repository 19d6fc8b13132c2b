"""All studies at hand, and the tasks that they declare: those of a literature folder and of installed packages."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Literal

from audit._util.paths import LITERATURE
from audit._util.suggest import did_you_mean
from audit.errors import InputError
from audit.literature import installed
from audit.literature.declared_conventions import DeclaredConvention
from audit.literature.studies import Study, load_study
from audit.literature.study_tasks import same_counting
from audit.literature.works import same_paper
from tasks.convention import Convention
from tasks.errors import DeclarationError
from tasks.registry import build, families
from tasks.task import Task, declare

# A study of one's own, in the folder where a command runs.
OWN = Path("study.yaml")


def study_files(literature: Path = LITERATURE) -> dict[str, Path]:
    """The file of every study by id: of the folder, then of installed packages; ids are names of files."""
    found: dict[str, Path] = {}
    for folder in (literature, *installed.folders(installed.STUDIES)):
        for path in sorted((folder / "studies").glob("*.yaml")):
            found.setdefault(path.stem, path)
    return found


def find_study(study: str | Path, literature: Path = LITERATURE) -> Path:
    """The file of a study.

    Args:
        study: A path, if it ends in `.yaml` or `.yml` or has a folder in it; otherwise the id of a study.
        literature: The folder with `studies/`.

    Raises:
        InputError: There is no such file, or no study has this id.
    """
    path = Path(study)
    if path.suffix in {".yaml", ".yml"} or len(path.parts) > 1 or str(study).startswith("."):
        if path.is_dir():
            path /= OWN
        if not path.is_file():
            raise InputError(
                "there is no such study",
                where=str(path),
                fix="Give a file, or the id of a study: `repro-audit study list`.",
            )
        return path
    known = study_files(literature)
    if str(study) not in known:
        raise InputError(
            f"there is no study {study}",
            where=str(literature / "studies"),
            fix=did_you_mean(
                str(study), known, f"Give the path of a file, or one of: {', '.join(sorted(known)) or 'none'}."
            ),
        )
    return known[str(study)]


def check_id(study: Study, literature: Path = LITERATURE) -> None:
    """Check that a study takes no id of another paper's study: records give evidence of grade A and B by this id.

    Raises:
        InputError: The literature, or an installed package, has a study of another paper under it.
    """
    path = study_files(literature).get(study.id)
    if path is None or path.resolve() == study.path.resolve():
        return
    other = load_study(path).facts.paper
    if not same_paper((study.facts.paper.title, study.facts.paper.arxiv), (other.title, other.arxiv)):
        raise InputError(
            f"the id `{study.id}` is that of the study of another paper: {other.title}",
            where=f"{study.path}: id",
            fix="Give the study an id of its own.",
        )


def studies(literature: Path = LITERATURE) -> tuple[Study, ...]:
    """All studies of a literature folder and of installed packages, read once.

    Raises:
        InputError: A study is invalid.
    """
    return _studies(literature)


# Without a default value, which would be a second entry of the cache.
@cache
def _studies(literature: Path) -> tuple[Study, ...]:
    return tuple(load_study(path) for path in study_files(literature).values())


def known_tasks(literature: Path = LITERATURE, own: Study | None = None) -> Mapping[str, Task]:
    """The tasks of all studies by id; `own` comes first, and its tasks hide others of the same id.

    Raises:
        InputError: A study is invalid, or two others declare a task of one id that is counted in different ways.
    """
    found: dict[str, Task] = {} if own is None else dict(own.tasks)
    for study in studies(literature):
        for name, task in study.tasks.items():
            known = found.setdefault(name, task)
            if own is not None and name in own.tasks:
                continue
            if not same_counting(known, task):
                raise InputError(
                    f"the task `{name}` is counted in a different way by an earlier study",
                    where=f"{study.path}: tasks",
                    fix="Give it a different id, or the same family, set, parameters and conventions.",
                )
    return MappingProxyType(found)


def own_study() -> Study | None:
    """The study in the current folder; None if there is none.

    Raises:
        InputError: It is invalid.
    """
    return load_study(OWN) if OWN.is_file() else None


def tasks_here() -> Mapping[str, Task]:
    """The tasks that a command knows: those of the study in the current folder, and of all studies at hand."""
    return known_tasks(own=own_study())


def studies_here() -> tuple[Study, ...]:
    """The study in the current folder, if there is one, and all studies at hand."""
    own = own_study()
    return studies() if own is None else (own, *studies())


def declared_here() -> tuple[DeclaredConvention, ...]:
    """The conventions in YAML that the tasks of `tasks_here` use."""
    return tuple(one for study in studies_here() for one in study.conventions)


def task_here(name: str, where: str | None = None) -> Task:
    """The task with this id.

    Raises:
        InputError: There is none.
    """
    known = tasks_here()
    if name not in known:
        raise InputError(
            f"there is no task {name!r}", where=where, fix=did_you_mean(name, known, f"Tasks: {', '.join(known)}.")
        )
    return known[name]


def find_task(name: str | Task) -> Task:
    """The task with this id, or a task of the family with this id whose parameters are the family's defaults.

    Raises:
        InputError: Unknown task or family, or the family has a parameter without a default; the remedy lists valid names.
    """
    if isinstance(name, Task):
        return name
    known = tasks_here()
    if name in known:
        return known[name]
    if name not in families():
        raise InputError(
            f"unknown task or family {name!r}",
            fix=did_you_mean(
                name, (*known, *families()), f"Tasks: {', '.join(known)}. Families: {', '.join(families())}."
            ),
        )
    try:
        return build(declare(name, name))
    except DeclarationError as error:
        ids = ", ".join(task.id for task in known.values() if task.family == name)
        raise InputError(error.what, where=name, fix=f"Name a task: {ids}.") from None


def conventions_of(tasks: Mapping[str, Task] | None = None) -> dict[tuple[str, str, str], Convention]:
    """All conventions of tasks (by default of all studies at hand), by (task, metric, id)."""
    return {
        (task.id, metric, convention.id): convention
        for task in (known_tasks() if tasks is None else tasks).values()
        for metric, items in task.conventions.items()
        for convention in items
    }


def claimed_metrics(task: str) -> tuple[str, ...]:
    """The metrics of a task on which the studies at hand make claims."""
    claims = (claim for study in studies_here() for claim in study.claims)
    return tuple(dict.fromkeys(claim.metric for claim in claims if claim.task == task))


def claimed_unit(task: str, metric: str) -> Literal["percent", "fraction"] | None:
    """The unit in which a study at hand claims a metric of a task; None if none does, or if it is a count or a grade."""
    for study in studies_here():
        claim = study.claim(task, metric)
        if claim is not None:
            return claim.unit if claim.unit in {"percent", "fraction"} else None
    return None
