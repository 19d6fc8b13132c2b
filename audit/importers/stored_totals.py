"""Scores that files state about themselves, and whether the rows beside them give these scores."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any, Literal

from audit.importers.records import Record

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
        metric: The metric's id here; None if it has none.
        unit: The unit of `stored`, where the metric has an id.
    """

    name: str
    stored: str
    given: str | None
    agrees: bool
    how: str
    rows: int
    metric: str | None = None
    unit: Literal["fraction", "percent"] = "fraction"

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
        return StoredTotal("wer", str(stored), None, False, "a text is missing", len(records), "wer")
    from tasks.metrics.error_rate import edit_counts

    counts = edit_counts(*([str(text).split() for text in side] for side in sides)).sum(axis=0)
    substitutions, deletions, insertions, hits = map(int, counts)
    edits, words = substitutions + deletions + insertions, substitutions + deletions + hits
    how = "word errors per reference word"
    if not words:
        return StoredTotal("wer", str(stored), None, False, "no reference words", len(records), "wer")
    rate = Fraction(edits, words)
    return StoredTotal("wer", str(stored), _shown(rate), _equal(rate, stored), how, len(records), "wer")


# The metric of ours that a name in other tools' files stands for.
_METRICS = {
    "wer": "wer", "cer": "cer", "bleu": "bleu", "sacrebleu": "bleu", "chrf": "chrf", "chrf++": "chrfpp", "chrf2": "chrf",
    "chrf2++": "chrfpp", "ter": "ter", "acc": "accuracy", "accuracy": "accuracy", "exact_match": "accuracy", "em": "accuracy",
    "match": "accuracy", "meteor": "meteor", "cider": "cider", "spice": "spice", "spider": "spider", "rougel": "rouge-l",
}  # fmt: skip


def metric_of(name: str) -> str | None:
    """The id of the metric that another tool's name stands for; None if it has none here."""
    return _METRICS.get(name.lower().replace("rouge_l", "rougel").replace("%", "").strip())


def mean_total(
    name: str, stored: Any, values: Sequence[Any], metric: str | None, how: str | None = None
) -> StoredTotal | None:
    """A stated mean, held against the values of the rows; None if what is stated is not a number.

    A value of a row may be a number or a boolean.
    """
    if not _is_number(stored):
        return None
    unit: Literal["fraction", "percent"] = "percent" if abs(stored) > 1 else "fraction"
    numbers = [int(value) if isinstance(value, bool) else value for value in values]
    how = how or f"mean of {name}"
    if not numbers or not all(_is_number(value) for value in numbers):
        missing = f"not every row has a number in {name}"
        return StoredTotal(name, str(stored), None, False, missing, len(numbers), metric, unit)
    mean = sum((Fraction(Decimal(str(value))) for value in numbers), Fraction()) / len(numbers)
    return StoredTotal(name, str(stored), _shown(mean), _equal(mean, stored), how, len(numbers), metric, unit)


def of_rows(name: str, values: Sequence[Any], metric: str | None = None) -> StoredTotal | None:
    """The mean of the scores that rows carry, where the source states no total.

    Args:
        name: What the source calls the score.
        values: A number or a boolean for each row.
        metric: The metric's id here; by default the one that the name stands for.

    Returns:
        None unless every row has a number.
    """
    numbers = [int(value) if isinstance(value, bool) else value for value in values]
    if not numbers or not all(_is_number(value) for value in numbers):
        return None
    mean = sum((Fraction(Decimal(str(value))) for value in numbers), Fraction()) / len(numbers)
    unit: Literal["fraction", "percent"] = "percent" if any(abs(value) > 1 for value in numbers) else "fraction"
    how = f"mean of its rows' own {name}, without a total in the source"
    return StoredTotal(name, _shown(mean), _shown(mean), True, how, len(numbers), metric or metric_of(name), unit)


def stated(name: str, stored: Any, rows: int, unit: Literal["fraction", "percent"]) -> StoredTotal | None:
    """A score whose rows carry no values of their own, such as a corpus metric; None if it is not a number."""
    if not _is_number(stored):
        return None
    how = "the file has no value for each row"
    return StoredTotal(name, str(stored), None, False, how, rows, metric_of(name), unit)


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
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    # A number of thousands of digits is no score, and Python refuses to print it.
    return abs(value) < 1e15 if isinstance(value, int) else Decimal(str(value)).is_finite()


def _shown(value: Fraction) -> str:
    return f"{float(value):.6g}"


def _equal(value: Fraction, stored: float) -> bool:
    """Whether the value prints as the stored number, with a float's last digits left to rounding errors of sums."""
    written = Decimal(str(stored))
    places = max(0, -int(written.as_tuple().exponent))
    half = Fraction(1, 2 * 10 ** min(places, 9))
    return abs(value - Fraction(written)) <= max(half, abs(Fraction(written)) / 10**9)
