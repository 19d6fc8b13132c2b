"""Overlapped speech recognition: word error rates over two speakers."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import regex

from tasks.convention import Convention, Selection
from tasks.family import Conventions, Family
from tasks.metrics.permutation import PermutationErrorRate
from tasks.row import ReferenceType, Row
from tasks.step import step
from tasks.steps.characters import visible
from tasks.steps.clean import STRIP_END_TOKEN, STRIP_SPECIAL
from tasks.steps.select import FINISHED
from tasks.steps.tokenise import WORDS

SOURCES = ("module:tasks.steps.characters", "unicode:", "version:regex")
_SENTENCE_ENDS = regex.compile(r"[\p{Sentence_Terminal}\n]+")


def split_full_stops(text: str) -> list[str]:
    """Split at full stops, ignoring those at the ends (jaeeewon/project-multimodal@d9e5d17:dist_eval/eval_osr.py)."""
    return [piece.strip() for piece in text.strip().strip(".").split(".")]


def split_sentences(text: str) -> list[str]:
    """Split at the marks that end a sentence in any script (`.`, `?`, `!`, `。`, `…`) and at line ends; drop empty pieces."""
    return [piece.strip() for piece in _SENTENCE_ENDS.split(visible(text)) if piece.strip()]


def upper_letters(text: str) -> str:
    """Upper-case and delete everything except `A-Z`, apostrophe and space, which glues `well-known` and lines together.

    jaeeewon/project-multimodal@d9e5d17:dist_eval/eval_osr.py:30-34.
    """
    return re.sub(r"[^A-Z' ]", "", text.upper())


def separate_words(text: str) -> str:
    """Upper-case letters A to Z and apostrophes; accents and invisible characters are deleted, the rest becomes a blank."""
    text = unicodedata.normalize("NFKD", text.replace("’", "'")).upper()
    text = "".join(c for c in text if unicodedata.category(c) not in {"Mn", "Cf"})
    return re.sub(r"[^A-Z']", " ", text)


def _two_pieces(row: Row) -> bool:
    return len(split_full_stops(STRIP_END_TOKEN(row.hypothesis or ""))) == 2


TWO_PIECES = Selection("two-sentences", _two_pieces, "not exactly two sentences")
SPLIT_FULL_STOPS = step("split-full-stops", split_full_stops, kind="split")
SPLIT_SENTENCES = step("split-sentences", split_sentences, version="2", kind="split")
UPPER_LETTERS = step("upper-letters", upper_letters)
SEPARATE_WORDS = step("upper-words", separate_words, "unicode:")
_CPWER = Convention(
    "cpwer",
    "Sentences split at full stops, words at everything except letters and apostrophes, assigned to speakers with the fewest "
    "errors; missing and surplus sentences are errors.",
    PermutationErrorRate(),
    hypothesis=(STRIP_SPECIAL, SPLIT_FULL_STOPS, SEPARATE_WORDS, WORDS),
    reference=(SEPARATE_WORDS, WORDS),
)
CONVENTIONS = (
    Convention(
        "hufs",
        "Outputs without exactly two sentences dropped; the better order; `well-known` is one word.",
        PermutationErrorRate(pooled_order=True),
        hypothesis=(STRIP_END_TOKEN, SPLIT_FULL_STOPS, UPPER_LETTERS, WORDS),
        reference=(UPPER_LETTERS, WORDS),
        select=(FINISHED, TWO_PIECES),
        notes="The source takes the references as they are, in upper case without punctuation.",
    ),
    _CPWER,
    replace(
        _CPWER,
        id="cpwer-sentences",
        summary="As cpwer, sentences split at `.`, `?`, `!` and line ends.",
        hypothesis=(STRIP_SPECIAL, SPLIT_SENTENCES, SEPARATE_WORDS, WORDS),
    ),
    replace(
        _CPWER,
        id="cpwer-merge",
        summary="As cpwer, surplus sentences joined to speakers so that all sentences together have the fewest errors.",
        metric=PermutationErrorRate(merge=True),
    ),
)


def _build(_: Mapping[str, Any]) -> Conventions:
    return {"wer": CONVENTIONS}


FAMILY = Family(
    "overlapped-speech",
    "Overlapped speech recognition: word error rates over the speakers.",
    _build,
    ReferenceType.SPEAKERS,
)
