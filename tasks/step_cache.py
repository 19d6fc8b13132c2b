"""Cache of step results: each text goes through a step once, however many conventions use it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from tasks.convention import View
from tasks.errors import ScoringError
from tasks.row import Row
from tasks.step import Step, Value, function


class ChainCache:
    """Results of views and step chains over one fixed sequence of rows.

    The cache keeps the values after every step of a chain, which chains with the same prefix share, and the result of a step
    for each text, which chains with different prefixes share. Equal tokens are interned, whichever steps produced them, so a
    pair of token sequences is identified by its two objects. `computed` counts the texts that each step processed, for tests.
    """

    def __init__(self, rows: Sequence[Row]) -> None:
        self.rows = rows
        self._unreadable: dict[View, dict[int, str]] = {}
        self.computed: Counter[Step] = Counter()
        self._done: dict[tuple[View, tuple[Step, ...]], list[Value]] = {}
        self._seen: dict[Step, dict[Value, Value]] = {}
        self._tokens: dict[Value, Value] = {}

    def values(self, view: View, steps: tuple[Step, ...]) -> list[Value]:
        """The chain's value for every row, in the order of the rows; None where the view returns None or cannot read the row.

        Raises:
            ScoringError: A step cannot process a row's text; the error names the row.
        """
        key = (view, steps)
        known = self._done.get(key)
        if known is not None:
            return known
        if not steps:
            result = [self._taken(view, index, row) for index, row in enumerate(self.rows)]
        else:
            step = steps[-1]
            before = self.values(view, steps[:-1])
            seen = self._seen.setdefault(step, {})
            flat = not {list, type(None)} & set(map(type, before))
            # Process every distinct text once, then look it up for each row: the step itself takes most of the time.
            new = [text for text in dict.fromkeys(before if flat else _leaves(before)) if text not in seen]
            if new:
                try:
                    made = self._made(step, new)
                except ScoringError as error:
                    raise error if error.row else self._named(error, step, before) from error
                seen.update(zip(new, made, strict=True))
                self.computed[step] += len(new)
            result = list(map(seen.__getitem__, before)) if flat else [_looked_up(value, seen) for value in before]
        self._done[key] = result
        return result

    def unreadable(self, *views: View) -> dict[int, str]:
        """The rows with a hypothesis that one of the views cannot read: index and reason, in the order of the rows."""
        found: dict[int, str] = {}
        for view in views:
            self.values(view, ())
            found |= self._unreadable.get(view, {})
        return {index: found[index] for index in sorted(found) if self.rows[index].hypothesis is not None}

    def _taken(self, view: View, index: int, row: Row) -> Value:
        try:
            return view.take(row)
        except ScoringError as error:
            self._unreadable.setdefault(view, {})[index] = error.what
            return None

    def _named(self, error: ScoringError, step: Step, before: Sequence[Value]) -> ScoringError:
        """The error for the first row whose text the step cannot process."""
        for row, value in zip(self.rows, before, strict=True):
            try:
                for text in _leaves([value]):
                    function(step)(text)
            except ScoringError as found:
                return ScoringError(found.what, row=row.id)
        return error

    def _made(self, step: Step, texts: Sequence[Value]) -> Sequence[Value]:
        made = list(map(function(step), texts)) if step.batch is None else step.batch(texts)
        return [self._tokens.setdefault(tokens, tokens) for tokens in made] if step.kind == "tokens" else made


def _looked_up(value: Value, seen: dict[Value, Value]) -> Value:
    if value is None:
        return None
    return [_looked_up(item, seen) for item in value] if isinstance(value, list) else seen[value]


def _leaves(values: Sequence[Value]) -> Iterator[Value]:
    for value in values:
        if isinstance(value, list):
            yield from _leaves(value)
        elif value is not None:
            yield value
