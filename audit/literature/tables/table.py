"""A table of a paper as its readers see it: every cell with the labels of its row and column."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

Unit: TypeAlias = Literal["percent"]
Direction: TypeAlias = Literal["lower", "higher"]
Reason: TypeAlias = Literal[
    "empty", "no-value", "text", "range", "bound", "several-values", "several-labels", "scientific", "abbreviated",
    "other-unit", "decimal-comma", "unknown-macro",
]  # fmt: skip

# Why a cell is no claim, in words; `{text}` is the cell's text.
REASONS: Mapping[Reason, str] = {
    "empty": "the cell is empty",
    "no-value": "`{text}` stands for a missing value",
    "text": "`{text}` is text",
    "range": "`{text}` is a range",
    "bound": "`{text}` is a bound or an approximation",
    "several-values": "`{text}` holds several numbers, and the labels do not say which is which",
    "several-labels": "`{text}` is one number under several labels",
    "scientific": "`{text}` is in scientific notation",
    "abbreviated": "`{text}` is abbreviated",
    "other-unit": "`{text}` has a unit that no metric has",
    "decimal-comma": "`{text}` may have a decimal comma or separate thousands",
    "unknown-macro": "`{text}` contains a macro that is not defined (--macros FILE)",
}

# Reasons for which a cell holds a number all the same.
NUMERIC: frozenset[Reason] = frozenset({
    "range", "bound", "several-values", "several-labels", "scientific", "abbreviated", "other-unit", "decimal-comma",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell of the table's body, or one of several values in it.

    Attributes:
        row: The row's labels, from groups to the last column of labels.
        headings: For each label of the row, the heading of its column; "" for a group.
        column: The column's labels, from the top header row down.
        text: The cell as plain text.
        value: The number as a decimal string with the printed digits; None if the cell is no claim.
        deviation: What follows ±, in the value's unit.
        unit: `percent` if the cell or one of its labels says so; None if nothing does.
        direction: The better direction, by an arrow in a label.
        marks: Footnote marks, and sub- and superscripts and brackets whose meaning the table does not give.
        part: For one of several values in a cell, the part of the label that it belongs to.
        reason: Why the cell is no claim; None if it is one.
        groups: How many of the row's labels are groups: headings over several rows.
    """

    row: tuple[str, ...]
    headings: tuple[str, ...]
    column: tuple[str, ...]
    text: str
    value: str | None = None
    deviation: str | None = None
    unit: Unit | None = None
    direction: Direction | None = None
    marks: tuple[str, ...] = ()
    part: str | None = None
    reason: Reason | None = None
    groups: int = 0

    @property
    def numeric(self) -> bool:
        """Whether the cell holds a number, claimed or not."""
        return self.value is not None or self.reason in NUMERIC

    @property
    def labels(self) -> tuple[str, ...]:
        """All labels, the row's first."""
        return (*self.row, *self.column)

    @property
    def place(self) -> str:
        """The cell's row and column in words: `Qwen2-Audio, 7B: LibriSpeech, clean`."""
        column = ", ".join(self.column) + (f" [{self.part}]" if self.part else "")
        return f"{', '.join(self.row)}: {column}"

    @property
    def why(self) -> str:
        """Why the cell is no claim, in words; "" if it is one."""
        return REASONS[self.reason].format(text=self.text) if self.reason else ""


@dataclass(frozen=True, slots=True)
class Table:
    """A table.

    Attributes:
        number: `Table 2`, if the source prints it; LaTeX counts at typesetting, so it is None there.
        caption: The caption without the number.
        cells: The cells of the body, row by row.
        label_marks: Label -> the footnote marks on it.
        where: File and line.
    """

    number: str | None
    caption: str | None
    cells: tuple[Cell, ...]
    label_marks: Mapping[str, tuple[str, ...]]
    where: str

    @property
    def claims(self) -> tuple[Cell, ...]:
        """The cells with a value."""
        return tuple(cell for cell in self.cells if cell.value is not None)
