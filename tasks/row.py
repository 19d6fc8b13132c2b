"""Row: the prediction and reference of one item; the types of references."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a predictions file.

    Attributes:
        id: Unique in its set.
        hypothesis: The raw output, including special tokens; None if inference failed (`error` says why).
        reference: Its type depends on the task, see `ReferenceType`.
        finished: Whether the model produced an end token; None if unknown.
        prompt: The instruction given to the model, if known.
        extra: Other fields (`cluster`: the bootstrap's resampling unit; `choices`: the options of a multiple-choice item).
        error: Why there is no hypothesis.
    """

    id: str
    hypothesis: str | None
    reference: Any
    finished: bool | None = None
    prompt: str | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)

    @property
    def error(self) -> str | None:
        """Why inference failed for this row, or None."""
        value = self.extra.get("error")
        return None if value is None else str(value)


class ReferenceType(Enum):
    """The type of `reference` in the predictions of a task."""

    TEXT = "a string"
    TEXTS = "a non-empty list of texts (strings)"
    CAPTIONS = "a non-empty list of captions (strings)"
    SPEAKERS = "a non-empty list of transcripts (strings), one per speaker"
    KEYPHRASES = "a list of keyphrases (strings)"
    QUESTION_ANSWERS = 'an object {"question": string, "answers": [string, ...]}'
    SLOT = 'an object {"slot": string, "value": string, "transcript": string}'
    OPTIONAL = "a string, a list of strings, or null"

    def problem(self, value: object) -> str | None:
        """Why `value` is not a reference of this type, or None if it is one."""
        ok = {
            ReferenceType.TEXT: lambda: isinstance(value, str),
            ReferenceType.TEXTS: lambda: _strings(value) and bool(value),
            ReferenceType.CAPTIONS: lambda: _strings(value) and bool(value),
            ReferenceType.SPEAKERS: lambda: _strings(value) and bool(value),
            ReferenceType.KEYPHRASES: lambda: _strings(value),
            ReferenceType.QUESTION_ANSWERS: lambda: (
                _has_strings(value, "question") and isinstance(value, Mapping) and _strings(value.get("answers"))
            ),
            ReferenceType.SLOT: lambda: _has_strings(value, "slot", "value", "transcript"),
            ReferenceType.OPTIONAL: lambda: value is None or isinstance(value, str) or _strings(value),
        }[self]()
        return None if ok else f"must be {self.value}, not {_describe(value)}"


def _strings(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _has_strings(value: object, *names: str) -> bool:
    return isinstance(value, Mapping) and all(isinstance(value.get(name), str) for name in names)


def _describe(value: object) -> str:
    if value is None:
        return "null"
    if isinstance(value, Mapping):
        return f"an object with the keys {', '.join(sorted(map(str, value))) or '(none)'}"
    if isinstance(value, list):
        return f"a list of {len(value)}" + ("" if _strings(value) else ", not all of them strings")
    return {bool: "a boolean", int: "a number", float: "a number", str: "a string"}.get(type(value), "another type")
