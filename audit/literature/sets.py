"""Set cards: what is known about a test set without its texts; YAML in, frozen values out.

A card says how many rows a prediction file of the set has, in every layout of rows that is in use, what its references add up
to, and which hashes identify them. `audit.verdict.identity` holds prediction files against cards.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal, TypeAlias

from audit._util.paths import LITERATURE
from audit._util.strict_yaml import Document, Field
from audit.errors import InputError, MissingError
from audit.literature.schema import load_checked
from audit.literature.set_checks import check_layouts, check_sources
from audit.literature.set_texts import UNIT_DIGITS, Case, Part

SETS = LITERATURE / "sets"

Answer: TypeAlias = Literal["yes", "no", "unknown"]
_UNIT = re.compile(rf"[0-9a-f]{{{UNIT_DIGITS}}}\Z")


@dataclass(frozen=True, slots=True)
class Source:
    """Where a fact comes from: a sentence, and an address or the section of a paper."""

    text: str
    where: str


@dataclass(frozen=True, slots=True)
class Texts:
    """What one part of the references adds up to, over all rows of a layout.

    Attributes:
        part: Which texts of a reference, see `audit.literature.set_texts.texts`.
        case: How case is changed before texts are compared: `upper` where the set is all upper case, `lower` for labels.
        step: What the official scoring does to a reference first; None for nothing.
        count: Texts. words, characters: of all of them. None where no source gives it, and `reason` says why.
        sha256: Of the sorted texts.
        official: The hash and the units are those of the data set itself: made from its own files, or from a copy that a
            published checksum or a second copy confirms. A difference from an official hash contradicts a prediction file.
        made: What the hashes were made from.
        labels: Label -> how often it occurs, for sets whose references are labels.
        units: Truncated hashes of the texts, label by label; None where the card has none. Fewer than `count` if the copy at
            hand is not whole.
    """

    part: Part
    case: Case
    step: str | None
    count: int | None
    words: int | None
    characters: int | None
    sha256: str | None
    official: bool
    made: str | None
    labels: Mapping[str, int] | None
    units: tuple[str, ...] | None
    reason: str | None
    source: tuple[str, ...]

    @property
    def has_totals(self) -> bool:
        """Whether anything but the number of texts is known."""
        return self.words is not None or self.characters is not None or self.sha256 is not None


@dataclass(frozen=True, slots=True)
class Ids:
    """What the data set calls its units.

    Attributes:
        pattern: That every id matches as a whole; None where ids are not the data set's own.
        official: The pattern is the data set's: an id that does not match contradicts.
        sha256: Of the sorted ids, each followed by a line feed.
        pairs_sha256: Over `ID<TAB>REFERENCE`, of the layout's first part.
        pairs_official: A reference under another id contradicts.
        made: What the hashes were made from.
    """

    pattern: str | None
    official: bool
    sha256: str | None
    pairs_sha256: str | None
    pairs_official: bool
    made: str | None
    source: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Repeats:
    """Rows whose reference another row has as well.

    Attributes:
        rows: At most so many rows repeat the reference of an earlier row; None where no source says it.
        reason: Why the set has them, or why the number is not known.
    """

    rows: int | None
    reason: str
    source: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Layout:
    """One way to lay the set out in rows.

    Attributes:
        row: What a row is, in words.
        units: Rows of the whole set; None where no source says it, and `reason` says why.
        texts_per_row: Texts of the first part in every row; None where it varies.
        texts: The parts of the references; the first identifies the set.
    """

    id: str
    row: str
    units: int | None
    reason: str | None
    texts_per_row: int | None
    ids: Ids
    repeats: Repeats
    texts: tuple[Texts, ...]
    source: tuple[str, ...]

    @property
    def comparable(self) -> bool:
        """Whether references can be held against more than their number."""
        return any(part.has_totals or part.labels or part.units for part in self.texts)


@dataclass(frozen=True, slots=True)
class Called:
    """How meta files call the set: patterns searched for in `NAME / SPLIT`, whatever the case.

    Attributes:
        name: Occurs in the name of the data set.
        split: Occurs where a split is named; None where the set has one part.
        other: Occurs only in the names of other sets or splits.
    """

    name: str
    split: str | None
    other: str | None


@dataclass(frozen=True, slots=True)
class Selection:
    """The part of the set that its official scoring keeps: it belongs to the set, and is no convention's choice."""

    layout: str
    of: str
    rule: str
    source: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Terms:
    """An answer with its reason: whether a set is public, whether its texts may be published."""

    state: Answer
    reason: str
    source: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Hub:
    """The data set's id on the Hugging Face Hub."""

    id: str
    note: str | None
    source: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SetCard:
    """A test set.

    Attributes:
        tasks: Ids of the tasks whose prediction files hold this set.
        public: Whether the set can be had.
        publish_text: Whether its licence lets others publish its texts.
        layouts: Ways to lay it out in rows; empty if nothing is known about it.
        selection: The official scoring's, if the set has one.
        sources: By label.
    """

    id: str
    name: str
    split: str
    tasks: tuple[str, ...]
    public: Terms
    publish_text: Terms
    hub: Hub | None
    called: Called
    layouts: tuple[Layout, ...]
    selection: Selection | None
    sources: Mapping[str, Source]
    notes: str | None
    path: Path

    def layout(self, name: str) -> Layout:
        """The layout with that id.

        Raises:
            KeyError: There is none.
        """
        for item in self.layouts:
            if item.id == name:
                return item
        raise KeyError(name)

    def layout_for(self, rows: int) -> Layout | None:
        """The smallest layout that holds so many rows, for a recorded value without predictions; None if none does."""
        sized = [item for item in self.layouts if item.units is not None and item.units >= rows]
        return min(sized, key=lambda item: item.units or 0, default=None)


