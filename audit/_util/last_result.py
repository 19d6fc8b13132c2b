"""Functions of one large object that several callers ask for in turn."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from functools import wraps
from typing import TypeVar, TypeVarTuple

Object = TypeVar("Object")
Result = TypeVar("Result")
More = TypeVarTuple("More")


def kept_for_last(function: Callable[[Object, *More], Result]) -> Callable[[Object, *More], Result]:
    """A function that keeps its results for one object, and returns them where it is asked for the same again.

    The object is told apart by identity, since comparing it would take as long as reading it; neither it nor a result may be
    changed. Further arguments are hashed. All stay in memory until another object is asked for.
    """
    last: list[tuple[Object, dict[Hashable, Result]]] = []

    @wraps(function)
    def asked(one: Object, *more: *More) -> Result:
        known = next((results for known, results in tuple(last) if known is one), None)
        if known is None:
            known = {}
            last[:] = [(one, known)]
        if more not in known:
            known[more] = function(one, *more)
        return known[more]

    return asked
