"""Sentences that the program writes into an audit, with what they were made from: a template and its values.

A phrase is a string, in English. It carries its template, so that a report in another language can say the same in a sentence
of its own; what a person wrote is no phrase and is quoted as it stands.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from string import ascii_lowercase

_PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")


def split(template: str) -> list[tuple[str, str]]:
    """A template as (text, placeholder) pairs; the last placeholder is empty."""
    parts = _PLACEHOLDER.split(template)
    return list(zip(parts[::2], [*parts[1::2], ""], strict=True))


def fill(template: str, values: Mapping[str, str]) -> str:
    """A template with its placeholders replaced; braces that are none stay, and values are not searched for placeholders.

    Raises:
        KeyError: A placeholder has no value.
    """
    return "".join(text + (values[name] if name else "") for text, name in split(template))


class Phrased(str):
    """A string with its template, and the values that stand in it.

    Attributes:
        template: English, with named placeholders: the id of its message in a catalogue.
        values: By placeholder; a value may be a phrase itself.
    """

    __slots__ = ("template", "values")
    template: str
    values: Mapping[str, str]

    def __new__(cls, template: str, values: Mapping[str, str]) -> Phrased:
        """The filled template."""
        made = super().__new__(cls, fill(template, values))
        made.template, made.values = template, values
        return made

    def __reduce__(self) -> tuple[type[Phrased], tuple[str, Mapping[str, str]]]:
        """Phrases pass between processes as what they were made from."""
        return Phrased, (self.template, self.values)


def phrase(template: str, /, **values: object) -> Phrased:
    """A template, which the extraction of messages finds here, filled with values as they print."""
    return Phrased(template, {name: value if isinstance(value, str) else str(value) for name, value in values.items()})


def joined(parts: Iterable[str], separator: str) -> str:
    """Texts, of which some may be phrases, with a separator of punctuation between them."""
    given = [part for part in parts if part]
    if len(given) < 2:
        return given[0] if given else ""
    if len(given) > len(ascii_lowercase):
        return separator.join(given)
    names = [f"part_{letter}" for letter in ascii_lowercase[: len(given)]]
    return Phrased(separator.join(f"{{{name}}}" for name in names), dict(zip(names, given, strict=True)))


def phrases_in(value: object) -> Iterator[Phrased]:
    """The phrases in a value, in mappings, tuples, lists and dataclasses at any depth; not those among a phrase's values."""
    if isinstance(value, Phrased):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from phrases_in(item)
    elif isinstance(value, tuple | list):
        for item in value:
            yield from phrases_in(item)
    elif is_dataclass(value):
        for field in fields(value):
            yield from phrases_in(getattr(value, field.name))


def with_parts(text: Phrased) -> Iterator[Phrased]:
    """A phrase, and the phrases among its values."""
    yield text
    for value in text.values.values():
        if isinstance(value, Phrased):
            yield from with_parts(value)