def load_set(path: str | Path) -> SetCard:
    """Read `literature/sets/NAME.yaml`, with the truncated hashes beside it.

    Raises:
        InputError: The file does not fit the schema, its parts contradict one another, a total is null without a reason, a
            source's label is unknown, or a file of truncated hashes is broken; with file, line and field.
    """
    document = load_checked(path, "set")
    data = document.data
    check_sources(document)
    check_layouts(document)
    layouts = tuple(_layout(entry, document, ("layouts", index)) for index, entry in enumerate(data["layouts"]))
    return SetCard(
        id=data["id"],
        name=data["name"],
        split=data["split"],
        tasks=tuple(data["tasks"]),
        public=_terms(data["public"]),
        publish_text=_terms(data["publish_text"]),
        hub=_with_source(Hub, data["hub"]) if data["hub"] else None,
        called=Called(**data["called"]),
        layouts=layouts,
        selection=_with_source(Selection, data["selection"]) if data["selection"] else None,
        sources=MappingProxyType({label: Source(**entry) for label, entry in data["sources"].items()}),
        notes=data["notes"],
        path=document.path,
    )


def load_sets(folder: str | Path | None = None) -> dict[str, SetCard]:
    """Every card of a folder (by default `literature/sets`), by id.

    Raises:
        MissingError: The folder is not there.
        InputError: A card is broken, or two name one task.
    """
    place = Path(folder) if folder is not None else SETS
    if not place.is_dir():
        raise MissingError(
            "the folder of set cards is not there", where=str(place), fix="Name it with --sets, or restore it."
        )
    cards: dict[str, SetCard] = {}
    owners: dict[str, SetCard] = {}
    for path in sorted(place.glob("*.yaml")):
        card = load_set(path)
        for task in card.tasks:
            if task in owners:
                raise InputError(
                    f"the task `{task}` is also on the card {owners[task].path.name}",
                    where=f"{path}: tasks",
                    fix="Let one card name it: a task has one test set.",
                )
            owners[task] = card
        cards[card.id] = card
    return cards


def card_of(task: str, cards: Mapping[str, SetCard]) -> SetCard | None:
    """The card that names a task; None if none does."""
    return next((card for card in cards.values() if task in card.tasks), None)


def _with_source(kind: Any, entry: Mapping[str, Any]) -> Any:
    return kind(**{**entry, "source": tuple(entry["source"])})


def _terms(entry: Mapping[str, Any]) -> Terms:
    return Terms(entry["state"], entry["reason"], tuple(entry["source"]))


def _layout(entry: Mapping[str, Any], document: Document, place: Field) -> Layout:
    return Layout(
        id=entry["id"],
        row=entry["row"],
        units=entry["units"],
        reason=entry["reason"],
        texts_per_row=entry["texts_per_row"],
        ids=_with_source(Ids, entry["ids"]),
        repeats=_with_source(Repeats, entry["repeats"]),
        texts=tuple(_texts(item, document, (*place, "texts", n)) for n, item in enumerate(entry["texts"])),
        source=tuple(entry["source"]),
    )


def _texts(entry: Mapping[str, Any], document: Document, place: Field) -> Texts:
    units = entry["units"]
    hashes = None if units is None else _units(document, (*place, "units"), units)
    if hashes is not None and entry["count"] is not None and len(hashes) > entry["count"]:
        raise InputError(
            f"{len(hashes)} truncated hashes of {entry['count']} texts",
            where=document.where((*place, "units")),
            fix="Make the file again, or correct `count`.",
        )
    labels = entry["labels"]
    return Texts(
        **{
            **entry,
            "labels": None if labels is None else MappingProxyType(labels),
            "units": hashes,
            "source": tuple(entry["source"]),
        }
    )


def _units(document: Document, field: Field, name: str) -> tuple[str, ...]:
    path = document.path.parent / name
    if Path(name).is_absolute() or ".." in Path(name).parts:
        raise InputError(
            f"the path {name} leaves the folder of cards",
            where=document.where(field),
            fix="Name a file below it, as units/ID.PART.txt.",
        )
    try:
        lines = path.read_text("ascii").split("\n")
    except (OSError, UnicodeDecodeError):
        raise InputError(
            f"{name} cannot be read", where=document.where(field), fix="Make it with `repro-audit sets make`, or null."
        ) from None
    if lines.pop():
        lines.append("the last line has no end")
    for number, text in enumerate(lines, 1):
        if not _UNIT.match(text) or (number > 1 and text < lines[number - 2]):
            raise InputError(
                f"not {UNIT_DIGITS} lower-case hexadecimal digits a line, sorted",
                where=f"{path}:{number}",
                fix="Make the file with `repro-audit sets make`.",
            )
    return tuple(lines)
