"""BLEU: n-gram statistics per row, folded over the corpus or averaged over sentences."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from tasks.arrays import NDArray, np
from tasks.metrics.captions import References, items
from tasks.metrics.metric import FIXED_POINT, MILLIONTH, Counts, Metric, Sums, Terms, as_counts, divide, with_rows
from tasks.metrics.ngrams import matches
from tasks.step import Value

SOURCES = ("module:tasks.metrics.captions", "module:tasks.metrics.ngrams")
ORDER = 4
COLUMNS = (
    "hypothesis_length",
    "reference_length",
    *(f"correct_{n}" for n in range(1, ORDER + 1)),
    *(f"total_{n}" for n in range(1, ORDER + 1)),
)
Smoothing = Literal["exp", "none"]
Tokens = tuple[str, ...]


def _ngrams(tokens: Tokens, order: int) -> Counter[Tokens]:
    return Counter(tokens[i : i + n] for n in range(1, order + 1) for i in range(len(tokens) - n + 1))


def bleu_counts(hypothesis: Tokens, references: Sequence[Tokens], order: int = ORDER) -> list[int]:
    """Statistics of one row: lengths (closest reference, the shorter one on ties), correct and total n-grams."""
    length = len(hypothesis)
    closest = min((len(r) for r in references), key=lambda r: (abs(r - length), r))
    correct = [0] * order
    ngrams = _ngrams(hypothesis, order)
    if hypothesis in references:
        correct = [max(length - n, 0) for n in range(order)]
    else:
        limits = _ngrams(references[0], order)
        for reference in references[1:]:
            limits |= _ngrams(reference, order)
        for ngram, times in ngrams.items():
            limit = limits.get(ngram)
            if limit:
                correct[len(ngram) - 1] += min(times, limit)
    total = [max(length - n, 0) for n in range(order)]
    return [length, closest, *correct, *total]


def corpus_counts(hypotheses: Sequence[Value], references: Sequence[Value]) -> Counts:
    """`bleu_counts` of every row: (rows, 10). Rows with one reference each are counted together."""
    if any(isinstance(r, list) and len(r) != 1 for r in references):
        rows = [bleu_counts(h, _sides(r)) for h, r in zip(hypotheses, references, strict=True)]
        return as_counts(rows, len(COLUMNS))
    single = [r[0] if isinstance(r, list) else r for r in references]
    correct, lengths, reference_lengths = matches(hypotheses, single, ORDER)
    total = np.maximum(lengths[:, None] - np.arange(ORDER), 0)
    return np.concatenate([lengths[:, None], reference_lengths[:, None], correct, total], axis=1)


def bleu_from_sums(sums: Sums | Counts, smoothing: Smoothing = "exp") -> NDArray[np.float64]:
    """BLEU (0 to 100) from summed statistics: (..., 10) to (...,).

    As sacreBLEU's `compute_bleu` with 4-grams and no effective order: `exp` smoothing halves the credit of each further order
    without a match. The value is 0 without any match, and if an order has no n-grams.
    """
    order = (sums.shape[-1] - 2) // 2
    length, reference = sums[..., 0], sums[..., 1]
    correct, total = sums[..., 2 : 2 + order], sums[..., 2 + order :]
    with np.errstate(divide="ignore", invalid="ignore"):
        credit = correct
        if smoothing == "exp":
            missing = correct == 0
            credit = np.where(missing, np.exp2(-np.cumsum(missing, axis=-1)), correct)
        logs = np.log(100.0 * credit / total)
        penalty = np.where(length < reference, np.exp(1.0 - reference / length), 1.0)
        values = penalty * np.exp(logs.mean(axis=-1))
    nothing = ~(correct > 0).any(axis=-1) | (total == 0).any(axis=-1)
    return np.where(nothing, 0.0, np.nan_to_num(values))


def _sides(value: Value) -> list[Tokens]:
    return value if isinstance(value, list) else [value]


@dataclass(frozen=True)
class Bleu(Metric):
    """Corpus BLEU from the statistics summed over the rows.

    Attributes:
        references: `all` counts an output against all references of its row at once; `each` against every one of them alone,
            as in a file that repeats the output for each.
    """

    smoothing: Smoothing = "exp"
    id: str = "bleu"
    columns: tuple[str, ...] = COLUMNS
    scale: int = 100
    references: References = "all"

    @property
    def signature(self) -> str:
        """Counting and folding."""
        each = "" if self.references == "all" else f".{self.references}-reference"
        return f"count:ngrams.{ORDER}{each}|fold:corpus|smooth:{self.smoothing}|eff:no|len:closest"

    @property
    def counting(self) -> Hashable:
        """The statistics are the same, whatever is folded from them."""
        return corpus_counts if self.references == "all" else (corpus_counts, self.references)

    def count(self, hypotheses: Sequence[Value], references: Sequence[Value]) -> Counts:
        """(rows, 10): lengths, then correct and total n-grams of orders 1 to 4."""
        if self.references == "all":
            return corpus_counts(hypotheses, references)
        pairs = items(hypotheses, references, "each")
        counts = np.zeros((len(hypotheses), len(COLUMNS)), dtype=np.int64)
        alone = corpus_counts([said for _, said, _ in pairs], [captions for *_, captions in pairs])
        np.add.at(counts, [row for row, *_ in pairs], alone)
        return counts

    def fold(self, counts: Counts) -> float | None:
        """Corpus BLEU, 0 to 100."""
        return float(bleu_from_sums(counts.sum(axis=0), self.smoothing)) if len(counts) else None

    def from_sums(self, sums: Sums) -> NDArray[np.float64]:
        """See `Metric.from_sums`."""
        return bleu_from_sums(sums, self.smoothing)


@dataclass(frozen=True)
class MeanSentenceBleu(Metric):
    """Mean sentence BLEU, each sentence smoothed separately (as in SALT-NLP DiVA-Eval). Not comparable with corpus BLEU."""

    id: str = "bleu"
    columns: tuple[str, ...] = COLUMNS
    scale: int = 100

    @property
    def signature(self) -> str:
        """Counting and folding."""
        return f"count:ngrams.{ORDER}|fold:mean-of-sentences|smooth:exp|eff:no"

    @property
    def counting(self) -> Hashable:
        """The statistics are the same, whatever is folded from them."""
        return corpus_counts

    def count(self, hypotheses: Sequence[Value], references: Sequence[Value]) -> Counts:
        """As `Bleu.count`."""
        return corpus_counts(hypotheses, references)

    def fold(self, counts: Counts) -> float | None:
        """Mean over the rows, 0 to 100; the sum is exact, so it does not depend on their order."""
        return math.fsum(bleu_from_sums(counts).tolist()) / len(counts) if len(counts) else None

    def terms(self, counts: Counts) -> Terms:
        """See `Metric.terms`: row values in millionths."""
        return with_rows(np.rint(bleu_from_sums(counts) * 1e6))

    def from_sums(self, sums: Sums) -> NDArray[np.float64]:
        """See `Metric.from_sums`."""
        return divide(sums[:, 0] / 1e6, sums[:, 1])


@dataclass(frozen=True)
class NltkCharacterBleu(Metric):
    """CMI-Bench's "BLEU": nltk's `sentence_bleu` on strings, so n-grams are character n-grams; mean over the rows.

    `weights` (1/4, 1/4, 1/4, 1/4) for "BLEU", (0, 0, 0, 1) for "BLEU-4", which is the 4-gram precision times the brevity
    penalty. No smoothing: nltk uses the smallest float for an order without a match, so the row scores nearly 0
    (nicolaus625/CMI-bench@4c15f41:evaluate.py:229-256).
    """

    only_fourth: bool = False
    id: str = "bleu"
    columns: tuple[str, ...] = ("score",)
    scale: int = 100

    @property
    def signature(self) -> str:
        """Counting and folding."""
        return f"count:nltk-characters{'.4th' if self.only_fourth else ''}|fold:mean-of-rows|smooth:none"

    def count(self, hypotheses: Sequence[Value], references: Sequence[Value]) -> Counts:
        """(rows, 1): the row's score in units of 10**-12."""
        rows = [
            [_nltk_score(tuple(h), tuple(r), self.only_fourth)] for h, r in zip(hypotheses, references, strict=True)
        ]
        return as_counts(rows, 1)

    def fold(self, counts: Counts) -> Fraction | None:
        """Mean over the rows, 0 to 100."""
        return Fraction(int(counts.sum()) * self.scale, len(counts) * FIXED_POINT) if len(counts) else None

    def terms(self, counts: Counts) -> Terms:
        """See `Metric.terms`. Scores are rounded to millionths."""
        return with_rows(np.rint(counts[:, 0] / MILLIONTH))

    def from_sums(self, sums: Sums) -> NDArray[np.float64]:
        """See `Metric.from_sums`."""
        return divide(sums[:, 0] * self.scale / 1e6, sums[:, 1])


def _nltk_score(hypothesis: Tokens, reference: Tokens, only_fourth: bool) -> int:
    """nltk's sentence BLEU from the same counts: clipped precisions with denominator `max(1, total)`, no smoothing."""
    length, reference_length, *counts = bleu_counts(hypothesis, [reference])
    correct, total = counts[:ORDER], counts[ORDER:]
    if not length:
        return 0
    tiny = 2.2250738585072014e-308  # sys.float_info.min, nltk's substitute for a precision of 0
    logs = [math.log(c / max(1, t) if c else tiny) for c, t in zip(correct, total, strict=True)]
    weights = (0.0, 0.0, 0.0, 1.0) if only_fourth else (0.25,) * ORDER
    penalty = 1.0 if length > reference_length else math.exp(1 - reference_length / length)
    score = penalty * math.exp(math.fsum(w * p for w, p in zip(weights, logs, strict=True)))
    return round(score * FIXED_POINT)
