"""Counts what code does: lines of Python, steps of regular expressions, characters that methods of texts and lists go through.

`install` must run before the code is imported: patterns that `re` and `regex` compile from then on are `Counted`, and modules
of `tasks` are loaded with a charge around each operation whose work depends on a size (`x in text`, `text.find`, `text[a:b]`).
Each place counts for itself, so that a little quadratic work is not hidden by much linear work elsewhere.
"""

from __future__ import annotations

import ast
import importlib.abc
import importlib.machinery
import re
import sys
import types
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import regex

from tests.support.operations.backtracking import REAL, Pattern, TooManyError
from tests.support.paths import ROOT

PLANTED = "tests.support.operations.planted"
# Steps for a character of a text, beyond which a match is stopped: the longest linear rules take a few hundred.
_MOST = 1000


class Counts:
    """What one call did, by place.

    Attributes:
        at: Operations by place.
        patterns: The patterns that were called.
        only: The one pattern whose steps are counted; None for all of them.
        on: Whether anything is counted.
    """

    def __init__(self) -> None:
        self.at: Counter[str] = Counter()
        self.patterns: dict[str, Pattern] = {}
        self.only: str | None = None
        self.on = False


COUNTS = Counts()


class Counted:
    """A compiled pattern whose calls are counted; otherwise the pattern itself."""

    def __init__(self, real: Any, source: Any, flags: int, engine: types.ModuleType) -> None:
        self._real, self._source, self._flags, self._engine = real, source, int(flags), engine
        self._pattern: Pattern | None = None
        self._known: dict[tuple[Any, ...], int] = {}

    @property  # type: ignore[misc]
    def __class__(self) -> type:  # type: ignore[override]
        return type(self._real)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    def __hash__(self) -> int:
        return hash(self._real)

    def __eq__(self, other: object) -> bool:
        return bool(self._real == (other._real if type(other) is Counted else other))

    def __deepcopy__(self, _: object) -> Counted:
        return self

    def _count(self, method: str, text: Any, pos: int = 0, endpos: int | None = None) -> None:
        if not COUNTS.on or not isinstance(text, str | bytes):
            return
        if self._pattern is None:
            self._pattern = Pattern(self._source, self._flags, self._engine)
        pattern = self._pattern
        if pattern.bounded:
            return
        COUNTS.patterns[pattern.key] = pattern
        if COUNTS.only is not None and COUNTS.only != pattern.key:
            return
        end = len(text) if endpos is None else min(endpos, len(text))
        call = (method, text, pos, end)
        if call not in self._known:
            with _untraced():
                self._known[call] = self._steps(pattern, method, text, pos, end)
        COUNTS.at[f"pattern {pattern.key}"] += self._known[call]

    def _steps(self, pattern: Pattern, method: str, text: Any, pos: int, end: int) -> int:
        most = _MOST * (len(text) + 10)
        try:
            steps, spans = pattern.count(text, method, pos, end, most)
        except TooManyError:
            # The engine would take as long: the call ends here.
            COUNTS.at[f"pattern {pattern.key}"] += most * len(text)
            raise
        if method == "finditer":
            real = [match.span() for match in self._real.finditer(text, pos, end)]
        else:
            match = getattr(self._real, method)(text, pos, end)
            real = [] if match is None else [match.span()]
        if spans != real:
            raise AssertionError(f"the counter matches {spans[:9]}, not {real[:9]}: {pattern.key} on {text!r:.200}")
        return steps

    def match(self, string: Any, pos: int = 0, endpos: int | None = None, **more: Any) -> Any:
        self._count("match", string, pos, endpos)
        return self._real.match(string, pos, sys.maxsize if endpos is None else endpos, **more)

    def fullmatch(self, string: Any, pos: int = 0, endpos: int | None = None, **more: Any) -> Any:
        self._count("fullmatch", string, pos, endpos)
        return self._real.fullmatch(string, pos, sys.maxsize if endpos is None else endpos, **more)

    def search(self, string: Any, pos: int = 0, endpos: int | None = None, **more: Any) -> Any:
        self._count("search", string, pos, endpos)
        return self._real.search(string, pos, sys.maxsize if endpos is None else endpos, **more)

    def findall(self, string: Any, *rest: Any, **more: Any) -> Any:
        self._count("finditer", string, *rest)
        return self._real.findall(string, *rest, **more)

    def finditer(self, string: Any, *rest: Any, **more: Any) -> Any:
        self._count("finditer", string, *rest)
        return self._real.finditer(string, *rest, **more)

    def sub(self, repl: Any, string: Any, *rest: Any, **more: Any) -> Any:
        self._count("finditer", string)
        return self._real.sub(repl, string, *rest, **more)

    def subn(self, repl: Any, string: Any, *rest: Any, **more: Any) -> Any:
        self._count("finditer", string)
        return self._real.subn(repl, string, *rest, **more)

    def split(self, string: Any, *rest: Any, **more: Any) -> Any:
        self._count("finditer", string)
        return self._real.split(string, *rest, **more)


