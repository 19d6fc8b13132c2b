"""Overlapped speech recognition on Libri2Mix (wav16k, max, mix_clean): word error rates over two speakers."""

from __future__ import annotations

import re
from dataclasses import replace

import regex

from tasks.convention import Convention, Selection
from tasks.metrics.permutation import PermutationErrorRate
from tasks.row import ReferenceType, Row
from tasks.step import step
from tasks.steps.characters import visible
from tasks.steps.clean import STRIP_SPECIAL
from tasks.steps.select import FINISHED
from tasks.steps.tokenise import WORDS
from tasks.task import Task

SOURCES = ("module:tasks.steps.characters", "unicode:", "version:regex")
_SENTENCE_ENDS = regex.compile(r"[\p{Sentence_Terminal}\n]+")


def split_full_stops(text: str) -> list[str]:
    """Split at full stops, ignoring those at the ends (jaeeewon/project-multimodal@d9e5d17:dist_eval/eval_osr.py)."""
    return [piece.strip() for piece in text.strip().strip(".").split(".")]


def split_sentences(text: str) -> list[str]:
    """Split at the marks that end a sentence in any script (`.`, `?`, `!`, `。`, `…`) and at line ends; drop empty pieces."""
    return [piece.strip() for piece in _SENTENCE_ENDS.split(visible(text)) if piece.strip()]


def upper_letters(text: str) -> str:
    """Upper-case, keep only `A-Z`, apostrophe and space."""
    return re.sub(r"[^A-Z' ]", "", text.upper())


def _two_pieces(row: Row) -> bool:
    return len(split_full_stops(STRIP_SPECIAL(row.hypothesis or ""))) == 2


TWO_PIECES = Selection("two-sentences", _two_pieces, "not exactly two sentences")
SPLIT_FULL_STOPS = step("split-full-stops", split_full_stops, kind="split")
SPLIT_SENTENCES = step("split-sentences", split_sentences, version="2", kind="split")
UPPER_LETTERS = step("upper-letters", upper_letters)
_REFERENCE = (UPPER_LETTERS, WORDS)
_CPWER = Convention(
    "cpwer",
    "Sentences split at full stops, assigned to speakers with the fewest errors; missing and surplus sentences are errors.",
    PermutationErrorRate(),
    hypothesis=(STRIP_SPECIAL, SPLIT_FULL_STOPS, UPPER_LETTERS, WORDS),
    reference=_REFERENCE,
)
CONVENTIONS = (
    Convention(
        "hufs",
        "Outputs without exactly two sentences dropped; the better of the two orders.",
        PermutationErrorRate(pooled_order=True),
        hypothesis=_CPWER.hypothesis,
        reference=_REFERENCE,
        select=(FINISHED, TWO_PIECES),
    ),
    _CPWER,
    replace(
        _CPWER,
        id="cpwer-sentences",
        summary="As cpwer, sentences split at `.`, `?`, `!` and line ends.",
        hypothesis=(STRIP_SPECIAL, SPLIT_SENTENCES, UPPER_LETTERS, WORDS),
    ),
    replace(
        _CPWER,
        id="cpwer-merge",
        summary="As cpwer, surplus sentences joined to the speaker where they add the fewest errors.",
        metric=PermutationErrorRate(merge=True),
    ),
)
TASKS = (
    Task(
        "osr-librimix",
        "OSR",
        "Libri2Mix wav16k max mix_clean, test",
        ReferenceType.SPEAKERS,
        {"wer": CONVENTIONS},
        source="Table 2; the type of mixture from the released training annotations",
    ),
)
