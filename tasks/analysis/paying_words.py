"""The words of a row that pay for the difference between two conventions, in the alignments of output and reference.

An error pays if it is counted under one convention alone. Errors of both are matched by the letters and digits of their words,
each once, so the number of paying errors on either side differs by exactly what the row's error counts differ by.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from tasks.analysis.word_kinds import KINDS, Change, Kind, changes, plain
from tasks.phrase import phrase

Tag: TypeAlias = Literal["hit", "substitution", "deletion", "insertion"]
Happened: TypeAlias = Kind | Literal["shifted"]
SHIFTED = phrase("other words, aligned in another way")
# Tokens of both sides together above which no alignment is shown: a loop of thousands of words has nothing to read.
LONGEST = 20_000


@dataclass(frozen=True, slots=True)
class Word:
    """A place in an alignment.

    Attributes:
        tag: What it is counted as.
        reference: The reference's token; empty for an insertion.
        hypothesis: The output's token; empty for a deletion.
        pays: Whether it is an error, or a token, under this convention alone.
        kind: What happened, if it pays.
    """

    tag: Tag
    reference: str
    hypothesis: str
    pays: bool = False
    kind: Happened | None = None


@dataclass(frozen=True, slots=True)
class Texts:
    """The tokens of a row under one convention."""

    hypothesis: tuple[str, ...]
    reference: tuple[str, ...]


def paying_words(first: Texts, second: Texts) -> tuple[tuple[Word, ...], tuple[Word, ...]]:
    """The alignment under each convention, with the errors that pay.

    Alignments have unit costs and are those that `tasks.metrics.error_rate` counts.
    """
    sides = (first, second)
    aligned = [_aligned(texts) for texts in sides]
    counted = [Counter(_key(word) for word, _, _ in side if word.tag != "hit") for side in aligned]
    both = counted[0] & counted[1]
    moved = (changes(first.reference, second.reference), changes(first.hypothesis, second.hypothesis))
    found = []
    for n, side in enumerate(aligned):
        left = Counter(both)
        kinds = [_places(change, n) for change in moved]
        words = []
        for word, at_reference, at_hypothesis in side:
            if word.tag != "hit" and left[_key(word)] > 0:
                left[_key(word)] -= 1
                words.append(word)
            elif word.tag == "hit":
                words.append(word)
            else:
                here = [kinds[0].get(at_reference), kinds[1].get(at_hypothesis)]
                words.append(Word(word.tag, word.reference, word.hypothesis, pays=True, kind=_first(here)))
        found.append(tuple(words))
    return found[0], found[1]


def changed_tokens(first: Sequence[str], second: Sequence[str]) -> tuple[tuple[Word, ...], tuple[Word, ...]]:
    """The tokens of one text under each convention, with those that differ; for metrics without an alignment."""
    moved = changes(first, second)
    found = []
    for n, side in enumerate((first, second)):
        kinds = _places(moved, n)
        found.append(
            tuple(
                Word("hit", "", token, pays=place in kinds, kind=kinds.get(place)) for place, token in enumerate(side)
            )
        )
    return found[0], found[1]


def _aligned(texts: Texts) -> list[tuple[Word, int, int]]:
    """(word, index in the reference, index in the output) in order; -1 where there is none."""
    from rapidfuzz.distance import Levenshtein

    numbers: dict[Hashable, int] = {}
    reference, hypothesis = (
        [numbers.setdefault(token, len(numbers)) for token in side] for side in (texts.reference, texts.hypothesis)
    )
    found: list[tuple[Word, int, int]] = []
    for op in Levenshtein.opcodes(reference, hypothesis):
        tag, a, b, c, d = op.tag, op.src_start, op.src_end, op.dest_start, op.dest_end
        if tag in {"equal", "replace"}:
            name: Tag = "hit" if tag == "equal" else "substitution"
            found += [
                (Word(name, texts.reference[n], texts.hypothesis[m]), n, m)
                for n, m in zip(range(a, b), range(c, d), strict=True)
            ]
        elif tag == "delete":
            found += [(Word("deletion", texts.reference[n], ""), n, -1) for n in range(a, b)]
        else:
            found += [(Word("insertion", "", texts.hypothesis[m]), -1, m) for m in range(c, d)]
    return found


def _key(word: Word) -> tuple[str, str]:
    return plain(word.reference), plain(word.hypothesis)


def _places(moved: Sequence[Change], side: int) -> dict[int, Kind]:
    """Position of a token -> what happened there, on one side."""
    return {n: change.kind for change in moved for n in (change.second if side else change.first)}


def _first(kinds: Sequence[Kind | None]) -> Happened:
    """The kind to name if both tokens of an error changed; `shifted` if neither did."""
    known = {kind for kind in kinds if kind is not None}
    return next((kind for kind in KINDS if kind in known), "shifted")
