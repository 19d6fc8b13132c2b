"""nltk's METEOR: exact, stemmed and WordNet matches, alpha 0.9, beta 3, gamma 0.5; mean over the items.

A different metric from METEOR 1.5, with other parameters, no paraphrases and no function words. Its values are about twice
as high on the same captions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache, lru_cache
from typing import Any

from tasks.backends.wordnet import wordnet, wordnet_digest, wordnet_folder
from tasks.metrics.captions import MeanScore, References, fixed, items, table, words
from tasks.metrics.metric import Counts
from tasks.step import Step, Value, version_of

_NLTK = version_of("nltk")


def _tokenizer() -> Any:
    from nltk.tokenize import NLTKWordTokenizer
    from nltk.tokenize.punkt import PunktSentenceTokenizer

    sentences, tokens = PunktSentenceTokenizer(), NLTKWordTokenizer()
    return lambda text: tuple(token for sentence in sentences.tokenize(text) for token in tokens.tokenize(sentence))


# nltk's `word_tokenize` with an untrained Punkt splitter: nltk's English model would have to be downloaded. On the 4,400
# outputs and captions of AudioBench's AudioCaps the tokens are the same; they differ after abbreviations such as `mr.`.
NLTK_WORDS = Step(
    "nltk-words.untrained",
    _NLTK,
    _tokenizer,
    (
        "module:nltk.tokenize.destructive",
        "module:nltk.tokenize.punkt",
        "module:tasks.metrics.nltk_meteor",
    ),
    "tokens",
)


class _Stems:
    """nltk's Porter stemmer with a cache."""

    def __init__(self) -> None:
        from nltk.stem.porter import PorterStemmer

        self.stem = cache(PorterStemmer().stem)


@cache
def _stems() -> _Stems:
    return _Stems()


def chunks(matches: Sequence[tuple[int, int]]) -> int:
    """The number of chunks: runs of matches, in the order of the output, that are adjacent on both sides."""
    return sum(
        i == 0 or (left, right) != (matches[i - 1][0] + 1, matches[i - 1][1] + 1)
        for i, (left, right) in enumerate(matches)
    )


# Conventions that differ only in the number of captions score the same pairs.
@lru_cache(maxsize=1 << 16)
def nltk_meteor(hypothesis: tuple[str, ...], caption: tuple[str, ...]) -> Fraction:
    """nltk's `single_meteor_score`, exact.

    With m matches in c chunks, F = 10 m / (9 * words of the caption + words of the output); score = F (1 - (c/m)**3 / 2).
    """
    from nltk.translate.meteor_score import align_words

    if not hypothesis or not caption:
        return Fraction(0)
    matches, _, _ = align_words(hypothesis, caption, stemmer=_stems(), wordnet=wordnet())
    if not matches:
        return Fraction(0)
    mean = Fraction(10 * len(matches), 9 * len(caption) + len(hypothesis))
    return mean * (1 - Fraction(chunks(matches), len(matches)) ** 3 / 2)


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
            counts[row] += (fixed(max(nltk_meteor(words(hypothesis), words(caption)) for caption in captions)), 1)
        return counts
