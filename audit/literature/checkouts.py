"""Check that the code paths and lines cited by records exist at their commits, in local checkouts."""

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
    """A path cited by a record, and its location in the record."""

    field: Field
    repo: str | None
    commit: str | None
    path: str
    lines: str | None


@dataclass(frozen=True, slots=True)
class Opened:
    """The result for one record's paths.

    Attributes:
        work: The record's id.
        opened: The number of paths that exist at their commit, with their lines.
        missing: The reason for each path that could not be checked, as `OWNER/NAME ...: path`.
    """

    work: str
    opened: int
    missing: tuple[str, ...]

    def __str__(self) -> str:
        total = self.opened + len(self.missing)
        lines = [f"{self.work}: {self.opened} of {total} paths opened"]
        return "\n".join([*lines, *(f"  not opened: {why}" for why in self.missing)])


def open_all(records: list[Record], folder: str | Path) -> tuple[list[Opened], list[Problem]]:
    """Look up every code path of the records.

    Args:
        records: Records that are valid under the schema.
        folder: Contains each repository as `OWNER+NAME` or `OWNER/NAME`: a clone, bare or not, or a folder holding only one.

    Returns:
        One result per record that cites code, and one problem per path or line missing from its commit.

    Raises:
        MissingError: The folder does not exist, or git is not installed.
    """
    place = Path(folder)
    if not place.is_dir():
        raise MissingError(
            "the folder of checkouts does not exist",
            where=str(place),
            fix="Give a folder with a clone of each repository as OWNER+NAME or OWNER/NAME.",
        )
    if shutil.which("git") is None:
        raise MissingError("git is not installed", fix="Install git; it reads the checkouts.")
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
    """None if the path exists, a reason if it cannot be checked, (what, fix) if it does not exist."""
    if item.repo is None or item.commit is None:
        return f"{item.repo or 'no repository'}, no commit: {item.path}"
    at = f"{item.repo}@{item.commit[:8]}"
    store = _store(folder, item.repo)
    if store is None:
        return f"{item.repo} has no checkout: {item.path}"
    if _git(store, "cat-file", "-e", f"{item.commit}^{{commit}}") is None:
        return f"{at} is not in the checkout: {item.path}"
    listed = _git(store, "ls-tree", "-z", item.commit, "--", item.path.rstrip("/"))
    if not listed:
        return f"{at} has no {item.path}", "Correct the path or the commit."
    if item.lines is None:
        return None
    kind, name = listed.decode("utf-8", "replace").split("\t", 1)[0].split()[1:3]
    if kind != "blob":
        return f"{item.path} is not a file in {at}, so it has no lines", "Name one file per piece of evidence."
    content = _git(store, "cat-file", "blob", name)
    if content is None:
        return f"{at} lists the file without its content: {item.path}"
    # Counted as by `git grep -n` and code hosts: a last line without a line feed is a line.
    count = content.count(b"\n") + (not content.endswith(b"\n") and content != b"")
    last = max(int(number) for part in item.lines.split(",") for number in part.split("-"))
    if last > count:
        return f"{item.path} in {at} has {count} lines, no line {last}", "Correct `lines`."
    return None


def _store(folder: Path, repo: str) -> Path | None:
    """The git folder of a repository; None if it is not in `folder`."""
    for name in (repo.replace("/", "+"), repo):
        place = folder / name
        inner = sorted(p for p in place.iterdir() if p.is_dir()) if place.is_dir() else []
        # A snapshot may be the only entry of the folder.
        candidates: list[Path] = [place, *inner] if len(inner) == 1 else [place]
        for candidate in candidates:
            if (candidate / ".git").exists():
                return candidate / ".git"
            if (candidate / "HEAD").is_file() and (candidate / "objects").is_dir():
                return candidate
    return None


def _git(store: Path, *arguments: str) -> bytes | None:
    """The output of git; None if it fails. Git only reads objects: no hooks run and nothing is fetched."""
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
