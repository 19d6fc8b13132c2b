"""nltk's METEOR: exact, stemmed and WordNet matches, alpha 0.9, beta 3, gamma 0.5; mean over the items.

A different metric from METEOR 1.5, with other parameters, no paraphrases and no function words. Its values are about twice
as high on the same captions.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache, lru_cache
from typing import Any

import regex

from tasks.backends.wordnet import WordNet, wordnet, wordnet_digest, wordnet_folder
from tasks.metrics.captions import MeanScore, References, fixed, items, table, words
from tasks.metrics.metric import Counts
from tasks.step import Step, Value, version_of

_NLTK = version_of("nltk")
Tokens = tuple[str, ...]
Words = list[tuple[int, str]]  # positions, ascending, and words
# Words with a comma or a full stop behind them, which the tokenizers make tokens. An untrained splitter ends a sentence at
# each full stop behind two letters or more; behind one letter, or a number, it looks further, unless the text ends there.
# The first releases of Python 3.11 misread possessive groups (python/cpython#106052).
_PLAIN = regex.compile(r" *+(?:(?:[A-Za-z]{2,}+\.|[A-Za-z0-9]++,?+(?!\.))(?: ++|\Z))*+(?:[A-Za-z0-9]++\.)?")
_TOKEN = re.compile(r"[A-Za-z0-9]+|[,.]")
# Words that they split.
_CONTRACTED = re.compile(r"(?i)\b(?:cannot|gimme|gonna|gotta|lemme|wanna)\b")


def _tokenizer() -> Any:
    from nltk.tokenize import NLTKWordTokenizer
    from nltk.tokenize.punkt import PunktSentenceTokenizer

    sentences, tokens = PunktSentenceTokenizer(), NLTKWordTokenizer()
    return lambda text: tuple(token for sentence in sentences.tokenize(text) for token in tokens.tokenize(sentence))


@cache
def _library() -> Any:
    return _tokenizer()


def tokens(text: str) -> Tokens:
    """nltk's tokens of a text; the library is called where one of its rules may apply."""
    if _PLAIN.fullmatch(text) is None or _CONTRACTED.search(text):
        found: Tokens = _library()(text)
        return found
    return tuple(_TOKEN.findall(text))


# nltk's `word_tokenize` with an untrained Punkt splitter: nltk's English model would have to be downloaded. On the 4,400
# outputs and captions of AudioBench's AudioCaps the tokens are the same; they differ after abbreviations such as `mr.`.
NLTK_WORDS = Step(
    "nltk-words.untrained",
    _NLTK,
    lambda: tokens,
    (
        "module:nltk.tokenize.destructive",
        "module:nltk.tokenize.punkt",
        "module:tasks.metrics.nltk_meteor",
    ),
    "tokens",
)


@cache
def _stemmer() -> Any:
    from nltk.stem.porter import PorterStemmer

    return PorterStemmer().stem


@cache
def _stem(word: str) -> str:
    found: str = _stemmer()(word)
    return found


@cache
def _wordnet() -> WordNet:
    """The WordNet of this process: looking for its files for every word would take longer than reading them."""
    return wordnet()


@cache
def _synonyms(word: str) -> frozenset[str]:
    """The synonyms of a word that are one word."""
    return frozenset(name for name in _wordnet().synonyms(word) if "_" not in name)


def _equal(said: Words, wanted: Words, matches: list[tuple[int, int]]) -> tuple[Words, Words]:
    """Match equal words, the last ones first; what is left of both."""
    places: dict[str, list[int]] = {}
    for at, word in wanted:
        places.setdefault(word, []).append(at)
    left = []
    for at, word in reversed(said):
        if found := places.get(word):
            matches.append((at, found.pop()))
        else:
            left.append((at, word))
    if len(left) == len(said):
        return said, wanted
    return left[::-1], sorted((at, word) for word, found in places.items() for at in found)


