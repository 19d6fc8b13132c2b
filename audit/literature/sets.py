"""Set cards: descriptions of test sets without their texts; YAML in, frozen values out.

For every layout of rows in use, a card gives the number of rows in a prediction file, the totals of the references, and the
hashes that identify them. `audit.verdict.identity` compares prediction files with cards.
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
from audit.literature.studies import Study
from audit.schema import IdentityState
from tasks.task import Task

SETS = LITERATURE / "sets"

Answer: TypeAlias = Literal["yes", "no", "unknown"]
_UNIT = re.compile(rf"[0-9a-f]{{{UNIT_DIGITS}}}\Z")
_UNITS = re.compile(rf"(?:[0-9a-f]{{{UNIT_DIGITS}}}\n)*\Z")


@dataclass(frozen=True, slots=True)
class Source:
    """The source of a fact: a sentence, and a URL or the section of a paper."""

    text: str
    where: str


@dataclass(frozen=True, slots=True)
class Texts:
    """Totals of one part of the references over all rows of a layout.

    Attributes:
        part: Which texts of a reference, see `audit.literature.set_texts.texts`.
        case: The case in which texts are compared: `upper` if the set is all upper case, `lower` for labels.
        step: The step that the official scoring applies to a reference first; None if it applies none.
        count: The number of texts; `words` and `characters` are their totals. None, with a `reason`, if no source gives it.
        sha256: The hash of the sorted texts.
        official: The hashes are those of the data set itself, computed from its own files or from a copy confirmed by a
            published checksum or a second copy. A file that differs from an official hash is contradicted.
        made: What the hashes were computed from.
        labels: Label -> count, for sets whose references are labels.
        units: The sorted truncated hashes of the texts; None if the card has none. Fewer than `count` if the copy they were
            computed from is incomplete.
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
        """Whether more than the number of texts is known."""
        return self.words is not None or self.characters is not None or self.sha256 is not None


@dataclass(frozen=True, slots=True)
class Ids:
    """The data set's ids of its units.

    Attributes:
        pattern: A pattern that matches every id in full; None if the ids are not the data set's own.
        official: The ids are the data set's own; an id that does not match contradicts a prediction file.
        sha256: The hash of the sorted ids, each followed by a line feed.
        pairs_sha256: The hash over `ID<TAB>REFERENCE`, with the layout's first part.
        pairs_official: A reference with a different id contradicts a prediction file.
        trials_sha256: For speaker verification, the hash of the sorted lines `1 FILE FILE` (one speaker) and `0 FILE FILE` of
            the list of trials; prediction files do not name the clips, so only a data set on disk is held against it.
        made: What the hashes were computed from.
    """

    pattern: str | None
    official: bool
    sha256: str | None
    pairs_sha256: str | None
    pairs_official: bool
    made: str | None
    source: tuple[str, ...]
    trials_sha256: str | None = None


@dataclass(frozen=True, slots=True)
class Repeats:
    """Rows that share their reference with another row.

    Attributes:
        rows: The maximum number of rows that repeat the reference of an earlier row; None if no source gives it.
        reason: Why the set has them, or why the number is unknown.
    """

    rows: int | None
    reason: str
    source: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Layout:
    """One way to lay the set out in rows.

    Attributes:
        row: What a row is.
        units: The number of rows in the complete set; None, with a `reason`, if no source gives it.
        texts_per_row: The number of texts of the first part in every row; None if it varies.
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
        """Whether references can be compared by more than their number."""
        return any(part.has_totals or part.labels or part.units for part in self.texts)


@dataclass(frozen=True, slots=True)
class Called:
    """Names of the set in meta files: case-insensitive patterns searched for in `NAME / SPLIT`.

    Attributes:
        name: Occurs in the name of the data set.
        split: Occurs if a split is named; None if the set has only one split.
        other: Occurs only in the names of other sets or splits.
    """

    name: str
    split: str | None
    other: str | None


@dataclass(frozen=True, slots=True)
class Selection:
    """The part of the set that its official scoring keeps; a property of the set, not of a convention."""

    layout: str
    of: str
    rule: str
    source: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Terms:
    """Whether a set is public, or whether its texts may be published, with the reason."""

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
        public: Whether the set can be obtained.
        publish_text: Whether its licence allows publishing its texts.
        layouts: Its layouts in rows; empty if nothing is known about it.
        selection: The selection of the official scoring, if any.
        sources: Label -> source.
        unit_files: The files of truncated hashes, without repetition.
    """

    id: str
    name: str
    split: str
    public: Terms
    publish_text: Terms
    hub: Hub | None
    called: Called
    layouts: tuple[Layout, ...]
    selection: Selection | None
    sources: Mapping[str, Source]
    notes: str | None
    path: Path
    unit_files: tuple[Path, ...] = ()

    @property
    def files(self) -> tuple[Path, ...]:
        """The card's file and its files of truncated hashes."""
        return (self.path, *self.unit_files)

    def layout(self, name: str) -> Layout:
        """The layout with this id.

        Raises:
            KeyError: No layout has this id.
        """
        for item in self.layouts:
            if item.id == name:
                return item
        raise KeyError(name)

    def layout_for(self, rows: int) -> Layout | None:
        """The smallest layout with at least `rows` rows, for a recorded value without predictions; None if there is none."""
        sized = [item for item in self.layouts if item.units is not None and item.units >= rows]
        return min(sized, key=lambda item: item.units or 0, default=None)


