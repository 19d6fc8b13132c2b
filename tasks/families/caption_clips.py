"""References as an axis: one caption a row against all captions of its clip.

Some evaluators make every caption of a data set a row of its own, so that an output is scored against one caption; others
score one output a clip against all five. These functions turn the first kind of rows into the second.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from tasks.errors import ScoringError
from tasks.row import Row

Clips = Mapping[str, Sequence[str]]


def clips(captions: Iterable[tuple[str, str]], expected: int | None = None) -> dict[str, list[str]]:
    """Captions by clip, from (clip, caption) pairs, in the order they come.

    Args:
        captions: As a data set's table lists them.
        expected: How many captions every clip must have, if that is known.

    Raises:
        ScoringError: A clip has another number of captions.
    """
    found: defaultdict[str, list[str]] = defaultdict(list)
    for clip, caption in captions:
        found[clip].append(caption)
    if expected is not None:
        wrong = sorted(clip for clip, texts in found.items() if len(texts) != expected)
        if wrong:
            raise ScoringError(
                f"{len(wrong)} clips have another number of captions than {expected},"
                f" the first is {wrong[0]} with {len(found[wrong[0]])}"
            )
    return dict(found)


@dataclass(frozen=True, slots=True)
class Joined:
    """Rows with all captions of their clip, and what could not be joined.

    Attributes:
        rows: Those that join without doubt; `reference` is the clip's captions, `extra["cluster"]` the clip.
        ambiguous: Ids of rows whose caption belongs to several clips.
        unknown: Ids of rows whose caption belongs to none.
    """

    rows: tuple[Row, ...]
    ambiguous: tuple[str, ...]
    unknown: tuple[str, ...]


def join_clips(rows: Iterable[Row], captions: Clips) -> Joined:
    """Give every one-caption row all captions of the one clip that has its caption, letter for letter but for outer space.

    Raises:
        ScoringError: A row's reference is not one caption.
    """
    owners: defaultdict[str, set[str]] = defaultdict(set)
    for clip, texts in captions.items():
        for text in texts:
            owners[text.strip()].add(clip)
    joined, ambiguous, unknown = [], [], []
    for row in rows:
        text = row.reference[0] if isinstance(row.reference, list) and len(row.reference) == 1 else row.reference
        if not isinstance(text, str):
            raise ScoringError("one caption is needed to find the row's clip", row=row.id)
        found = owners.get(text.strip(), set())
        if len(found) > 1:
            ambiguous.append(row.id)
        elif not found:
            unknown.append(row.id)
        else:
            (clip,) = found
            joined.append(replace(row, reference=list(captions[clip]), extra={**row.extra, "cluster": clip}))
    return Joined(tuple(joined), tuple(ambiguous), tuple(unknown))
