"""The steps of a backtracking match, counted: what `re` and `regex` do in C, where no Python tool sees it.

A pattern is parsed by Python's own parser and matched by closures that call each other as the C engine's operations do. Of
every operation, each character that it looks at is a step; so is each place from which a search begins. Runs of one class of
characters are found by the real engine, at the same number of steps, so that only backtracking costs time here.

The engines skip some of these steps (required characters, prefixes), and none takes more. The spans found are compared with
the real engine's at every call, so that the steps are those of the same match. A static analysis of patterns would refuse
many that are guarded by what their caller gives them; a count on what they are given does not.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import cache, cached_property
from re import _constants as sre  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from types import ModuleType
from typing import Any

import regex

Go = Callable[[int], int]
_LAZY = {sre.MIN_REPEAT}
_REPEATS = {sre.MAX_REPEAT, sre.MIN_REPEAT, sre.POSSESSIVE_REPEAT}
_SINGLE = {sre.LITERAL, sre.NOT_LITERAL, sre.ANY, sre.IN}
_CATEGORIES = {
    sre.CATEGORY_DIGIT: r"\d", sre.CATEGORY_NOT_DIGIT: r"\D", sre.CATEGORY_SPACE: r"\s", sre.CATEGORY_NOT_SPACE: r"\S",
    sre.CATEGORY_WORD: r"\w", sre.CATEGORY_NOT_WORD: r"\W",
}  # fmt: skip
# Properties, which the parser of `re` does not know, stand for one private character each while a pattern is parsed.
_PROPERTY = re.compile(r"\\[pP]\{[^}]*\}|\[\[:[a-z]+:\]\]")
_PRIVATE = 0xF0000
_FEW = 10
_FLAGS = {"IGNORECASE", "MULTILINE", "DOTALL", "VERBOSE", "ASCII"}


class TooManyError(Exception):
    """A match takes more steps than a linear one can."""


class Pattern:
    """A pattern whose steps are counted.

    Attributes:
        key: Its source and flags, for people.
        tree: As parsed.
    """

    def __init__(self, source: str | bytes, flags: int, engine: ModuleType) -> None:
        text = source.decode("latin-1") if isinstance(source, bytes) else source
        self.engine = engine
        self.names: dict[str, str] = {}

        def private(match: re.Match[str]) -> str:
            return self.names.setdefault(match[0], chr(_PRIVATE + len(self.names)))

        plain = _PROPERTY.sub(private, text)
        self.properties = {character: name for name, character in self.names.items()}
        wanted = sum(getattr(re, name) for name in _FLAGS if flags & getattr(engine, name))
        if isinstance(source, bytes):
            wanted |= re.ASCII
        self.tree = parser.parse(plain, wanted)
        self.flags = self.tree.state.flags
        self.key = f"{text!r}" + "".join(f" {name}" for name in sorted(_FLAGS) if wanted & getattr(re, name))
        self.first = self._first(list(self.tree))

    @cached_property
    def bounded(self) -> bool:
        """Whether it repeats nothing without end: then it takes a bounded number of steps from every place, on any text."""
        return not _endless(self.tree)

    # Sources of single characters, for the real engine.

    def _character(self, code: int) -> str:
        return self.properties.get(chr(code)) or re.escape(chr(code))

    def _source(self, op: Any, av: Any) -> str:
        if op is sre.LITERAL:
            return self._character(av)
        if op is sre.NOT_LITERAL:
            return f"[^{self._character(av)}]"
        if op is sre.ANY:
            return "."
        parts = []
        for kind, value in av:
            if kind is sre.NEGATE:
                parts.append("^")
            elif kind is sre.LITERAL:
                parts.append(self._character(value))
            elif kind is sre.RANGE:
                parts.append(f"{re.escape(chr(value[0]))}-{re.escape(chr(value[1]))}")
            else:
                parts.append(_CATEGORIES[value])
        return f"[{''.join(parts)}]"

    def compiled(self, source: str, flags: int) -> Any:
        """The real engine's pattern of a class of characters, under the flags where it stands."""
        return _real(
            self.engine,
            source,
            sum(getattr(self.engine, n) for n in sorted(_FLAGS - {"VERBOSE"}) if flags & getattr(re, n)),
        )

    def _first(self, items: list[Any]) -> str | None:
        """The source of all characters that a match can begin with; None if it can be empty or is not that simple."""
        for op, av in items:
            if op in _SINGLE:
                return self._source(op, av)
            if op is sre.AT or op in {sre.ASSERT, sre.ASSERT_NOT}:
                continue
            if op is sre.SUBPATTERN:
                if av[1] or av[2] or not av[3].getwidth()[0]:
                    return None
                return self._first(list(av[3]))
            if op is sre.ATOMIC_GROUP and av.getwidth()[0]:
                return self._first(list(av))
            if op in _REPEATS and av[0] and av[2].getwidth()[0]:
                return self._first(list(av[2]))
            if op is sre.BRANCH and all(part.getwidth()[0] for part in av[1]):
                parts = [self._first(list(part)) for part in av[1]]
                return None if None in parts else "|".join(dict.fromkeys(parts))  # type: ignore[arg-type]
            return None
        return None

    def count(self, text: str | bytes, method: str, pos: int, end: int, most: int) -> tuple[int, list[tuple[int, int]]]:
        """The steps and the spans of `match`, `fullmatch`, `search` or `finditer`.

        Raises:
            TooManyError: There are more than `most` steps.
        """
        return _Run(self, text.decode("latin-1") if isinstance(text, bytes) else text, method, pos, end, most).all()


