"""Set cards as text for the terminal: a table of all cards, and one card with its sources."""

from __future__ import annotations

from collections.abc import Iterable

from audit.literature.sets import Layout, SetCard, Texts
from tasks.task import Task


def table(cards: Iterable[SetCard], tasks: Iterable[Task]) -> list[str]:
    """One line per layout: card, layout, rows, what identifies it, and tasks."""
    head = ("card", "layout", "rows", "identified by", "tasks")
    lines = [head]
    owners = tasks_by_card(tasks)
    for card in cards:
        named = ", ".join(owners.get(card.id, ()))
        for layout in card.layouts:
            rows = "unknown" if layout.units is None else f"{layout.units:,}"
            lines.append((card.id, layout.id, rows, _identified(layout.texts[0]), named))
        if not card.layouts:
            lines.append((card.id, "-", "unknown", "nothing: not public", named))
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines]


def tasks_by_card(tasks: Iterable[Task]) -> dict[str, list[str]]:
    """The ids of the tasks that name a card, by the card's id."""
    found: dict[str, list[str]] = {}
    for task in tasks:
        if task.card is not None:
            found.setdefault(task.card, []).append(task.id)
    return found


def _identified(part: Texts) -> str:
    if part.sha256 is not None:
        return "official hash" if part.official else "unofficial hash"
    if part.words is not None:
        return "totals"
    return "unit hashes" if part.units else "number of rows"


def card_words(card: SetCard, tasks: Iterable[Task]) -> list[str]:
    """A card in words; every fact is followed by the labels of its sources, listed at the end."""
    lines = [
        f"{card.id}: {card.name}, {card.split}",
        f"  tasks: {', '.join(tasks_by_card(tasks).get(card.id, ())) or 'none'}",
    ]
    lines.append(f"  public: {card.public.state}. {card.public.reason} {_labels(card.public.source)}")
    terms = card.publish_text
    lines.append(f"  texts may be published: {terms.state}. {terms.reason} {_labels(terms.source)}")
    if card.hub:
        lines.append(f"  on the Hub: {card.hub.id} {card.hub.note or ''}".rstrip() + f" {_labels(card.hub.source)}")
    for layout in card.layouts:
        lines += ["", *_layout(layout)]
    if not card.layouts:
        lines += ["", "  No layout: the number of rows is unknown."]
    if card.selection:
        kept = card.selection
        labels = _labels(kept.source)
        lines += ["", f"  The official scoring keeps layout {kept.layout} of {kept.of}: {kept.rule} {labels}"]
    if card.notes:
        lines += ["", f"  {card.notes}"]
    lines += ["", "  Sources:"]
    lines += [f"    [{label}] {source.text} {source.where}" for label, source in card.sources.items()]
    return lines


def _layout(layout: Layout) -> list[str]:
    size = f"{layout.units:,}" if layout.units is not None else f"unknown ({layout.reason})"
    lines = [f"  {layout.id}: {size} rows. {layout.row} {_labels(layout.source)}"]
    ids = layout.ids
    if ids.pattern:
        lines.append(f"    ids: {ids.pattern}{'' if ids.official else ', unofficial'} {_labels(ids.source)}")
    if ids.sha256:
        lines.append(f"    SHA-256 of the sorted ids: {ids.sha256}")
    repeats = layout.repeats
    known = "unknown" if repeats.rows is None else f"{repeats.rows:,}"
    lines.append(f"    rows that repeat a reference: {known}. {repeats.reason} {_labels(repeats.source)}")
    for part in layout.texts:
        counted = ", ".join(
            f"{value:,} {noun}"
            for value, noun in ((part.count, "texts"), (part.words, "words"), (part.characters, "characters"))
            if value is not None
        )
        how = f" after {part.step}" if part.step else ""
        lines.append(f"    {part.part}{how}: {counted or 'unknown'} {_labels(part.source)}")
        if part.sha256:
            lines.append(f"      SHA-256 {part.sha256}, {'official' if part.official else 'unofficial'}: {part.made}")
        if part.labels:
            lines.append("      " + ", ".join(f"{label} {count:,}" for label, count in part.labels.items()))
        if part.units:
            lines.append(f"      truncated hashes of {len(part.units):,} texts")
        if part.reason:
            lines.append(f"      {part.reason}")
    return lines


def _labels(labels: Iterable[str]) -> str:
    return f"[{', '.join(labels)}]"
