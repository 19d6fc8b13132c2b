"""Keyphrase metrics: hits capped at three, and stemmed precision and F1 at a cutoff."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from itertools import pairwise

from tasks.arrays import NDArray, np
from tasks.metrics.metric import FIXED_POINT, MILLIONTH, Counts, MeanMetric, Terms, as_counts, with_rows
from tasks.step import Value, step

Phrase = tuple[str, ...]


def hufs_phrase(text: str) -> str:
    """Lower-case, strip, remove a leading `and ` and one trailing full stop, then replace `-` by a space."""
    text = text.lower().strip().removeprefix("and ").strip()
    return text.removesuffix(".").strip().replace("-", " ")


def hufs_points(hypothesis: str, reference: Sequence[str]) -> tuple[int, int]:
    """(points, possible points): jaeeewon/project-multimodal@d9e5d17:dist_eval/eval_ke.py.

    A predicted phrase of several words scores one point for every gold phrase that contains it as a substring, a single
    word one point if it equals a gold phrase; an item gets at most 3 points out of min(gold phrases, 3). A gold phrase may
    be hit twice, and all predictions count, not only the first three.
    """
    gold = [hufs_phrase(item) for item in reference]
    points = 0
    for item in hypothesis.split(","):
        phrase = hufs_phrase(item)
        if len(phrase.split()) > 1:
            points += sum(phrase in g for g in gold)
        elif phrase:
            points += int(phrase in gold)
    return min(points, 3), min(len(gold), 3)


@cache
def _stem() -> Callable[[str], str]:
    from nltk.stem.porter import PorterStemmer

    return cache(PorterStemmer().stem)


def stemmed(text: str) -> Phrase:
    """Words of a phrase, lower-cased and Porter-stemmed; split at everything except letters, digits and underscores."""
    return tuple(_stem()(word.lower()) for word in _words(text))


def _words(text: str) -> list[str]:
    return [word for word in re.split(r"\W", text) if word]


_NUMBER, _BULLET = re.compile(r"\s*(\d+)[.)]\s+"), re.compile(r"\s*([-*•])\s+")


def split_phrases(text: str) -> list[str]:
    """The phrases of a free text: split at commas, semicolons and line ends, without the marks of a list.

    Phrases, or else several lines, that are numbered from 1 on in order lose their numbers, and those that all begin with the
    same bullet lose it, each only before white space. So `0.18 micron CMOS` and a single `7. z` stay as they are, and nothing
    else is removed, not even an `and` before the last phrase. The named source takes lists of phrases and needs no such rule.
    """
    lines = [line for line in text.split("\n") if line.strip()]
    phrases = _split(lines)
    plain = _unmarked(phrases)
    return plain if plain != phrases or len(lines) < 2 else _split(_unmarked(lines))


SPLIT_PHRASES = step("split-phrases", split_phrases, kind="split")


def _split(lines: list[str]) -> list[str]:
    return [phrase for line in lines for phrase in re.split(r"[,;]", line)]


def _unmarked(items: list[str]) -> list[str]:
    """The items without their numbers or bullets, if together they are a list."""
    numbers = [_NUMBER.match(item) for item in items]
    if all(match and int(match.group(1)) == n for n, match in enumerate(numbers, 1)):
        return [_NUMBER.sub("", item, count=1) for item in items]
    bullets = {match.group(1) if match else None for match in map(_BULLET.match, items)}
    return [_BULLET.sub("", item, count=1) for item in items] if len(bullets) == 1 and None not in bullets else items


def predictions(phrases: Sequence[str]) -> list[Phrase]:
    """The valid predicted phrases, in order.

    Invalid are phrases without words, with the word `unk` in lower case (which `<unk>` becomes), and repeats. Phrases are
    compared by their stems joined with underscores, as in the source: `a_b` repeats `a b`.
    """
    found: dict[str, Phrase] = {}
    seen: set[str] = set()
    for item in phrases:
        phrase = stemmed(item)
        key = "_".join(phrase)
        if phrase and key not in seen and "unk" not in _words(item):
            found[key] = phrase
        seen.add(key)
    return list(found.values())


def _grams(phrase: Phrase) -> frozenset[str]:
    return frozenset((*phrase, *("_".join(pair) for pair in pairwise(phrase))))


def _similarity(left: Phrase, right: Phrase) -> Fraction:
    a, b = _grams(left), _grams(right)
    return Fraction(len(a & b), len(a | b) or 1)


def exact_hits(predicted: Sequence[Phrase], gold: Sequence[Phrase]) -> Fraction:
    """The number of predicted phrases that equal a gold phrase after stemming."""
    known = set(gold)
    return Fraction(sum(phrase in known for phrase in predicted))


def partial_hits(predicted: Sequence[Phrase], gold: Sequence[Phrase]) -> Fraction:
    """The largest sum of Jaccard similarities (words and word pairs) over one-to-one assignments.

    Exact, by dynamic programming over sets of used predictions: predictions are few (the cutoff), gold phrases may be many.
    """
    best: dict[int, Fraction] = {0: Fraction(0)}
    for phrase in gold:
        following = dict(best)
        for used, value in best.items():
            for index, candidate in enumerate(predicted):
                if not used >> index & 1:
                    key, total = used | 1 << index, value + _similarity(candidate, phrase)
                    following[key] = max(total, following.get(key, total))
        best = following
    return max(best.values())


@dataclass(frozen=True)
class Keyphrases(MeanMetric):
    """Precision or F1 of the first `cutoff` predicted phrases, macro-averaged over documents.

    memray/OpenNMT-kpg-release@d16bf09:kp_evaluate.py with `split_nopunc` tokens: Porter stems; predictions that repeat another
    one's stems are removed, gold phrases that do so are not, and recall divides by all of them; precision is over
    min(cutoff, predictions). Documents without gold phrases score 0 and stay in the mean.
    """

    cutoff: int
    partial: bool = False
    measure: str = "precision"
    id: str = "accuracy"
    columns: tuple[str, ...] = ("hits", "predicted", "gold")
    scale: int = 1

    @property
    def signature(self) -> str:
        """Counting and folding."""
        return f"count:kpg.{'partial' if self.partial else 'exact'}@{self.cutoff}.all-gold|fold:macro-{self.measure}"

    @property
    def sources(self) -> tuple[str, ...]:
        """This module and nltk's stemmer."""
        return (*super().sources, "module:nltk.stem.porter")

    def count(self, hypotheses: Sequence[Value], references: Sequence[Value]) -> Counts:
        """(rows, 3): hits in units of 10**-12, predictions within the cutoff, gold phrases.

        Args:
            hypotheses: Lists of phrases, as `split_phrases` finds them.
            references: Lists of gold phrases.
        """
        rows = []
        for hypothesis, reference in zip(hypotheses, references, strict=True):
            predicted = predictions(hypothesis)[: self.cutoff]
            gold = [stemmed(phrase) for phrase in reference]
            hits = (partial_hits if self.partial else exact_hits)(predicted, gold)
            rows.append((round(hits * FIXED_POINT), len(predicted), len(gold)))
        return as_counts(rows, 3)

    def row_value(self, counts: Counts) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Precision, or F1 as 2 * hits / (predictions + gold phrases); 0 for a document without any."""
        hits, predicted, gold = counts.T
        if self.measure == "precision":
            return hits, np.maximum(predicted, 1)
        return 2 * hits, np.maximum(predicted + gold, 1)

    def fold(self, counts: Counts) -> Fraction | None:
        """Macro mean, 0 to 1, exact."""
        total = super().fold(counts)
        return None if total is None else total / FIXED_POINT

    def terms(self, counts: Counts) -> Terms:
        """See `Metric.terms`: row values in millionths."""
        top, bottom = self.row_value(counts)
        return with_rows(np.rint(top / bottom / MILLIONTH))
