"""Questions at a terminal: what a table does not say, and what its labels leave open."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from audit.literature.drafts.answers import SKIP, Answers
from audit.literature.drafts.match import NONE, Known, Open
from audit.literature.drafts.names import Names
from audit.literature.schema import schema
from audit.literature.sets import SetCard
from audit.literature.tables.cells import parse, plain
from audit.literature.tables.table import Cell, Table
from tasks.errors import DeclarationError
from tasks.registry import build, families
from tasks.task import declare

# Asks one question and returns the line that is typed; the built-in `input` at a terminal.
Ask = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Questions:
    """A dialogue. An empty answer takes the default, if there is one; an answer that does not fit is asked again."""

    ask: Ask
    say: Callable[[str], None]

    def facts(self, answers: Answers, table: Table) -> Answers:
        """Ask for what the answers lack: the audited model, the table's number, the paper."""
        facts = dict(answers.facts)
        model = answers.model
        if model is None:
            labels = list(dict.fromkeys(text for cell in table.cells for text in cell.labels))
            self.say("Labels of the table:")
            for label in labels:
                self.say(f"  {label}")
            model = self._one_of("Which of them is the audited model? (none if no label is)", [*labels, NONE])
        if "table" not in facts:
            facts["table"] = self._text("The table in the paper (Table 2)", table.number)
        paper = dict(facts.get("paper", {}))
        for key, question in (
            ("title", "The paper's title"),
            ("authors_first", "Its first author"),
            ("venue", "Its venue"),
        ):
            if key not in paper:
                paper[key] = self._text(question, None)
        if "arxiv" not in paper:
            arxiv = self._fitting("Its arXiv id (empty if it has none)", "arxiv", empty=True)
            if arxiv:
                paper["arxiv"] = arxiv
        if "year" not in paper:
            default = f"20{paper['arxiv'][:2]}" if "arxiv" in paper else None
            paper["year"] = int(
                self._until("Its year", default, lambda text: text.isdigit() and len(text) == 4, "Four digits.")
            )
        return replace(answers, model=model, facts={**facts, "paper": paper})

    def unclear(self, open_cells: Sequence[Open], answers: Answers, known: Known, names: Names) -> Answers:
        """Ask once for each combination of labels that is unclear."""
        for item in {(item.labels, item.missing): item for item in open_cells}.values():
            if item.missing == "model":
                answers = answers.with_labels({item.labels: SKIP})
                continue
            answers = self._label(item, answers, known, names)
        return answers

    def cells(self) -> Table:
        """Ask for the values of a table, one by one."""
        self.say("The values, one by one, as the paper prints them; an empty row's label ends.")
        cells: list[Cell] = []
        column = "value"
        while row := self._text("Row", ""):
            column = self._text("Column", column)
            text = self._text("Value", None)
            found = parse(plain(text))
            cells.append(Cell((row,), ("",), (column,), found.text, found.value, found.deviation, found.unit,
                              marks=found.marks, reason=found.reason))  # fmt: skip
            if found.value is None:
                self.say(f"  {cells[-1].why}: it is listed as left out")
        return Table(None, None, tuple(cells), {}, "the terminal")

    def table(self, tables: Sequence[Table]) -> Table:
        """Ask for one of several tables."""
        for number, table in enumerate(tables, 1):
            self.say(f"  {number}: {describe(table)}")
        numbers = [str(number) for number in range(1, len(tables) + 1)]
        return tables[int(self._one_of("Which table?", numbers)) - 1]

    def _label(self, item: Open, answers: Answers, known: Known, names: Names) -> Answers:
        self.say(f"`{item.labels}`, as in `{item.cell.text}` ({item.cell.place}): the {item.missing} is unclear.")
        if item.near:
            self.say(f"  near: {', '.join(item.near)}")
        known_task, known_metric, _ = answers.meaning(item.cell, None)
        task = known_task
        tasks = {**known.tasks, **answers.declared()}
        if item.missing != "metric":
            default = item.near[0] if len(item.near) == 1 else None
            task = self._until("Task (an id, a new id, or skip)", default, lambda text: _is_task(text, known),
                               "Lower-case words joined by hyphens; TASK/SUBSET for a subset.")  # fmt: skip
            if task == SKIP:
                return answers.with_labels({item.labels: SKIP})
            if task.partition("/")[0] not in tasks:
                entry = self._declaration(task, names.cards)
                answers = replace(answers, tasks={**answers.tasks, task: entry})
                tasks = {**tasks, **answers.declared()}
        metric = known_metric
        if item.missing != "task":
            base = task.partition("/")[0]
            metrics = list(tasks[base].conventions) if base in tasks else list(names.metrics)
            metric = self._one_of(f"Metric ({', '.join(metrics)}, or skip)", [*metrics, SKIP])
            if metric == SKIP:
                return answers.with_labels({item.labels: SKIP})
        return answers.with_labels({item.labels: f"{task}.{metric}" if metric else task})

    def _declaration(self, name: str, cards: Mapping[str, SetCard]) -> dict[str, Any]:
        """Ask for a task that no study declares."""
        self.say(f"No study declares the task `{name}`. Families:")
        for family in families().values():
            self.say(f"  {family.id}: {family.summary}")
        family = families()[self._one_of("Family", list(families()))]
        entry: dict[str, Any] = {"family": family.id, "dataset": self._text("Data set and split", None)}
        card = self._one_of("Set card (empty if there is none)", [*cards, ""])
        entry["set"] = card or None
        parameters: dict[str, Any] = {}
        for parameter in family.parameters:
            while parameter.default is None:
                text = self._text(f"{parameter.name}: {parameter.help}", None)
                value: Any = {label.strip(): [] for label in text.split(",")} if parameter.kind == "labels" else text
                try:
                    parameters[parameter.name] = parameter.checked(value, family.id)
                    build(declare(name, family.id, {**parameters}))
                except DeclarationError as error:
                    if parameter.name in error.field:
                        self.say(f"  {error.what}. {error.fix}")
                        continue
                break
        return {**entry, "parameters": parameters} if parameters else entry

    def _text(self, question: str, default: str | None) -> str:
        return self._until(question, default, lambda text: default == "" or bool(text), "An answer is needed.")

    def _fitting(self, question: str, rule: str, *, empty: bool) -> str:
        """A text that fits a rule of the schema."""
        rules = schema("common")["$defs"][rule]
        return self._until(
            question, "" if empty else None, lambda t: (empty and not t) or bool(re.search(rules["pattern"], t)),
            rules["description"],
        )  # fmt: skip

    def _one_of(self, question: str, known: Sequence[str]) -> str:
        default = "" if "" in known else None
        shown = ", ".join(name for name in known if name)
        return self._until(question, default, lambda text: text in known, f"One of: {shown}.")

    def _until(self, question: str, default: str | None, fits: Callable[[str], bool], advice: str) -> str:
        while True:
            shown = f" [{default}]" if default else ""
            text = self.ask(f"{question}{shown}: ").strip() or (default or "")
            if fits(text):
                return text
            self.say(f"  {advice}")


def _is_task(text: str, known: Known) -> bool:
    """Whether a text can be a task's id, or names a subset that is known."""
    task, slash, subset = text.partition("/")
    if slash:
        return subset in known.subsets.get(task, {})
    return bool(re.fullmatch(schema("common")["$defs"]["task"]["pattern"], task))


def describe(table: Table) -> str:
    """A table in one line: where it is, its caption, and the number of cells."""
    name = " ".join(part for part in (table.number, table.caption) if part) or "no caption"
    return f"{table.where}: {name[:60]} ({len(table.cells)} cells)"