def _patterns() -> None:
    """Make `re` and `regex` return counted patterns."""
    import regex._main as regex_main

    of_re, of_regex = re._compile, regex_main._compile  # type: ignore[attr-defined]
    made: dict[tuple[Any, ...], Counted] = {}

    def counted(real: Any, source: Any, flags: Any, engine: types.ModuleType) -> Any:
        key = (engine.__name__, type(source), source, int(flags))
        return made.setdefault(key, Counted(real, source, flags, engine))

    def compile_re(pattern: Any, flags: Any) -> Any:
        if type(pattern) is Counted or not isinstance(pattern, str | bytes):
            return pattern
        return counted(of_re(pattern, flags), pattern, flags, re)

    def compile_regex(pattern: Any, flags: Any, *rest: Any) -> Any:
        if type(pattern) is Counted or not isinstance(pattern, str | bytes):
            return pattern
        return counted(of_regex(pattern, flags, *rest), pattern, flags, regex)

    REAL["re"] = of_re
    REAL["regex"] = lambda source, flags: of_regex(source, flags, False, {}, True)
    re._compile = compile_re  # type: ignore[attr-defined]
    regex_main._compile = compile_regex


def _normal_forms() -> None:
    """Count what `unicodedata.normalize` does: combining marks are sorted by insertion, one exchange at a time."""
    real = unicodedata.normalize

    def normalize(form: str, text: str) -> str:
        if COUNTS.on and COUNTS.only is None:
            run: list[int] = []
            exchanges = 0
            for character in "".join(real("NFKD" if "K" in form else "NFD", one) for one in text):
                order = unicodedata.combining(character)
                run = [*run, order] if order else []
                exchanges += sum(other > order for other in run)
            COUNTS.at["unicodedata.normalize"] += len(text) + exchanges
        return real(form, text)

    unicodedata.normalize = normalize  # type: ignore[assignment]


# Charges in `tasks`.

_SIZED = (str, bytes, list, tuple, set, frozenset, dict)
# Methods that read as far as their result says; all others of a text read all of it.
_FROM_LEFT = {"find", "index"}
_CONSTANT = {"append", "startswith", "endswith", "removeprefix", "removesuffix", "get", "add", "setdefault", "items", "keys",
             "values", "encode", "format"}  # fmt: skip
_FREE = {len, isinstance, iter, enumerate, zip, range, map, filter, reversed, id, type, getattr, hasattr, chr, ord, next, repr,
         print, bool, int, float, any, all, sum, min, max}  # fmt: skip


def _size(value: object) -> int:
    if isinstance(value, list | tuple):
        return len(value) + sum(len(item) for item in value if isinstance(item, str))
    return len(value) if isinstance(value, _SIZED) else 1


