"""The draft of a study: matched cells as YAML, with comments that say what to fill in."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

from audit._util.files import sha256_file
from audit._util.strict_yaml import parse
from audit.errors import InputError
from audit.literature.claim_checks import check_claims
from audit.literature.drafts.answers import Answers
from audit.literature.drafts.match import Match, Matched
from audit.literature.drafts.names import Names, Role, slug
from audit.literature.drafts.yaml_text import comment, entry, inline, scalar
from audit.literature.schema import checked
from audit.literature.study_tasks import declared_subsets, declared_tasks
from audit.literature.tables.table import Table
from tasks.task import Task

# What a draft does not know; `repro-audit study check` names each place.
FILL_IN = "FILL IN"
_COUNTS = {"two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10}
_RUNS = re.compile(
    r"\b(\d+|" + "|".join(_COUNTS) + r")\s+(?:\w+\s+)?(?:runs|seeds|trials|repetitions)\b", re.IGNORECASE
)
MARGIN = (
    "No margin is assumed: only a value that prints as the reported one agrees. FILL IN: a margin measured on two runs that "
    "differ in batch size, machine, precision or library versions alone (`repro-audit compare`), or one that you assume, with "
    "your reason."
)


@dataclass(frozen=True, slots=True)
class Model:
    """Another model of the table."""

    id: str
    label: str
    name: str
    role: Role


@dataclass(frozen=True, slots=True)
class DraftClaim:
    """A claim of the draft. `further` distinguishes it from others on the same task, metric and model."""

    id: str
    match: Matched
    model: Model | None
    unit: Literal["percent", "fraction"]
    further: str | None


@dataclass(frozen=True, slots=True)
class Draft:
    """A draft and what it holds.

    Attributes:
        text: The YAML.
        claims: In the table's order.
        models: The other models.
        runs: The number of runs behind deviations; None if the table states deviations but not over how many runs.
    """

    text: str
    claims: tuple[DraftClaim, ...]
    models: tuple[Model, ...]
    runs: int | None


def draft(match: Match, table: Table, source: Path | None, answers: Answers, names: Names, audited: str,
          subsets: Mapping[str, Mapping[str, Any]]) -> Draft:  # fmt: skip
    """Write the draft of a study.

    Args:
        match: The table's cells, of which at least one is a claim.
        table: The table.
        source: Its file; None if the values were typed at a terminal.
        answers: What is known beside the table: `id`, `paper`, `table`, ...
        names: What tables call things.
        audited: The label of the audited model.
        subsets: The subsets of tasks' sets as YAML entries, by task and name.

    Raises:
        InputError: A fact does not fit the schema.
    """
    models = _models(match.claims, answers, names)
    claims = _claims(match.claims, models)
    runs = answers.facts.get("runs") or _runs_in(table.caption or "")
    text = "\n".join(
        line
        for part in (
            _head(answers.facts, table, source, audited),
            _models_part(models),
            _tasks_part(claims, table_name(answers, table), subsets),
            _margins_part(claims),
            _claims_part(claims, table_name(answers, table), runs),
        )
        for line in part
    )
    document = checked(parse(f"{text}\n".encode(), "the draft"), "study")
    tasks, _ = declared_tasks(document)
    check_claims(document, tasks, declared_subsets(document))
    return Draft(f"{text}\n", claims, tuple(models.values()), runs)


def table_name(answers: Answers, table: Table) -> str:
    """What the locators call the table: the number that is given, or the one that the source prints."""
    return answers.facts.get("table") or table.number or f"{FILL_IN}: the table's number in the paper"


def _runs_in(caption: str) -> int | None:
    found = {_COUNTS.get(count.casefold()) or int(count) for count in _RUNS.findall(caption)}
    return found.pop() if len(found) == 1 and min(found) > 1 else None


def _models(claims: Sequence[Matched], answers: Answers, names: Names) -> dict[str, Model]:
    found: dict[str, Model] = {}
    for label in dict.fromkeys(claim.model for claim in claims if claim.model is not None):
        said = answers.other(label)
        name = said.id or slug(label, (model.id for model in found.values()))
        found[label] = Model(name, label, said.name or label, said.role or names.role(label))
    return found


def _claims(matched: Sequence[Matched], models: Mapping[str, Model]) -> tuple[DraftClaim, ...]:
    """The claims with their ids; several on one task, metric and model are told apart by the labels in which they differ."""
    groups: dict[tuple[str, str, str | None, str | None], list[Matched]] = {}
    for claim in matched:
        groups.setdefault((claim.task.id, claim.metric, claim.model, claim.subset), []).append(claim)
    fractions = _fractions(matched)
    further: dict[int, str] = {}
    for group in groups.values():
        taken: set[str] = set()
        for claim in group if len(group) > 1 else ():
            words = [t for t in _texts(claim) if not all(t in _texts(other) for other in group)]
            further[id(claim)] = slug(" ".join(words) or claim.cell.place, taken)
            taken.add(further[id(claim)])
    found = []
    for claim in matched:
        model = models[claim.model] if claim.model is not None else None
        own = further.get(id(claim))
        run = "-".join(part for part in (model.id if model else None, own) if part)
        label = "-".join(part for part in (claim.subset, run) if part)
        base = f"{claim.task.id}.{claim.metric}"
        unit: Literal["percent", "fraction"] = "fraction" if claim.metric in fractions else "percent"
        if claim.cell.unit == "percent":
            unit = "percent"
        found.append(DraftClaim(f"{base}@{label}" if label else base, claim, model, unit, own and run))
    return tuple(found)


def _texts(claim: Matched) -> tuple[str, ...]:
    return (*claim.cell.labels, *((claim.cell.part,) if claim.cell.part else ()))


def _fractions(matched: Sequence[Matched]) -> set[str]:
    """The metrics all of whose values lie between 0 and 1."""
    values: dict[str, list[Decimal]] = {}
    for claim in matched:
        values.setdefault(claim.metric, []).append(Decimal(claim.cell.value or "0"))
    return {metric for metric, found in values.items() if all(0 <= value <= 1 for value in found)}


def _head(facts: Mapping[str, Any], table: Table, source: Path | None, audited: str) -> list[str]:
    paper = facts.get("paper", {})
    arxiv = paper.get("arxiv")
    audited = audited if audited.casefold() != "none" else f"{FILL_IN}: the audited model"
    model = facts.get("model_name") or audited
    if source is None:
        where = "Typed at a terminal from the paper's table. FILL IN: who read it, in which file or edition, and when."
    else:
        number = f", {table.number}" if table.number else ""
        line = f", line {table.where.rpartition(':')[2]}" if re.search(r":\d+$", table.where) else ""
        digest = sha256_file(source)
        where = f"The table in {source.name}{line}{number}, read by `repro-audit study new`; SHA-256 {digest}."
    return [
        *comment("A study: the values that a paper reports, held against outputs by `repro-audit run --study THIS-FILE`. "
                 f"Lines with {FILL_IN} need you; `repro-audit study check THIS-FILE` lists them."),
        "schema: repro-audit/study/2",
        f"id: {facts.get('id') or slug(model if FILL_IN not in model else 'study')}",
        *entry("title", facts.get("title") or f"{model}, {facts.get('table') or table.number or 'a table'}"),
        "paper:",
        *entry("title", paper.get("title", f"{FILL_IN}: the paper's title"), 1),
        *entry("authors_first", paper.get("authors_first", f"{FILL_IN}: the first author"), 1),
        f"  year: {year(paper)}",
        *entry("venue", paper.get("venue", f"{FILL_IN}: the venue, without the year"), 1),
        f"  arxiv: {scalar(arxiv) if arxiv else 'null'}",
        f"  url: {scalar(paper['url']) if paper.get('url') else 'null'}",
        *entry("model", model),
        *comment("Names under which prediction files may call the model."),
        f"names: [{scalar(facts.get('model_name') or audited)}]",
        "variants:",
        *entry("released", f"{FILL_IN}: the checkpoint behind the values, with its version or commit.", 1),
        "sources:",
        *entry("table", where, 1),
    ]  # fmt: skip


def year(paper: Mapping[str, Any]) -> int:
    """The paper's year; without one, that of its arXiv id.

    Raises:
        InputError: Neither is known.
    """
    if "year" in paper:
        return int(paper["year"])
    if paper.get("arxiv"):
        return 2000 + int(paper["arxiv"][:2])
    raise InputError("the paper's year is not known", fix="Give it with --year, or the arXiv id with --arxiv.")


def _models_part(models: Mapping[str, Model]) -> list[str]:
    if not models:
        return []
    lines = [
        *comment("The table's other models. role: reference (the value that the paper compares with), baseline, or "
                 "ablation (the audited model without a part)."),
        "models:",
    ]  # fmt: skip
    return [*lines, *(f"  {m.id}: {inline({'name': m.name, 'role': m.role})}" for m in models.values())]


def _tasks_part(claims: Sequence[DraftClaim], table: str, subsets: Mapping[str, Mapping[str, Any]]) -> list[str]:
    lines = ["tasks:"]
    for task in {claim.match.task.id: claim.match.task for claim in claims}.values():
        declared = task.declaration
        lines += [
            f"  - id: {task.id}",
            *entry("name", task.name, 2),
            *([f"    short: {inline(declared.short)}"] if declared is not None and declared.short else []),
            f"    family: {task.family}",
            f"    set: {task.card or 'null'}",
            *entry("dataset", task.dataset, 2),
        ]
        given = _given(task)
        if given:
            lines.append(f"    parameters: {inline(given)}")
        if declared is not None and declared.leave_out:
            lines.append(f"    leave_out: [{', '.join(declared.leave_out)}]")
        used = {claim.match.subset: None for claim in claims if claim.match.task.id == task.id and claim.match.subset}
        if used:
            lines += ["    subsets:", *(f"      {name}: {inline(subsets[task.id][name])}" for name in used if name)]
        lines += entry("source", table, 2)
    return lines


def _given(task: Task) -> dict[str, Any]:
    """The parameters that the task's declaration gives."""
    return dict(json.loads(task.declaration.parameters)) if task.declaration else dict(task.parameters)


