"""CIDEr-D: tf-idf-weighted n-gram similarity to the captions, 1 to 4 words, with clipping and a length penalty.

salaniz/pycocoevalcap@ad63453:cider/cider_scorer.py; the same in Labbeti/aac-metrics and audio-captioning/
caption-evaluation-tools. Document frequencies come from the captions of the set being scored. A row's counts therefore depend
on all rows scored with it: a subset must be counted again, and the intervals hold for the document frequencies of
the whole set.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import TypeAlias

from tasks.arrays import NDArray, np
from tasks.metrics.captions import MeanScore, References, fixed, items, table, words
from tasks.metrics.metric import Counts
from tasks.step import Value

ORDER = 4
SIGMA = 6.0
# N-grams of outputs that are compared with captions at once: bounds the memory for large sets.
_AT_ONCE = 1 << 20
Tokens = tuple[str, ...]
Integers: TypeAlias = "NDArray[np.int64]"
Floats: TypeAlias = "NDArray[np.float64]"


@dataclass(frozen=True, slots=True)
class _Grams:
    """The distinct n-grams of one order in every text: text by text, in the order in which they first occur.

    Attributes:
        text: The text that each stands in.
        gram: The number of the n-gram.
        times: How often it occurs in the text.
        starts: Where the n-grams of each text begin, and the end of the last one's.
        base: One more than the largest number of an n-gram.
        keys: `text * base + gram`, sorted.
        by_key: The index of each key's n-gram.
    """

    text: Integers
    gram: Integers
    times: Integers
    starts: Integers
    base: int
    keys: Integers
    by_key: Integers


def _numbered(texts: Sequence[Tokens]) -> list[_Grams]:
    """The n-grams of texts, as integers, of each order."""
    vocabulary: dict[str, int] = {}
    lengths = np.fromiter(map(len, texts), np.int64, len(texts))
    total = int(lengths.sum())
    word = np.fromiter(
        (vocabulary.setdefault(token, len(vocabulary)) for token in chain.from_iterable(texts)), np.int64, total
    )
    text = np.repeat(np.arange(len(texts)), lengths)
    left = np.repeat(np.cumsum(lengths), lengths) - np.arange(total)  # words from here to the end of the text
    gram, found = word, []
    for order in range(1, ORDER + 1):
        if order > 1:
            # The n-gram that begins here: a shorter one and the next word; both numbers are below the number of words.
            at = np.flatnonzero(left >= order)
            longer = np.full(total, -1, np.int64)
            longer[at] = np.unique(gram[at] * len(vocabulary) + word[at + order - 1], return_inverse=True)[1]
            gram = longer
        at = np.flatnonzero(left >= order)
        base = int(gram.max(initial=0)) + 1
        keys, first, times = np.unique(text[at] * base + gram[at], return_index=True, return_counts=True)
        by_place = np.argsort(first)
        texts_of, grams = np.divmod(keys[by_place], base)
        starts = np.searchsorted(texts_of, np.arange(len(texts) + 1))
        by_key = np.empty_like(by_place)
        by_key[by_place] = np.arange(len(by_place))
        found.append(_Grams(texts_of, grams, times[by_place], starts, base, keys, by_key))
    return found


def _expanded(starts: Integers, chosen: Integers) -> tuple[Integers, Integers]:
    """The members of chosen groups, one group after another: the place of each one's group in `chosen`, and its index."""
    sizes = starts[chosen + 1] - starts[chosen]
    owner = np.repeat(np.arange(len(chosen)), sizes)
    before = np.cumsum(sizes) - sizes
    return owner, np.arange(len(owner)) - before[owner] + starts[chosen][owner]


def _rarities(grams: _Grams, item: Integers, caption: Integers, items: int) -> Floats:
    """The weight of one occurrence of every n-gram: the logarithm of the items to those in whose captions it occurs."""
    owner, at = _expanded(grams.starts, caption)
    held = np.unique(grams.gram[at] * items + item[owner]) // items
    frequency = np.maximum(np.bincount(held, minlength=grams.base), 1)
    distinct, back = np.unique(frequency, return_inverse=True)
    # Python's logarithm: numpy's may differ in the last bit from machine to machine.
    logarithms = np.array([math.log(number) for number in distinct.tolist()])
    rarities: Floats = (math.log(max(items, 1)) - logarithms)[back]
    return rarities


