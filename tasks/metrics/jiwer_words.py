"""The words of jiwer's default transform, for metrics and steps that follow a program that calls `jiwer.wer` on texts."""

from __future__ import annotations

import re
from collections.abc import Sequence

from tasks.step import step

_SPACES = re.compile(r"\s\s+")


def jiwer_words(text: str) -> tuple[str, ...]:
    """Two and more white-space characters become a blank, then the text is split at blanks.

    A single line feed or tab between two words separates nothing (jiwer 2.0 to 4.0, `RemoveMultipleSpaces`).
    """
    return tuple(word for word in _SPACES.sub(" ", text).strip().split(" ") if word)


def _jiwer_words_of_many(texts: Sequence[str]) -> list[tuple[str, ...]]:
    return [tuple(filter(None, _SPACES.sub(" ", text).strip().split(" "))) for text in texts]


JIWER_WORDS = step("jiwer-words", jiwer_words, kind="tokens", batch=_jiwer_words_of_many)