def load_set(path: str | Path) -> SetCard:
    """Read `literature/sets/NAME.yaml` and its files of truncated hashes.

    Raises:
        InputError: The file is invalid under the schema or contradicts itself, a total is null without a reason, a source's
            label is unknown, or a file of truncated hashes is invalid; with file, line and field.
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
        public=_terms(data["public"]),
        publish_text=_terms(data["publish_text"]),
        hub=_with_source(Hub, data["hub"]) if data["hub"] else None,
        called=Called(**data["called"]),
        layouts=layouts,
        selection=_with_source(Selection, data["selection"]) if data["selection"] else None,
        sources=MappingProxyType({label: Source(**entry) for label, entry in data["sources"].items()}),
        notes=data["notes"],
        path=document.path,
        unit_files=tuple(
            document.path.parent / name
            for name in dict.fromkeys(part["units"] for entry in data["layouts"] for part in entry["texts"])
            if name is not None
        ),
    )


def load_sets(folder: str | Path | None = None) -> dict[str, SetCard]:
    """All cards of a folder (by default `literature/sets`), by id.

    Raises:
        MissingError: The folder does not exist.
        InputError: A card is invalid.
    """
    place = Path(folder) if folder is not None else SETS
    if not place.is_dir():
        raise MissingError(
            "the folder of set cards does not exist", where=str(place), fix="Give it with --sets, or restore it."
        )
    return {card.id: card for card in map(load_set, sorted(place.glob("*.yaml")))}


def cards_for(study: Study, literature: Path) -> dict[str, SetCard]:
    """The cards of a study: those of the literature, and those in `sets` beside the study's file or its folder `studies`.

    Raises:
        InputError: A card is invalid, or a task names a card that is not there.
    """
    home = study.path.resolve().parent
    places = [literature / "sets", *([home.parent / "sets"] if home.name == "studies" else []), home / "sets"]
    folders = [folder for folder in dict.fromkeys(place.resolve() for place in places) if folder.is_dir()]
    cards: dict[str, SetCard] = {}
    for folder in folders:
        for card in load_sets(folder).values():
            # A set known to others keeps its size: a card beside the study would say in silence that a part is the whole.
            if card.id in cards and not _same_set(card, cards[card.id]):
                raise InputError(
                    f"the set card `{card.id}` differs from the one of the literature",
                    where=str(card.path),
                    fix="Give it a different id, and name that in the study's task; or remove it.",
                )
            cards[card.id] = card
    for task in study.tasks.values():
        if task.card is not None and task.card not in cards:
            looked = ", ".join(str(folder) for folder in folders) or str(literature / "sets")
            raise InputError(
                f"the task `{task.id}` names the set card `{task.card}`, which is not in {looked}",
                where=str(study.path),
                fix=f"Add sets/{task.card}.yaml beside the study (`repro-audit sets make` drafts one), or write null.",
            )
    return cards


def _same_set(one: SetCard, other: SetCard) -> bool:
    left, right = ([path.read_bytes() for path in card.files] for card in (one, other))
    return left == right


def card_of(task: Task, cards: Mapping[str, SetCard]) -> SetCard | None:
    """The card that a task names; None if it names none, or one that is not at hand."""
    return None if task.card is None else cards.get(task.card)


def may_publish(card: SetCard | None, identity: IdentityState) -> bool:
    """Whether texts of a predictions file may be published: its card says so, and nothing else is known about the rows."""
    speaks = identity not in {IdentityState.UNKNOWN, IdentityState.CONTRADICTED}
    return card is not None and card.publish_text.state == "yes" and speaks


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
            f"{len(hashes)} truncated hashes for {entry['count']} texts",
            where=document.where((*place, "units")),
            fix="Recreate the file, or correct `count`.",
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
            fix="Name a file inside it, as units/ID.PART.txt.",
        )
    try:
        text = path.read_text("ascii")
    except (OSError, UnicodeDecodeError):
        raise InputError(
            f"{name} cannot be read",
            where=document.where(field),
            fix="Create it with `repro-audit sets make`, or write null.",
        ) from None
    lines = text.split("\n")
    if lines.pop():
        lines.append("no line feed after the last line")
    if not _UNITS.match(text) or sorted(lines) != lines:
        wrong = (n for n, line in enumerate(lines, 1) if not _UNIT.match(line) or (n > 1 and line < lines[n - 2]))
        raise InputError(
            f"not sorted lines of {UNIT_DIGITS} lower-case hexadecimal digits",
            where=f"{path}:{next(wrong)}",
            fix="Create the file with `repro-audit sets make`.",
        )
    return tuple(lines)
