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
        worth: Whether a key is kept: a long one takes much memory, and does not come again. By default all are.
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
