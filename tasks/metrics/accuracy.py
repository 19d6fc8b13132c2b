"""Accuracy: the share of correct rows, or of the points that the rows could have scored."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from tasks.metrics.metric import Counts, RatioMetric
from tasks.step import Value, origin


@dataclass(frozen=True)
class Accuracy(RatioMetric):
    """The share of rows whose processed hypothesis equals the processed reference (0 to 1)."""

    id: str = "accuracy"
    columns: tuple[str, ...] = ("correct", "total")
    scale: int = 1
    numerator: tuple[str, ...] = ("correct",)
    denominator: tuple[str, ...] = ("total",)

    @property
    def signature(self) -> str:
        """Counting and folding."""
        return "count:equal|fold:share"

    def count(self, hypotheses: Sequence[Value], references: Sequence[Value]) -> Counts:
        """(rows, 2): 1 if correct, and 1."""
        right = [int(h == r) for h, r in zip(hypotheses, references, strict=True)]
        return np.array([right, [1] * len(right)], dtype=np.int64).T.reshape(-1, 2)


@dataclass(frozen=True)
class Share(RatioMetric):
    """A share: a function of hypothesis and reference returns (points, possible points) for a row."""

    name: str
    points: Callable[[Value, Value], tuple[int, int]] = field(compare=False)
    id: str = "accuracy"
    version: str = "1"
    columns: tuple[str, ...] = ("correct", "total")
    scale: int = 1
    numerator: tuple[str, ...] = ("correct",)
    denominator: tuple[str, ...] = ("total",)

    @property
    def signature(self) -> str:
        """Counting and folding."""
        return f"count:{self.name}{'' if self.version == '1' else '@' + self.version}|fold:share"

    @property
    def sources(self) -> tuple[str, ...]:
        """This module and the module of the scoring function."""
        return (*super().sources, *origin(self.points))

    def count(self, hypotheses: Sequence[Value], references: Sequence[Value]) -> Counts:
        """(rows, 2): points, and possible points."""
        rows = [self.points(h, r) for h, r in zip(hypotheses, references, strict=True)]
        return np.array(rows, dtype=np.int64).reshape(-1, 2)
