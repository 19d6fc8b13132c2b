"""A new study from a paper's table: read, match, ask, write."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from audit._util.files import write_atomic
from audit._util.paths import LITERATURE
from audit.errors import InputError
from audit.literature.drafts.answers import Answers
from audit.literature.drafts.draft import Draft, draft
from audit.literature.drafts.match import NONE, Known, Match, match
from audit.literature.drafts.names import Names, load_names
from audit.literature.drafts.questions import Questions, describe
from audit.literature.known_tasks import known_tasks, studies
from audit.literature.tables.read import read_tables
from audit.literature.tables.table import Table


@dataclass(frozen=True, slots=True)
class NewStudy:
    """A new study: its draft, and what became of every cell."""

    draft: Draft
    match: Match
    table: Table


def choose_table(path: Path, number: int | None, questions: Questions | None, macros: Sequence[Path] = ()) -> Table:
    """The table of a file: the only one, the one with this number in the file, or the one that is chosen at the terminal.

    Raises:
        InputError: The file cannot be read, there is no table of this number, or there are several and none is chosen.
    """
    tables = read_tables(path, macros)
    if number is not None:
        if not 1 <= number <= len(tables):
            raise InputError(f"there is no table {number} in the file", where=str(path), fix=f"It has {len(tables)}.")
        return tables[number - 1]
    if len(tables) == 1:
        return tables[0]
    if questions is not None:
        return questions.table(tables)
    listed = "; ".join(f"{n}: {describe(table)}" for n, table in enumerate(tables, 1))
    raise InputError(f"the file has {len(tables)} tables", where=str(path), fix=f"Choose one with --number. {listed}.")


def new_study(
    table: Table,
    source: Path | None,
    answers: Answers,
    questions: Questions | None = None,
    literature: Path = LITERATURE,
) -> NewStudy:
    """Match a table's cells with tasks and metrics, and write the draft of a study.

    Args:
        table: The table.
        source: Its file; None if it was typed.
        answers: What is known beside the table.
        questions: Asks for the rest; None leaves out what is unclear, with the reason.
        literature: The folder of studies and set cards.

    Raises:
        InputError: The audited model is not known, an answer does not fit, or no cell is a claim.
    """
    names = load_names(literature)
    if questions is not None:
        answers = questions.facts(answers, table)
    if answers.model is None:
        labels = ", ".join(dict.fromkeys(text for cell in table.cells for text in cell.labels))
        raise InputError(
            "the audited model is not known",
            where=table.where,
            fix=f"Give its label with --model, or `none` if the table has no label of it. Labels: {labels}.",
        )
    found, answers = _matched(table, names, known_here(literature), answers, answers.model, questions)
    if not found.claims:
        options = list(dict.fromkeys(item.option for item in found.unclear))
        reasons = list(dict.fromkeys(item.why for item in found.left))
        fix = "\n  ".join(["Say what labels mean:", *options] if options else ["All cells are left out:", *reasons])
        raise InputError("no cell of the table is a claim", where=table.where, fix=fix)
    subsets = {**known_here(literature).subsets, **answers.subsets()}
    made = draft(found, table, source, answers, names, answers.model or NONE, subsets)
    return NewStudy(made, found, table)


def refuse_existing(path: Path, *, force: bool) -> None:
    """Refuse to overwrite a file, unless `force`; called before any question is asked.

    Raises:
        InputError: The file exists.
    """
    if path.exists() and not force:
        raise InputError(
            "the file exists", where=str(path), fix="Choose another with --out, or overwrite it with --force."
        )


def write_study(text: str, path: Path, *, force: bool) -> None:
    """Write a study, whole or not at all.

    Raises:
        InputError: The file exists, and not `force`.
    """
    refuse_existing(path, force=force)
    write_atomic(path, text)


def known_here(literature: Path = LITERATURE) -> Known:
    """The tasks that studies at hand declare, and their subsets as YAML entries.

    Raises:
        InputError: A study is invalid.
    """
    subsets: dict[str, dict[str, Any]] = {}
    for study in studies(literature):
        for task, parts in study.subsets.items():
            for name, part in parts.items():
                entry: dict[str, Any] = {"field": part.field, "values": sorted(part.values)}
                entry |= {"units": part.units} if part.units is not None else {}
                subsets.setdefault(task, {}).setdefault(name, entry)
    return Known(known_tasks(literature), subsets)


def _matched(table: Table, names: Names, known: Known, answers: Answers, audited: str,
             questions: Questions | None) -> tuple[Match, Answers]:  # fmt: skip
    def all_known(said: Answers) -> Known:
        return Known({**known.tasks, **said.declared()}, {**known.subsets, **said.subsets()})

    found = match(table, names, all_known(answers), answers, audited)
    asked: set[str] = set()
    while questions is not None:
        new = [item for item in found.unclear if item.labels not in asked]
        if not new:
            break
        asked |= {item.labels for item in new}
        answers = questions.unclear(new, answers, all_known(answers), names)
        found = match(table, names, all_known(answers), answers, audited)
    return found, answers
