"""WikiQA's metric for ranked candidates: the best candidate is the answer if its score reaches a threshold.

Microsoft's eval.py of WikiQA: a question is triggered if its best score reaches the threshold; precision is over triggered
questions, recall over questions with a correct candidate. Needs a score per candidate, which free text does not provide.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from tasks.arrays import NDArray, np
from tasks.metrics.metric import Counts, Metric, Sums, as_counts, divide
from tasks.step import Value

THRESHOLD = Fraction(11, 100)


@dataclass(frozen=True)
class Triggered(Metric):
    """Precision, recall or F1 (0 to 1). A hypothesis is the candidates' scores, a reference their labels (1: correct)."""

    measure: Literal["precision", "recall", "f1"] = "f1"
    threshold: Fraction = THRESHOLD
    id: str = "f1"
    columns: tuple[str, ...] = ("correct", "triggered", "answerable")
    scale: int = 1

    @property
    def signature(self) -> str:
        """Counting and folding."""
        return f"count:triggered@{float(self.threshold):g}|fold:{self.measure}"

    def count(self, hypotheses: Sequence[Value], references: Sequence[Value]) -> Counts:
        """(rows, 3): triggered by a correct candidate, triggered, has a correct candidate. Ties go to the first candidate."""
        rows = []
        for scores, labels in zip(hypotheses, references, strict=True):
            if len(scores) != len(labels):
                raise ValueError(f"{len(scores)} scores for {len(labels)} candidates")
            best = max(range(len(scores)), key=scores.__getitem__, default=None)
            triggered = best is not None and scores[best] >= self.threshold
            rows.append((int(best is not None and triggered and labels[best] == 1), int(triggered), int(1 in labels)))
        return as_counts(rows, 3)

    def fold(self, counts: Counts) -> Fraction | None:
        """The measure over all questions."""
        correct, triggered, answerable = (int(n) for n in counts.sum(axis=0))
        bottom = {"precision": triggered, "recall": answerable, "f1": triggered + answerable}[self.measure]
        return Fraction(correct * (2 if self.measure == "f1" else 1), bottom) if bottom else None

    def from_sums(self, sums: Sums) -> NDArray[np.float64]:
        """See `Metric.from_sums`."""
        correct, triggered, answerable = sums.T
        if self.measure == "precision":
            return divide(correct, triggered)
        return divide(correct, answerable) if self.measure == "recall" else divide(2 * correct, triggered + answerable)
