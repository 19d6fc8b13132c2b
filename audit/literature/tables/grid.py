"""From rows of a source to a table: spanning cells filled in, header rows and label columns found.

A source gives rows of cells with their spans and rules. What is a header and what is a label follows from the rules where
there are any, and from where the numbers stand; never from what the labels say.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from audit.literature.tables.cells import Parsed, Rich, has_decimal_comma, label, parse
from audit.literature.tables.labels import Found, in_parts, with_hints
from audit.literature.tables.table import NUMERIC, Cell, Table


@dataclass(frozen=True, slots=True)
class RawCell:
    """A cell of the source. `rows` is negative if it spans the rows above it, as multirow allows."""

    rich: Rich
    columns: int = 1
    rows: int = 1
    siunitx: bool = False


@dataclass(slots=True)
class RawRow:
    """A row of the source: whether a rule over all columns precedes it, and the ranges of shorter rules below it."""

    cells: list[RawCell]
    rule: bool = False
    below: list[tuple[int, int]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class RawTable:
    """A table of the source. `blanks_span`: an empty header cell continues the one to its left (Markdown, CSV)."""

    rows: list[RawRow]
    number: str | None
    caption: str | None
    where: str
    blanks_span: bool
    ruled: bool


@dataclass(slots=True)
class _Slot:
    """One place of the grid. `spans`: the cell covers several places; `first`: this is the place where it is written."""

    cell: RawCell
    text: str
    marks: tuple[str, ...]
    parsed: Parsed
    first: bool = True
    across: bool = False
    down: bool = False

    @property
    def data(self) -> bool:
        """Whether the place holds a number, or something that stands for one."""
        return self.numeric or self.parsed.reason == "no-value"

    @property
    def numeric(self) -> bool:
        """Whether it holds a number, possibly inside a macro that the file does not define."""
        if self.parsed.reason == "unknown-macro":
            return bool(re.search(r"\d", self.text))
        return bool(self.parsed.value or self.parsed.parts) or self.parsed.reason in NUMERIC


def build(raw: RawTable) -> Table:
    """The table of a source's rows."""
    return _Grid(raw).table()


