"""Accuracy baselines: the best constant answer, and sets with a single class, on which accuracy is meaningless."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from tasks.convention import REFERENCE, Convention, View
from tasks.errors import ScoringError
from tasks.metrics.metric import RatioMetric
from tasks.phrase import phrase
from tasks.row import Row
from tasks.step_cache import ChainCache

# At most this many distinct answers are tried, the most frequent first.
MOST_ANSWERS = 20


@dataclass(frozen=True, slots=True)
class Baseline:
    """The best constant answer.

    Attributes:
        answer: The answer given to every row.
        correct: The points it scores.
        total: The possible points under the convention.
    """

    answer: str
    correct: int
    total: int

    @property
    def value(self) -> Fraction | None:
        """The accuracy, or None if nothing was counted."""
        return Fraction(self.correct, self.total) if self.total else None


def gold_label(row: Row, view: View = REFERENCE) -> str | None:
    """The gold answer of a row, if it is a single text: what the view reads, or the reference's `answer` or `value`.

    None for a row that the view cannot read, or whose label it leaves out.
    """
    try:
        reference = view.take(row)
    except ScoringError:
        return None
    if not isinstance(reference, str | None):
        reference = row.reference
    if isinstance(reference, Mapping):
        reference = reference.get("answer", reference.get("value"))
    return reference if isinstance(reference, str) else None


def constant_baseline(
    rows: Sequence[Row], convention: Convention, answers: Sequence[str] | None = None
) -> Baseline | None:
    """The score of the best constant answer under a convention; None if the convention's value is not a proportion.

    Args:
        rows: The rows that were scored. Selections are ignored: every row gets the constant answer.
        convention: Its metric must be a ratio of `correct` to `total`.
        answers: The answers to try; by default the `MOST_ANSWERS` most frequent gold answers. Linear in the rows.
    """
    metric = convention.metric
    if not isinstance(metric, RatioMetric) or tuple(metric.columns[:2]) != ("correct", "total"):
        return None
    if answers is None:
        labels = Counter(label for row in rows if (label := gold_label(row, convention.reference_view)) is not None)
        answers = [label for label, _ in sorted(labels.items(), key=lambda item: (-item[1], item[0]))[:MOST_ANSWERS]]
    references = ChainCache(rows).values(convention.reference_view, convention.reference)
    best: Baseline | None = None
    for answer in answers:
        cache = ChainCache([replace(row, hypothesis=answer) for row in rows])
        counts = metric.count(cache.values(convention.hypothesis_view, convention.hypothesis), references)
        correct, total = (int(n) for n in counts.sum(axis=0)[:2])
        found = Baseline(answer, correct, total)
        if best is None or (found.value or Fraction(-1)) > (best.value or Fraction(-1)):
            best = found
    return best


def single_class(rows: Sequence[Row], view: View = REFERENCE) -> str | None:
    """Why accuracy on these rows is meaningless (all gold answers are the same, as the view reads them), or None.

    A constant answer scores 1 on such a set. Ignores case, outer white space, and rows without a single gold text.
    """
    labels = [label.strip().lower() for row in rows if (label := gold_label(row, view)) is not None]
    if len(labels) > 1 and len(set(labels)) == 1:
        return phrase(
            "all {n} gold answers are {label}: a constant answer scores 1", n=len(labels), label=repr(labels[0])
        )
    return None
