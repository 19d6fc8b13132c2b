"""Reference captions: converting rows with one caption each to rows with all captions of their clip.

Some evaluators make every caption of a data set a separate row, so that an output is scored against one caption; others
score one output per clip against all five. These functions convert rows of the first kind to the second.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from tasks.errors import ScoringError
from tasks.row import Row

Clips = Mapping[str, Sequence[str]]


def clips(captions: Iterable[tuple[str, str]], expected: int | None = None) -> dict[str, list[str]]:
    """Group (clip, caption) pairs by clip, in their order.

    Args:
        captions: The pairs, as listed in a data set's table.
        expected: The number of captions that every clip must have, if known.

    Raises:
        ScoringError: A clip has a different number of captions.
    """
    found: defaultdict[str, list[str]] = defaultdict(list)
    for clip, caption in captions:
        found[clip].append(caption)
    if expected is not None:
        wrong = sorted(clip for clip, texts in found.items() if len(texts) != expected)
        if wrong:
            raise ScoringError(
                f"{len(wrong)} clips do not have {expected} captions; the first is {wrong[0]} with {len(found[wrong[0]])}"
            )
    return dict(found)


@dataclass(frozen=True, slots=True)
class Joined:
    """Rows with all captions of their clip, and the ids of rows that could not be joined.

    Attributes:
        rows: Rows that match exactly one clip; `reference` holds the clip's captions, `extra["cluster"]` the clip.
        ambiguous: Ids of rows whose caption belongs to several clips.
        unknown: Ids of rows whose caption belongs to no clip.
    """

    rows: tuple[Row, ...]
    ambiguous: tuple[str, ...]
    unknown: tuple[str, ...]


def join_clips(rows: Iterable[Row], captions: Clips) -> Joined:
    """Give every one-caption row all captions of its clip; captions must match exactly, except for outer white space.

    Raises:
        ScoringError: A row's reference is not a single caption.
    """
    owners: defaultdict[str, set[str]] = defaultdict(set)
    for clip, texts in captions.items():
        for text in texts:
            owners[text.strip()].add(clip)
    joined, ambiguous, unknown = [], [], []
    for row in rows:
        text = row.reference[0] if isinstance(row.reference, list) and len(row.reference) == 1 else row.reference
        if not isinstance(text, str):
            raise ScoringError("the reference must be a single caption, by which the clip is found", row=row.id)
        found = owners.get(text.strip(), set())
        if len(found) > 1:
            ambiguous.append(row.id)
        elif not found:
            unknown.append(row.id)
        else:
            (clip,) = found
            joined.append(replace(row, reference=list(captions[clip]), extra={**row.extra, "cluster": clip}))
    return Joined(tuple(joined), tuple(ambiguous), tuple(unknown))