def _similarities(grams: _Grams, weight: Floats, said: Integers, caption: Integers, texts: int) -> Floats:
    """The clipped cosine similarity of outputs and captions, by their texts, for the n-grams of one order."""
    # `bincount` adds in the order of the n-grams, as the scorer does.
    norm = np.sqrt(np.bincount(grams.text, weights=weight * weight, minlength=texts))
    total = np.zeros(len(said))
    work = np.cumsum(grams.starts[said + 1] - grams.starts[said])
    start = 0
    while start < len(said):
        done = int(work[start - 1]) if start else 0
        end = max(start + 1, int(np.searchsorted(work, done + _AT_ONCE, side="right")))
        owner, at = _expanded(grams.starts, said[start:end])
        wanted = caption[start:end][owner] * grams.base + grams.gram[at]
        place = np.minimum(np.searchsorted(grams.keys, wanted), len(grams.keys) - 1)
        both = np.flatnonzero(grams.keys[place] == wanted)
        other = weight[grams.by_key[place[both]]]
        product = np.minimum(weight[at[both]], other) * other
        total[start:end] = np.bincount(owner[both], weights=product, minlength=end - start)
        start = end
    norms = norm[said] * norm[caption]
    known = (norm[said] != 0) & (norm[caption] != 0)
    np.divide(total, norms, out=total, where=known)
    return total


def cider_scores(hypotheses: Sequence[Tokens], captions: Sequence[Sequence[Tokens]]) -> list[float]:
    """CIDEr-D of every item (0 to 10), with document frequencies from the captions of these items.

    Sums and quotients are taken in the order of the scorer's own loops.
    """
    number: dict[Tokens, int] = {}
    said, item, caption = [], [], []
    for at, (hypothesis, some) in enumerate(zip(hypotheses, captions, strict=True)):
        one = number.setdefault(hypothesis, len(number))
        for other in some:
            said.append(one)
            item.append(at)
            caption.append(number.setdefault(other, len(number)))
    texts = list(number)
    pairs = _likenesses(
        texts, np.array(said, np.int64), np.array(item, np.int64), np.array(caption, np.int64), len(captions)
    )
    found, start = [], 0
    for some in captions:
        end = start + len(some)
        found.append(10 * math.fsum(pairs[start:end]) / len(some))
        start = end
    return found


def _likenesses(texts: Sequence[Tokens], said: Integers, item: Integers, caption: Integers, items: int) -> list[float]:
    """The penalised similarity of outputs and captions, averaged over the orders."""
    total = np.zeros(len(said))
    for grams in _numbered(texts):
        weight = grams.times * _rarities(grams, item, caption, items)[grams.gram]
        total = total + _similarities(grams, weight, said, caption, len(texts))
    lengths = np.fromiter(map(len, texts), np.int64, len(texts))
    difference, back = np.unique(np.abs(lengths[said] - lengths[caption]), return_inverse=True)
    penalties = np.array([math.exp(-(delta**2) / (2 * SIGMA**2)) for delta in difference.tolist()])
    likenesses: list[float] = (total / ORDER * penalties[back]).tolist()
    return likenesses


@dataclass(frozen=True)
class CiderD(MeanScore):
    """The mean of CIDEr-D, times 100 (a value of 0.354 is shown as 35.4)."""

    references: References = "all"
    id: str = "cider"
    columns: tuple[str, ...] = ("score", "items")
    scale: int = 100
    whole_set: bool = True

    @property
    def signature(self) -> str:
        """Counting and folding."""
        return f"count:cider-d.n{ORDER}.sigma{SIGMA:g}.df-of-set|fold:mean|refs:{self.references}"

    @property
    def sources(self) -> tuple[str, ...]:
        """This module and the shared code of the caption metrics."""
        return (*super().sources, "module:tasks.metrics.captions")

    def count(self, hypotheses: Sequence[Value], references: Sequence[Value]) -> Counts:
        """(rows, 2): scores in units of 10**-12, and items. Depends on the whole set, see the module's docstring.

        With fewer than two items all weights, and therefore all scores, are 0.
        """
        pairs = items(hypotheses, references, self.references)
        scores = cider_scores(
            [words(hypothesis) for _, hypothesis, _ in pairs],
            [[words(caption) for caption in captions] for _, _, captions in pairs],
        )
        counts = table(len(hypotheses), 2)
        for (row, _, _), score in zip(pairs, scores, strict=True):
            counts[row] += (fixed(score), 1)
        return counts
