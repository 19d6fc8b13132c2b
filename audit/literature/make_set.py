"""Draft a set card from rows: everything that can be counted, with gaps where a person must name a source.

The draft contains only counts and hashes, no texts of the set.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from audit.literature.set_texts import Case, Part, normalise, pairs_sha256, prepared, sorted_sha256, totals, unit_hash
from audit.literature.set_texts import texts as texts_of
from tasks.row import ReferenceType

# With at most this many distinct references, they are labels; the hash of a label would reveal it.
MOST_LABELS = 12

_PARTS: dict[ReferenceType, tuple[Part, ...]] = {
    ReferenceType.QUESTION_ANSWERS: ("question", "answers", "candidates"),
    ReferenceType.SLOT: ("slot", "transcript"),
}


@dataclass(frozen=True, slots=True)
class Draft:
    """A card as YAML, and its files of truncated hashes by path relative to the card."""

    card: str
    units: dict[str, str]


def layout_facts(
    rows: Sequence[tuple[str, Any]], parts: Sequence[tuple[Part, Case, str | None]], made: str
) -> tuple[dict[str, Any], dict[Part, tuple[str, ...]]]:
    """The computed fields of a layout from rows of `(id, reference)`, and the truncated hashes of every part.

    Args:
        rows: The complete set, with the data set's own ids.
        parts: Part, case and step; the first identifies the set.
        made: The source of the rows.
    """
    part, case, step = parts[0]
    firsts = [(name, prepared(reference, part, case, step)) for name, reference in rows]
    sizes = {len(found) for _, found in firsts}
    texts, hashes = [], dict[Part, tuple[str, ...]]()
    for part, case, step in parts:
        found = [text for _, reference in rows for text in prepared(reference, part, case, step)]
        if not found:
            continue
        summed = totals(found)
        if len(set(found)) > MOST_LABELS:
            hashes[part] = tuple(sorted(map(unit_hash, found)))
        texts.append(
            {
                "part": part,
                "case": case,
                "step": step,
                "count": summed.count,
                "words": summed.words,
                "characters": summed.characters,
                "sha256": summed.sha256,
                "official": False,
                "made": made,
                "labels": None,
                "units": None,
                "reason": None,
            }
        )
    given = [found for _, found in firsts if found]
    facts = {
        "units": len(rows),
        "texts_per_row": sizes.pop() if len(sizes) == 1 and given else None,
        "sha256": sorted_sha256(name for name, _ in rows),
        "pairs_sha256": pairs_sha256(firsts) if given else None,
        "repeats": len(given) - len(set(given)),
        "texts": texts,
    }
    return facts, hashes


def draft(
    rows: Sequence[tuple[str, Any]],
    reference_type: ReferenceType,
    *,
    name: str,
    dataset: str,
    split: str,
    made: str,
) -> Draft:
    """Draft a card; its gaps say `REPLACE`, which the linter rejects.

    Args:
        rows: `(id, reference)` of every row.
        reference_type: The task's reference type.
        name: The card's id.
        dataset: The data set's name.
        split: The split that the rows are.
        made: The source of the rows in words: a file's name and hash.
    """
    case: Case = "keep"
    if reference_type is ReferenceType.TEXT:
        # References that are all upper case are compared in upper case: many scorers store them in lower case.
        found = [normalise(text) for _, reference in rows for text in texts_of(reference, "reference")]
        case = "upper" if all(text == text.upper() for text in found) and any(t != t.lower() for t in found) else "keep"
    parts = [(part, case, None) for part in _PARTS.get(reference_type, ("reference",))]
    facts, hashes = layout_facts(rows, parts, made)
    files = {}
    for entry in facts["texts"]:
        part: Part = entry["part"]
        entry["source"] = ["rows"]
        if part in hashes:
            entry["units"] = f"units/{name}.{part}.txt"
            files[entry["units"]] = units_text(hashes[part])
    gap = "REPLACE"
    card = {
        "schema": "repro-audit/set/2",
        "id": name,
        "name": dataset,
        "split": split,
        "public": {"state": "unknown", "reason": f"{gap}: where the set can be obtained.", "source": ["rows"]},
        "publish_text": {"state": "unknown", "reason": f"{gap}: the licence of the texts.", "source": ["rows"]},
        "hub": None,
        "called": {"name": gap, "split": None, "other": None},
        "layouts": [
            {
                "id": "rows",
                "row": f"{gap}: what a row is.",
                "units": facts["units"],
                "reason": None,
                "texts_per_row": facts["texts_per_row"],
                "ids": {
                    "pattern": None,
                    "official": False,
                    "sha256": facts["sha256"],
                    "pairs_sha256": facts["pairs_sha256"],
                    "pairs_official": False,
                    "made": made,
                    "source": ["rows"],
                },
                "repeats": {
                    "rows": facts["repeats"],
                    "reason": f"{gap}: why rows repeat a reference.",
                    "source": ["rows"],
                },
                "texts": facts["texts"] or [_no_texts()],
                "source": ["rows"],
            }
        ],
        "selection": None,
        "sources": {"rows": {"text": made, "where": f"{gap}: an address, or the section of a paper."}},
        "notes": None,
    }
    return Draft(card_text(card), files)


def _no_texts() -> dict[str, Any]:
    return {
        "part": "reference",
        "case": "keep",
        "step": None,
        **dict.fromkeys(("count", "words", "characters", "sha256")),
        "official": False,
        **dict.fromkeys(("made", "labels", "units")),
        "reason": "The rows have no references.",
        "source": ["rows"],
    }


def units_text(hashes: Sequence[str]) -> str:
    """The text of a file of truncated hashes: sorted, one per line."""
    return "".join(f"{item}\n" for item in sorted(hashes))


class _Dumper(yaml.SafeDumper):
    """Indents lists below their key and writes no anchors, as records require."""

    def ignore_aliases(self, _data: Any) -> bool:
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> Any:
        return super().increase_indent(flow, indentless and flow)


def card_text(card: dict[str, Any]) -> str:
    """A card as YAML, in the order of its keys."""
    return yaml.dump(card, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=118)
