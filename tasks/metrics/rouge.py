"""ROUGE-L: longest common subsequence per row, then recall or F-measure, averaged over the rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from tasks.arrays import NDArray, np
from tasks.metrics.metric import Counts, MeanMetric, as_counts
from tasks.step import Step, Value, version_of

COLUMNS = ("common", "hypothesis_length", "reference_length")


def rouge_tokens(stemmer: bool) -> Step:
    """rouge-score's tokenizer: lower case, ASCII letters and digits only; optionally Porter stems of words over 3 letters."""

    def load() -> object:
        from rouge_score.tokenizers import DefaultTokenizer

        tokenizer = DefaultTokenizer(use_stemmer=stemmer)
        return lambda text: tuple(tokenizer.tokenize(text))

    return Step(
        "rouge-tokens.stem" if stemmer else "rouge-tokens",
        version_of("rouge-score"),
        load,  # type: ignore[arg-type]  # a closure over an untyped library
        ("module:rouge_score.tokenize", "module:rouge_score.tokenizers", "module:nltk.stem.porter"),
        "tokens",
    )


@dataclass(frozen=True)
class RougeL(MeanMetric):
    """The mean ROUGE-L F-measure (`beta` 1) or recall of the rows, times 100."""

    measure: Literal["f", "recall"] = "f"
    id: str = "rouge-l"
    columns: tuple[str, ...] = COLUMNS
    scale: int = 100

    @property
    def signature(self) -> str:
        """Counting and folding."""
        return f"count:lcs|fold:mean-of-rows|measure:{self.measure}"

    def count(self, hypotheses: Sequence[Value], references: Sequence[Value]) -> Counts:
        """(rows, 3): lengths of the longest common subsequence, the hypothesis and the reference, in tokens."""
        from rapidfuzz.distance import LCSseq

        rows = []
        for hypothesis, reference in zip(hypotheses, references, strict=True):
            ids: dict[str, int] = {}
            left = [ids.setdefault(token, len(ids)) for token in hypothesis]
            right = [ids.setdefault(token, len(ids)) for token in reference]
            rows.append((LCSseq.similarity(left, right), len(left), len(right)))
        return as_counts(rows, 3)

    def row_value(self, counts: Counts) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """F is 2 * common / (both lengths), recall is common / (reference length); 0 for empty texts."""
        common, hypothesis, reference = counts.T
        if self.measure == "recall":
            return common, np.maximum(reference, 1)
        return 2 * common, np.maximum(hypothesis + reference, 1)
