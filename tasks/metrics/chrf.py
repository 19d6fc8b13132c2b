"""chrF and chrF++: F-measures over character n-grams, chrF++ with words too, from statistics summed over the rows."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Literal

from tasks.arrays import NDArray, np
from tasks.metrics.metric import Counts, Metric, Sums
from tasks.metrics.ngrams import Matches, character_matches, matches
from tasks.step import Value

SOURCES = ("module:tasks.metrics.ngrams",)
CHARACTERS = 6
# sacreBLEU's `beta`: recall counts twice as much as precision.
BETA = 2
# The release whose rule this is; the tests hold it against the installed one.
RULE = "sacrebleu-2.6.0"
_PUNCTUATION = frozenset("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~")
_PARTS = ("hypothesis", "reference", "matched")


def _columns(words: int) -> tuple[str, ...]:
    orders = [f"character_{n}" for n in range(1, CHARACTERS + 1)] + [f"word_{n}" for n in range(1, words + 1)]
    return tuple(f"{part}_{order}" for order in orders for part in _PARTS)


def _words(text: str) -> tuple[str, ...]:
    """Words between white space; one punctuation mark at the end, otherwise one at the beginning, is a word of its own."""
    found: list[str] = []
    for word in text.split():
        if len(word) > 1 and word[-1] in _PUNCTUATION:
            found += [word[:-1], word[-1]]
        elif len(word) > 1 and word[0] in _PUNCTUATION:
            found += [word[0], word[1:]]
        else:
            found.append(word)
    return tuple(found)


def _statistics(matched: Matches, orders: int) -> Counts:
    """For every order the n-grams of the hypothesis, of the reference, and those in common: (rows, 3 * orders).

    Without an n-gram in the reference the hypothesis's are not counted, so the order is left out of the row's score.
    """
    common, *lengths = matched
    mine, theirs = (np.maximum(side[:, None] - np.arange(orders), 0) for side in lengths)
    mine[theirs == 0] = 0
    return np.stack([mine, theirs, common], axis=-1).reshape(len(common), 3 * orders)


def chrf_counts(hypotheses: Sequence[str], references: Sequence[str], words: int = 0) -> Counts:
    """Statistics of pairs of texts, (pairs, 3 * orders): orders of the characters without white space, then of the words."""
    sides = [["".join(text.split()) for text in side] for side in (hypotheses, references)]
    found = _statistics(character_matches(sides[0], sides[1], CHARACTERS), CHARACTERS)
    if not words:
        return found
    tokens = [[_words(text) for text in side] for side in (hypotheses, references)]
    return np.concatenate([found, _statistics(matches(tokens[0], tokens[1], words), words)], axis=1)


def _best(counts: Counts, sizes: Sequence[int]) -> Counts:
    """Of every row's references, one after another in `counts`, the statistics of the best score, the first on ties."""
    if 0 in sizes:
        raise ValueError("a row has no reference")
    scores = chrf_from_sums(counts)
    row = np.repeat(np.arange(len(sizes)), sizes)
    # Stable: of equal scores in a row the first reference stays in front.
    order = np.lexsort((-scores, row))
    best: Counts = counts[order[np.cumsum(sizes) - sizes]]
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
        listed = [r if isinstance(r, list) else [r] for r in references]
        sizes = [len(some) for some in listed]
        said = [h for h, some in zip(hypotheses, listed, strict=True) for _ in some]
        counts = chrf_counts(said, [text for some in listed for text in some], self.words)
        return counts if set(sizes) <= {1} else _best(counts, sizes)

    def fold(self, counts: Counts) -> float | None:
        """Corpus chrF, 0 to 100."""
        return float(chrf_from_sums(counts.sum(axis=0))) if len(counts) else None

    def from_sums(self, sums: Sums) -> NDArray[np.float64]:
        """See `Metric.from_sums`."""
        return chrf_from_sums(sums)
