"""Identity: which test set a prediction file contains, as far as its rows and the set's card can tell.

Rows are compared with every layout of the card; the best fit is named. Ids are labels that anyone can assign: they can
contradict a set but never confirm one. Nothing is repaired; every finding is a reason with both numbers.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from audit.literature.set_manifest import compare
from audit.literature.set_rows import IdentityReason, best
from audit.literature.sets import Called, Layout, SetCard
from audit.schema import IdentityState
from audit.scoring.predictions import PredictionSet
from tasks.datasets.manifest import Manifest
from tasks.phrase import phrase
from tasks.row import Row

__all__ = ["Identity", "IdentityReason", "IdentityState", "identity"]


@dataclass(frozen=True, slots=True)
class Identity:
    """Which set a prediction file contains.

    Attributes:
        state: The result.
        card: The card's id; None without a card.
        layout: The layout that fits the rows best; None if none.
        rows: Rows in the file.
        expected: Rows of the whole set in that layout, the denominator of shares. None if unknown.
        reasons: The findings, contradictions first.
    """

    state: IdentityState
    card: str | None
    layout: str | None
    rows: int
    expected: int | None
    reasons: tuple[IdentityReason, ...]

    @property
    def contradicted(self) -> bool:
        """Whether the rows contradict the set and so justify nothing."""
        return self.state is IdentityState.CONTRADICTED

    @property
    def whole(self) -> bool:
        """Whether every unit of the set has a row."""
        return self.expected is not None and self.rows == self.expected

    @property
    def share(self) -> Fraction | None:
        """The share of units that have a row; None if the size of the set is unknown."""
        return None if not self.expected else Fraction(self.rows, self.expected)


def identity(predictions: PredictionSet, card: SetCard | None) -> Identity:
    """Which set the rows come from.

    Args:
        predictions: The rows and their meta file.
        card: The card of the task; None if it has none.
    """
    rows = predictions.rows
    common = [*_named(predictions, card), *_model(predictions)]
    if card is None:
        missing = IdentityReason("no-card", phrase("The task {task} has no set card.", task=predictions.task))
        return _identity(IdentityState.UNKNOWN, None, None, len(rows), [*common, missing])
    common += _duplicate_ids(rows)
    layout, state, reasons = best(rows, card)
    return _identity(state, card, layout, len(rows), [*common, *reasons])


def identity_on_disk(manifest: Manifest, card: SetCard | None) -> Identity:
    """Which set a data set on disk is, by its items.

    Args:
        manifest: The items.
        card: The card of the task; None if it has none.
    """
    size = len(manifest.items)
    if card is None:
        return _identity(IdentityState.UNKNOWN, None, None, size, [IdentityReason("no-card", "No set card.")])
    found = compare(manifest, card)
    return _identity(found.state, card, found.layout, size, found.reasons)


def _identity(
    state: IdentityState,
    card: SetCard | None,
    layout: Layout | None,
    rows: int,
    reasons: Sequence[IdentityReason],
) -> Identity:
    ordered = tuple(sorted(reasons, key=lambda reason: not reason.against))
    return Identity(
        IdentityState.CONTRADICTED if any(reason.against for reason in ordered) else state,
        None if card is None else card.id,
        None if layout is None else layout.id,
        rows,
        None if layout is None else layout.units,
        ordered,
    )


# What the meta file says


def _named(predictions: PredictionSet, card: SetCard | None) -> list[IdentityReason]:
    said = predictions.meta.dataset or {}
    name, split = ((said.get(key) or "").strip() or None for key in ("name", "split"))
    if name is None and split is None:
        return [IdentityReason("dataset-unnamed", "The meta file names no data set.")]
    shown = " / ".join(part for part in (name, split) if part)
    if card is None:
        return [IdentityReason("dataset-named", phrase("The meta file names the data set {name}.", name=shown), shown)]
    return _called(name, split, shown, card, card.called)


def _called(name: str | None, split: str | None, shown: str, card: SetCard, called: Called) -> list[IdentityReason]:
    wanted = f"{card.name}, {card.split}"

    def occurs(pattern: str | None, text: str = shown) -> bool:
        return pattern is not None and re.search(pattern, text, re.IGNORECASE) is not None

    if name is not None and not occurs(called.name, name):
        text = phrase("The meta file names the data set {name}; the task's is {wanted}.", name=shown, wanted=wanted)
        return [IdentityReason("other-dataset", text, shown, wanted, against=True)]
    if occurs(called.other):
        text = phrase("The meta file names {name}, a different set or split from {wanted}.", name=shown, wanted=wanted)
        return [IdentityReason("other-split", text, shown, wanted, against=True)]
    if split is not None and called.split is not None and not occurs(called.split):
        text = phrase(
            "The meta file names the split {name}; whether it is that of {wanted} is not known.",
            name=shown,
            wanted=wanted,
        )
        return [IdentityReason("split-unclear", text, shown, wanted)]
    named = phrase("The meta file names the data set {name}.", name=shown)
    return [IdentityReason("dataset-named", named, shown, wanted)]


_SIZE = re.compile(r"(?<![0-9.])([0-9]+)(?:\.[0-9]+)?\s*b(?![a-z])", re.IGNORECASE)


def _model(predictions: PredictionSet) -> list[IdentityReason]:
    """`SALMONN-7B` with the variant 13b: compares the whole numbers of sizes in billions."""
    model = predictions.meta.model
    named, stated = set(_SIZE.findall(model)), set(_SIZE.findall(predictions.variant))
    if named and stated and not named & stated:
        text = phrase(
            "The model is named {model}, but its variant {variant}.", model=model, variant=predictions.variant
        )
        return [IdentityReason("other-variant", text, model, predictions.variant, against=True)]
    return []


def _duplicate_ids(rows: Sequence[Row]) -> list[IdentityReason]:
    surplus = len(rows) - len({row.id for row in rows})
    if not surplus:
        return []
    text = phrase("{n} of {rows} rows have the id of an earlier row.", n=surplus, rows=len(rows))
    return [IdentityReason("duplicate-ids", text, surplus, 0, against=True)]
