"""Holds a data set on disk, as its reader returns it, against the set card of its task."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from audit.literature.set_rows import IdentityReason, best
from audit.literature.set_texts import sorted_sha256
from audit.literature.sets import Layout, SetCard
from audit.schema import IdentityState
from tasks.phrase import phrase
from tasks.row import Row

if TYPE_CHECKING:
    from tasks.datasets.manifest import Item, Manifest

# Findings that are a difference even if they do not contradict the set.
_DIFFERENCES = frozenset({"units-below", "hash-differs", "texts-outside", "ids-differ", "id-pattern"})


@dataclass(frozen=True, slots=True)
class Compared:
    """A data set beside its card.

    Attributes:
        state: As for a prediction file with these references.
        layout: The card's layout that fits the items best; None if the card has none.
        reasons: All findings.
    """

    state: IdentityState
    layout: Layout | None
    reasons: tuple[IdentityReason, ...]

    @property
    def differences(self) -> tuple[str, ...]:
        """What differs from the card, in sentences; empty if nothing does."""
        return tuple(r.text for r in self.reasons if r.against or r.code in _DIFFERENCES)


def compare(manifest: Manifest, card: SetCard) -> Compared:
    """Compare the items of a data set with the card: their number, the totals and hashes of the references, the ids."""
    items = manifest.items
    layout, state, reasons = best([Row(item.id, None, item.reference) for item in items], card)
    if layout is not None and layout.units is not None and len(items) < layout.units:
        text = phrase("{n} items; the whole set has {expected}.", n=len(items), expected=layout.units)
        reasons.append(IdentityReason("units-below", text, len(items), layout.units))
    reasons += _trials(items, card)
    state = IdentityState.CONTRADICTED if any(reason.against for reason in reasons) else state
    return Compared(state, layout, tuple(reasons))


def notes(manifest: Manifest, card: SetCard | None) -> tuple[str, ...]:
    """What a reader of the results must know: every difference, and the layout if the card has several."""
    if card is None:
        return ("the task has no set card; the items could not be checked",)
    found = compare(manifest, card)
    said = [f"set card {card.id}: {text}" for text in found.differences]
    if len(card.layouts) > 1 and found.layout is not None:
        said.append(f"set card {card.id}: compared with the layout {found.layout.id}: {found.layout.row}")
    return tuple(said)


def _trials(items: Sequence[Item], card: SetCard) -> list[IdentityReason]:
    known = {item.ids.trials_sha256: item.id for item in card.layouts if item.ids.trials_sha256}
    if not known:
        return []
    found = sorted_sha256(_trial(item) for item in items)
    if found in known:
        same = phrase("The trials are those of {layout}.", layout=known[found])
        return [IdentityReason("trials-equal", same, found, found)]
    text = phrase(
        "The trials have the hash {found}; those on the card are {hashes}.",
        found=found[:12],
        hashes=", ".join(h[:12] for h in known if h),
    )
    return [IdentityReason("trials-differ", text, found, next(iter(known)), against=True)]


def _trial(item: Item) -> str:
    # Lists name a clip as SPEAKER/VIDEO/NUMBER.wav, whatever the folder of the audio.
    files = ("/".join(name.split("/")[-3:]) for name in item.audio)
    return " ".join(({"Yes": "1", "No": "0"}.get(str(item.reference), "?"), *files))