def _charge(place: str, steps: int) -> None:
    if COUNTS.on and COUNTS.only is None:
        COUNTS.at[place] += steps


def _range(thing: str | bytes, begin: int = 0, end: int | None = None) -> tuple[int, int]:
    return slice(begin, end).indices(len(thing))[:2]


def _method(place: str, thing: Any, name: str, *args: Any, **named: Any) -> Any:
    result = getattr(thing, name)(*args, **named)
    if not COUNTS.on or (type(thing) not in _SIZED and not isinstance(thing, types.ModuleType)):
        return result
    if isinstance(thing, types.ModuleType):
        if isinstance(getattr(thing, name), types.BuiltinFunctionType):
            _charge(place, sum(map(_size, args)))
    elif isinstance(thing, str | bytes):
        if name in _FROM_LEFT:
            begin, end = _range(thing, *args[1:])
            _charge(place, max(0, (result if result >= 0 else end) - begin) + 1)
        elif name in {"rfind", "rindex"}:
            begin, end = _range(thing, *args[1:])
            _charge(place, max(0, end - max(result, begin)) + 1)
        elif name in {"strip", "lstrip", "rstrip"}:
            _charge(place, len(thing) if len(result) != len(thing) else 1)
        elif name == "join":
            _charge(place, len(result))
        elif name in _CONSTANT:
            _charge(place, 1 + sum(len(arg) for arg in args if isinstance(arg, str)))
        else:
            _charge(place, len(thing))
    elif isinstance(thing, list) and name == "pop":
        _charge(place, len(thing) - args[0] if args and args[0] >= 0 else 1)
    elif isinstance(thing, list | tuple) and name not in _CONSTANT:
        _charge(place, len(thing) + sum(map(_size, args)))
    else:
        _charge(place, 1 + sum(map(_size, args)) if name not in _CONSTANT else 1)
    return result


def _call(place: str, function: Any, *args: Any, **named: Any) -> Any:
    builtin = isinstance(function, types.BuiltinFunctionType) or (isinstance(function, type) and function in _SIZED)
    if COUNTS.on and builtin and function not in _FREE:
        _charge(place, sum(map(_size, args)))
    return function(*args, **named)


def _in(place: str, item: Any, whole: Any, negative: bool) -> bool:
    if COUNTS.on and type(whole) in {str, bytes, list, tuple}:
        found = whole.find(item) if isinstance(whole, str | bytes) else whole.index(item) if item in whole else -1
        _charge(place, found + 1 if found >= 0 else len(whole))
    return (item not in whole) if negative else (item in whole)


def _made(place: str, result: Any) -> Any:
    if COUNTS.on and type(result) in {str, bytes, list, tuple}:
        _charge(place, len(result))
    return result


