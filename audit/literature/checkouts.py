"""Whether the code that the records name can be opened: paths and lines at their commits, in checkouts at hand."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from audit._util.strict_yaml import Field
from audit.errors import MissingError
from audit.literature.schema import Problem

if TYPE_CHECKING:
    from audit.literature.evidence_rules import Record


@dataclass(frozen=True, slots=True)
class Named:
    """A path that a record names, and where in the record."""

    field: Field
    repo: str | None
    commit: str | None
    path: str
    lines: str | None


@dataclass(frozen=True, slots=True)
class Opened:
    """What a record's paths came to.

    Attributes:
        work: The record's id.
        opened: Paths that are there at their commit, with their lines.
        missing: For each path that could not be looked for: why, as `OWNER/NAME ...: path`.
    """

    work: str
    opened: int
    missing: tuple[str, ...]

    def __str__(self) -> str:
        total = self.opened + len(self.missing)
        lines = [f"{self.work}: {self.opened} of {total} paths could be opened"]
        return "\n".join([*lines, *(f"  not opened: {why}" for why in self.missing)])


def open_all(records: list[Record], folder: str | Path) -> tuple[list[Opened], list[Problem]]:
    """Look up every code path of the records.

    Args:
        records: Records that fit the schema.
        folder: It holds `OWNER+NAME` or `OWNER/NAME` for a repository: a clone or a bare one, itself or one folder down.

    Returns:
        One result for each record that names code, and a problem for each path or line that its commit does not have.

    Raises:
        MissingError: The folder is not there, or git is not.
    """
    place = Path(folder)
    if not place.is_dir():
        raise MissingError(
            "the folder of checkouts is not there",
            where=str(place),
            fix="Name a folder that holds a clone of each repository as OWNER+NAME or OWNER/NAME.",
        )
    if shutil.which("git") is None:
        raise MissingError("git is not there", fix="Install git; it reads the checkouts.")
    results: list[Opened] = []
    problems: list[Problem] = []
    for record in records:
        opened, missing, wrong = 0, [], []
        for item in _named(record):
            found = _look(item, place)
            if found is None:
                opened += 1
            elif isinstance(found, str):
                missing.append(found)
            else:
                what, fix = found
                wrong.append(Problem(record.document.where(item.field), what, fix))
        if opened or missing or wrong:
            results.append(Opened(record.work.id, opened, tuple(missing)))
        problems += wrong
    return results, problems


def _named(record: Record) -> Iterator[Named]:
    code = record.work.code
    for position, path in enumerate(code.paths):
        yield Named(("code", "paths", position), code.repo, code.commit, path, None)
    for index, entry in enumerate(record.work.tasks):
        for number, item in enumerate(entry.evidence):
            if item.path is not None:
                yield Named(("tasks", index, "evidence", number, "path"), item.repo, item.commit, item.path, item.lines)


def _look(item: Named, folder: Path) -> tuple[str, str] | str | None:
    """None where the path opens, a reason where that cannot be told, (what, fix) where it does not exist."""
    if item.repo is None or item.commit is None:
        return f"{item.repo or 'no repository'}, no commit: {item.path}"
    at = f"{item.repo}@{item.commit[:8]}"
    store = _store(folder, item.repo)
    if store is None:
        return f"{item.repo} is not at hand: {item.path}"
    if _git(store, "cat-file", "-e", f"{item.commit}^{{commit}}") is None:
        return f"{at} is not in the checkout: {item.path}"
    listed = _git(store, "ls-tree", "-z", item.commit, "--", item.path.rstrip("/"))
    if not listed:
        return f"{at} has no {item.path}", "Correct the path, or the commit."
    if item.lines is None:
        return None
    kind, name = listed.decode("utf-8", "replace").split("\t", 1)[0].split()[1:3]
    if kind != "blob":
        return f"{item.path} is no file of {at}, so it has no lines", "Name one file for each piece of evidence."
    content = _git(store, "cat-file", "blob", name)
    if content is None:
        return f"{at} is listed without its content: {item.path}"
    # As `git grep -n` and the pages of a forge count: a last line without a line feed is a line.
    count = content.count(b"\n") + (not content.endswith(b"\n") and content != b"")
    last = max(int(number) for part in item.lines.split(",") for number in part.split("-"))
    if last > count:
        return f"{item.path} of {at} has {count} lines, no line {last}", "Correct `lines`."
    return None


def _store(folder: Path, repo: str) -> Path | None:
    """The git folder of a repository; None where it is not below `folder`."""
    for name in (repo.replace("/", "+"), repo):
        place = folder / name
        inner = sorted(p for p in place.iterdir() if p.is_dir()) if place.is_dir() else []
        # A snapshot may lie one folder down, alone.
        candidates: list[Path] = [place, *inner] if len(inner) == 1 else [place]
        for candidate in candidates:
            if (candidate / ".git").exists():
                return candidate / ".git"
            if (candidate / "HEAD").is_file() and (candidate / "objects").is_dir():
                return candidate
    return None


def _git(store: Path, *arguments: str) -> bytes | None:
    """What git prints; None where it cannot. It reads objects alone: no hook runs and nothing is fetched."""
    clean = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
    command = [
        "git",
        "-c",
        "safe.directory=*",
        "-c",
        "core.fsmonitor=false",
        f"--git-dir={store}",
        "--no-optional-locks",
    ]
    try:
        done = subprocess.run(
            [*command, *arguments],
            capture_output=True,
            timeout=60,
            check=True,
            env={**clean, "GIT_NO_LAZY_FETCH": "1", "GIT_TERMINAL_PROMPT": "0", "GIT_LITERAL_PATHSPECS": "1"},
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout
