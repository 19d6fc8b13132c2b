"""Identification of a test set's texts by counts and hashes that reveal no text.

A text is normalised to NFC, its white space is collapsed (every run becomes one space, none at the ends), and its case is
kept or changed as the card says. *Words* are separated by white space, *characters* are code points. The hash of a set is
SHA-256 over its texts in UTF-8, sorted by code point, duplicates kept, each followed by a line feed. The hash of a unit is
the truncated SHA-256 of one text.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, Literal, TypeAlias, get_args

from tasks.steps.normalise.gigaspeech import GIGASPEECH_OFFICIAL

Part: TypeAlias = Literal["reference", "question", "answers", "candidates", "slot", "transcript"]
Case: TypeAlias = Literal["keep", "lower", "upper"]

PARTS: tuple[Part, ...] = get_args(Part)
# Digits of a unit's hash: 48 bits, so that a chance collision with an unrelated text is negligible.
UNIT_DIGITS = 12
# What an official scorer does to a reference before counting; texts that become empty are dropped.
STEPS = {GIGASPEECH_OFFICIAL.name: GIGASPEECH_OFFICIAL}

_SOUND = re.compile(r"\.(?:wav|flac|mp3|m4a|ogg|opus|sph)\Z", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Totals:
    """Totals over the texts of a set.

    Attributes:
        count: The number of texts.
        words: The number of words separated by white space.
        characters: The number of code points without line ends.
        sha256: The hash of the sorted texts.
    """

    count: int
    words: int
    characters: int
    sha256: str


def normalise(text: str, case: Case = "keep") -> str:
    """A text as it is counted and hashed."""
    plain = " ".join(unicodedata.normalize("NFC", text).split())
    return plain if case == "keep" else plain.lower() if case == "lower" else plain.upper()


def texts(reference: Any, part: Part) -> tuple[str, ...]:
    """The texts of one row's reference, unchanged.

    `reference` is a text or all texts of a list; the other parts belong to references that are objects: `question`,
    `answers`, `candidates` (their texts), `slot` (`TYPE : VALUE`) and `transcript`. A missing part has no texts.
    """
    if part == "reference":
        found: Any = reference if isinstance(reference, list) else [reference]
    elif not isinstance(reference, Mapping):
        found = []
    elif part == "slot":
        found = [f"{reference.get('slot', '')} : {reference.get('value', '')}"]
    elif part == "candidates":
        found = [item.get("text") if isinstance(item, Mapping) else item for item in reference.get(part) or ()]
    else:
        value = reference.get(part)
        found = value if isinstance(value, list) else [value]
    return tuple(item for item in found if isinstance(item, str))


def prepared(reference: Any, part: Part, case: Case = "keep", step: str | None = None) -> tuple[str, ...]:
    """The texts of one row's reference as they are counted and hashed; texts that `step` makes empty are dropped."""
    if step is None:
        return tuple(normalise(text, case) for text in texts(reference, part))
    stepped = (normalise(STEPS[step](text), case) for text in texts(reference, part))
    return tuple(text for text in stepped if text)


def _sha256(text: str) -> str:
    # References may contain lone surrogates, which UTF-8 cannot encode.
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def sorted_sha256(lines: Iterable[str]) -> str:
    """SHA-256 over the lines, sorted by code point, each followed by a line feed."""
    return _sha256("".join(f"{line}\n" for line in sorted(lines)))


def totals(prepared_texts: Sequence[str]) -> Totals:
    """The totals over texts."""
    return Totals(
        len(prepared_texts),
        sum(len(text.split()) for text in prepared_texts),
        sum(map(len, prepared_texts)),
        sorted_sha256(prepared_texts),
    )


def unit_hash(prepared_text: str) -> str:
    """The truncated hash of one text."""
    return _sha256(prepared_text)[:UNIT_DIGITS]


def pairs_sha256(rows: Iterable[tuple[str, Sequence[str]]]) -> str:
    """SHA-256 over one line `ID<TAB>TEXT<TAB>TEXT...` per row, texts and lines sorted; binds every reference to its id."""
    return sorted_sha256("\t".join((identifier, *sorted(row_texts))) for identifier, row_texts in rows)


def unit_id(identifier: str) -> str:
    """The data set's own id of a row: outputs are often named by the path of their audio file."""
    name = PurePosixPath(identifier).name if "/" in identifier else identifier
    return _SOUND.sub("", name)


def are_positions(identifiers: Iterable[str]) -> bool:
    """Whether ids are row numbers (`000000`, `000001`, ...), which importers write if the source has no ids."""
    return all(name.isascii() and name.isdigit() and len(name) >= 6 for name in identifiers)
