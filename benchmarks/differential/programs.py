"""Finding, loading and running the programs: files at a commit, stand-ins for missing modules, captured output."""

from __future__ import annotations

import contextlib
import importlib
import io
import os
import runpy
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any
from unittest.mock import MagicMock

from tests.support.source_rows import MadeRow


@dataclass(frozen=True)
class Program:
    """A program in a repository at a commit; `path` is the file that counts, `folder` the folder it is run in."""

    checkouts: Path
    repository: str
    commit: str
    path: str

    def checkout(self, *folders: str) -> Path:
        """A temporary folder with the files of the given folders at the commit, large and binary ones left out."""
        place = self.checkouts / self.repository.replace("/", "+")
        git = ["git", "--git-dir", str(next(p for p in (place / "repo", place / ".git", place) if p.is_dir()))]
        target = Path(tempfile.mkdtemp(prefix="source-"))
        listing = subprocess.run(
            [*git, "ls-tree", "-r", "-l", self.commit, "--", *folders], check=True, capture_output=True
        )
        for line in listing.stdout.decode().splitlines():
            about, path = line.split("\t", 1)
            _, kind, blob, size = about.split()
            if (
                kind == "blob"
                and size.isdigit()
                and int(size) < 200_000
                and path.endswith((".py", ".json", ".csv", ".yaml", ".txt"))
            ):
                file = target / path
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(
                    subprocess.run([*git, "cat-file", "blob", blob], check=True, capture_output=True).stdout
                )
        return target


@contextlib.contextmanager
def stand_ins(*names: str, **modules: object) -> Iterator[None]:
    """Replace modules, by mocks or by the given objects, for as long as the context lasts."""
    added: dict[str, Any] = {name: MagicMock(name=name) for name in names} | {
        n.replace("__", "."): m for n, m in modules.items()
    }
    if "torch" in added and not isinstance(added["torch"].Tensor, type):
        added["torch"].Tensor = type("Tensor", (), {})  # other libraries ask whether something is one
    before = {name: sys.modules.get(name) for name in added}
    sys.modules.update(added)
    try:
        yield
    finally:
        for name, module in before.items():
            sys.modules.pop(name, None)
            if module is not None:
                sys.modules[name] = module


@contextlib.contextmanager
def inside(folder: Path) -> Iterator[None]:
    """With the folder as the working folder and first on the path of imports, modules of other programs forgotten."""
    here, known = Path.cwd(), set(sys.modules)
    sys.path.insert(0, str(folder))
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(here)
        sys.path.remove(str(folder))
        for name in set(sys.modules) - known:
            if "/source-" in str(getattr(sys.modules[name], "__file__", None) or "/source-"):
                del sys.modules[name]


def quiet(function: Any, *args: Any, **kwargs: Any) -> Any:
    """Call without the program's own printing."""
    with contextlib.redirect_stdout(io.StringIO()):
        return function(*args, **kwargs)


def module(name: str) -> ModuleType:
    """Import a module of the program, silently."""
    found: ModuleType = quiet(importlib.import_module, name)
    return found


def script(path: Path, *arguments: str) -> dict[str, Any]:
    """Run a script as `__main__`, silently, and return its variables."""
    before, sys.argv = sys.argv, [path.name, *arguments]
    try:
        found: dict[str, Any] = quiet(runpy.run_path, str(path), run_name="__main__")
    finally:
        sys.argv = before
    return found


def slices(rows: Sequence[MadeRow], size: int) -> list[list[MadeRow]]:
    """Parts of `size` rows."""
    return [list(rows[i : i + size]) for i in range(0, len(rows), size)]


class Redis:
    """A stand-in for the team's server: every task holds the same rows."""

    def __init__(self, rows: Sequence[dict[str, Any]]) -> None:
        self.rows = rows

    def scan_iter(self, pattern: str) -> list[str]:
        return [f"{pattern[:-1]}{n}" for n in range(len(self.rows))]

    def hgetall(self, key: str) -> dict[str, Any]:
        return {"status": "completed", **self.rows[int(key.rpartition(":")[2])]}

    def module(self) -> ModuleType:
        made = ModuleType("redis")
        made.Redis = lambda **_: self  # type: ignore[attr-defined]
        return made
