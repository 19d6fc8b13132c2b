"""Macro-F1, weighted F1 and unweighted average recall of a classification, from the confusion counts of the rows."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from tasks.arrays import NDArray, np
from tasks.errors import ScoringError
from tasks.metrics.accuracy import UNREAD
from tasks.metrics.metric import Counts, Metric, Sums, divide
from tasks.step import Value

SOURCES = ("module:tasks.metrics.accuracy",)
Measure = Literal["macro-f1", "weighted-f1", "uar"]
# Which classes a macro-F1 averages over. `labels`: all labels of the task, 0 for one that occurs nowhere. `seen`: as
# scikit-learn's default, those that occur as gold or as an answer, and one more for unread outputs if there are any (F1 0).
Classes = Literal["labels", "seen"]
PARTS = ("hit", "gold", "answered")


@dataclass(frozen=True)
class ClassScore(Metric):
    """A score that weighs classes instead of rows (0 to 1).

    Macro-F1 is the mean of the classes' F1, weighted F1 their mean weighted by the gold rows of each class, and `uar`
    (unweighted average recall, also called unweighted or balanced accuracy) the mean recall of the classes that occur as gold.
    An output that is no label is unread: it is a miss of its gold class and an answer of no class.

    Attributes:
        labels: The labels of the task; case does not tell two of them apart.
        measure: What is computed; also the metric's id.
        classes: Which classes a macro-F1 averages over; the other two measures are the same for both.
    """

    labels: tuple[str, ...]
    measure: Measure
    classes: Classes = "labels"
    id: str = ""
    columns: tuple[str, ...] = ()
    scale: int = 1

    def __post_init__(self) -> None:
        if len({label.lower() for label in self.labels}) != len(self.labels) or not self.labels:
            raise ValueError("labels must differ in more than case")
        columns = (*(f"{part}:{label}" for part in PARTS for label in self.labels), UNREAD)
        object.__setattr__(self, "columns", columns)
        object.__setattr__(self, "id", self.measure)

    @property
    def signature(self) -> str:
        """Counting and folding."""
        classes = f"|classes:{self.classes}" if self.measure == "macro-f1" else ""
        return f"count:confusion.{len(self.labels)}|fold:{self.measure}{classes}"

    @property
    def counting(self) -> Hashable:
        """The counts depend on nothing but the labels."""
        return (ClassScore, self.labels)

    def count(self, hypotheses: Sequence[Value], references: Sequence[Value]) -> Counts:
        """(rows, 3 * labels + 1): for each label 1 if it is hit, gold, answered; then 1 if the output is no label.

        An output is a label if it is spelled as the gold label or, for another label, in lower, title or upper case.

        Raises:
            ScoringError: A reference is no label.
        """
        number = {label.lower(): index for index, label in enumerate(self.labels)}
        spelled = {
            form(label): i for i, label in enumerate(self.labels) for form in (str, str.lower, str.title, str.upper)
        }
        found = np.zeros((len(hypotheses), len(self.columns)), dtype=np.int64)
        size = len(self.labels)
        for row, (hypothesis, reference) in enumerate(zip(hypotheses, references, strict=True)):
            gold = number.get(str(reference).lower())
            if gold is None:
                raise ScoringError(f"the gold label {reference!r} is not one of {', '.join(self.labels)}", item=row)
            answer = gold if hypothesis == reference else spelled.get(hypothesis)
            if answer == gold and hypothesis != reference:
                answer = None  # the convention tells the two spellings apart
            found[row, size + gold] = 1
            found[row, gold] = int(answer == gold)
            found[row, -1 if answer is None else 2 * size + answer] = 1
        return found

    def fold(self, counts: Counts) -> Fraction | None:
        """The score, exact."""
        if not len(counts):
            return None
        size = len(self.labels)
        *totals, unread = map(int, counts.sum(axis=0))
        hits, gold, answered = totals[:size], totals[size : 2 * size], totals[2 * size :]
        if self.measure == "uar":
            recalls = [Fraction(hit, of) for hit, of in zip(hits, gold, strict=True) if of]
            return sum(recalls, Fraction(0)) / len(recalls)
        f1 = [Fraction(2 * h, g + a) if g + a else Fraction(0) for h, g, a in zip(hits, gold, answered, strict=True)]
        if self.measure == "weighted-f1":
            return sum((Fraction(g) * f for g, f in zip(gold, f1, strict=True)), Fraction(0)) / sum(gold)
        seen = sum(1 for g, a in zip(gold, answered, strict=True) if g + a) + (unread > 0)
        return sum(f1, Fraction(0)) / (size if self.classes == "labels" else seen)

    def from_sums(self, sums: Sums) -> NDArray[np.float64]:
        """See `Metric.from_sums`."""
        size = len(self.labels)
        hits, gold, answered = (sums[:, part * size : (part + 1) * size] for part in range(3))
        rows = gold.sum(axis=1)
        if self.measure == "uar":
            return divide(np.nan_to_num(divide(hits, gold)).sum(axis=1), (gold > 0).sum(axis=1))
        f1 = np.nan_to_num(divide(2 * hits, gold + answered))
        if self.measure == "weighted-f1":
            return divide((gold * f1).sum(axis=1), rows)
        seen = ((gold + answered) > 0).sum(axis=1) + (sums[:, -1] > 0)
        return np.where(
            rows > 0, divide(f1.sum(axis=1), np.full(len(sums), size) if self.classes == "labels" else seen), np.nan
        )
