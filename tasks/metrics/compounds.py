"""Word error rates that forgive word boundaries (`white paper` for `whitepaper`), or count an empty reference as one word."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

from tasks.arrays import np
from tasks.errors import TooLongError
from tasks.metrics.error_rate import COLUMNS, ErrorRate, edit_counts
from tasks.metrics.metric import Counts, RatioMetric
from tasks.step import Value

SOURCES = ("module:tasks.metrics.error_rate", "version:rapidfuzz")
# The table of an alignment with merges holds the product of both lengths in memory.
LONGEST = 4_000_000
Words = tuple[str, ...]
# (substitutions, deletions, insertions); their sum is the cost.
Errors = tuple[int, int, int]


def _joined(words: Words, others: frozenset[str]) -> list[dict[str, int]]:
    """For each position the words of the other side that two or more words up to there spell together, with their number."""
    longest = max(map(len, others), default=0)
    found: list[dict[str, int]] = []
    for end in range(len(words)):
        here: dict[str, int] = {}
        text = words[end]
        for number in range(2, end + 2):
            text = words[end - number + 1] + text
            if len(text) > longest:
                break
            if text in others:
                here[text] = number
        found.append(here)
    return found


def _better(new: Errors, old: Errors) -> Errors:
    return new if sum(new) < sum(old) else old


def _cell(diagonal: Errors, above: Errors, left: Errors, same: bool) -> Errors:
    """The best of a match or substitution, a deletion and an insertion; on ties the last of them."""
    straight = sum(diagonal) + (not same)
    deletion, insertion = sum(above) + 1, sum(left) + 1
    if straight < insertion and straight < deletion:
        return diagonal if same else (diagonal[0] + 1, diagonal[1], diagonal[2])
    if deletion < insertion:
        return (above[0], above[1] + 1, above[2])
    return (left[0], left[1], left[2] + 1)


def compound_errors(hypothesis: Words, reference: Words) -> Errors | None:
    """The errors of an alignment in which adjacent words of one side may match one word of the other; None if none can.

    Raises:
        TooLongError: The texts are too long for the table of the alignment.
    """
    in_reference = _joined(reference, frozenset(hypothesis))
    in_hypothesis = _joined(hypothesis, frozenset(reference))
    if not any(in_reference) and not any(in_hypothesis):
        return None
    if len(hypothesis) * len(reference) > LONGEST:
        raise TooLongError(
            f"{len(hypothesis):,} words against {len(reference):,}: too long to align words written together or apart"
        )
    table: list[list[Errors]] = [[(0, 0, number) for number in range(len(hypothesis) + 1)]]
    for i, wanted in enumerate(reference):
        line: list[Errors] = [(0, i + 1, 0)]
        for j, said in enumerate(hypothesis):
            best = _cell(table[i][j], table[i][j + 1], line[j], wanted == said)
            number = in_reference[i].get(said)
            if number:
                best = _better(table[i + 1 - number][j], best)
            number = in_hypothesis[j].get(wanted)
            if number:
                best = _better(table[i][j + 1 - number], best)
            line.append(best)
        table.append(line)
    return table[-1][-1]


def compound_counts(hypotheses: Sequence[Words], references: Sequence[Words]) -> Counts:
    """Substitutions, deletions, insertions and hits of every row: (rows, 4).

    As kaldialign's `batch_error_rate` with `merge_compounds`, whose reference words are those of the unmerged reference
    (pzelasko/kaldialign@cf478ab8e5d018f7fdf6ed164b1779c0ffb9360f:extensions/kaldi_align.cpp:160-260). A reference word inside
    a merged match is a hit. Rows without a possible merge are counted by `edit_counts`: the sum of their errors is the same.

    Raises:
        TooLongError: A row's texts are too long.
    """
    counts = edit_counts(hypotheses, references)
    for index, (hypothesis, reference) in enumerate(zip(hypotheses, references, strict=True)):
        try:
            errors = compound_errors(hypothesis, reference) if hypothesis != reference else None
        except TooLongError as error:
            raise error.in_item(index) from None
        if errors is not None:
            counts[index] = (*errors, len(reference) - errors[0] - errors[1])
    return counts


@dataclass(frozen=True)
class CompoundErrorRate(ErrorRate):
    """Errors over reference words, both summed over the set, where words may be written together or apart at no cost."""

    @property
    def signature(self) -> str:
        """Counting and folding."""
        return "count:levenshtein.merged-compounds|fold:corpus"

    @property
    def counting(self) -> Hashable:
        """The alignment is the same, whatever is folded from it."""
        return compound_counts

    def count(self, hypotheses: Sequence[Value], references: Sequence[Value]) -> Counts:
        """(rows, 4): substitutions, deletions, insertions, hits of tuples of words."""
        return compound_counts(hypotheses, references)


@dataclass(frozen=True)
class OneWordErrorRate(RatioMetric):
    """Errors over reference words, both summed over the set; an empty reference counts as one word.

    ServiceNow/AU-Harness@daa06166e3bb7a5837f010867d2bcc16531955c2:metrics/word_error_rate_metrics.py:219-245.
    """

    id: str = "wer"
    columns: tuple[str, ...] = (*COLUMNS, "words")
    scale: int = 100
    numerator: tuple[str, ...] = ("substitutions", "deletions", "insertions")
    denominator: tuple[str, ...] = ("words",)

    @property
    def signature(self) -> str:
        """Counting and folding."""
        return "count:levenshtein.empty-reference-one-word|fold:corpus"

    def count(self, hypotheses: Sequence[Value], references: Sequence[Value]) -> Counts:
        """(rows, 5): substitutions, deletions, insertions, hits; reference words, or 1."""
        counts = edit_counts(hypotheses, references)
        words = counts[:, 0] + counts[:, 1] + counts[:, 3]
        return np.concatenate([counts, np.maximum(words, 1)[:, None]], axis=1)
