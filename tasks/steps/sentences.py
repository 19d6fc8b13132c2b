"""Sentences of an output, one for each speaker, and their words."""

from __future__ import annotations

import re
import unicodedata

import regex

from tasks.convention import Selection
from tasks.row import Row
from tasks.step import step
from tasks.steps.characters import visible
from tasks.steps.clean import STRIP_END_TOKEN
from tasks.steps.long_texts import normal_form

SOURCES = (
    "module:tasks.steps.characters",
    "module:tasks.steps.long_texts",
    "module:tasks.steps.clean",
    "module:tasks.steps.together",
    "unicode:",
    "version:regex",
)
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
    text = normal_form("NFKD", text.replace("’", "'")).upper()
    text = "".join(c for c in text if unicodedata.category(c) not in {"Mn", "Cf"})
    return re.sub(r"[^A-Z']", " ", text)


def _two_pieces(row: Row) -> bool:
    return len(split_full_stops(STRIP_END_TOKEN(row.hypothesis or ""))) == 2


TWO_PIECES = Selection("two-sentences", _two_pieces, "not exactly two sentences")
SPLIT_FULL_STOPS = step("split-full-stops", split_full_stops, kind="split")
SPLIT_SENTENCES = step("split-sentences", split_sentences, version="2", kind="split")
UPPER_LETTERS = step("upper-letters", upper_letters)
SEPARATE_WORDS = step("upper-words", separate_words, "unicode:")