def _endless(part: Any) -> bool:
    """Whether a part of a parsed pattern holds a repeat of more than a few times."""
    if isinstance(part, parser.SubPattern):
        return any(_endless(item) for item in part)
    if isinstance(part, tuple | list):
        if len(part) == 2 and part[0] in _REPEATS and part[1][1] > _FEW:
            return True
        return any(_endless(item) for item in part)
    return False


@cache
def _real(engine: ModuleType, source: str, flags: int) -> Any:
    compile_ = REAL.get(engine.__name__, engine.compile)
    return compile_(source, flags)


# The engines' own `compile`, which stays what it was when calls are counted.
REAL: dict[str, Callable[..., Any]] = {"re": re.compile, "regex": regex.compile}


class _Run:
    """One call: the closures of a pattern over one text."""

    def __init__(self, pattern: Pattern, text: str, method: str, pos: int, end: int, most: int) -> None:
        self.pattern, self.text, self.method, self.pos, self.end, self.most = pattern, text, method, pos, end, most
        self.steps = 0
        self.groups: dict[int, tuple[int, int]] = {}
        self.begins: dict[int, list[int]] = {}
        self.forbidden = -1  # an empty match may not follow a match at the same place
        self.start = 0
        self.go: Go | None = None  # made for the first place where a match can begin: most patterns find none
        first = pattern.first
        self.skip = pattern.compiled(first, pattern.flags).search if first is not None else None

    def tick(self, steps: int = 1) -> None:
        self.steps += steps
        if self.steps > self.most:
            raise TooManyError

    def finish(self, at: int) -> int:
        if (self.method == "fullmatch" and at != self.end) or (at == self.start == self.forbidden):
            return -1
        return at

    def all(self) -> tuple[int, list[tuple[int, int]]]:
        spans: list[tuple[int, int]] = []
        at = self.pos
        while at <= self.end:
            found = self.next(at)
            if found is None:
                break
            spans.append(found)
            if self.method != "finditer":
                break
            at = found[1]
            self.forbidden = at if found[0] == found[1] else -1
        return self.steps, spans

    def next(self, at: int) -> tuple[int, int] | None:
        moving = self.method in {"search", "finditer"}
        while at <= self.end:
            if moving and self.skip is not None:
                match = self.skip(self.text, at, self.end)
                self.tick((match.start() if match else self.end) - at + 1)
                if match is None:
                    return None
                at = match.start()
            self.tick()
            self.start = at
            self.groups.clear()
            if self.go is None:
                self.go = self.sequence(list(self.pattern.tree), self.finish, self.pattern.flags)
            end = self.go(at)
            if end >= 0:
                return at, end
            if not moving:
                return None
            at += 1
        return None

    # Closures, from the last item to the first: each is given what follows it.

    def sequence(self, items: list[Any], after: Go, flags: int) -> Go:
        for op, av in reversed(items):
            after = self.item(op, av, after, flags)
        return after

    def item(self, op: Any, av: Any, after: Go, flags: int) -> Go:
        if op in _SINGLE:
            return self.single(self.pattern._source(op, av), after, flags)
        if op in _REPEATS:
            low, high, body = av
            if len(body) == 1 and body[0][0] in _SINGLE:
                return self.run(op, low, high, self.pattern._source(*body[0]), after, flags)
            return self.repeat(op, low, high, body, after, flags)
        if op is sre.SUBPATTERN:
            group, add, drop, body = av
            inner = (flags | add) & ~drop
            return self.sequence(list(body), after, inner) if group is None else self.group(group, body, after, inner)
        if op is sre.ATOMIC_GROUP:
            whole = self.sequence(list(av), lambda at: at, flags)

            def atomic(at: int) -> int:
                end = whole(at)
                return -1 if end < 0 else after(end)

            return atomic
        if op is sre.BRANCH:
            return self.branch([self.sequence(list(part), after, flags) for part in av[1]])
        if op in {sre.ASSERT, sre.ASSERT_NOT}:
            return self.look(op is sre.ASSERT, av, after, flags)
        if op is sre.AT:
            return self.at(av, after, flags)
        if op is sre.GROUPREF:
            return self.reference(av, after)
        raise NotImplementedError(f"{op} in {self.pattern.key}")

    def single(self, source: str, after: Go, flags: int) -> Go:
        text, end, tick = self.text, self.end, self.tick
        match = self.pattern.compiled(source, flags).match
        known: dict[str, bool] = {}

        def go(at: int) -> int:
            tick()
            if at >= end:
                return -1
            character = text[at]
            fits = known.get(character)
            if fits is None:
                fits = known[character] = match(character) is not None
            return after(at + 1) if fits else -1

        return go

    def run(self, op: Any, low: int, high: Any, source: str, after: Go, flags: int) -> Go:
        most = "" if high is sre.MAXREPEAT else int(high)
        longest = self.pattern.compiled(f"(?:{source}){{0,{most}}}", flags).match
        text, stop, tick = self.text, self.end, self.tick

        def go(at: int) -> int:
            if at > stop:
                return -1
            last = longest(text, at, stop).end()
            if op in _LAZY:
                tick(low + 1)
                for end in range(at + low, last + 1):
                    tick()
                    found = after(end)
                    if found >= 0:
                        return found
                return -1
            tick(last - at + 1)
            if op is sre.POSSESSIVE_REPEAT:
                return after(last) if last - at >= low else -1
            for end in range(last, at + low - 1, -1):
                tick()
                found = after(end)
                if found >= 0:
                    return found
            return -1

        return go

    def repeat(self, op: Any, low: int, high: Any, body: Any, after: Go, flags: int) -> Go:
        tick = self.tick
        if op is sre.POSSESSIVE_REPEAT:
            once = self.sequence(list(body), lambda at: at, flags)

            def possessive(at: int) -> int:
                times = 0
                while high is sre.MAXREPEAT or times < high:
                    tick()
                    end = once(at)
                    if end < 0 or (end == at and times >= low):
                        break
                    at, times = end, times + 1
                return after(at) if times >= low else -1

            return possessive
        state: list[tuple[int, int]] = []

        def again(at: int) -> int:
            times, began = state.pop()
            found = after(at) if at == began and times >= low else attempt(at, times + 1)
            state.append((times, began))
            return found

        inner = self.sequence(list(body), again, flags)

        def more(at: int, times: int) -> int:
            if high is not sre.MAXREPEAT and times >= high:
                return -1
            state.append((times, at))
            found = inner(at)
            state.pop()
            return found

        def attempt(at: int, times: int) -> int:
            tick()
            if times < low:
                return more(at, times)
            if op in _LAZY:
                found = after(at)
                return found if found >= 0 else more(at, times)
            found = more(at, times)
            return found if found >= 0 else after(at)

        return lambda at: attempt(at, 0)

    def group(self, number: int, body: Any, after: Go, flags: int) -> Go:
        begins, groups = self.begins.setdefault(number, []), self.groups

        def close(at: int) -> int:
            begin, old = begins.pop(), groups.get(number)
            groups[number] = (begin, at)
            found = after(at)
            begins.append(begin)
            if found < 0:
                if old is None:
                    groups.pop(number, None)
                else:
                    groups[number] = old
            return found

        inner = self.sequence(list(body), close, flags)

        def open_(at: int) -> int:
            begins.append(at)
            found = inner(at)
            begins.pop()
            return found

        return open_

    def branch(self, parts: list[Go]) -> Go:
        tick = self.tick

        def go(at: int) -> int:
            for part in parts:
                tick()
                found = part(at)
                if found >= 0:
                    return found
            return -1

        return go

    def look(self, wanted: bool, av: Any, after: Go, flags: int) -> Go:
        direction, body = av
        inner = self.sequence(list(body), lambda at: at, flags)
        width = body.getwidth()[0] if direction < 0 else 0

        def go(at: int) -> int:
            self.tick()
            found = at >= width and inner(at - width) >= 0
            return after(at) if found == wanted else -1

        return go

    def at(self, kind: Any, after: Go, flags: int) -> Go:
        text, end, lines = self.text, self.end, bool(flags & re.MULTILINE)
        word = self.pattern.compiled(r"\w", flags).match

        def boundary(at: int) -> bool:
            before = at > 0 and word(text[at - 1]) is not None
            return before != (at < end and word(text[at]) is not None)

        checks: dict[Any, Callable[[int], bool]] = {
            sre.AT_BEGINNING: lambda at: at == 0 or (lines and text[at - 1] == "\n"),
            sre.AT_BEGINNING_STRING: lambda at: at == 0,
            sre.AT_END: lambda at: at == end or (text[at] == "\n" and (lines or at == end - 1)),
            sre.AT_END_STRING: lambda at: at == end,
            sre.AT_BOUNDARY: boundary,
            sre.AT_NON_BOUNDARY: lambda at: not boundary(at),
        }
        check = checks[kind]

        def go(at: int) -> int:
            self.tick()
            return after(at) if check(at) else -1

        return go

    def reference(self, number: int, after: Go) -> Go:
        def go(at: int) -> int:
            if number not in self.groups:
                return -1
            begin, end = self.groups[number]
            self.tick(end - begin + 1)
            return after(at + end - begin) if self.text.startswith(self.text[begin:end], at, self.end) else -1

        return go


