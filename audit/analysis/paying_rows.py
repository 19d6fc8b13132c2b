"""The rows that pay for the difference between two conventions, as values, and how they are shown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, TypeAlias

from audit._util.csv_cells import csv_text
from audit._util.terminal import in_a_line
from audit.analysis.amounts import exact_text, percent
from audit.scoring.predictions import PredictionSet
from tasks.analysis.paying_words import Word
from tasks.analysis.row_shares import Amount, Method
from tasks.convention import Convention
from tasks.statistics.bootstrap import decimal, stored

SCHEMA = "repro-audit/paying-rows/1"
# Equal words shown on either side of an error, and places shown of one alignment.
CONTEXT = 3
MOST_PLACES = 60
NO_ERROR = "no error"
_PAYS, _ERROR, _QUIET, _END = "\x1b[1;31m", "\x1b[33m", "\x1b[2m", "\x1b[0m"
# Under each of the two conventions.
BothWords: TypeAlias = tuple[tuple[Word, ...], tuple[Word, ...]]


@dataclass(frozen=True, slots=True)
class PayingRow:
    """A row that counts differently under the two conventions.

    Attributes:
        id: The row's id.
        share: What it adds to the difference, in the metric's scale.
        kind: What happened: the words for the part of the share that is largest.
        parts: What happened -> its part of the share; they sum to the share.
        counts: The row's counts under each convention; empty where it is not scored.
        words: The alignment (or the output's tokens) under each convention; empty if the texts are too long to read.
        references: The reference's tokens under each convention if they differ, for metrics without an alignment.
    """

    id: str
    share: Amount
    kind: str
    parts: Mapping[str, Amount]
    counts: tuple[Mapping[str, int], Mapping[str, int]]
    words: BothWords
    references: BothWords


@dataclass(frozen=True, slots=True)
class PayingKind:
    """What happened, with the rows in which it did and their share of the difference."""

    name: str
    rows: int
    share: Amount


@dataclass(frozen=True, slots=True, repr=False)
class PayingRows:
    """The rows that pay for a difference, the largest share first.

    Attributes:
        predictions: The run.
        metric: The metric's id.
        conventions: The two conventions.
        values: The value under each.
        gap: The second value minus the first.
        remainder: What is not attributed to rows; 0 with the method `exact`.
        method: How the shares were computed, see `tasks.analysis.row_shares`.
        rows: All rows that count differently.
        kinds: What happened; with the remainder they sum to the gap.
        dropped: The number of rows that only one of the conventions scores.
    """

    predictions: PredictionSet
    metric: str
    conventions: tuple[Convention, Convention]
    values: tuple[Amount, Amount]
    gap: Amount
    remainder: Amount
    method: Method
    rows: tuple[PayingRow, ...]
    kinds: tuple[PayingKind, ...]
    dropped: int

    def lines(self, most: int = 20, *, colour: bool = False) -> list[str]:
        """For a terminal: the groups, then the rows with the largest shares and their alignments.

        Args:
            most: The number of rows to show.
            colour: Whether to colour errors; without colour, square brackets mark what pays and round ones other errors.
        """
        return _lines(self, most, colour=colour)

    def table(self) -> str:
        """One line per row that counts differently, as CSV; contains texts."""
        return _table(self)

    def as_json(self) -> dict[str, Any]:
        """Everything but the texts, as plain JSON; exact amounts as fractions, so that a reader can add them up."""
        return _as_json(self)

    def __repr__(self) -> str:
        return "\n".join(self.lines())


def _lines(found: PayingRows, most: int, *, colour: bool) -> list[str]:
    run, (first, second) = found.predictions, found.conventions
    head = [
        f"{run.task}, {found.metric}: {len(run.rows)} rows of {in_a_line(run.meta.model)}",
        f"  A {first.id:<30} {float(found.values[0]):>10.4f}",
        f"  B {second.id:<30} {float(found.values[1]):>10.4f}   difference {float(found.gap):+.4f}",
        f"{len(found.rows)} rows count differently{_dropped(found)}; {method(found)}.",
        "",
        f"  {'points':>11} {'share':>9} {'rows':>6}  what happened",
    ]
    for kind in found.kinds:
        head.append(f"  {float(kind.share):>+11.4f} {percent(kind.share, found.gap):>9} {kind.rows:>6}  {kind.name}")
    if found.method != "exact":
        rest = f"{float(found.remainder):>+11.4f} {percent(found.remainder, found.gap):>9}"
        head.append(f"  {rest} {'':>6}  not attributed to rows")
    head.append(f"  {float(found.gap):>+11.4f} {'':>9} {'':>6}  sum")
    shown = found.rows[:most]
    if shown:
        head += ["", "Rows that pay most:"]
    for number, row in enumerate(shown, 1):
        head.append(
            f"{number:>3}. {in_a_line(row.id)}  {float(row.share):+.4f} ({percent(row.share, found.gap)})  {row.kind}"
        )
        for letter, words, counts in zip("AB", row.words, row.counts, strict=True):
            head.append(f"     {letter} {_counts(counts)}")
            if words:
                head.append(f"       {_text(words, colour=colour)}")
        for letter, words in zip("AB", row.references, strict=True):
            if words:
                head.append(f"     {letter} reference: {_text(words, colour=colour)}")
    more = len(found.rows) - len(shown)
    return [*head, f"and {more} more (--rows N, --csv FILE, --html FILE)"] if more > 0 else head


def method(found: PayingRows) -> str:
    """How the shares were computed, in one sentence without its full stop."""
    return {
        "exact": "the rows' shares sum to the difference exactly",
        "path": "a row's share is what its counts add while all rows change together from A to B",
        "leave one out": "a row's share is how much more the second value than the first changes if the row is left out",
    }[found.method]


def _dropped(found: PayingRows) -> str:
    return f", {found.dropped} of them because one convention drops them" if found.dropped else ""


def _counts(counts: Mapping[str, int]) -> str:
    if not counts:
        return "not scored"
    few = {key: value for key, value in counts.items() if value or len(counts) <= 4}
    return ", ".join(f"{value} {key}" for key, value in few.items())


def pieces(words: Sequence[Word]) -> Iterator[Word | None]:
    """The places of an alignment to show: errors with a few words around them; None where something is left out."""
    # Around what pays; if nothing does, around the errors.
    marked = [n for n, word in enumerate(words) if word.pays] or [
        n for n, word in enumerate(words) if word.tag != "hit"
    ]
    near = {n + step for n in marked for step in range(-CONTEXT, CONTEXT + 1)}
    shown = 0
    gap = False
    for n, word in enumerate(words):
        if n not in near or shown >= MOST_PLACES:
            gap = True
            continue
        if gap:
            yield None
            gap = False
        shown += 1
        yield word
    if gap:
        yield None


def _text(words: Sequence[Word], *, colour: bool) -> str:
    if not any(word.pays or word.tag != "hit" for word in words):
        return NO_ERROR
    return " ".join("\u2026" if word is None else _word(word, colour=colour) for word in pieces(words))


def _word(word: Word, *, colour: bool) -> str:
    text = label(word)
    if word.tag == "hit" and not word.pays:
        return f"{_QUIET}{text}{_END}" if colour else text
    text = f"[{text}]" if word.pays else f"({text})"
    return f"{_PAYS if word.pays else _ERROR}{text}{_END}" if colour else text


def label(word: Word) -> str:
    """A place of an alignment: `two\u21922` a substitution, `-two` a deletion, `+two` an insertion, `two` anything else."""
    reference, hypothesis = in_a_line(word.reference), in_a_line(word.hypothesis)
    return {
        "hit": hypothesis,
        "substitution": f"{reference}\u2192{hypothesis}",
        "deletion": f"-{reference}",
        "insertion": f"+{hypothesis}",
    }[word.tag]


def _table(found: PayingRows) -> str:
    """One line per row that counts differently, as CSV; contains texts."""
    first, second = (rule.id for rule in found.conventions)
    columns = ["rank", "id", "points", "percent", "what happened", f"counts {first}", f"counts {second}",
               f"errors {first}", f"errors {second}"]  # fmt: skip
    rows = [
        (
            number,
            row.id,
            format(stored(row.share), "f"),
            format(decimal(Fraction(row.share) / Fraction(found.gap) * 100, 6), "f") if found.gap else None,
            "; ".join(row.parts),
            *(_counts(counts) for counts in row.counts),
            *(" ".join(label(word) for word in words if word.pays) for words in row.words),
        )
        for number, row in enumerate(found.rows, 1)
    ]
    return csv_text(columns, rows, numbers={"points", "percent"})


def _as_json(found: PayingRows) -> dict[str, Any]:
    """Everything but the texts, as plain JSON; exact amounts as fractions, so that a reader can add them up."""
    run = found.predictions
    return {
        "schema": SCHEMA,
        "task": run.task,
        "metric": found.metric,
        "predictions_sha256": run.sha256,
        "conventions": [{"id": rule.id, "signature": rule.signature, "hash": rule.hash} for rule in found.conventions],
        "values": [exact_text(value) for value in found.values],
        "difference": exact_text(found.gap),
        "remainder": exact_text(found.remainder),
        "method": found.method,
        "kinds": [{"name": kind.name, "rows": kind.rows, "share": exact_text(kind.share)} for kind in found.kinds],
        "rows": [_row_json(row) for row in found.rows],
    }


def _row_json(row: PayingRow) -> dict[str, Any]:
    return {
        "id": row.id,
        "share": exact_text(row.share),
        "parts": {what: exact_text(share) for what, share in row.parts.items()},
        "counts": [dict(counts) for counts in row.counts],
    }
