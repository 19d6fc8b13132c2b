"""SLU-F1 of SLURP: slots score partial credit by the word and character distance of their fillers.

pswietojanski/slurp@8eb1654:scripts/evaluation/metrics. Within a recording, each predicted slot is matched to the closest gold
slot of its type: one true positive, plus its distance as false positive and as false negative. A predicted slot without a gold
slot of its type is a false positive; an unmatched gold slot is a false negative. The distances are the word error rate, which
may exceed 1, and the normalised character distance; the counts of both are added before F1 is computed. Gold fillers are in
lower case, predicted ones are compared as they are.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from tasks.arrays import NDArray, np
from tasks.metrics.jiwer_words import jiwer_words
from tasks.metrics.metric import FIXED_POINT, MILLIONTH, Counts, Metric, Sums, Terms, divide
from tasks.step import Value

SOURCES = ("module:tasks.metrics.jiwer_words", "version:rapidfuzz")
# (recording, slot type, filler): a gold or predicted slot of a recording.
Slot = tuple[str, str, str]


def word_distance(gold: str, predicted: str) -> Fraction:
    """The word error rate of a filler; may exceed 1."""
    from rapidfuzz.distance import Levenshtein

    words = jiwer_words(gold)
    return Fraction(Levenshtein.distance(words, jiwer_words(predicted)), max(len(words), 1))


def character_distance(gold: str, predicted: str) -> Fraction:
    """Character edit distance over the length of the longer filler; 0 to 1."""
    from rapidfuzz.distance import Levenshtein

    return Fraction(Levenshtein.distance(gold, predicted), max(len(gold), len(predicted), 1))


_DISTANCES = (word_distance, character_distance)


@dataclass(frozen=True)
class SluF1(Metric):
    """SLU-F1, micro average, 0 to 1.

    A hypothesis is the filler predicted for the row's slot. If it is empty there is no prediction, and the gold slot is a
    false negative.
    """

    id: str = "f1"
    columns: tuple[str, ...] = ("word_tp", "word_fp", "word_fn", "character_tp", "character_fp", "character_fn")
    scale: int = 1
    whole_set: bool = True  # the slots of a recording are matched together

    @property
    def signature(self) -> str:
        """Counting and folding."""
        return "count:slurp-distance.word+character|fold:micro-f1|missing:false-negative"

    def count(self, hypotheses: Sequence[Value], references: Sequence[Value]) -> Counts:
        """(rows, 6): true positives, false positives and false negatives by both distances, in units of 10**-12.

        Args:
            hypotheses: Fillers, one text per row.
            references: Gold slots, one (recording, type, filler) per row. Rows of a recording are matched together, so
                a part of a recording must be counted again.
        """
        recordings: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
        said = []
        for row, (hypothesis, (recording, kind, _)) in enumerate(zip(hypotheses, references, strict=True)):
            recordings[recording, kind].append(row)
            said.append(hypothesis)
        counts = np.zeros((len(references), 6), dtype=np.int64)
        for rows in recordings.values():
            gold = {row: references[row][2].lower() for row in rows}
            for side, distance in enumerate(_DISTANCES):
                left = dict(gold)
                for row in rows:
                    if not said[row]:
                        continue
                    # Every row brings a gold slot of its own, so there is one for every prediction.
                    distances = {other: distance(text, said[row]) for other, text in left.items()}
                    best = min(distances, key=distances.__getitem__)
                    wrong = round(distances[best] * FIXED_POINT)
                    counts[row, 3 * side : 3 * side + 3] = (FIXED_POINT, wrong, wrong)
                    del left[best]
                for row in left:
                    counts[row, 3 * side + 2] += FIXED_POINT
        return counts

    def fold(self, counts: Counts) -> Fraction | None:
        """2 TP / (2 TP + FP + FN) of the sums of both distances."""
        sums = [int(column.sum()) for column in counts.T]
        true, false = sums[0] + sums[3], sums[1] + sums[2] + sums[4] + sums[5]
        return Fraction(2 * true, 2 * true + false) if true or false else None

    def terms(self, counts: Counts) -> Terms:
        """See `Metric.terms`. Counts are rounded to millionths."""
        return np.rint(counts / MILLIONTH)

    def from_sums(self, sums: Sums) -> NDArray[np.float64]:
        """See `Metric.from_sums`."""
        true, false = sums[:, [0, 3]].sum(axis=1), sums[:, [1, 2, 4, 5]].sum(axis=1)
        return divide(2 * true, 2 * true + false)
