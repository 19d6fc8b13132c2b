"""Totals that AudioBench's files state about themselves, and whether the rows beside them give these totals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

from audit.importers.records import Record
from tasks.metrics.error_rate import edit_counts

# A judge's score is the mean of its ratings; releases print it as it is, of 5 in percent, or of 1 in percent.
_FACTORS = (1, 20, 100)


@dataclass(frozen=True, slots=True)
class StoredTotal:
    """A total of a file.

    Attributes:
        name: `wer`, or `NAME.judge_score`.
        stored: As the file has it.
        given: What the rows give; None if they cannot be averaged.
        agrees: Whether the rows give it, to the digits of the file.
        how: How the rows were added up.
        rows: Their number.
    """

    name: str
    stored: str
    given: str | None
    agrees: bool
    how: str
    rows: int

    @property
    def note(self) -> str:
        """The total in a sentence."""
        head = f"the file's own total: {self.name} {self.stored}"
        if self.given is None:
            return f"{head}; its {self.rows} rows cannot be added up ({self.how})"
        if self.agrees:
            return f"{head}; its {self.rows} rows give it ({self.how})"
        return (
            f"{head}; its {self.rows} rows give {self.given} ({self.how}): the total is not theirs, "
            "and they may be an excerpt"
        )


def word_errors(stored: Any, records: Sequence[Record]) -> StoredTotal | None:
    """The corpus word error rate of stored pairs, whose texts are already normalised."""
    if not _is_number(stored):
        return None
    sides = [[record.fields.get(name) for record in records] for name in ("prediction", "reference")]
    if not all(isinstance(text, str) for side in sides for text in side):
        return StoredTotal("wer", str(stored), None, agrees=False, how="a text is missing", rows=len(records))
    counts = edit_counts(*([str(text).split() for text in side] for side in sides)).sum(axis=0)
    substitutions, deletions, insertions, hits = map(int, counts)
    edits, words = substitutions + deletions + insertions, substitutions + deletions + hits
    how = "word errors per reference word"
    if not words:
        return StoredTotal("wer", str(stored), None, agrees=False, how="no reference words", rows=len(records))
    rate = Fraction(edits, words)
    return StoredTotal("wer", str(stored), _shown(rate), _equal(rate, stored), how, len(records))


def judge_totals(name: str, stated: Mapping[str, Any], records: Sequence[Record]) -> list[StoredTotal]:
    """A judge's mean rating and success rate."""
    found = []
    for key, field in (("judge_score", "rate_score"), ("success_rate", "success")):
        stored: Any = stated.get(key)
        if not _is_number(stored):
            continue
        label = f"{name}.{key}"
        values = [record.fields.get(field) for record in records]
        if not all(_is_number(value) for value in values):
            missing = f"not every row has a number in {field}"
            found.append(StoredTotal(label, str(stored), None, agrees=False, how=missing, rows=len(records)))
            continue
        mean = sum((Fraction(Decimal(str(value))) for value in values), Fraction()) / len(values)
        factors = _FACTORS if key == "judge_score" else (1,)
        factor = next((f for f in factors if _equal(mean * f, stored)), 0)
        shown = factor or (100 if "binary" in name and key == "judge_score" else 1)
        how = f"mean of {field}{f' x {shown}' if shown > 1 else ''}"
        found.append(StoredTotal(label, str(stored), _shown(mean * shown), bool(factor), how, len(records)))
    return found


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and Decimal(str(value)).is_finite()


def _shown(value: Fraction) -> str:
    return f"{float(value):.6g}"


def _equal(value: Fraction, stored: float) -> bool:
    """Whether the value prints as the stored number, with a float's last digits left to rounding errors of sums."""
    written = Decimal(str(stored))
    places = max(0, -int(written.as_tuple().exponent))
    half = Fraction(1, 2 * 10 ** min(places, 9))
    return abs(value - Fraction(written)) <= max(half, abs(Fraction(written)) / 10**9)
