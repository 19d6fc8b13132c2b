"""Story metrics: number of distinct words, and share of outputs long enough to be a story (paper, appendix E)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tasks.arrays import NDArray, np
from tasks.metrics.metric import Counts, MeanMetric, RatioMetric, as_counts
from tasks.step import Value

# Appendix E: an answer with fewer than 50 words does not follow the instruction.
FOLLOWED_WORDS = 50


def _count(hypotheses: Sequence[Value]) -> Counts:
    rows = []
    for words in hypotheses:
        followed = len(words) >= FOLLOWED_WORDS
        rows.append((len(set(words)) if followed else 0, int(followed), 1))
    return as_counts(rows, 3)


COLUMNS = ("different_words", "followed", "total")


@dataclass(frozen=True)
class Diversity(MeanMetric):
    """Distinct words of every story of 50 words or more (0 for shorter ones), averaged over all outputs."""

    id: str = "diversity"
    columns: tuple[str, ...] = COLUMNS
    scale: int = 1

    @property
    def signature(self) -> str:
        """Counting and folding."""
        return f"count:different-words.{FOLLOWED_WORDS}|fold:mean-of-rows"

    def count(self, hypotheses: Sequence[Value], references: Sequence[Value]) -> Counts:
        """(rows, 3): distinct words (0 if not followed), followed, 1."""
        del references
        return _count(hypotheses)

    def row_value(self, counts: Counts) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Distinct words, and 1."""
        return counts[:, 0], counts[:, 2]


@dataclass(frozen=True)
class StoryFollowing(RatioMetric):
    """The share of outputs of 50 words or more."""

    id: str = "following-rate"
    columns: tuple[str, ...] = COLUMNS
    scale: int = 1
    numerator: tuple[str, ...] = ("followed",)
    denominator: tuple[str, ...] = ("total",)

    @property
    def signature(self) -> str:
        """Counting and folding."""
        return f"count:words.{FOLLOWED_WORDS}|fold:share"

    def count(self, hypotheses: Sequence[Value], references: Sequence[Value]) -> Counts:
        """As `Diversity.count`."""
        del references
        return _count(hypotheses)
