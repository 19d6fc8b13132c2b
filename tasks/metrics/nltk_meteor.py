"""METEOR as nltk computes it: exact, stemmed and WordNet matches, alpha 0.9, beta 3, gamma 0.5; mean over the items.

Another metric than METEOR 1.5: other parameters, no paraphrases, no function words. It gives about twice as much on the
same captions.
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


# nltk's `word_tokenize` with a Punkt splitter that knows no abbreviations: nltk's English model is a download. On the 4,400
# outputs and captions of AudioBench's AudioCaps both give the same tokens; they differ after `mr.` and the like.
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
    """nltk's Porter stemmer, each word once."""

    def __init__(self) -> None:
        from nltk.stem.porter import PorterStemmer

        self.stem = cache(PorterStemmer().stem)


@cache
def _stems() -> _Stems:
    return _Stems()


def chunks(matches: Sequence[tuple[int, int]]) -> int:
    """How many runs of adjacent words, on both sides, matches in the output's order fall into."""
    return sum(
        i == 0 or (left, right) != (matches[i - 1][0] + 1, matches[i - 1][1] + 1)
        for i, (left, right) in enumerate(matches)
    )


# Conventions that differ in the captions' number alone score the same pairs.
@lru_cache(maxsize=1 << 16)
def nltk_meteor(hypothesis: tuple[str, ...], caption: tuple[str, ...]) -> Fraction:
    """nltk's `single_meteor_score`, exact.

    With m matches in c chunks, F is 10 m over (9 times the caption's words + the output's), the score F (1 - (c/m)**3 / 2).
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
    """The mean of nltk's METEOR, times 100; of several captions the best counts."""

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
        """nltk's METEOR and stemmer, and the WordNet reader."""
        return (
            *super().sources,
            "module:tasks.metrics.captions",
            "module:tasks.backends.wordnet",
            "module:nltk.translate.meteor_score",
            "module:nltk.stem.porter",
        )

    def count(self, hypotheses: Sequence[Value], references: Sequence[Value]) -> Counts:
        """(rows, 2): scores in parts of 10**12, and items.

        Raises:
            UnavailableError: WordNet is missing.
        """
        counts = table(len(hypotheses), 2)
        for row, hypothesis, captions in items(hypotheses, references, self.references):
            counts[row] += (fixed(max(nltk_meteor(words(hypothesis), words(caption)) for caption in captions)), 1)
        return counts
