"""Step: one named, versioned function that a convention is made of, and the hash of what decides its result."""

from __future__ import annotations

import hashlib
import importlib.util
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Literal

# What flows through a chain: a text, its tokens, or a list of either (a captions' list, split sentences).
Value = Any
Kind = Literal["text", "split", "tokens"]


@cache
def digest(source: str) -> str:
    """SHA-256 of a source of behaviour, as hex.

    Args:
        source: `module:NAME`, the bytes of a module's file; `file:PACKAGE/PATH`, of a file in an installed package;
            `tree:PACKAGE/PATH`, of every file below a folder, by name; `version:NAME`, an installed library's version, where
            its compiled code decides; `unicode`, the version of Python's Unicode tables.

    Raises:
        FileNotFoundError: There is no such module or file.
        importlib.metadata.PackageNotFoundError: There is no such library.
    """
    kind, _, name = source.partition(":")
    if kind == "unicode":
        import unicodedata

        return hashlib.sha256(unicodedata.unidata_version.encode()).hexdigest()
    if kind == "version":
        return hashlib.sha256(version_of(name).encode()).hexdigest()
    if kind == "module":
        package, _, rest = name.partition(".")
        path = _folder(package) / rest.replace(".", "/")
        return hashlib.sha256(path.with_name(f"{path.name}.py").read_bytes()).hexdigest()
    package, _, rest = name.partition("/")
    path = _folder(package) / rest
    if kind == "file":
        return hashlib.sha256(path.read_bytes()).hexdigest()
    total = hashlib.sha256()
    for item in sorted(p for p in path.rglob("*") if p.is_file() and p.suffix != ".pyc"):
        total.update(f"{item.relative_to(path).as_posix()} {hashlib.sha256(item.read_bytes()).hexdigest()}\n".encode())
    return total.hexdigest()


def origin(thing: Any) -> tuple[str, ...]:
    """Sources of a function or a class: its module, and what that module names in `SOURCES` because it takes from there."""
    module = thing.__module__
    return (f"module:{module}", *getattr(sys.modules.get(module), "SOURCES", ()))


@cache
def _folder(package: str) -> Path:
    """Where a package's files are; found without importing it, since only its bytes are wanted."""
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise FileNotFoundError(f"no package {package}")
    return Path(spec.submodule_search_locations[0])


@dataclass(frozen=True, slots=True)
class Step:
    """A function on one text (or one text's tokens), with a name and a version.

    Two steps with the same name and version are the same step: work done for one serves the other.

    Attributes:
        name: As it stands in signatures: `lower`, `whisper-en`, `tok.zh`.
        version: Ours (`1`), or the library's that defines it (`sacrebleu-2.6.0`).
        load: Gives the function. Called at first use only, so that a heavy library is imported only when needed.
        sources: What decides the result; each is hashed by `digest`.
        kind: `text` maps a text to a text, `split` a text to a list of texts, `tokens` a text to a tuple of tokens.
        batch: All texts at once, with the results in their order, for a step that costs much to start (a child process),
            or that is faster on many. It gives for each text what the plain function gives: that one defines the result.
    """

    name: str
    version: str
    load: Callable[[], Callable[[Any], Value]] = field(compare=False, repr=False)
    sources: tuple[str, ...] = field(compare=False, repr=False)
    kind: Kind = "text"
    batch: Callable[[Sequence[Any]], list[Value]] | None = field(default=None, compare=False, repr=False)

    def __call__(self, value: Value) -> Value:
        """Apply to a text, or to each text of a list."""
        if isinstance(value, list):
            return [self(item) for item in value]
        return function(self)(value)

    @property
    def signature(self) -> str:
        """`name` for our version 1, else `name@version`."""
        return self.name if self.version == "1" else f"{self.name}@{self.version}"


@cache
def function(step: Step) -> Callable[[Any], Value]:
    """What a step does to one text, loaded once."""
    return step.load()


def step(
    name: str,
    function: Callable[[Any], Value],
    *sources: str,
    version: str = "1",
    kind: Kind = "text",
    batch: Callable[[Sequence[Any]], list[Value]] | None = None,
) -> Step:
    """A step from a plain function; its module is a source without being named."""
    return Step(name, version, lambda: function, (*origin(function), *sources), kind, batch)


@cache
def version_of(distribution: str) -> str:
    """`NAME-VERSION` of an installed library, for a step's version.

    Raises:
        importlib.metadata.PackageNotFoundError: It is not installed.
    """
    from importlib.metadata import version

    return f"{distribution}-{version(distribution)}"