class _Grid:
    def __init__(self, raw: RawTable) -> None:
        self.raw = raw
        self.comma = any(has_decimal_comma(cell.rich) for row in raw.rows for cell in row.cells)
        self.width = max((sum(cell.columns for cell in row.cells) for row in raw.rows), default=0)
        self.slots = self._filled()
        self.marks: dict[str, tuple[str, ...]] = {}

    def table(self) -> Table:
        headers = self._header_rows()
        stub = self._stub(headers)
        cells: list[Found] = []
        head: list[int] = []
        in_head = False
        groups: list[str] = []
        group_started = False  # a row of data has followed the last group
        above: list[str] = []
        for index, row in enumerate(self.slots):
            if index in headers:
                if not in_head:
                    # Titles without a label stand under the spanning headers above them, in the place of the last ones.
                    head = head[:-1] if self._has_no_label(index) else []
                    groups, above = [], []
                in_head = True
                if row[0].text and self._is_group(row):
                    # A heading over the whole table, above the header, heads the rows up to the next one.
                    groups, group_started = [self._label(next(slot for slot in row if slot.text))], False
                else:
                    head.append(index)
                continue
            in_head = False
            if self.raw.rows[index].rule and group_started and self._rules_mean_something():
                groups, above = [], []
            if all(not slot.text for slot in row):
                continue
            if self._is_group(row):
                text = self._label(next(slot for slot in row if slot.text))
                groups = [text] if group_started or not groups else [*groups, text]
                group_started = False
                above = []
                continue
            group_started = True
            above = self._row_labels(row, stub, above)
            cells += self._cells(row, stub, head, groups, above)
        found = tuple(with_hints(in_parts(cells), self.raw.caption))
        return Table(self.raw.number, self.raw.caption, found, dict(self.marks), self.raw.where)

    def _slot(self, cell: RawCell) -> _Slot:
        text, marks = label(cell.rich)
        return _Slot(cell, text, marks, parse(cell.rich, siunitx=cell.siunitx, decimal_comma=self.comma))

    def _filled(self) -> list[list[_Slot]]:
        """The grid with each spanning cell in all the places that it covers."""
        empty = RawCell(())
        grid: list[list[_Slot]] = []
        for row in self.raw.rows:
            slots: list[_Slot] = []
            for cell in row.cells:
                slot = self._slot(cell)
                slot.across, slot.down = cell.columns > 1, abs(cell.rows) > 1
                slots.append(slot)
                slots += [replace(slot, first=False) for _ in range(cell.columns - 1)]
            grid.append(slots + [self._slot(empty) for _ in range(self.width - len(slots))])
        for index, line in enumerate([list(row) for row in grid]):
            for column, slot in enumerate(line):
                step = 1 if slot.cell.rows > 0 else -1
                for other in range(index + step, index + slot.cell.rows, step):
                    if 0 <= other < len(grid) and not grid[other][column].text:
                        grid[other][column] = replace(slot, first=False)
        return grid

    def _rules_mean_something(self) -> bool:
        """Whether rules separate parts of the table: if nearly every row has one, they do not."""
        rules = sum(row.rule for row in self.raw.rows[1:])
        return rules <= len(self.raw.rows) // 2

    def _header_rows(self) -> set[int]:
        """The rows that are headers, those of further panels too."""
        rows = self.raw.rows
        count = 1
        if self.raw.ruled:
            first = next((i for i in range(1, len(rows)) if rows[i].rule), len(rows))
            count = first if first < len(rows) else 1
            # A rule further down separates rows of results.
            count = next((i for i in range(1, count) if self.slots[i][0].text and self._has_results(i)), count)
        found = set(range(min(count, len(rows))))
        while count < len(rows) and self._continues_header(count, found):
            found.add(count)
            count += 1
        ruled = self.raw.ruled and self._rules_mean_something()
        for index in range(count, len(rows) - 1):
            between = ruled and rows[index].rule and rows[index + 1].rule
            if self._is_titles(index) and (between or self._has_no_label(index)):
                found.add(index)
        return found

    def _has_results(self, index: int) -> bool:
        """Whether a row holds numbers that are no years, counts or names of columns."""
        numbers = (slot for slot in self.slots[index][1:] if slot.numeric)
        return any(re.search(r"\d[.,]\d|\.\d|[±%]", slot.text) for slot in numbers)

    def _has_no_label(self, index: int) -> bool:
        """Whether a row has no label, but several texts beside it: titles of columns inside the table."""
        row = self.slots[index]
        return not row[0].text and sum(bool(slot.text) and slot.first for slot in row[1:]) > 1

    def _is_titles(self, index: int) -> bool:
        """Whether a row between two rules names columns."""
        row = self.slots[index]
        return not self._is_group(row) and not any(s.data for s in row[1:]) and any(s.text and s.first for s in row[1:])

    def _continues_header(self, index: int, above: set[int]) -> bool:
        """Whether a row below a header belongs to it: no label of its own, and nothing that looks like a result."""
        row = self.slots[index]
        if self.raw.ruled and self._is_group(row):
            return False
        own = row[0].text
        if own and own not in {self.slots[i][0].text for i in above}:
            return False
        return any(slot.text for slot in row[1:]) and not self._has_results(index)

    def _is_group(self, row: Sequence[_Slot]) -> bool:
        """Whether a row only names the rows below it: one text, in the first column or over several."""
        written = [slot for slot in row if slot.text and slot.first]
        if len(written) != 1 or any(slot.text for slot in row if not slot.first and slot.down):
            return False
        if written[0].data and written[0].parsed.reason != "unknown-macro":
            return False
        return written[0] is row[0] or written[0].cell.columns >= self.width - 1 > 1

    def _stub(self, headers: set[int]) -> list[int]:
        """The columns of labels: the first, and columns of text before the last column of numbers."""
        body = [row for i, row in enumerate(self.slots) if i not in headers and not self._is_group(row)]
        numeric = [c for c in range(1, self.width) if any(row[c].numeric and not row[c].across for row in body)]
        last = max(numeric, default=self.width)
        texts = (
            c
            for c in range(1, last)
            if c not in numeric and any(row[c].parsed.reason in {"text", "unknown-macro"} for row in body)
        )
        return [0, *texts] if self.width else []

    def _label(self, slot: _Slot) -> str:
        if slot.marks:
            self.marks[slot.text] = slot.marks
        return slot.text

    def _row_labels(self, row: Sequence[_Slot], stub: Sequence[int], above: Sequence[str]) -> list[str]:
        """The labels of a row, one per column of labels; an empty one continues the label above if a later one is given."""
        labels: list[str] = []
        same = True
        for position, column in enumerate(stub):
            text = self._label(row[column])
            later = any(row[c].text for c in stub[position + 1 :])
            if not text and same and later and above and row[column].parsed.reason == "empty":
                text = above[position]
            same = same and bool(above) and text == above[position]
            labels.append(text)
        return labels

    def _column_labels(self, column: int, head: Sequence[int], stub: Sequence[int]) -> tuple[str, ...]:
        found: list[str] = []
        for index in head:
            slot = self.slots[index][column]
            text = self._label(slot)
            if not text and column not in stub:
                text = self._continued(index, column, head, stub)
            if text and text not in found[-1:]:
                found.append(text)
        return tuple(found)

    def _continued(self, index: int, column: int, head: Sequence[int], stub: Sequence[int]) -> str:
        """The label that an empty header cell continues: under the same rule, or, without rules, to its left."""
        row = self.slots[index]
        for low, high in self.raw.rows[index].below:
            if low <= column <= high:
                return next((self._label(row[c]) for c in range(low, min(high + 1, self.width)) if row[c].text), "")
        if self.raw.blanks_span and index != head[-1] and self.slots[head[-1]][column].text:
            return next((self._label(row[c]) for c in range(column - 1, -1, -1) if row[c].text and c not in stub), "")
        return ""

    def _cells(self, row: Sequence[_Slot], stub: Sequence[int], head: Sequence[int], groups: Sequence[str],
               labels: Sequence[str]) -> list[Found]:  # fmt: skip
        headings = [" ".join(self._column_labels(column, head, stub)) for column in stub]
        named = [(text, heading) for text, heading in zip(labels, headings, strict=True) if text]
        names = (*groups, *(text for text, _ in named))
        over = (*("" for _ in groups), *(heading for _, heading in named))
        found: list[Found] = []
        for column, slot in enumerate(row):
            if column in stub or not slot.first:
                continue
            parsed = slot.parsed
            cell = Cell(names, over, self._column_labels(column, head, stub), parsed.text, parsed.value, parsed.deviation,
                        parsed.unit, marks=parsed.marks, reason=parsed.reason, groups=len(groups))  # fmt: skip
            if (slot.across or slot.down) and slot.numeric:
                cell = replace(cell, value=None, deviation=None, reason="several-labels")
            found.append((cell, parsed.parts))
        return found
