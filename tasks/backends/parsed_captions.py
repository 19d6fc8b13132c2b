"""What SPICE's parser read in captions, kept between runs: one SQLite file for each set of jars.

A killed process, a full disk and several processes at once leave every record whole or absent. Records have a checksum, and
the folder must belong to this user alone, since whoever writes there decides values.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tasks.backends.user_cache import chosen_cache, is_private

PATH_VARIABLE = "REPRO_AUDIT_SPICE_CACHE"
_ASKED_AT_ONCE = 500
_ELSEWHERE = f"make room, or set {PATH_VARIABLE} to another folder"


@dataclass(frozen=True, slots=True)
class Parsed:
    """What the parser read in a caption.

    Attributes:
        words: Tokens of the longest sentence.
        tuples: The tuples; None if the sentence was too long to be parsed, or the parser gave up.
        synsets: The WordNet synsets of every word or phrase of the tuples.
        gave_up: Whether the parser found no tree.
    """

    words: int
    tuples: tuple[tuple[str, ...], ...] | None = None
    synsets: Mapping[str, frozenset[int]] | None = None
    gave_up: bool = False

    def as_text(self) -> str:
        """The record as JSON."""
        synsets = None if self.synsets is None else {word: sorted(ids) for word, ids in self.synsets.items()}
        return json.dumps([self.words, self.tuples, synsets, self.gave_up], separators=(",", ":"))


def parsed(text: str) -> Parsed:
    """The record of its JSON.

    Raises:
        ValueError, TypeError: The text is not a record.
    """
    words, tuples, synsets, gave_up = json.loads(text)
    if tuples is None:
        return Parsed(int(words), gave_up=bool(gave_up))
    return Parsed(int(words), tuple(map(tuple, tuples)), {word: frozenset(ids) for word, ids in synsets.items()})


def default_folder() -> Path | None:
    """The folder: `REPRO_AUDIT_SPICE_CACHE` (`off`: none), or one in the user's cache folder."""
    return chosen_cache(PATH_VARIABLE, "spice")


class CaptionCache:
    """The records of one set of jars.

    Attributes:
        path: The file; None for no cache.
        problem: Why nothing more is read or written, with what to do; None while all is well.
    """

    def __init__(self, folder: Path | None, identity: str) -> None:
        self.path = None if folder is None else folder / f"captions-{identity[:16]}.sqlite"
        self.problem: str | None = None
        self._identity = identity

    def get(self, texts: Iterable[str]) -> dict[str, Parsed]:
        """The records of these captions that are there and whole."""
        found: dict[str, Parsed] = {}
        wanted = {_key(text): text for text in texts}
        if not wanted or self.path is None or self.problem or not self.path.exists():
            return found
        keys = list(wanted)
        with self._open() as file:
            if file is None:
                return found
            for start in range(0, len(keys), _ASKED_AT_ONCE):
                some = keys[start : start + _ASKED_AT_ONCE]
                marks = ",".join("?" * len(some))
                question = f"SELECT key, checksum, record FROM captions WHERE key IN ({marks})"  # noqa: S608  # marks only
                for key, check, record in file.execute(question, some):
                    if check == self._checksum(key, record):
                        found[wanted[key]] = parsed(record)
        return found

    def put(self, records: Mapping[str, Parsed]) -> None:
        """Keep records: all or, if that fails, none. A failure is told by `problem`, and costs nothing but the cache."""
        if not records or self.path is None or self.problem:
            return
        rows = [(key := _key(text), self._checksum(key, kept := one.as_text()), kept) for text, one in records.items()]
        with self._open() as file:
            if file is not None:
                with file:
                    file.executemany("INSERT OR REPLACE INTO captions VALUES (?, ?, ?)", rows)

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection | None]:
        """The open file; None if it cannot be opened. What fails in the block ends the block and the cache, not the caller."""
        file = None
        try:
            file = self._connection()
            yield file
        except (sqlite3.Error, OSError) as error:
            self._failed(error)
        finally:
            if file is not None:
                file.close()

    def _connection(self) -> sqlite3.Connection | None:
        assert self.path is not None
        folder, file = self.path.parent, None
        try:
            if not is_private(folder):
                self._give_up("other users can write to the folder", f"chmod go-w {folder}, or {_ELSEWHERE}")
                return None
            file = sqlite3.connect(self.path, timeout=60)
            file.execute("CREATE TABLE IF NOT EXISTS captions (key BLOB PRIMARY KEY, checksum BLOB, record TEXT)")
        except (sqlite3.Error, OSError) as error:
            self._failed(error)
            if file is not None:
                file.close()
            return None
        return file

    def _failed(self, error: Exception) -> None:
        damaged = isinstance(error, sqlite3.DatabaseError) and not isinstance(error, sqlite3.OperationalError)
        told = (error.strerror if isinstance(error, OSError) else None) or str(error)
        self._give_up(told, "delete the file" if damaged else _ELSEWHERE)

    def _give_up(self, why: str, fix: str) -> None:
        self.problem = f"captions parsed for SPICE are not kept in {self.path}: {why}; {fix}"

    def _checksum(self, key: bytes, record: str) -> bytes:
        return hashlib.sha256(self._identity.encode() + key + record.encode()).digest()[:8]


def _key(text: str) -> bytes:
    return hashlib.sha256(text.encode(errors="surrogatepass")).digest()