def _margins_part(claims: Sequence[DraftClaim]) -> list[str]:
    lines = ["margins:"]
    for metric in sorted({claim.match.metric for claim in claims}):
        lines += [f"  {metric}:", '    value: "0"', "    kind: assumed", *entry("reason", MARGIN, 2)]
    return lines


def _claims_part(claims: Sequence[DraftClaim], table: str, runs: int | None) -> list[str]:
    lines = ["claims:"]
    for claim in claims:
        cell = claim.match.cell
        column = ", ".join(cell.column) + (f" [{cell.part}]" if cell.part else "")
        locator = {"table": table, "row": ", ".join(cell.row) or "-", "column": column or "-"}
        task = claim.match.task
        lines += [
            f"  - id: {claim.id}",
            f"    task: {task.id}",
            f"    metric: {claim.match.metric}",
            *([f"    model: {claim.model.id}"] if claim.model else []),
            *([f"    subset: {claim.match.subset}"] if claim.match.subset else []),
            *([f"    run: {claim.further}  # outputs in {task.id}@{claim.further}.jsonl"] if claim.further else []),
            f"    value: {scalar(cell.value or '')}",
            *_deviation(cell.deviation, runs),
            f"    unit: {claim.unit}{_unit_comment(claim)}",
            f"    direction: {claim.match.direction}",
            f"    locator: {inline(locator)}",
            *(entry("notes", f"Beside the value in the table: {', '.join(cell.marks)}.", 2) if cell.marks else []),
        ]
    return lines


def _deviation(deviation: str | None, runs: int | None) -> list[str]:
    if deviation is None:
        return []
    if runs is None:
        return comment(f'deviation: "{deviation}" and runs: N. {FILL_IN}: over how many runs.', 2)
    return [f"    deviation: {scalar(deviation)}", f"    runs: {runs}"]


def _unit_comment(claim: DraftClaim) -> str:
    if claim.match.cell.unit == "percent":
        return ""
    return "  # by their size: no value of this metric is above 1" if claim.unit == "fraction" else "  # by its size"
