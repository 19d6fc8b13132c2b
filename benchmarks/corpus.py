"""Made-up text of the size and shape of the test sets: nobody's data, the same at every run."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tasks.row import Row

ONSETS = [
    "",
    "b",
    "br",
    "c",
    "ch",
    "d",
    "f",
    "g",
    "gr",
    "h",
    "k",
    "l",
    "m",
    "n",
    "p",
    "pr",
    "r",
    "s",
    "st",
    "t",
    "th",
    "w",
]
NUCLEI = ["a", "e", "i", "o", "u", "ai", "ea", "ou"]
CODAS = ["", "", "n", "r", "s", "t", "nd", "st", "ll", "ck"]
PLAIN = (
    "the of and to in a is that for it was on are as with his they at be this from have or by one had not but what all"
)
_BLOCK = 20_000
MARKED = [
    "don't",
    "it's",
    "Mr.",
    "twenty",
    "five",
    "colour",
    "well-known",
    "o'clock",
    "1874,",
    "$20.50",
    "eighteen",
    "I'm",
]


def _words(draw: np.random.Generator, number: int, umlauts: bool = False) -> list[str]:
    nuclei = [*NUCLEI, "ä", "ö", "ü", "ei", "ie"] if umlauts else NUCLEI

    def syllable() -> str:
        return str(draw.choice(ONSETS)) + str(draw.choice(nuclei)) + str(draw.choice(CODAS))

    made = ["".join(syllable() for _ in range(int(draw.integers(1, 4)))) for _ in range(number)]
    return [*PLAIN.split(), *MARKED, *made]


def _zipf(draw: np.random.Generator, vocabulary: int, size: int) -> np.ndarray:
    ranks = np.arange(1, vocabulary + 1)
    return draw.choice(vocabulary, size=size, p=(1 / ranks) / (1 / ranks).sum())


def _texts(draw: np.random.Generator, rows: int, mean: int, tokens: list[str]) -> list[list[str]]:
    """Rows of tokens, frequent ones first in the list; on average `mean` in a row."""
    lengths = np.maximum(1, draw.poisson(mean, rows))
    picked = [tokens[i] for i in _zipf(draw, len(tokens), int(lengths.sum()))]
    ends = np.cumsum(lengths)
    return [picked[e - n : e] for e, n in zip(ends, lengths, strict=True)]


def _rows(draw: np.random.Generator, texts: list[list[str]], glue: str, error: float, first: int) -> list[Row]:
    pool = [token for text in texts[:2000] for token in text]
    made = []
    for index, text in enumerate(texts, first):
        flips = draw.random(len(text)) < error
        other = draw.integers(0, len(pool), len(text))
        said = [pool[other[i]] if flips[i] else token for i, token in enumerate(text)]
        hypothesis = glue.join(said)
        hypothesis = hypothesis[:1].upper() + hypothesis[1:] + ("。" if glue == "" else ".")
        made.append(Row(f"{index:07}", hypothesis + ("</s>" if index % 50 else ""), glue.join(text), bool(index % 50)))
    return made


def _blocks(rows: int, make: Callable[[int, int], list[Row]]) -> tuple[Row, ...]:
    """Rows made some at a time, so that a million of them need no more memory than they take themselves."""
    found: list[Row] = []
    while len(found) < rows:
        found += make(min(_BLOCK, rows - len(found)), len(found))
    return tuple(found)


def english(rows: int, seed: int = 1) -> tuple[Row, ...]:
    """Transcripts of about 20 words with one word in twelve wrong."""
    draw = np.random.default_rng(seed)
    words = _words(draw, 8000)
    return _blocks(rows, lambda number, first: _rows(draw, _texts(draw, number, 20, words), " ", 0.08, first))


def german(rows: int, seed: int = 2) -> tuple[Row, ...]:
    """Sentences of about 9 words, two in five of them wrong."""
    draw = np.random.default_rng(seed)
    words = _words(draw, 8000, umlauts=True)
    return _blocks(rows, lambda number, first: _rows(draw, _texts(draw, number, 9, words), " ", 0.4, first))


def chinese(rows: int, seed: int = 3) -> tuple[Row, ...]:
    """Sentences of about 18 characters."""
    draw = np.random.default_rng(seed)
    alphabet = [chr(0x4E00 + 5 * i) for i in range(3000)]
    return _blocks(rows, lambda number, first: _rows(draw, _texts(draw, number, 18, alphabet), "", 0.4, first))


def japanese(rows: int, seed: int = 4) -> tuple[Row, ...]:
    """Sentences of about 24 characters, kana and kanji."""
    draw = np.random.default_rng(seed)
    kana = [chr(c) for c in range(0x3041, 0x3094)] + [chr(c) for c in range(0x30A1, 0x30F7)]
    alphabet = kana + [chr(0x4E00 + 7 * i) for i in range(1500)]
    return _blocks(rows, lambda number, first: _rows(draw, _texts(draw, number, 24, alphabet), "", 0.4, first))


# task -> (rows of the real set, maker)
SETS: dict[str, tuple[int, Callable[[int], tuple[Row, ...]]]] = {
    "asr-librispeech-clean": (2620, english),
    "asr-librispeech-other": (2939, lambda n: english(n, 11)),
    "st-en-zh": (15531, chinese),
    "st-en-de": (15531, german),
    "st-en-ja": (15531, japanese),
}


def sets(most: int = 0) -> dict[str, tuple[Row, ...]]:
    """The rows of every set; at most so many of each, unless that is 0."""
    return {name: make(min(size, most) if most else size) for name, (size, make) in SETS.items()}


def overlapped(rows: int, seed: int = 5) -> tuple[Row, ...]:
    """Outputs for two speakers: every third in the other order, every fourth with three sentences, every tenth with one."""
    first, second, third = (english(rows, seed + n) for n in range(3))
    made = []
    for index, (one, other, more) in enumerate(zip(first, second, third, strict=True)):
        said = [_sentence(row) for row in (one, other, more)]
        number = 3 if index % 4 == 0 else 1 if index % 10 == 9 else 2
        order = said[1::-1] + said[2:] if index % 3 == 0 else said
        references = [str(row.reference).upper() for row in (one, other)]
        made.append(Row(f"{index:07}", ". ".join(order[:number]) + ".</s>", references, finished=True))
    return tuple(made)


def captions(rows: int, seed: int = 8, references: int = 3) -> list[tuple[str, list[str]]]:
    """Outputs of about 9 words, each with some captions."""
    texts = [german(rows, seed + n) for n in range(references)]
    return [(_sentence(row), [str(text[index].reference) for text in texts]) for index, row in enumerate(texts[0])]


def _sentence(row: Row) -> str:
    """An output without its mark and without full stops, which would split it."""
    return str(row.hypothesis).removesuffix("</s>").replace(".", "")
