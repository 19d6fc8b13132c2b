"""Accuracy over the text prior: accuracy with the audio minus accuracy without it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from tasks.metrics.metric import Counts, Metric, Sums, divide
from tasks.step import Value, origin


@dataclass(frozen=True)
class OverPrior(Metric):
    """(Correct with audio - correct without) over all rows: -1 to 1. A hypothesis is the list of both outputs."""

    name: str
    points: Callable[[Value, Value], tuple[int, int]] = field(compare=False)
    id: str = "accuracy-over-prior"
    columns: tuple[str, ...] = ("correct", "correct_without_audio", "total")
    scale: int = 1

    @property
    def signature(self) -> str:
        """Counting and folding."""
        return f"count:{self.name}.with-less-without-audio|fold:share"

    @property
    def sources(self) -> tuple[str, ...]:
        """This module and the module of the scoring function."""
        return (*super().sources, *origin(self.points))

    def count(self, hypotheses: Sequence[Value], references: Sequence[Value]) -> Counts:
        """(rows, 3): 1 if correct with the audio, 1 if correct without, 1."""
        rows = [
            (self.points(heard, reference)[0], self.points(unheard, reference)[0], 1)
            for (heard, unheard), reference in zip(hypotheses, references, strict=True)
        ]
        return np.array(rows, dtype=np.int64).reshape(-1, 3)

    def fold(self, counts: Counts) -> Fraction | None:
        """The difference of the two accuracies."""
        heard, unheard, total = (int(n) for n in counts.sum(axis=0))
        return Fraction(heard - unheard, total) if total else None

    def from_sums(self, sums: Sums) -> NDArray[np.float64]:
        """See `Metric.from_sums`."""
        return divide(sums[:, 0] - sums[:, 1], sums[:, 2])