class _Charges(ast.NodeTransformer):
    """Puts a charge around operations whose work depends on a size."""

    def __init__(self, file: str) -> None:
        self.file = file

    def _wrapped(self, name: str, node: ast.expr, *args: ast.expr, keywords: Sequence[ast.keyword] = ()) -> ast.expr:
        place = ast.Constant(f"{self.file}:{node.lineno}")
        return ast.copy_location(ast.Call(ast.Name(name, ast.Load()), [place, *args], list(keywords)), node)

    def visit_Call(self, node: ast.Call) -> ast.expr:
        self.generic_visit(node)
        if isinstance(node.func, ast.Attribute):
            name = ast.Constant(node.func.attr)
            return self._wrapped("_charged_method", node, node.func.value, name, *node.args, keywords=node.keywords)
        if isinstance(node.func, ast.Name) and node.func.id not in {
            "super",
            "locals",
            "globals",
            "vars",
            "eval",
            "exec",
        }:
            return self._wrapped("_charged_call", node, node.func, *node.args, keywords=node.keywords)
        return node

    def visit_Compare(self, node: ast.Compare) -> ast.expr:
        self.generic_visit(node)
        if len(node.ops) == 1 and isinstance(node.ops[0], ast.In | ast.NotIn):
            negative = ast.Constant(isinstance(node.ops[0], ast.NotIn))
            return self._wrapped("_charged_in", node, node.left, node.comparators[0], negative)
        return node

    def visit_Subscript(self, node: ast.Subscript) -> ast.expr:
        self.generic_visit(node)
        whole = isinstance(node.ctx, ast.Load) and isinstance(node.slice, ast.Slice)
        return self._wrapped("_charged_made", node, node) if whole else node

    def visit_BinOp(self, node: ast.BinOp) -> ast.expr:
        self.generic_visit(node)
        return self._wrapped("_charged_made", node, node) if isinstance(node.op, ast.Add | ast.Mult | ast.Mod) else node

    def visit_JoinedStr(self, node: ast.JoinedStr) -> ast.expr:
        self.generic_visit(node)
        return self._wrapped("_charged_made", node, node)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.stmt:
        if node.value is not None:
            node.value = self.visit(node.value)
        return node

    def visit_FormattedValue(self, node: ast.FormattedValue) -> ast.expr:
        node.value = self.visit(node.value)
        return node  # its format is a text of its own only in the grammar


class _Loader(importlib.machinery.SourceFileLoader):
    def get_code(self, fullname: str) -> types.CodeType:
        path = self.get_filename(fullname)
        tree = ast.parse(self.get_data(path), path)
        tree = ast.fix_missing_locations(_Charges(str(Path(path).relative_to(ROOT))).visit(tree))
        return compile(tree, path, "exec", dont_inherit=True)

    def exec_module(self, module: types.ModuleType) -> None:
        vars(module).update(
            {"_charged_method": _method, "_charged_call": _call, "_charged_in": _in, "_charged_made": _made}
        )
        super().exec_module(module)


class _Finder(importlib.abc.MetaPathFinder):
    def find_spec(self, name: str, path: Any, target: Any = None) -> Any:
        if name.partition(".")[0] != "tasks" and name != PLANTED:
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path, target)
        if spec is not None and spec.origin:
            spec.loader = _Loader(name, spec.origin)
        return spec


def install() -> None:
    """Count from now on.

    Raises:
        RuntimeError: Code of `tasks` is loaded already.
    """
    if "tasks" in sys.modules:
        raise RuntimeError("`tasks` is loaded")
    _patterns()
    _normal_forms()
    sys.meta_path.insert(0, _Finder())
    sys.setrecursionlimit(100_000)


_ROOT = f"{ROOT}/"
_OWN = str(Path(__file__).parent)


def _trace(frame: types.FrameType, event: str, argument: object) -> Any:
    code = frame.f_code
    if code.co_filename.startswith(_OWN) and not code.co_filename.endswith("planted.py"):
        return None
    place = f"{code.co_filename.removeprefix(_ROOT)}:{code.co_firstlineno} {code.co_name}"
    at = COUNTS.at
    at[place] += 1

    def line(frame: types.FrameType, event: str, argument: object) -> Any:
        at[place] += 1
        return line

    return line


@contextmanager
def _untraced() -> Iterator[None]:
    before = sys.gettrace()
    sys.settrace(None)
    try:
        yield
    finally:
        sys.settrace(before)


def counted(call: Callable[[], object], only: str | None = None) -> tuple[Counter[str], dict[str, Pattern]]:
    """What a call does: operations by place, and the patterns that it calls.

    Args:
        call: Does it.
        only: The key of the one pattern to count, and nothing else.
    """
    COUNTS.at, COUNTS.patterns, COUNTS.only, COUNTS.on = Counter(), {}, only, True
    if only is None:
        sys.settrace(_trace)
    try:
        call()
    except TooManyError:
        pass
    finally:
        sys.settrace(None)
        COUNTS.on = False
    return COUNTS.at, COUNTS.patterns
