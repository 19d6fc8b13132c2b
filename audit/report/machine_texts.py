"""Texts of audit.json in another language: those that the program wrote, by their templates or as they stand.

The document is English. What a person wrote in a record stays as it is, and so does a text whose template has no translation.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from functools import cache
from typing import Any

from audit import schema
from audit._util.templates import fill
from audit.report.language import Language, current, tr
from audit.schema import AuditDocument

# The fields that may hold texts of the program; ids, names and quotations are in others.
FIELDS: Mapping[type, tuple[str, ...]] = {
    schema.Convention: ("summary", "notes", "unavailable"),
    schema.Detection: ("fault",),
    schema.GapRow: ("kind",),
    schema.IdentityFinding: ("text",),
    schema.Invalid: ("text",),
    schema.Measurement: ("note", "unavailable", "interval_note"),
    schema.PlannedRun: ("departures",),
    schema.PublicOutput: ("not_counted",),
    schema.Refused: ("text",),
    schema.RuleText: ("when",),
    schema.Sample: ("problem",),
    schema.Skipped: ("reason",),
    schema.CheckableStep: ("text",),
}


def in_language(audit: AuditDocument) -> AuditDocument:
    """The document with the program's texts in the current language; the document itself in English."""
    if current() is Language.ENGLISH:
        return audit
    found: AuditDocument = _translated(audit, _Phrases(audit.phrases))
    return found


class _Phrases:
    """Phrases by their English text."""

    def __init__(self, phrases: tuple[schema.Phrase, ...]) -> None:
        self.known: dict[str, schema.Phrase] = {}
        for phrase in phrases:
            try:
                self.known[fill(phrase.template, phrase.values)] = phrase
            except KeyError:  # a document made by hand: a placeholder without a value
                continue

    def said(self, text: str, depth: int = 0) -> str:
        """A text in the current language; itself if it is no phrase and has no translation."""
        phrase = self.known.get(text)
        if phrase is None or depth > _DEEPEST:
            return tr(text) if text else text
        values = {name: self.said(value, depth + 1) for name, value in phrase.values.items()}
        return fill(tr(phrase.template), values)


# Phrases within phrases; a document made by hand might have one within itself.
_DEEPEST = 4


def _translated(value: Any, phrases: _Phrases) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        texts = FIELDS.get(type(value), ())
        changed = {}
        for name in _names(type(value)):
            old = getattr(value, name)
            new = _said(old, phrases) if name in texts else _translated(old, phrases)
            if new is not old:
                changed[name] = new
        return replace(value, **changed) if changed else value
    if isinstance(value, tuple):
        items = tuple(_translated(item, phrases) for item in value)
        return value if all(a is b for a, b in zip(items, value, strict=True)) else items
    if isinstance(value, Mapping):
        found = {key: _translated(item, phrases) for key, item in value.items()}
        return value if all(found[key] is item for key, item in value.items()) else found
    return value


def _said(value: Any, phrases: _Phrases) -> Any:
    if isinstance(value, tuple):
        return tuple(phrases.said(text) for text in value)
    return None if value is None else phrases.said(value)


@cache
def _names(kind: type) -> tuple[str, ...]:
    return tuple(field.name for field in fields(kind))
