"""Find what takes more than linear time: `python -m tests.support.operations GROUP...` prints a JSON object.

Every subject reads texts of n, 2n and 4n repetitions: of characters of every class, of pieces that have been slow, of random
mixtures, and of what its own expressions begin with (`samples`). The additional operations from 2n to 4n are twice those from
n to 2n where time is linear, 2.2 times for n log n, and four times where it is quadratic.

The group `planted` is functions of which most are quadratic on purpose: the finder's own test.
"""

from __future__ import annotations

import json
import random
import sys
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import cache
from itertools import islice
from typing import Any

from tests.support.operations import calls
from tests.support.operations.backtracking import samples

PIECES = (
    "[", "]", "<", ">", "(", ")", "{", "}", "()", "[<(", "<(>", "( ", "[ ", "a [", " ", "   ", "\n", " \n", "\t\n ",
    "(a)x   x", "%", "~", "$", "<Speech>", "</s>", "<s>", "</s></s>", "Explanation: ", "\nJudgement: ", "Rating: ",
    "1", "12 ", "1,", "1.", "a", "a ", "ab ", "no ", "A", "A.", "a.", "ß", "İ", "é", "中", "あ", "ア", "。", "，", "'",
    " '", '"', "“", "’s ", "won't ", "\u0301", "a\u0301", "\u0301\u0316", "\u200b", "\u202e", "\x00", ".", ". ",
    "...", ",", ", ", "-", "- ", "—", ":", ";", "*", "**", "_", "#", "/", "\\", "|", "<|", "|>", "<|a", "<think>",
    "</think>", "\\boxed{", "answer is ", "answer", "answer ", " x (b) z (a)", "A, ", "Answer: B or ", "(a)", "(a) ",
    "A. ", "a) dog ", " lyrics are", 'is "', ': "', '{"a":', "one hundred ", "one ", "twenty five ", "point ",
    "double ", "hundred", "½", "²", "10%", "£5 ", "yes ", "yes/no ", "HH AH0 ", "sil ", "<COMMA> ", "&quot;",
    "&amp;", "i'm sorry, i ", "as an ai ", "please provide ", "USER:", "he's been ", "mr. ", "😀", "क्षि", "ไทย", "가",
    "ᄀ", "1e", "0",
)  # fmt: skip
TAILS = ("", "x")
# Characters. Some steps take another way for less than a hundred, which is why only a growth from 2n to 4n counts.
LENGTH = 52
SLOWER = 2.6


def classes() -> Iterator[str]:
    """One character of each general category of Unicode."""
    seen = set()
    for code in range(sys.maxunicode + 1):
        if (kind := unicodedata.category(chr(code))) not in seen:
            seen.add(kind)
            yield chr(code)


@cache
def units() -> list[str]:
    rng = random.Random(10)
    mixed = ["".join(rng.choice(PIECES) for _ in range(rng.randint(2, 4))) for _ in range(20)]
    return list(dict.fromkeys([*PIECES, *classes(), *mixed]))


def text_of(unit: str, tail: str, factor: int) -> str:
    """A unit n, 2n or 4n times."""
    return unit * (max(8, LENGTH // len(unit)) * factor) + tail


def faults(read: Callable[[str], object], errors: tuple[type[Exception], ...]) -> Iterator[tuple[str, str]]:
    """(text, place and counts) of everything that grows faster than the text."""

    def counted(text: str, only: str | None = None) -> tuple[Counter[str], dict[str, Any]]:
        def call() -> None:
            with suppress(*errors):
                read(text)

        return calls.counted(call, only)

    def superlinear(unit: str, tail: str, only: str | None = None) -> Iterator[tuple[str, str]]:
        one, two = (counted(text_of(unit, tail, factor), only) for factor in (1, 2))
        patterns.update(two[1])
        length = len(text_of(unit, tail, 1))
        suspects = [place for place in two[0] if two[0][place] > SLOWER * one[0][place] + 2 * length]
        if suspects:
            four = counted(text_of(unit, tail, 4), only)
            for place in suspects:
                first, second, third = (found[0][place] for found in (one, two, four))
                if third > SLOWER * second + 4 * length:
                    yield f"{unit!r} + {tail!r}", f"{place}: {first}, {second}, {third}"

    patterns: dict[str, Any] = {}
    counted("warm caches " * 30)
    for unit in units():
        for tail in TAILS if unit in PIECES else TAILS[1:]:
            yield from superlinear(unit, tail)
    for key, pattern in list(patterns.items()):
        for unit in list(dict.fromkeys(unit for unit in samples(pattern.tree, pattern) if unit))[:40]:
            for tail in TAILS:
                yield from superlinear(unit, tail, key)


def main(arguments: list[str]) -> None:
    calls.install()
    from tasks.errors import ScoringError
    from tests.support.operations.subjects import subjects

    errors = (ScoringError,)
    found: dict[str, Any] = {}
    for group in arguments:
        for name, read in subjects(group):
            worst: dict[str, tuple[str, str]] = {}
            for text, fault in islice(faults(read, errors), 1 if group == "planted" else None):
                worst.setdefault(fault.rpartition(": ")[0], (text, fault))
            found[f"{group} {name}"] = [list(item) for item in worst.values()]
            print(f"{group} {name}", *worst.values(), sep="\n    ", file=sys.stderr, flush=True)
    print(json.dumps(found, ensure_ascii=True))


if __name__ == "__main__":
    main(sys.argv[1:])
