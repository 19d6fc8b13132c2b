"""Many texts as one array of code points: what is done to each character alone is done to those of all texts at once.

Python makes an object of every character that a loop, `str.join` or `str.translate` comes to, but for those of Latin 1. Here a
character is a number, and its object is looked up.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from itertools import pairwise
from typing import Final

from tasks.arrays import NDArray, np

_CODES: Final = 0x110000
_SPACE: Final = 32
# UTF-32 has every code point as one number; lone surrogates pass, as in a `str`.
_ENCODING: Final = (f"utf-32-{sys.byteorder[0]}e", "surrogatepass")
# So many characters at a time, which bounds the memory; a longer text is taken alone.
_CHARACTERS: Final = 2**18
# In a table of results, which are code points plus one: not known yet, nothing, or several characters.
_UNKNOWN, _NOTHING, _OTHER = 0, _CODES + 1, _CODES + 2


def _parts(texts: Sequence[str]) -> Iterator[tuple[str, NDArray[np.uint32], NDArray[np.int64]]]:
    """Some texts at a time: joined, their code points (characters), and where each begins and the last ends (texts + 1)."""
    bounds = np.zeros(len(texts) + 1, np.int64)
    np.cumsum(np.fromiter(map(len, texts), np.int64, len(texts)), out=bounds[1:])
    first = 0
    while first < len(texts):
        last = int(np.searchsorted(bounds, bounds[first] + _CHARACTERS, side="right")) - 1
        last = max(last, first + 1)
        joined = "".join(texts[first:last])
        yield joined, np.frombuffer(joined.encode(*_ENCODING), np.uint32), bounds[first : last + 1] - bounds[first]
        first = last


def _left(dropped: NDArray[np.bool_], bounds: NDArray[np.int64]) -> NDArray[np.int64]:
    """The bounds of texts when some characters are dropped, which are few."""
    return bounds - np.searchsorted(np.flatnonzero(dropped), bounds)


def _distinct(codes: NDArray[np.uint32]) -> list[int]:
    if not len(codes):
        return []
    found = np.zeros(_CODES, np.bool_)
    found[codes] = True
    numbers: list[int] = np.flatnonzero(found).tolist()
    return numbers


def _cut(joined: str, bounds: NDArray[np.int64]) -> list[str]:
    return [joined[begin:end] for begin, end in pairwise(bounds.tolist())]


def _text(codes: NDArray[np.uint32]) -> str:
    return codes.tobytes().decode(*_ENCODING)


@cache
def _is_space() -> NDArray[np.bool_]:
    """Whether a character is white space, for every code point."""
    found = np.zeros(_CODES, np.bool_)
    # No white space comes after the blank of East Asian scripts.
    found[[code for code in range(ord("\u3000") + 1) if chr(code).isspace()]] = True
    return found


@cache
def _objects() -> tuple[NDArray[np.object_], NDArray[np.bool_]]:
    """Every character as a `str`, and which of them are there already; memory is taken where it is used."""
    return np.empty(_CODES, np.object_), np.zeros(_CODES, np.bool_)


def characters(texts: Sequence[str]) -> list[tuple[str, ...]]:
    """Of every text its characters but for white space."""
    objects, there = _objects()
    made: list[tuple[str, ...]] = []
    for _, codes, bounds in _parts(texts):
        spaces = _is_space()[codes]
        kept = codes[~spaces]
        for code in _distinct(kept[~there[kept]]):
            objects[code] = chr(code)
            there[code] = True
        found = objects[kept].tolist()
        made += [tuple(found[begin:end]) for begin, end in pairwise(_left(spaces, bounds).tolist())]
    return made


def spaced(texts: Sequence[str]) -> list[str]:
    """Every text with a space between all characters, as `" ".join(text)`."""
    made: list[str] = []
    for _, codes, bounds in _parts(texts):
        wide = np.full(2 * len(codes), _SPACE, np.uint32)
        wide[::2] = codes
        joined = _text(wide)
        made += [joined[2 * begin : max(2 * end - 1, 2 * begin)] for begin, end in pairwise(bounds.tolist())]
    return made


class Translation:
    """`str.translate` for many texts, where most characters become one character or nothing.

    Args:
        function: What becomes of a code point; called once for each.
    """

    def __init__(self, function: Callable[[int], str]) -> None:
        self._function = function
        self._table = np.zeros(_CODES, np.uint32)  # memory is taken where it is used
        self._longer: dict[int, str] = {}

    def __call__(self, texts: Sequence[str]) -> list[str]:
        """Translate all texts."""
        made: list[str] = []
        for joined, codes, bounds in _parts(texts):
            new = self._table[codes]
            if (new == _UNKNOWN).any():
                for code in _distinct(codes[new == _UNKNOWN]):
                    self._learn(code)
                new = self._table[codes]
            dropped = new > _CODES
            cut = _cut(_text(new[~dropped] - np.uint32(1)), _left(dropped, bounds))
            longer = np.flatnonzero(new == _OTHER)
            for index in set((np.searchsorted(bounds, longer, side="right") - 1).tolist()):
                cut[index] = joined[bounds[index] : bounds[index + 1]].translate(self)
            made += cut
        return made

    def __getitem__(self, code: int) -> str:
        """What becomes of one code point."""
        found = int(self._table[code])
        if found == _UNKNOWN:
            self._learn(code)
            found = int(self._table[code])
        if found == _OTHER:
            return self._longer[code]
        return "" if found == _NOTHING else chr(found - 1)

    def _learn(self, code: int) -> None:
        made = self._function(code)
        if len(made) > 1:
            self._longer[code] = made
        self._table[code] = ord(made) + 1 if len(made) == 1 else _OTHER if made else _NOTHING
