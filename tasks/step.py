"""Step: a named, versioned text-processing function of a convention, and the hash of the code and data behind it."""

from __future__ import annotations

import hashlib
import importlib.util
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Literal

# The value passed between steps: a text, its tokens, or a list of either (captions, split sentences).
Value = Any
Kind = Literal["text", "split", "tokens"]


@cache
def digest(source: str) -> str:
    """SHA-256 (hex) of a source, that is, of code or data that determines a result.

    Args:
        source: `module:NAME`, the bytes of a module's file; `file:PACKAGE/PATH`, of a file in an installed package;
            `tree:PACKAGE/PATH`, of every file in a folder, by name; `version:NAME`, the version of an installed library, for
            compiled code; `unicode`, the version of Python's Unicode tables.

    Raises:
        FileNotFoundError: The module or file does not exist.
        importlib.metadata.PackageNotFoundError: The library is not installed.
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
        return file_digest(path.with_name(f"{path.name}.py"))
    package, _, rest = name.partition("/")
    path = _folder(package) / rest
    if kind == "file":
        return file_digest(path)
    total = hashlib.sha256()
    for item in sorted(p for p in path.rglob("*") if p.is_file() and p.suffix != ".pyc"):
        total.update(f"{item.relative_to(path).as_posix()} {file_digest(item)}\n".encode())
    return total.hexdigest()


def file_digest(path: Path) -> str:
    """SHA-256 (hex) of a file."""
    # In pieces: 170 MB of dictionaries and models are hashed, and memory for whole files takes longer than the hash.
    with path.open("rb", buffering=0) as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def origin(thing: Any) -> tuple[str, ...]:
    """Sources of a function or a class: its module, and the sources that this module lists in `SOURCES`."""
    module = thing.__module__
    return (f"module:{module}", *getattr(sys.modules.get(module), "SOURCES", ()))


@cache
def _folder(package: str) -> Path:
    """The folder of a package, found without importing it: only its bytes are needed."""
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise FileNotFoundError(f"no package {package}")
    return Path(spec.submodule_search_locations[0])


@dataclass(frozen=True, slots=True)
class Step:
    """A function on a text (or on its tokens), with a name and a version.

    Two steps with the same name and version are the same step, and their results are shared.

    Attributes:
        name: The name in signatures: `lower`, `whisper-en`, `tok.zh`.
        version: Ours (`1`), or that of the library that defines the step (`sacrebleu-2.6.0`).
        load: Returns the function. Called at first use, so that a heavy library is imported only when needed.
        sources: The code and data that determine the result; each is hashed by `digest`.
        kind: `text` maps a text to a text, `split` a text to a list of texts, `tokens` a text to a tuple of tokens.
        batch: Processes all texts at once and returns the results in their order, for a step that is expensive to start (a
            child process) or faster in bulk. Must agree with the plain function, which defines the result.
        program: Whether `batch` starts a program, which is then given the texts of all conventions at once.
        light: Whether the step takes no longer than looking up its result would, and never fails.
    """

    name: str
    version: str
    load: Callable[[], Callable[[Any], Value]] = field(compare=False, repr=False)
    sources: tuple[str, ...] = field(compare=False, repr=False)
    kind: Kind = "text"
    batch: Callable[[Sequence[Any]], list[Value]] | None = field(default=None, compare=False, repr=False)
    program: bool = field(default=False, compare=False, repr=False)
    light: bool = field(default=False, compare=False, repr=False)

    def __call__(self, value: Value) -> Value:
        """Apply the step to a text, or to each text of a list."""
        if isinstance(value, list):
            return [self(item) for item in value]
        return function(self)(value)

    @property
    def signature(self) -> str:
        """`name` for our version 1, otherwise `name@version`."""
        return self.name if self.version == "1" else f"{self.name}@{self.version}"


@cache
def function(step: Step) -> Callable[[Any], Value]:
    """The function of a step, loaded once."""
    return step.load()


def step(
    name: str,
    function: Callable[[Any], Value],
    *sources: str,
    version: str = "1",
    kind: Kind = "text",
    batch: Callable[[Sequence[Any]], list[Value]] | None = None,
    light: bool = False,
) -> Step:
    """A step made from a function; the function's module is added to its sources."""
    return Step(name, version, lambda: function, (*origin(function), *sources), kind, batch, light=light)


@cache
def version_of(distribution: str) -> str:
    """`NAME-VERSION` of an installed library, for a step's version.

    Raises:
        importlib.metadata.PackageNotFoundError: The library is not installed.
    """
    from importlib.metadata import version

    return f"{distribution}-{version(distribution)}"
