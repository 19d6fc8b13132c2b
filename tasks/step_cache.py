"""Cache of step results: conventions share what is done to texts, and a text goes through a step that takes time once."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import filterfalse

from tasks.convention import View
from tasks.errors import ScoringError, UnavailableError
from tasks.row import Row
from tasks.step import Step, Value, function


class ChainCache:
    """Results of views and step chains over one fixed sequence of rows.

    The cache keeps the values after every step of a chain, which chains with the same prefix share, and the result of a step
    for each text, which chains with different prefixes share; a light step makes it again instead. Equal tokens are interned,
    whichever steps produced them, so a pair of token sequences is identified by its two objects. `computed` counts the texts
    that each step processed, for tests.
    """

    def __init__(self, rows: Sequence[Row]) -> None:
        self.rows = rows
        self._unreadable: dict[View, dict[int, str]] = {}
        self.computed: Counter[Step] = Counter()
        self._done: dict[tuple[View, tuple[Step, ...]], list[Value]] = {}
        self._seen: dict[Step, dict[Value, Value]] = {}
        self._tokens: dict[Value, Value] = {}
        self._lists: dict[int, list[list[Value]]] = {}
        self._follows: dict[int, dict[Step, list[Value]]] = {}  # by the identity of a list in `_done`
        self._flat: set[int] = set()  # identities of lists in `_done` without lists and None

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
            follows = self._follows.setdefault(id(before), {})
            if step not in follows:
                follows[step] = self._after(step, before)
            result = follows[step]
        self._done[key] = result
        return result

    def _after(self, step: Step, before: list[Value]) -> list[Value]:
        """What a step makes of values: every distinct text is processed once, then looked up for each row.

        A light step without lists or None before it processes the text of each row.
        """
        seen = self._seen.setdefault(step, {})
        if id(before) not in self._flat and {list, type(None)} & set(map(type, before)):
            self._process(step, before, dict.fromkeys(filterfalse(seen.__contains__, _leaves(before))))
            seen = self._seen[step]
            return [_looked_up(value, seen) for value in before]
        self._flat.add(id(before))
        if step.light:
            result = self._made(step, before)
            self.computed[step] += len(before)
        else:
            new = dict.fromkeys(filterfalse(seen.__contains__, before) if seen else before)
            made = self._process(step, before, new)
            result = made if len(made) == len(before) else list(map(self._seen[step].__getitem__, before))
        if step.kind != "text":
            return result
        result = self._shared(result)
        if step.batch is not None:  # makes a text of every text
            self._flat.add(id(result))
        return result

    def _process(self, step: Step, before: Sequence[Value], new: dict[Value, Value]) -> list[Value]:
        """Put a step's results for new texts, the keys of `new`, among those that were seen."""
        texts = list(new)
        if not texts:
            return texts
        try:
            made = self._made(step, texts)
        except ScoringError as error:
            raise error if error.row else self._named(error, step, before) from error
        results = zip(texts, made, strict=True)
        seen = self._seen[step]
        if seen:
            seen.update(results)
        else:
            # The dictionary of the new texts has their places already.
            new.update(results)
            self._seen[step] = new
        self.computed[step] += len(texts)
        return made

    def _shared(self, result: list[Value]) -> list[Value]:
        """An equal list that is there, so that what follows it is looked up once for all chains; many steps change no text."""
        with contextlib.suppress(TypeError):  # values that have no hash
            others = self._lists.setdefault(hash(tuple(result)), [])
            for other in others:
                if other == result:
                    return other
            others.append(result)
        return result

    def together(self, chains: Iterable[tuple[View, tuple[Step, ...]]]) -> None:
        """Start the program of a step once for all chains; what fails is left to `values`, which says of which chain it holds.

        A chain has at most one such step that matters: texts for a second one are known only when the first is done.
        """
        texts: dict[Step, dict[Value, None]] = {}
        for view, steps in chains:
            at = next((at for at, step in enumerate(steps) if step.program), None)
            if at is not None and (view, steps[: at + 1]) not in self._done:
                with contextlib.suppress(ScoringError):
                    texts.setdefault(steps[at], {}).update(dict.fromkeys(_leaves(self.values(view, steps[:at]))))
        for step, found in texts.items():
            seen = self._seen.setdefault(step, {})
            new = [text for text in found if text not in seen]
            if new:
                with contextlib.suppress(ScoringError, UnavailableError):
                    seen.update(zip(new, self._made(step, new), strict=True))
                    self.computed[step] += len(new)

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

    def _made(self, step: Step, texts: Sequence[Value]) -> list[Value]:
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
