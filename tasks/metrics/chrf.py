"""chrF and chrF++: F-measures over character n-grams, chrF++ with words too, from statistics summed over the rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from tasks.metrics.metric import Counts, Metric, Sums, as_counts
from tasks.step import Value

CHARACTERS = 6
WORDS = 2
# sacreBLEU's `beta`: recall counts twice as much as precision.
BETA = 2
# The release whose rule this is; the tests hold it against the installed one.
RULE = "sacrebleu-2.6.0"
_PUNCTUATION = frozenset("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~")
_PARTS = ("hypothesis", "reference", "matched")
Grams = list[Counter[str]]


def _columns(words: int) -> tuple[str, ...]:
    orders = [f"character_{n}" for n in range(1, CHARACTERS + 1)] + [f"word_{n}" for n in range(1, words + 1)]
    return tuple(f"{part}_{order}" for order in orders for part in _PARTS)


def _words(text: str) -> list[str]:
    """Words between white space; one punctuation mark at the end, otherwise one at the beginning, is a word of its own."""
    found: list[str] = []
    for word in text.split():
        if len(word) > 1 and word[-1] in _PUNCTUATION:
            found += [word[:-1], word[-1]]
        elif len(word) > 1 and word[0] in _PUNCTUATION:
            found += [word[0], word[1:]]
        else:
            found.append(word)
    return found


def _grams(text: str, words: int) -> Grams:
    """The n-grams of every order: of the characters without white space, then of the words."""
    line = "".join(text.split())
    found = [Counter(line[i : i + n] for i in range(len(line) - n + 1)) for n in range(1, CHARACTERS + 1)]
    parts = _words(text) if words else []
    found += [Counter(" ".join(parts[i : i + n]) for i in range(len(parts) - n + 1)) for n in range(1, words + 1)]
    return found


def _statistics(hypothesis: Grams, reference: Grams) -> list[int]:
    """For every order the n-grams of the hypothesis, of the reference, and those in common.

    Without an n-gram in the reference the hypothesis's are not counted, so the order is left out of the row's score.
    """
    found: list[int] = []
    for mine, theirs in zip(hypothesis, reference, strict=True):
        matched = sum(min(times, theirs[gram]) for gram, times in mine.items() if gram in theirs)
        found += [mine.total() if theirs else 0, theirs.total(), matched]
    return found


def chrf_counts(hypothesis: str, references: Sequence[str], words: int = 0) -> list[int]:
    """Statistics of one row: against the reference with the best score, the first on ties."""
    mine = _grams(hypothesis, words)
    best: list[int] = []
    top = -1.0
    for reference in references:
        found = _statistics(mine, _grams(reference, words))
        score = float(chrf_from_sums(np.array(found))) if len(references) > 1 else 0.0
        if score > top:
            top, best = score, found
    return best


def chrf_from_sums(sums: Sums | Counts) -> NDArray[np.float64]:
    """chrF (0 to 100) from summed statistics: (..., 3 * orders) to (...,).

    As sacreBLEU without epsilon smoothing: precision and recall are averaged over the orders that both sides have; the value
    is 0 if there is none (mjpost/sacrebleu@f615c72:sacrebleu/metrics/chrf.py:160-203).
    """
    mine, theirs, matched = (sums[..., part::3].astype(np.float64) for part in range(3))
    both = (mine > 0) & (theirs > 0)
    precision = np.divide(matched, mine, out=np.zeros_like(matched), where=both)
    recall = np.divide(matched, theirs, out=np.zeros_like(matched), where=both)
    orders = np.maximum(both.sum(axis=-1), 1)
    # Added order by order, as the library does, so that the best of several references is the library's.
    p = np.add.accumulate(precision, axis=-1)[..., -1] / orders
    r = np.add.accumulate(recall, axis=-1)[..., -1] / orders
    bottom = BETA**2 * p + r
    values: NDArray[np.float64] = 100 * np.divide(
        (1 + BETA**2) * p * r, bottom, out=np.zeros_like(bottom), where=bottom > 0
    )
    return values


@dataclass(frozen=True)
class Chrf(Metric):
    """Corpus chrF (`words` 0) or chrF++ (`words` 2): beta 2, character orders 1 to 6, white space left out, case kept.

    mjpost/sacrebleu@f615c7286d4d813370efb824d94fc2bfcd3a6b94:sacrebleu/metrics/chrf.py:109-284.
    """

    words: Literal[0, 2] = 0
    id: str = "chrf"
    columns: tuple[str, ...] = ()
    scale: int = 100

    def __post_init__(self) -> None:
        object.__setattr__(self, "columns", _columns(self.words))

    @property
    def signature(self) -> str:
        """Counting and folding."""
        return f"count:chrf{BETA}@{RULE}|nc:{CHARACTERS}|nw:{self.words}|fold:corpus|eff:yes|space:no|ref:best"

    @property
    def counting(self) -> Hashable:
        """The statistics depend on nothing but the orders."""
        return (chrf_counts, self.words)

    def count(self, hypotheses: Sequence[Value], references: Sequence[Value]) -> Counts:
        """(rows, 18) or (rows, 24): n-grams of the hypothesis, of the reference and in common, order by order.

        Hypotheses are texts, references texts or lists of texts.
        """
        rows = [
            chrf_counts(h, r if isinstance(r, list) else [r], self.words)
            for h, r in zip(hypotheses, references, strict=True)
        ]
        return as_counts(rows, len(self.columns))

    def fold(self, counts: Counts) -> float | None:
        """Corpus chrF, 0 to 100."""
        return float(chrf_from_sums(counts.sum(axis=0))) if len(counts) else None

    def from_sums(self, sums: Sums) -> NDArray[np.float64]:
        """See `Metric.from_sums`."""
        return chrf_from_sums(sums)
