"""Names in tables: `literature/names.yaml`, and the patterns of the set cards."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from audit._util.paths import LITERATURE
from audit.literature.schema import load_checked
from audit.literature.sets import SetCard, load_sets
from audit.literature.tables.table import Direction

Role = Literal["reference", "baseline", "ablation"]
_WORD = re.compile(r"w/o\b|[^\W_]+\+*")


@dataclass(frozen=True, slots=True)
class Names:
    """What tables call things.

    Attributes:
        metrics: Metric -> its names.
        directions: Metric -> the better direction.
        sets: Set card -> lines of words that together name it.
        cards: The set cards by id, for their patterns.
        editions: Beginning of cards' ids -> names of the benchmark whose copies of sets they describe.
        models: Headings of the column of models.
        roles: Words in the names of models, by role.
        not_results: Labels of numbers that are no results.
        changes: Words in labels of differences.
    """

    metrics: Mapping[str, tuple[str, ...]]
    directions: Mapping[str, Direction]
    sets: Mapping[str, tuple[str, ...]]
    cards: Mapping[str, SetCard]
    editions: Mapping[str, tuple[str, ...]]
    models: frozenset[str]
    roles: Mapping[Role, tuple[str, ...]]
    not_results: frozenset[str]
    changes: tuple[str, ...]

    def metrics_in(self, text: str) -> tuple[str, ...]:
        """The metrics that a text names; a name inside a longer one (`F1` in `macro F1`) does not count."""
        found: list[tuple[int, int, str]] = []
        for metric, names in self.metrics.items():
            found += [(*span, metric) for name in names for span in _spans(name, text)]
        longest = [
            (start, end, metric)
            for start, end, metric in found
            if not any((a <= start and end <= b and (a, b) != (start, end)) for a, b, _ in found)
        ]
        return tuple(dict.fromkeys(metric for _, _, metric in sorted(longest)))

    def cards_in(self, text: str, caption: str = "") -> tuple[str, ...]:
        """The set cards that a text names with their split; a benchmark's own copies where text or caption name it."""
        words = [word.casefold() for word in _words(text)]
        found = []
        for card in self._named(text, caption):
            split = card.called.split
            by_words = any(
                all(word in words for word in line.casefold().split()) for line in self.sets.get(card.id, ())
            )
            if by_words or (split is not None and re.search(split, text, re.IGNORECASE)):
                found.append(card.id)
        return tuple(found)

    def near_cards(self, text: str, caption: str = "") -> tuple[str, ...]:
        """The set cards whose name is in a text, whatever the split: what may be meant."""
        return tuple(card.id for card in self._named(text, caption))

    def _named(self, text: str, caption: str) -> list[SetCard]:
        edition = next((b for b, names in self.editions.items() if _any(names, text) or _any(names, caption)), None)
        found = [
            card
            for card in self.cards.values()
            if re.search(card.called.name, text, re.IGNORECASE)
            and not (card.called.other and re.search(card.called.other, text, re.IGNORECASE))
        ]
        own = [card for card in found if edition and card.id.startswith(f"{edition}-")]
        return own or [card for card in found if not any(card.id.startswith(f"{b}-") for b in self.editions)]

    def role(self, label: str) -> Role:
        """How a model relates to the audited one, by its label."""
        for role, names in self.roles.items():
            if _any(names, label):
                return role
        return "baseline"

    def describes(self, label: str) -> bool:
        """Whether the numbers under a label describe data or models."""
        return " ".join(word.casefold() for word in _words(label)) in self.not_results

    def is_change(self, label: str) -> bool:
        """Whether the numbers under a label are differences."""
        return _any(self.changes, label)

    def heads_models(self, heading: str) -> bool:
        """Whether a heading is that of the column of models."""
        return " ".join(word.casefold() for word in _words(heading)) in self.models


def load_names(literature: Path = LITERATURE, sets: str | Path | None = None) -> Names:
    """Read `names.yaml` and the set cards.

    Raises:
        InputError: The file or a card is invalid.
    """
    own = literature / "names.yaml"
    data = load_checked(own if own.is_file() else LITERATURE / "names.yaml", "names").data
    cards = sets or (literature / "sets" if (literature / "sets").is_dir() else None)
    return Names(
        metrics={name: tuple(entry["called"]) for name, entry in data["metrics"].items()},
        directions={name: entry["direction"] for name, entry in data["metrics"].items()},
        sets={name: tuple(lines) for name, lines in data["sets"].items()},
        cards=load_sets(cards),
        editions={name: tuple(called) for name, called in data["editions"].items()},
        models=frozenset(data["models"]),
        roles={"reference": tuple(data["roles"]["reference"]), "ablation": tuple(data["roles"]["ablation"])},
        not_results=frozenset(data["not_results"]),
        changes=tuple(data["changes"]),
    )


def slug(text: str, taken: Iterable[str] = ()) -> str:
    """A text as an id: lower-case words joined by hyphens; with a number if the id is taken."""
    words = re.findall(r"[a-z0-9]+", text.casefold())
    name = "-".join(words)[:50].strip("-") or "model"
    known = set(taken)
    number = 2
    found = name
    while found in known:
        found, number = f"{name}-{number}", number + 1
    return found


def _words(text: str) -> list[str]:
    return _WORD.findall(text)


def _any(names: Iterable[str], text: str) -> bool:
    return any(next(_spans(name, text), None) for name in names)


def _spans(name: str, text: str) -> Iterator[tuple[int, int]]:
    """Where a name stands in a text, as positions of words."""
    wanted, words = _words(name), _words(text)
    if name == name.casefold():
        words = [word.casefold() for word in words]
    return (
        (start, start + len(wanted))
        for start in range(len(words) - len(wanted) + 1)
        if wanted and words[start : start + len(wanted)] == wanted
    )
