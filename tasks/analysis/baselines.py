"""What an accuracy is worth: the share that one constant answer gets, and sets on which every accuracy is void."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from tasks.convention import Convention
from tasks.metrics.metric import RatioMetric
from tasks.row import Row
from tasks.step_cache import ChainCache

# More different answers than this are not tried: the most frequent ones are.
MOST_ANSWERS = 20


@dataclass(frozen=True, slots=True)
class Baseline:
    """The best constant answer.

    Attributes:
        answer: What is answered to every row.
        correct: Points it gets.
        total: Points there are, in the convention's count.
    """

    answer: str
    correct: int
    total: int

    @property
    def value(self) -> Fraction | None:
        """The share, or None where nothing was counted."""
        return Fraction(self.correct, self.total) if self.total else None


def gold_label(row: Row) -> str | None:
    """The answer that a row asks for, if that is one text: a text, or an object's `answer` or `value`."""
    reference = row.reference
    if isinstance(reference, Mapping):
        reference = reference.get("answer", reference.get("value"))
    return reference if isinstance(reference, str) else None


def constant_baseline(
    rows: Sequence[Row], convention: Convention, answers: Sequence[str] | None = None
) -> Baseline | None:
    """What the best constant answer scores under a convention; None where the convention's value is no share.

    Args:
        rows: The rows that were scored. Selections are not asked: a constant answer is given to each of them.
        convention: One whose metric is a ratio of `correct` to `total`.
        answers: What is tried; by default the gold answers, the most frequent `MOST_ANSWERS` of them. Linear in the rows.
    """
    metric = convention.metric
    if not isinstance(metric, RatioMetric) or tuple(metric.columns) != ("correct", "total"):
        return None
    if answers is None:
        labels = Counter(label for row in rows if (label := gold_label(row)) is not None)
        answers = [label for label, _ in sorted(labels.items(), key=lambda item: (-item[1], item[0]))[:MOST_ANSWERS]]
    references = ChainCache(rows).values(convention.reference_view, convention.reference)
    best: Baseline | None = None
    for answer in answers:
        cache = ChainCache([replace(row, hypothesis=answer) for row in rows])
        counts = metric.count(cache.values(convention.hypothesis_view, convention.hypothesis), references)
        correct, total = (int(n) for n in counts.sum(axis=0))
        found = Baseline(answer, correct, total)
        if best is None or (found.value or Fraction(-1)) > (best.value or Fraction(-1)):
            best = found
    return best


def single_class(rows: Sequence[Row]) -> str | None:
    """Why no accuracy on these rows means anything: all gold answers are the same; None if they are not.

    A constant answer scores 1 on such a set. Case and outer space play no part; rows without one gold text do not count.
    """
    labels = [label.strip().lower() for row in rows if (label := gold_label(row)) is not None]
    if len(labels) > 1 and len(set(labels)) == 1:
        return f"all {len(labels)} gold answers are {labels[0]!r}: a constant answer scores 1"
    return None
