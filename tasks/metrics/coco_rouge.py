"""ROUGE-L as in the COCO caption scorer: the best precision and the best recall over the captions, beta 1.2; mean.

salaniz/pycocoevalcap@ad63453:rouge/rouge.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from tasks.metrics.captions import MeanScore, References, fixed, items, table
from tasks.metrics.metric import Counts
from tasks.metrics.rouge import RougeL
from tasks.step import Value

BETA_SQUARED = Fraction(144, 100)


def _pieces(value: Value) -> tuple[str, ...]:
    """Tokens; an empty text is one empty token, as the source's split at spaces gives."""
    return (value if isinstance(value, tuple) else tuple(value.split(" "))) or ("",)


@dataclass(frozen=True)
class CocoRougeL(MeanScore):
    """The mean of COCO's ROUGE-L, times 100."""

    references: References = "all"
    id: str = "rouge-l"
    columns: tuple[str, ...] = ("score", "items")
    scale: int = 100

    @property
    def signature(self) -> str:
        """Counting and folding."""
        return f"count:coco-rouge-l.beta1.2|fold:mean|refs:{self.references}"

    @property
    def sources(self) -> tuple[str, ...]:
        """This module, the shared code and the longest-common-subsequence module."""
        return (*super().sources, "module:tasks.metrics.captions", "module:tasks.metrics.rouge")

    def count(self, hypotheses: Sequence[Value], references: Sequence[Value]) -> Counts:
        """(rows, 2): scores in units of 10**-12, and items."""
        pairs = items(hypotheses, references, self.references)
        left = [_pieces(hypothesis) for _, hypothesis, captions in pairs for _ in captions]
        right = [_pieces(caption) for _, _, captions in pairs for caption in captions]
        lengths = iter(RougeL().count(left, right).tolist())
        counts = table(len(hypotheses), 2)
        for row, _, captions in pairs:
            found = [next(lengths) for _ in captions]
            precision = max(Fraction(common, said) for common, said, _ in found)
            recall = max(Fraction(common, wanted) for common, _, wanted in found)
            bottom = recall + BETA_SQUARED * precision
            counts[row] += (fixed((1 + BETA_SQUARED) * precision * recall / bottom if bottom else Fraction(0)), 1)
        return counts
