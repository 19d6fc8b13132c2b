"""A dictionary that fills itself, up to a size."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")
_SIZE = 2**16


class Memo(dict[K, V], Generic[K, V]):
    """What a function makes of a key, kept. Faster than `functools.lru_cache`, since a known key costs no Python call.

    Args:
        function: Gives the value of a key that is not there.
        size: How many are kept at most; then all are forgotten, so that memory stays bounded.
    """

    __slots__ = ("_function", "_size")

    def __init__(self, function: Callable[[K], V], size: int = _SIZE) -> None:
        super().__init__()
        self._function = function
        self._size = size

    def __missing__(self, key: K) -> V:
        if len(self) >= self._size:
            self.clear()
        made = self[key] = self._function(key)
        return made
