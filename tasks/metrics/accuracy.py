"""Accuracy: the share of correct rows, or of the points that the rows could have scored."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from tasks.metrics.metric import Counts, RatioMetric, as_counts
from tasks.step import Value, origin

# The column of outputs in which a rule reads no answer: they count as the rule says, and are shown apart from wrong answers.
UNREAD = "unread"
_COLUMNS = ("correct", "total")


@dataclass(frozen=True)
class Accuracy(RatioMetric):
    """The share of rows whose processed hypothesis equals the processed reference (0 to 1).

    Attributes:
        answers: All answers that a hypothesis can be; any other is wrong, and unread. None if any text is an answer.
    """

    id: str = "accuracy"
    answers: frozenset[str] | None = None
    columns: tuple[str, ...] = _COLUMNS
    scale: int = 1
    numerator: tuple[str, ...] = ("correct",)
    denominator: tuple[str, ...] = ("total",)

    def __post_init__(self) -> None:
        if self.answers is not None:
            object.__setattr__(self, "columns", (*_COLUMNS, UNREAD))

    @property
    def signature(self) -> str:
        """Counting and folding."""
        return "count:equal|fold:share"

    def count(self, hypotheses: Sequence[Value], references: Sequence[Value]) -> Counts:
        """(rows, 2): 1 if correct, and 1; with `answers` (rows, 3): also 1 if the hypothesis is none of them."""
        right = [(int(h == r), 1) for h, r in zip(hypotheses, references, strict=True)]
        if self.answers is None:
            return as_counts(right, 2)
        unread = [int(h not in self.answers) for h in hypotheses]
        return as_counts([(*pair, last) for pair, last in zip(right, unread, strict=True)], 3)


@dataclass(frozen=True)
class Share(RatioMetric):
    """A share: a function of hypothesis and reference returns (points, possible points) for a row.

    Attributes:
        reads: Whether the function also returns 1 for an output in which it reads no answer, otherwise 0.
    """

    name: str
    points: Callable[[Value, Value], tuple[int, ...]] = field(compare=False)
    id: str = "accuracy"
    version: str = "1"
    reads: bool = False
    columns: tuple[str, ...] = _COLUMNS
    scale: int = 1
    numerator: tuple[str, ...] = ("correct",)
    denominator: tuple[str, ...] = ("total",)

    def __post_init__(self) -> None:
        if self.reads:
            object.__setattr__(self, "columns", (*_COLUMNS, UNREAD))

    @property
    def signature(self) -> str:
        """Counting and folding."""
        return f"count:{self.name}{'' if self.version == '1' else '@' + self.version}|fold:share"

    @property
    def sources(self) -> tuple[str, ...]:
        """This module and the module of the scoring function."""
        return (*super().sources, *origin(self.points))

    def count(self, hypotheses: Sequence[Value], references: Sequence[Value]) -> Counts:
        """(rows, 2): points, and possible points; with `reads` (rows, 3)."""
        points = [self.points(h, r) for h, r in zip(hypotheses, references, strict=True)]
        return as_counts(points, len(self.columns))