def _synonymous(said: Words, wanted: Words, matches: list[tuple[int, int]]) -> None:
    """Match the last words first, each with the last word that is one of its synonyms; no word is on both sides."""
    places: dict[str, list[int]] = {}
    for at, word in wanted:
        places.setdefault(word, []).append(at)
    free = set(places)
    for at, word in reversed(said):
        # Looks through the smaller set, so long texts take time in proportion to their length.
        common = _synonyms(word) & free
        if common:
            best = max(common, key=lambda name: places[name][-1])
            matches.append((at, places[best].pop()))
            if not places[best]:
                free.remove(best)


def align(hypothesis: Tokens, caption: Tokens) -> list[tuple[int, int]]:
    """nltk's `align_words`: positions of matched words, in the order of the output.

    Exact matches, then equal stems of the words left, then synonyms of the stems left. Stems and synonyms are computed once a
    word.
    """
    matches: list[tuple[int, int]] = []
    said, wanted = _equal(
        list(enumerate(map(str.lower, hypothesis))), list(enumerate(map(str.lower, caption))), matches
    )
    if said and wanted:
        said, wanted = _equal(
            [(at, _stem(word)) for at, word in said], [(at, _stem(word)) for at, word in wanted], matches
        )
    if said and wanted:
        _synonymous(said, wanted, matches)
    return sorted(matches)


def chunks(matches: Sequence[tuple[int, int]]) -> int:
    """The number of chunks: runs of matches, in the order of the output, that are adjacent on both sides."""
    return sum(
        i == 0 or (left, right) != (matches[i - 1][0] + 1, matches[i - 1][1] + 1)
        for i, (left, right) in enumerate(matches)
    )


def nltk_meteor(hypothesis: Tokens, caption: Tokens) -> Fraction:
    """nltk's `single_meteor_score`, exact.

    With m matches in c chunks, F = 10 m / (9 * words of the caption + words of the output); score = F (1 - (c/m)**3 / 2).
    """
    matches = align(hypothesis, caption) if hypothesis and caption else []
    return _score(len(matches), chunks(matches), 9 * len(caption) + len(hypothesis))


def _score(matches: int, pieces: int, length: int) -> Fraction:
    return Fraction(5 * (2 * matches**3 - pieces**3), matches**2 * length) if matches else Fraction(0)


@lru_cache(maxsize=1 << 16)
def _fixed_score(matches: int, pieces: int, length: int) -> int:
    return fixed(_score(matches, pieces, length))


# Conventions that differ only in the number of captions score the same pairs.
@lru_cache(maxsize=1 << 16)
def _fixed_meteor(hypothesis: Tokens, caption: Tokens) -> int:
    """`nltk_meteor` in units of 10**-12."""
    matches = align(hypothesis, caption) if hypothesis and caption else []
    return _fixed_score(len(matches), chunks(matches), 9 * len(caption) + len(hypothesis))


@dataclass(frozen=True)
class NltkMeteor(MeanScore):
    """The mean of nltk's METEOR, times 100; with several captions, the best one counts."""

    references: References = "all"
    id: str = "meteor"
    columns: tuple[str, ...] = ("score", "items")
    scale: int = 100

    @property
    def signature(self) -> str:
        """Counting and folding; WordNet by its files' hash."""
        try:
            version = wordnet_digest(wordnet_folder())[:12]
        except RuntimeError:
            version = "unset"
        return f"count:{_NLTK}-meteor.wordnet-{version}|fold:mean|refs:{self.references}"

    @property
    def sources(self) -> tuple[str, ...]:
        """This module, nltk's METEOR and stemmer, and the WordNet reader."""
        return (
            *super().sources,
            "module:tasks.metrics.captions",
            "module:tasks.backends.wordnet",
            "module:nltk.translate.meteor_score",
            "module:nltk.stem.porter",
        )

    def count(self, hypotheses: Sequence[Value], references: Sequence[Value]) -> Counts:
        """(rows, 2): scores in units of 10**-12, and items.

        Raises:
            UnavailableError: WordNet is missing.
        """
        counts = table(len(hypotheses), 2)
        for row, hypothesis, captions in items(hypotheses, references, self.references):
            said = words(hypothesis)
            counts[row] += (max(_fixed_meteor(said, words(caption)) for caption in captions), 1)
        return counts
