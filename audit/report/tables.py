"""The table of a claim's measurements: what stands in each row, what is said once for several rows, and how numbers align."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from audit.report import vocabulary
from audit.report.markup import letter
from audit.report.views import ClaimView, MeasurementView
from audit.schema import IdentityState

# Digits after the point for which there is a class of the style sheet.
_MOST_DIGITS = 8


@dataclass(frozen=True, slots=True)
class TableRow:
    """A measurement with what the table says about it.

    Attributes:
        notes: What is said about this measurement alone.
        marks: The letters of the notes that it shares with others.
        faults: Why it is not comparable, in a few words each: (words, letter, anchor); the letter leads to the full reason.
        identity: The identity of its rows by the set's card; empty for a recorded value, and where the table has it.
    """

    measurement: MeasurementView
    notes: tuple[str, ...]
    marks: tuple[str, ...]
    faults: tuple[tuple[str, str, str], ...]
    identity: str


@dataclass(frozen=True, slots=True)
class MeasurementTable:
    """The measurements of a claim.

    Attributes:
        common: What is said about all of them.
        notes: What is said about several of them: (letter, text).
        identity: The identity of all recomputed rows by the set's card; empty if they differ, or if there are none.
        intervals: Whether any has an interval. rows_scored: Whether the number of scored rows is known of any.
    """

    claim: ClaimView
    rows: tuple[TableRow, ...]
    common: tuple[str, ...]
    notes: tuple[tuple[str, str], ...]
    identity: str
    intervals: bool
    rows_scored: bool


def measurement_table(claim: ClaimView, shown: Sequence[MeasurementView]) -> MeasurementTable:
    """The table of some of a claim's measurements."""
    counts = Counter(note for m in shown for note in dict.fromkeys(m.details))
    several = len(shown) > 1
    common = {note for note, count in counts.items() if several and count == len(shown)}
    # Letters go on after those of the reasons why measurements are not comparable.
    first = len(claim.reasons)
    shared = [note for note, count in counts.items() if several and 1 < count < len(shown)]
    letters = {note: letter(first + n) for n, note in enumerate(shared)}
    states = {m.identity for m in shown if not m.recorded}
    identity = next(iter(states)) if len(states) == 1 else None
    return MeasurementTable(
        claim,
        tuple(_row(claim, m, letters, common, m.identity if m.identity is not identity else None) for m in shown),
        tuple(note for note in counts if note in common),
        tuple((mark, note) for note, mark in letters.items()),
        vocabulary.identity_state(identity) if identity is not None else "",
        any(m.interval for m in shown),
        any(m.rows for m in shown),
    )


def _row(
    claim: ClaimView,
    item: MeasurementView,
    letters: dict[str, str],
    common: set[str],
    identity: IdentityState | None,
) -> TableRow:
    own = dict.fromkeys(item.details)
    return TableRow(
        item,
        tuple(note for note in own if note not in common and note not in letters),
        tuple(sorted(letters[note] for note in own if note in letters)),
        tuple((kind, *claim.note(reason)) for kind, reason in zip(item.faults, item.invalid, strict=True)),
        vocabulary.identity_state(identity) if identity is not None else "",
    )


def aligned(texts: Iterable[str]) -> dict[str, str]:
    """For every number of a column the class that aligns its decimal point with the others'.

    `d2`: two digits less than the longest fraction of the column; `i2`: the same, and no decimal point. Texts that are no
    numbers have none.
    """
    known = {text: _fraction(text) for text in texts}
    most = max((digits for digits in known.values() if digits is not None and digits <= _MOST_DIGITS), default=0)
    return {
        text: f"{'d' if digits else 'i'}{most - digits}"
        for text, digits in known.items()
        if digits is not None and digits < most
    }


def _fraction(text: str) -> int | None:
    """The digits after the point; None for a text that is no number."""
    whole, _, fraction = text.lstrip("+\u2212-").partition(".")
    if not whole.isdigit() or (fraction and not fraction.isdigit()):
        return None
    return len(fraction)
