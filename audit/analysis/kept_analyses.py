"""What was found in a predictions file, kept between runs: flagged outputs, gaps between conventions, rows that pay.

Content-addressed, as counts are (`audit.scoring.cache`): the name of an entry is a hash of the predictions, of what was asked
of them, and of the whole code, since an analysis may take any of it. It can be deleted at any time. An entry is written as a
whole and contains a checksum of name and content; one that is damaged, or does not read as what is asked for, is made again.
"""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields, is_dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from audit._util.strict_json import InvalidJsonError
from audit._util.typed_json import read as read_typed
from audit.scoring.cache import ScoreCache
from audit.scoring.entries import read_entry, write_entry
from audit.scoring.predictions import PredictionSet
from tasks.convention import Convention
from tasks.phrase import Phrased, phrases_in
from tasks.step import digest
from tasks.task import Task

FOLDER = "analyses"
# Besides what names counts (`audit.scoring.cache.SOURCES`); each convention's hash names the libraries of its steps.
SOURCES = ("tree:audit/", "tree:tasks/", "version:regex")
Found = TypeVar("Found")


@dataclass(frozen=True, slots=True)
class KeptAnalyses:
    """The kept analyses of one predictions file.

    Attributes:
        folder: The cache's folder; None keeps nothing.
        subject: What tells the file's rows apart from all others.
    """

    folder: Path | None = None
    subject: tuple[str, ...] = ()

    @classmethod
    def of(cls, predictions: PredictionSet, cache: Path | None) -> KeptAnalyses:
        """Those of a prediction set: its rows, and the meta file, which says what ends an output and states prompts."""
        return cls(cache, (predictions.content, predictions.meta_sha256))

    def get(self, kind: type[Found], question: Iterable[str]) -> Found | None:
        """What is kept, or None if it is missing, damaged or stored under the wrong name.

        Args:
            kind: The dataclass of the result; another one is another question.
            question: All that the result depends on besides the rows and the code.
        """
        if self.folder is None:
            return None
        raw = read_entry(self.folder / FOLDER, self._key(kind, question))
        if raw is None:
            return None
        value, _, phrases = raw.partition(b"\n")
        try:
            found = read_typed(kind, value)
            by_text = {str(one): one for one in map(_phrase, json.loads(phrases))}
        # Written by another program: the checksum is no secret.
        except (InvalidJsonError, ValueError, TypeError, KeyError, RecursionError):
            return None
        return _with_phrases(found, by_text) if by_text else found

    def put(self, found: object, question: Iterable[str]) -> None:
        """Keep a result, a dataclass; failure to write is not an error: it is only made again."""
        if self.folder is None:
            return
        assert is_dataclass(found)
        assert not isinstance(found, type)
        phrases = [_parts(one) for one in dict.fromkeys(phrases_in(found))]
        raw = f"{json.dumps(asdict(found))}\n{json.dumps(phrases)}".encode()
        with contextlib.suppress(OSError):
            write_entry(self.folder / FOLDER, self._key(type(found), question), raw)

    def _key(self, kind: type[Any], question: Iterable[str]) -> str:
        code = [digest(source) for source in SOURCES]
        asked = tuple(question)
        # The lengths keep the subject's and the question's parts apart.
        sizes = f"{len(self.subject)} {len(asked)}"
        return ScoreCache.key(kind.__qualname__, sys.version, *code, sizes, *self.subject, *asked)


NOTHING_KEPT = KeptAnalyses()


def of_task(task: Task) -> tuple[str, ...]:
    """What tells a task apart from all others, for a question."""
    return (task.id, task.family, json.dumps(dict(task.parameters), default=repr))


def of_conventions(conventions: Iterable[Convention]) -> str:
    """What tells conventions apart from all others, in their order; whether they can be computed here is part of it."""
    return json.dumps([(one.id, one.unavailable() or one.hash) for one in conventions])


def _with_phrases(value: Any, by_text: Mapping[str, Phrased]) -> Any:
    """The result with its texts as the phrases that they were; a text of a person that reads the same says the same."""
    if isinstance(value, str):
        return by_text.get(value, value)
    if isinstance(value, Mapping):
        return {key: _with_phrases(item, by_text) for key, item in value.items()}
    if isinstance(value, tuple):
        return tuple(_with_phrases(item, by_text) for item in value)
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **{f.name: _with_phrases(getattr(value, f.name), by_text) for f in fields(value)})
    return value


def _parts(text: str) -> Any:
    """A phrase as JSON: its template and values; another text as it is."""
    if not isinstance(text, Phrased):
        return text
    return [text.template, {name: _parts(value) for name, value in text.values.items()}]


def _phrase(parts: Any) -> Phrased:
    template, values = parts
    if not isinstance(template, str) or not all(isinstance(value, str | list) for value in values.values()):
        raise TypeError("no phrase")
    return Phrased(template, {n: value if isinstance(value, str) else _phrase(value) for n, value in values.items()})
