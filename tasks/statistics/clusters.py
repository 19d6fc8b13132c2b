"""The resampling units of a set: rows, or clusters of rows that are not independent of each other."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from tasks.row import Row

# A mixture of LibriMix: the ids of its utterances of LibriSpeech, joined by underscores, with or without a path and suffix.
_UTTERANCE = r"[0-9]+-[0-9]+-[0-9]{4}"
_MIXTURE = re.compile(rf"(?:.*/)?({_UTTERANCE}(?:_{_UTTERANCE})+)(?:\.(?:wav|flac))?")


def clusters(rows: Sequence[Row]) -> list[str] | int:
    """The cluster of each row, or the number of rows if every row is a unit of its own.

    A row's `extra["cluster"]` names its cluster. If no row names one, rows whose ids are mixtures of LibriMix are one cluster
    if they share an utterance, directly or through other mixtures (2,996 of the 3,000 mixtures of Libri2Mix's test set).
    """
    if any(row.extra.get("cluster") is not None for row in rows):
        return [_own(row) if (key := row.extra.get("cluster")) is None else str(key) for row in rows]
    mixtures = [match[1].split("_") if (match := _MIXTURE.fullmatch(row.id)) else [] for row in rows]
    if not any(mixtures):
        return len(rows)
    top = _components(mixtures)
    return [top[parts[0]] if parts else _own(row) for row, parts in zip(rows, mixtures, strict=True)]


def names_cluster(row: Row) -> bool:
    """Whether a row may belong to a cluster with others: it names one, or its id is a mixture of LibriMix."""
    return row.extra.get("cluster") is not None or _MIXTURE.fullmatch(row.id) is not None


def dominated(found: Sequence[str] | int) -> bool:
    """Whether one cluster holds more than half of the rows.

    A bootstrap then draws that cluster again and again, and its narrow interval says nothing about other rows.
    """
    return not isinstance(found, int) and 2 * max(Counter(found).values(), default=0) > len(found)


def cluster_keys(rows: Sequence[Row]) -> list[str]:
    """As `clusters`, with a key for every row even if each is a unit of its own."""
    found = clusters(rows)
    return [_own(row) for row in rows] if isinstance(found, int) else found


def _own(row: Row) -> str:
    return f"row {row.id}"


def _components(groups: Sequence[Sequence[str]]) -> dict[str, str]:
    """The least member of each name's component, where the members of a group are connected."""
    parent: dict[str, str] = {}

    def top(name: str) -> str:
        parent.setdefault(name, name)
        while parent[name] != name:
            parent[name] = parent[parent[name]]
            name = parent[name]
        return name

    for group in groups:
        tops = sorted({top(name) for name in group})
        for other in tops[1:]:
            parent[other] = tops[0]
    return {name: top(name) for name in parent}
