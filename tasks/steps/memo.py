"""Memoisation: a bounded dictionary that computes missing values."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")
_SIZE = 2**16


class Memo(dict[K, V], Generic[K, V]):
    """Memoised results of a function. Faster than `functools.lru_cache`: a cached key needs no Python call.

    Args:
        function: Computes the value of a missing key.
        size: The maximum number of entries; when it is reached, the cache is cleared, which bounds the memory.
        worth: Whether to keep a key: long keys take much memory and rarely recur. By default all are kept.
    """

    __slots__ = ("_function", "_size", "_worth")

    def __init__(self, function: Callable[[K], V], size: int = _SIZE, worth: Callable[[K], bool] | None = None) -> None:
        super().__init__()
        self._function = function
        self._size = size
        self._worth = worth

    def __missing__(self, key: K) -> V:
        made = self._function(key)
        if self._worth is None or self._worth(key):
            if len(self) >= self._size:
                self.clear()
            self[key] = made
        return made