def samples(tree: Any, pattern: Pattern) -> Iterator[str]:
    """Texts that a pattern is in the middle of: what its first items match, and what each of its repeats repeats."""
    items = list(tree)
    head = ""
    for op, av in items:
        if op in _REPEATS:
            inner = list(samples(av[2], pattern))
            yield from inner
            head += _sample([(op, av)], pattern)
        elif op is sre.SUBPATTERN:
            yield from samples(av[3], pattern)
            head += _sample([(op, av)], pattern)
        elif op is sre.BRANCH:
            for part in av[1]:
                yield from samples(part, pattern)
            head += _sample([(op, av)], pattern)
        elif op in {sre.ASSERT, sre.ASSERT_NOT}:
            yield from samples(av[1], pattern)
        elif op is sre.ATOMIC_GROUP:
            yield from samples(av, pattern)
            head += _sample([(op, av)], pattern)
        else:
            head += _sample([(op, av)], pattern)
        yield head


# Characters that stand for classes, in order; the first that fits is taken.
_CANDIDATES = "a1 A.\n(['\"-_é中$%\u0301Ⅷ<>"


def _sample(items: list[Any], pattern: Pattern) -> str:
    text = ""
    for op, av in items:
        if op in _SINGLE:
            source = pattern._source(op, av)
            if op is sre.LITERAL and chr(av) not in pattern.properties:
                text += chr(av)
                continue
            match = pattern.compiled(source, pattern.flags).match
            text += next((c for c in _CANDIDATES if match(c)), "") or _any(match)
        elif op in _REPEATS:
            text += _sample(list(av[2]), pattern) * max(1, int(av[0]))
        elif op is sre.SUBPATTERN:
            text += _sample(list(av[3]), pattern)
        elif op is sre.ATOMIC_GROUP:
            text += _sample(list(av), pattern)
        elif op is sre.BRANCH:
            text += _sample(list(av[1][0]), pattern)
    return text


def _any(match: Callable[[str], Any]) -> str:
    return next((chr(code) for code in range(0x10000) if not 0xD800 <= code < 0xE000 and match(chr(code))), "")
